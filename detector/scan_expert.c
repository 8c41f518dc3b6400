/*
 * Scans: within one minute, or five, many peers of one bucket of ports (or many ports of one bucket
 * of peers) that did not answer; slow ones within fifteen.  Thresholds lie in the gap between what
 * clean hosts of a campus reach and what scanners start with; detector/EVALUATION.md has the
 * figures.
 *
 * Where nothing that the host receives is exported, UDP and ICMP cannot be called unanswered.
 */
#include <math.h>
#include <string.h>

#include "common/sketch.h"
#include "detector/expert.h"

enum scan_class {
	SCAN_WEB,
	SCAN_TCP,
	SCAN_UDP_LOW,
	SCAN_UDP_HIGH,
	SCAN_ICMP,
	SCAN_VERTICAL,
	SCAN_CLASSES
};

/* Thresholds in peers (or ports) without answer: one minute, five and fifteen, unsampled; then 1 in
 * 10 and 1 in 100, one minute and five. */
static const struct {
	double whole[HOST_WINDOWS];
	double sampled[2];
	double failing_share; /* of the peers contacted, at least */
} limits[SCAN_CLASSES] = {
	[SCAN_WEB] = { { 60, 90, 110 }, { 110, 110 }, 0.7 },
	[SCAN_TCP] = { { 20, 25, 40 }, { 12, 10 }, 0.6 },
	[SCAN_UDP_LOW] = { { 40, 60, 75 }, { 16, 12 }, 0.6 },
	[SCAN_UDP_HIGH] = { { 45, 75, 100 }, { 20, 8 }, 0.6 },
	[SCAN_ICMP] = { { 20, 30, 45 }, { 10, 8 }, 0.6 },
	[SCAN_VERTICAL] = { { 25, 30, 40 },
	                    { INFINITY, INFINITY },
	                    0.6 }, /* sampling confuses who is client */
};

/*
 * Who is answered by peers that it never asked, because its address is forged, refuses with RST;
 * the exporter may tell of that first.  A scan sends RST to those that answered alone.
 */
static bool
only_refuses(const struct host_bin *total, double failing)
{
	static const double share = 0.7; /* peers are estimated, records are counted */

	return total->reset_records[HOST_OUT] >= share * failing;
}

/*
 * Where what the host receives is not exported: of TCP the client's own record shows whether it was
 * answered; of the others nothing does.  Resolvers, clocks and monitors ask many by UDP below 1024
 * and ICMP; above it few ask as many on one port.
 */
static double deaf_factor(enum scan_class class)
{
	if (class == SCAN_UDP_LOW || class == SCAN_ICMP)
		return INFINITY;
	return class == SCAN_UDP_HIGH ? 3 : 1;
}

static bool is_tcp(enum scan_class class)
{
	return deaf_factor(class) <= 1;
}

/* Peers for each port, at least: fewer is many services, not one looked for on many peers. */
static const double peers_per_port = 4;

static enum scan_class
bucket_class(unsigned bucket)
{
	if (bucket < PORT_BUCKET_SMTP)
		return SCAN_WEB;
	if (bucket < PORT_BUCKET_UDP_LOW)
		return SCAN_TCP;
	if (bucket < PORT_BUCKET_UDP_HIGH)
		return SCAN_UDP_LOW;
	return bucket < PORT_BUCKET_ICMP ? SCAN_UDP_HIGH : SCAN_ICMP;
}

/* A scan that goes on is found in fifteen minutes where five of them show this share of it, for
 * they hold a third. */
static const double slow_share = 0.25;

/* Between the samplings for which a threshold is known, by the logarithm of the interval; beyond
 * the last, the last. */
static double
threshold(enum scan_class class, enum host_window_length length, double interval)
{
	double whole = limits[class].whole[length];
	double tenth = limits[class].sampled[0], hundredth = limits[class].sampled[1];

	if (interval <= 1)
		return whole;
	if (length == HOST_WINDOW_15 || !isfinite(tenth))
		return INFINITY;
	if (interval <= 10)
		return whole * pow(tenth / whole, log10(interval));
	return tenth * pow(hundredth / tenth, fmin(log10(interval), 2) - 1);
}

/* What one bucket shows. */
struct scan {
	double failing;
	double threshold;
	bool vertical;
	unsigned bucket;
	enum host_window_length length; /* its threshold's */
};

static double
ratio(const struct scan *scan)
{
	return scan->failing / scan->threshold;
}

/* A window as it is looked at. */
struct look {
	const struct host_window *window;
	enum host_window_length length; /* whose thresholds it is compared with */
	bool hearing;                   /* the exporter tells what the host receives */
};

/* Peers that answered.  Where QUIC is blocked browsers ask the same peers by TCP: an answer to that
 * is one too. */
static void
collect_answers(const struct host_bin_extension *detail, unsigned bucket, uint64_t *heard)
{
	enum { QUIC_PORT = 443, WEB_BUCKETS = PORT_BUCKET_SMTP - PORT_BUCKET_WEB };
	bool quic = bucket == PORT_BUCKET_UDP_LOW && detail->port_least[bucket] <= QUIC_PORT &&
	            detail->port_greatest[bucket] >= QUIC_PORT;

	memcpy(heard, detail->port_heard + (size_t)bucket * HOST_BIN_BUCKET_WORDS,
	       HOST_BIN_BUCKET_WORDS * sizeof(*heard));
	for (size_t i = 0; quic && i < (size_t)WEB_BUCKETS * HOST_BIN_BUCKET_WORDS; i++)
		heard[i % HOST_BIN_BUCKET_WORDS] |=
			detail->port_heard[(size_t)PORT_BUCKET_WEB * HOST_BIN_BUCKET_WORDS + i];
}

static bool
is_sampled(const struct look *look)
{
	return look->window->total.sampling_interval[0] > 1;
}

/*
 * Of a question and its answer a sampled export seldom tells both: there so many peers are
 * unanswered as fewer answer than are asked, whoever they are.
 */
static struct bucket_count
count_bucket(const struct look *look, unsigned bucket, bool vertical)
{
	const struct host_bin_extension *detail = &look->window->detail;
	size_t at = (size_t)bucket * HOST_BIN_BUCKET_WORDS;
	uint64_t answers[HOST_BIN_BUCKET_WORDS];
	struct bucket_count count;

	if (vertical)
		return bucket_count(detail->peer_sent + at, detail->peer_heard + at,
		                    HOST_BIN_BUCKET_WORDS);
	collect_answers(detail, bucket, answers);
	count = bucket_count(detail->port_sent + at, answers, HOST_BIN_BUCKET_WORDS);
	if (is_sampled(look))
		count.failing =
			fmax(count.sent - bitmap_estimate(answers, HOST_BIN_BUCKET_WORDS), 0);
	return count;
}

/*
 * Are so many unanswered that it is no client's bad luck?  Two standard errors more may have
 * answered: of what is sampled, and of many more peers than there are bits to count them by (Whang
 * et al., 1990).
 */
static bool
fails_enough(const struct look *look, const struct bucket_count *count, enum scan_class class)
{
	static const double bits = HOST_BIN_BUCKET_WORDS * 64;
	double answered = count->sent - count->failing, load = answered / bits;
	double variance = is_sampled(look) ? answered : bits * fmax(exp(load) - load - 1, 0);

	return count->failing - 2 * sqrt(variance) >= limits[class].failing_share * count->sent;
}

static void
bucket_judge(const struct look *look, unsigned bucket, bool vertical, struct scan *best)
{
	const struct host_bin_extension *detail = &look->window->detail;
	enum scan_class class = vertical ? SCAN_VERTICAL : bucket_class(bucket);
	uint64_t mask = vertical ? detail->peer_mask[bucket] : detail->port_mask[bucket];
	struct bucket_count count = count_bucket(look, bucket, vertical);
	struct scan scan = { count.failing,
		             threshold(class, look->length,
		                       look->window->total.sampling_interval[0]),
		             vertical, bucket, look->length };
	double others = 32 * log(32 / fmax(32 - __builtin_popcountll(mask),
	                                   0.7)); /* linear count of 32 bits */

	if (!fails_enough(look, &count, class) || count.sent < peers_per_port * others ||
	    (is_tcp(class) && only_refuses(&look->window->total, count.failing)))
		return;
	if (!look->hearing)
		scan.threshold *= deaf_factor(class);
	if (ratio(&scan) > ratio(best))
		*best = scan;
}

static bool
peer_fits(const struct host_peer *peer, const struct scan *scan, uint64_t sketch_key)
{
	if (peer->hash == 0 || !(peer->kinds & TOUCH_SENT))
		return false;
	if (scan->vertical)
		return host_bin_peer_bucket(&peer->peer, sketch_key) == scan->bucket;
	return host_bin_port_bucket(peer->port, peer->protocol, sketch_key) == scan->bucket;
}

/* The greatest horizontal and vertical scan of a window. */
static void
window_judge(const struct look *look, struct scan best[2])
{
	for (unsigned i = 0; i < HOST_BIN_PORT_BUCKETS; i++)
		bucket_judge(look, i, false, &best[0]);
	for (unsigned i = 0; i < HOST_BIN_PEER_BUCKETS; i++)
		bucket_judge(look, i, true, &best[1]);
}

/* Sampled peers of the bucket, those that did not answer first. */
static void
add_peers(const struct host_view *view, const struct scan *scan, struct evidence *evidence)
{
	const struct host_window *window = &view->windows[scan->length];

	for (int answered = 0; answered < 2; answered++) {
		for (int i = 0; i < HOST_BIN_SAMPLED_PEERS && evidence->peer_count < EVIDENCE_PEERS;
		     i++) {
			const struct host_peer *peer = &window->detail.sample[i];

			if (((peer->kinds & TOUCH_HEARD) != 0) == answered &&
			    peer_fits(peer, scan, view->sketch_key))
				evidence->peers[evidence->peer_count++] =
					window->minutes == 1 ? expert_peer_at(peer, view->minute)
							     : expert_peer(peer);
		}
	}
}

static size_t
tell(const struct host_view *view, const struct scan best[2], double strength_least,
     struct evidence *evidence)
{
	size_t count = 0;

	for (int i = 0; i < 2; i++) {
		double strength = expert_strength(ratio(&best[i]));

		if (strength < strength_least)
			continue;
		evidence[count] = (struct evidence){
			.behaviour = i == 0 ? BEHAVIOUR_horizontal_scan : BEHAVIOUR_vertical_scan,
			.measured = best[i].failing,
			.threshold = best[i].threshold,
			.strength = strength,
		};
		add_peers(view, &best[i], &evidence[count++]);
	}
	return count;
}

size_t
scan_expert_judge(const struct host_view *view, struct evidence *evidence)
{
	struct scan best[2] = { { .threshold = 1 }, { .threshold = 1 } };
	struct look look = { .hearing = view->hears };

	for (int length = HOST_WINDOW_1; length <= HOST_WINDOW_5; length++) {
		look.window = &view->windows[length];
		look.length = (enum host_window_length)length;
		window_judge(&look, best);
	}
	return tell(view, best, EXPERT_STRENGTH_LEAST, evidence);
}

bool
slow_scan_may_show(const struct host_window *five_minutes)
{
	struct scan best[2] = { { .threshold = 1 }, { .threshold = 1 } };
	const struct look look = { five_minutes, HOST_WINDOW_15, true };

	/* Where no answers are exported, all that a busy client asks in so long a time would count.
	 */
	if (five_minutes->total.directions[0] != (1u << HOST_OUT | 1u << HOST_IN))
		return false;
	window_judge(&look, best);
	return fmax(ratio(&best[0]), ratio(&best[1])) >= slow_share;
}

size_t
slow_scan_expert_judge(const struct host_view *view, struct evidence *evidence)
{
	struct scan best[2] = { { .threshold = 1 }, { .threshold = 1 } };
	const struct look look = { &view->windows[HOST_WINDOW_15], HOST_WINDOW_15, true };

	window_judge(&look, best);
	return tell(view, best, 0.5, evidence);
}
