#include "detector/exchange_features.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "detector/contacts.h"
#include "detector/feature_vector.h"

enum {
	RECENT_MINUTES = 5,
	RECENT_SECONDS = RECENT_MINUTES * HOST_BIN_SECONDS,
	NAMED_SECONDS = 3, /* after a look-up, a first contact is one by name */
	DNS_PORT = 53,
	TCP = 6,
	UDP = 17,
};

#define SET(name, value) v[HOST_FEATURE_##name] = (value)

static double
share(double part, double whole)
{
	return whole > 0 ? part / whole : 0;
}

static bool
is_recent(const struct host_view *view, const struct service_row *row)
{
	return row->minute + RECENT_MINUTES > view->minute;
}

bool
is_active_timeout(double interval_s)
{
	static const double usual_s[] = { 60, 120, 300, 600, 900, 1800 };

	for (size_t i = 0; i < sizeof(usual_s) / sizeof(usual_s[0]); i++) {
		if (fabs(interval_s - usual_s[i]) <= 1)
			return true;
	}
	return false;
}

/* Of logarithms, in thousandths, so that equal values have no spread at all. */
struct spread {
	int64_t count;
	int64_t sum;
	int64_t squares;
};

static void
spread_add(struct spread *spread, double logarithm)
{
	int64_t value = llround(logarithm * 1000);

	spread->count++;
	spread->sum += value;
	spread->squares += value * value;
}

static double
spread_mean(const struct spread *spread)
{
	return share((double)spread->sum / 1000, (double)spread->count);
}

static double
spread_deviation(const struct spread *spread)
{
	double numerator = (double)(spread->count * spread->squares - spread->sum * spread->sum);

	return share(sqrt(numerator) / 1000, (double)spread->count);
}

/* Conversations: services with flows that began at two seconds or more. */
struct talk {
	double regular;
	struct spread intervals; /* those that end in the last minutes */
	unsigned short_ones[4];  /* of at most that class of gap_limits_s */
	unsigned answered;       /* services of the last minutes */
	unsigned pushed;
	double asymmetry;
	unsigned repeated; /* with flows in two minutes or more, one of them of the last */
	double size_spread;
};

static const unsigned gap_limits_s[] = { 2, 15, 60, 300 };

static void
add_interval(struct talk *talk, unsigned seconds)
{
	spread_add(&talk->intervals, log1p(seconds));
	for (size_t i = 0; i < sizeof(gap_limits_s) / sizeof(gap_limits_s[0]); i++)
		talk->short_ones[i] += seconds <= gap_limits_s[i];
}

static void
add_intervals(const struct host_view *view, const struct host_service *service, struct talk *talk)
{
	const struct host_services *services = view->services;
	uint64_t last = 0;

	for (uint16_t at = service->first; at != SERVICE_NONE; at = services->rows[at].next) {
		const struct service_row *row = &services->rows[at];

		for (uint64_t left = row->peer.seconds; left != 0; left &= left - 1) {
			uint64_t now = (uint64_t)row->minute * HOST_BIN_SECONDS +
			               (uint64_t)__builtin_ctzll(left);

			if (last != 0 && is_recent(view, row))
				add_interval(talk, (unsigned)(now - last));
			last = now;
		}
	}
}

/* What both sides gave, in the last minutes. */
static void
add_asymmetry(const struct host_view *view, const struct host_service *service, struct talk *talk)
{
	const struct host_services *services = view->services;
	double out = 0, in = 0;
	unsigned kinds = 0;

	for (uint16_t at = service->first; at != SERVICE_NONE; at = services->rows[at].next) {
		const struct service_row *row = &services->rows[at];

		if (!is_recent(view, row))
			continue;
		out += row->peer.octets[HOST_OUT];
		in += row->peer.octets[HOST_IN];
		kinds |= row->peer.kinds;
	}
	if (!(kinds & TOUCH_HEARD))
		return;
	talk->answered++;
	talk->pushed += out > in;
	talk->asymmetry += fabs(log((out + 100) / (in + 100)));
}

/* How much the octets a flow differ from minute to minute. */
static void
add_size_spread(const struct host_view *view, const struct host_service *service, struct talk *talk)
{
	const struct host_services *services = view->services;
	struct spread sizes = { 0 };
	bool recent = false;

	for (uint16_t at = service->first; at != SERVICE_NONE; at = services->rows[at].next) {
		const struct service_row *row = &services->rows[at];
		double octets = (double)row->peer.octets[HOST_OUT] + row->peer.octets[HOST_IN];

		if (row->peer.flows == 0)
			continue;
		spread_add(&sizes, log1p(octets / row->peer.flows));
		recent = is_recent(view, row);
	}
	if (sizes.count < 2 || !recent)
		return;
	talk->repeated++;
	talk->size_spread += spread_deviation(&sizes);
}

static struct talk
talk_of(const struct host_view *view)
{
	struct talk talk = { 0 };

	for (size_t i = 0; i < view->services->count; i++) {
		const struct host_service *service = &view->services->services[i];
		struct service_rhythm rhythm;

		if (service->starts < 2 ||
		    view->services->rows[service->first].peer.port == DNS_PORT)
			continue;
		rhythm = service_rhythm_of(view->services, service);
		if (!is_active_timeout(rhythm.interval_s))
			talk.regular = fmax(talk.regular, service_rhythm_rank(&rhythm));
		add_intervals(view, service, &talk);
		add_asymmetry(view, service, &talk);
		add_size_spread(view, service, &talk);
	}
	return talk;
}

static void
set_talk(const struct host_view *view, double *v)
{
	struct talk talk = talk_of(view);
	double intervals = (double)talk.intervals.count;

	SET(talk_regular, talk.regular);
	SET(talk_gap_2, share(talk.short_ones[0], intervals));
	SET(talk_gap_15, share(talk.short_ones[1] - talk.short_ones[0], intervals));
	SET(talk_gap_60, share(talk.short_ones[2] - talk.short_ones[1], intervals));
	SET(talk_gap_300, share(talk.short_ones[3] - talk.short_ones[2], intervals));
	SET(talk_gap_mean, spread_mean(&talk.intervals));
	SET(talk_gap_spread, spread_deviation(&talk.intervals));
	SET(talk_asymmetry, share(talk.asymmetry, talk.answered));
	SET(talk_push_share, share(talk.pushed, talk.answered));
	SET(talk_size_spread, share(talk.size_spread, talk.repeated));
}

/* Kinds of services, as a story has them: named first, fetched, then something else. */
enum step {
	STEP_DNS,
	STEP_WEB,
	STEP_MAIL,
	STEP_SHARES,
	STEP_IRC,
	STEP_TCP,
	STEP_UDP,
	STEP_OTHER,
	STEPS
};

static enum step
step_of(const struct host_peer *peer)
{
	static const enum step of_class[HOST_BIN_PORT_CLASSES] = {
		[PORT_CLASS_DNS] = STEP_DNS,      [PORT_CLASS_SMTP] = STEP_MAIL,
		[PORT_CLASS_WEB] = STEP_WEB,      [PORT_CLASS_SMB] = STEP_SHARES,
		[PORT_CLASS_SHELL] = STEP_SHARES, [PORT_CLASS_IRC] = STEP_IRC,
		[PORT_CLASS_LOW] = STEP_TCP,      [PORT_CLASS_OTHER] = STEP_TCP,
	};
	enum step step = of_class[host_port_class(peer->port)];

	if (peer->protocol == TCP || step == STEP_DNS)
		return step;
	return peer->protocol == UDP ? STEP_UDP : STEP_OTHER;
}

/* The last minutes second by second, and first contacts in them. */
struct story {
	uint8_t steps[RECENT_SECONDS]; /* bitmap of enum step */
	uint8_t before;                /* the same of the history before */
	unsigned pairs[STEPS][STEPS];  /* one step and the next */
	unsigned pair_count;
	unsigned first_contacts; /* TCP and UDP, other than to resolvers */
	unsigned unnamed;        /* of them without a look-up just before */
};

/* Where a minute of the last ones begins in struct story. */
static size_t
first_second(const struct host_view *view, uint32_t minute)
{
	return (size_t)(RECENT_MINUTES - 1 - (view->minute - minute)) * HOST_BIN_SECONDS;
}

static void
note_steps(const struct host_view *view, struct story *story)
{
	const struct host_services *services = view->services;

	for (size_t i = 0; i < services->row_count; i++) {
		const struct service_row *row = &services->rows[i];
		uint8_t step = (uint8_t)(1u << step_of(&row->peer));

		if (!is_recent(view, row)) {
			story->before |= row->peer.seconds != 0 ? step : 0;
			continue;
		}
		for (uint64_t left = row->peer.seconds & (UINT64_MAX >> 4); left != 0;
		     left &= left - 1)
			story->steps[first_second(view, row->minute) +
			             (size_t)__builtin_ctzll(left)] |= step;
	}
}

static void
add_step(struct story *story, int *last, int step)
{
	if (*last >= 0) {
		story->pairs[*last][step]++;
		story->pair_count++;
	}
	*last = step;
}

/* Within a second the order is not known: enum step's is taken, so that a look-up comes before what
 * it is for. */
static void
count_pairs(struct story *story)
{
	int last = -1;

	for (int second = 0; second < RECENT_SECONDS; second++) {
		for (unsigned left = story->steps[second]; left != 0; left &= left - 1)
			add_step(story, &last, __builtin_ctz(left));
	}
}

static bool
is_named(const struct story *story, size_t second)
{
	for (size_t i = 0; i <= NAMED_SECONDS && i <= second; i++) {
		if (story->steps[second - i] & 1u << STEP_DNS)
			return true;
	}
	return false;
}

static void
count_first_contacts(const struct host_view *view, struct story *story)
{
	const struct host_services *services = view->services;

	for (size_t i = 0; i < services->count; i++) {
		const struct service_row *row = &services->rows[services->services[i].first];
		enum step step = step_of(&row->peer);
		size_t second;

		if (!is_recent(view, row) || row->peer.seconds == 0 || step == STEP_DNS ||
		    step == STEP_OTHER)
			continue;
		second = first_second(view, row->minute) +
		         (size_t)__builtin_ctzll(row->peer.seconds);
		story->first_contacts++;
		story->unnamed += !is_named(story, second);
	}
}

static double
pair_entropy(const struct story *story)
{
	double bits = 0;

	for (int from = 0; from < STEPS; from++) {
		for (int to = 0; to < STEPS; to++) {
			double part = share(story->pairs[from][to], story->pair_count);

			bits -= part > 0 ? part * log2(part) : 0;
		}
	}
	return bits;
}

static void
set_steps(const struct host_view *view, double *v)
{
	struct story story = { 0 };
	unsigned same = 0, web_other = 0, other_other = 0, seen = 0;

	note_steps(view, &story);
	count_pairs(&story);
	count_first_contacts(view, &story);
	for (int step = 0; step < STEPS; step++)
		same += story.pairs[step][step];
	for (int to = STEP_MAIL; to <= STEP_TCP; to++) {
		web_other += story.pairs[STEP_WEB][to];
		for (int from = STEP_MAIL; from <= STEP_TCP; from++)
			other_other += story.pairs[from][to];
	}
	for (int second = 0; second < RECENT_SECONDS; second++)
		seen |= story.steps[second];
	SET(step_unlike, share(story.pair_count - same, story.pair_count));
	SET(step_entropy, pair_entropy(&story));
	SET(step_dns_web, share(story.pairs[STEP_DNS][STEP_WEB], story.pair_count));
	SET(step_web_other, share(web_other, story.pair_count));
	SET(step_other_other, share(other_other, story.pair_count));
	SET(step_new_kinds, __builtin_popcount(seen & ~(unsigned)story.before));
	SET(step_unnamed_share, share(story.unnamed, story.first_contacts));
}

/* One who answers at port 53, as the host sees it. */
struct resolver {
	uint64_t flows; /* in the history */
	uint64_t recent;
	uint64_t octets[2]; /* of the last minutes */
	bool heard;
	bool rare;
};

static struct resolver
resolver_of(const struct host_view *view, const struct host_service *service)
{
	const struct host_services *services = view->services;
	const struct host_peer *peer = &services->rows[service->first].peer;
	struct resolver resolver = { 0 };

	for (uint16_t at = service->first; at != SERVICE_NONE; at = services->rows[at].next) {
		const struct service_row *row = &services->rows[at];

		resolver.flows += row->peer.flows;
		if (!is_recent(view, row))
			continue;
		resolver.recent += row->peer.flows;
		for (int i = 0; i < 2; i++)
			resolver.octets[i] += row->peer.octets[i];
		resolver.heard |= (row->peer.kinds & TOUCH_HEARD) != 0;
	}
	resolver.rare = view->prevalence == NULL ||
	                prevalence_others(view->prevalence, &peer->peer, &view->host->host) <=
	                        CONTACT_RARE_OTHERS;
	return resolver;
}

static void
set_resolvers(const struct host_view *view, double *v)
{
	struct resolver usual = { 0 };
	double spans = fmax(1, (view->history_minutes - (double)RECENT_MINUTES) / RECENT_MINUTES);
	double octets[2] = { 0, 0 };
	uint64_t recent = 0, flows = 0;
	unsigned count = 0, rare = 0, silent = 0;

	for (size_t i = 0; i < view->services->count; i++) {
		const struct host_service *service = &view->services->services[i];
		struct resolver resolver;

		if (view->services->rows[service->first].peer.port != DNS_PORT)
			continue;
		resolver = resolver_of(view, service);
		flows += resolver.flows;
		recent += resolver.recent;
		count += resolver.recent > 0;
		rare += resolver.recent > 0 && resolver.rare;
		silent += resolver.recent > 0 && !resolver.heard;
		octets[HOST_OUT] += (double)resolver.octets[HOST_OUT];
		octets[HOST_IN] += (double)resolver.octets[HOST_IN];
		if (resolver.flows > usual.flows)
			usual = resolver;
	}
	SET(resolver_count, log1p(count));
	SET(resolver_rare, log1p(rare));
	SET(resolver_deviation, share((double)(recent - usual.recent), (double)recent));
	SET(resolver_silent_share, share(silent, count));
	SET(resolver_octets_out, log1p(share(octets[HOST_OUT], (double)recent)));
	SET(resolver_octets_in, log1p(share(octets[HOST_IN], (double)recent)));
	SET(resolver_rise, log(((double)recent + 1) / ((double)(flows - recent) / spans + 1)));
}

void
exchange_features_compute(const struct host_view *view, double *values)
{
	set_talk(view, values);
	set_steps(view, values);
	set_resolvers(view, values);
}
