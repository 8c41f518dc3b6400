/*
 * How infections travel, as far as bins tell it: a host that calls many peers for the first time on
 * the ports of file shares and remote shells, and a host that was itself called in such a way and
 * then changed.  Bins do not name the callers of a busy host, so that the way from one host to the
 * next is told by port and time, not by name.
 */
#include <glib.h>
#include <math.h>

#include "common/sketch.h"
#include "detector/contacts.h"
#include "detector/expert.h"

enum {
	PEERS_THRESHOLD = 8,  /* called for the first time */
	PEERS_AFTER_CALL = 4, /* the same, after the host itself was called there */
	CALLED_MINUTES = 30,
	ATTACK_MINUTES = 10,
	KNOWN_MINUTES = 10, /* of the host's past, to say that a call is the first */
	VERTICAL_CALLS = 20,
	VERTICAL_CALLERS = 3,
	CHANGE_PEERS = 10, /* silent ones on one port */
};

/* A way from host to host. */
static const struct way {
	enum host_port_class class;
	unsigned bucket;
} ways[] = { { PORT_CLASS_SMB, PORT_BUCKET_SMB }, { PORT_CLASS_SHELL, PORT_BUCKET_SHELL } };

static uint32_t
calls(const struct host_bin *bin, enum host_direction direction, enum host_port_class class)
{
	return bin->port_flows[direction * HOST_BIN_PORT_CLASSES + class];
}

/* Peers called on the way in the last five minutes and not in the ten before. */
static double
new_peers(const struct host_view *view, const struct way *way)
{
	const struct host_window *window = &view->windows[HOST_WINDOW_5];
	size_t at = (size_t)way->bucket * HOST_BIN_BUCKET_WORDS;
	uint64_t before[HOST_BIN_BUCKET_WORDS] = { 0 }, all[HOST_BIN_BUCKET_WORDS];
	struct host_bin_extension scratch;

	for (const struct host_minute *m = view->host->newest; m != NULL; m = m->older) {
		const struct host_bin_extension *detail;

		if (m->bin.minute + window->minutes > view->minute ||
		    m->bin.minute + view->windows[HOST_WINDOW_15].minutes <= view->minute ||
		    calls(&m->bin, HOST_OUT, way->class) == 0)
			continue;
		detail = host_minute_detail(m, &scratch, view->sketch_key);
		for (int i = 0; i < HOST_BIN_BUCKET_WORDS; i++)
			before[i] |= detail->port_sent[at + (size_t)i];
	}
	for (int i = 0; i < HOST_BIN_BUCKET_WORDS; i++)
		all[i] = before[i] | window->detail.port_sent[at + (size_t)i];
	return sketch_linear_estimate(all, HOST_BIN_BUCKET_WORDS) -
	       sketch_linear_estimate(before, HOST_BIN_BUCKET_WORDS);
}

/* Was the host called on the way before the window in which it calls others? */
static bool
was_called(const struct host_view *view, const struct way *way)
{
	uint32_t first = view->minute;

	for (const struct host_minute *m = view->host->newest; m != NULL; m = m->older) {
		if (m->bin.minute <= view->minute && m->bin.minute + 5 > view->minute &&
		    calls(&m->bin, HOST_OUT, way->class) > 0)
			first = m->bin.minute;
	}
	for (const struct host_minute *m = view->host->newest; m != NULL; m = m->older) {
		if (m->bin.minute <= first && m->bin.minute + CALLED_MINUTES > first &&
		    calls(&m->bin, HOST_IN, way->class) > 0)
			return true;
	}
	return false;
}

static void
add_called_peers(const struct host_view *view, const struct way *way, struct evidence *evidence)
{
	const struct host_bin_extension *detail = &view->windows[HOST_WINDOW_5].detail;

	for (int i = 0; i < HOST_BIN_SAMPLED_PEERS && evidence->peer_count < EVIDENCE_PEERS; i++) {
		const struct host_peer *peer = &detail->sample[i];

		if (peer->hash != 0 && (peer->kinds & TOUCH_SENT) &&
		    host_bin_port_bucket(peer->port, peer->protocol, view->sketch_key) ==
		            way->bucket)
			evidence->peers[evidence->peer_count++] = expert_peer(peer);
	}
}

static size_t
tell_propagation(const struct host_view *view, struct evidence *evidence)
{
	const struct host_bin *total = &view->windows[HOST_WINDOW_5].total;
	double best = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
		double peers, threshold;

		if (calls(total, HOST_OUT, ways[i].class) < PEERS_AFTER_CALL ||
		    calls(&view->windows[HOST_WINDOW_1].total, HOST_OUT, ways[i].class) == 0)
			continue;
		peers = new_peers(view, &ways[i]);
		threshold = was_called(view, &ways[i]) ? PEERS_AFTER_CALL : PEERS_THRESHOLD;
		if (peers < threshold || peers / threshold <= best)
			continue;
		best = peers / threshold;
		*evidence = (struct evidence){
			.behaviour = BEHAVIOUR_propagation,
			.measured = peers,
			.threshold = threshold,
			.strength = expert_told_strength(best),
		};
		add_called_peers(view, &ways[i], evidence);
	}
	return best > 0;
}

/* An attack in one minute of the host. */
struct attack {
	const struct host_minute *minute;
	double calls;
	double threshold;
};

static bool
is_first_call(const struct host_view *view, const struct host_minute *minute,
              enum host_port_class class)
{
	bool known = false;

	for (const struct host_minute *m = view->host->newest; m != NULL; m = m->older) {
		if (m->bin.minute >= minute->bin.minute)
			continue;
		if (calls(&m->bin, HOST_IN, class) > 0)
			return false;
		known = known || m->bin.minute + KNOWN_MINUTES <= minute->bin.minute;
	}
	return known;
}

static bool
is_probed(const struct host_view *view, const struct host_minute *minute)
{
	struct host_bin_extension scratch;

	return minute->bin.syn_only_flows[HOST_IN] >= VERTICAL_CALLS &&
	       sketch_distinct_estimate(
		       host_minute_detail(minute, &scratch, view->sketch_key)->callers) <=
	               VERTICAL_CALLERS;
}

static bool
find_attack_at(const struct host_view *view, const struct host_minute *minute,
               struct attack *attack)
{
	if (is_probed(view, minute)) {
		*attack = (struct attack){ minute, minute->bin.syn_only_flows[HOST_IN],
			                   VERTICAL_CALLS };
		return true;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
		uint32_t count = calls(&minute->bin, HOST_IN, ways[i].class);

		if (count == 0 || !is_first_call(view, minute, ways[i].class))
			continue;
		*attack = (struct attack){ minute, count, 1 };
		return true;
	}
	return false;
}

/* The newest attack within ATTACK_MINUTES. */
static bool
find_attack(const struct host_view *view, struct attack *attack)
{
	for (const struct host_minute *m = view->host->newest; m != NULL; m = m->older) {
		if (m->bin.minute > view->minute || m->bin.flows[HOST_IN] == 0)
			continue;
		if (m->bin.minute + ATTACK_MINUTES <= view->minute)
			return false;
		if (find_attack_at(view, m, attack))
			return true;
	}
	return false;
}

static double
silent_peers_most(const struct host_window *window)
{
	double most = 0;

	for (size_t bucket = PORT_BUCKET_SMTP; bucket < PORT_BUCKET_UDP_LOW; bucket++) {
		size_t at = bucket * HOST_BIN_BUCKET_WORDS;
		struct bucket_count count =
			bucket_count(window->detail.port_sent + at, window->detail.port_heard + at,
		                     HOST_BIN_BUCKET_WORDS);

		most = fmax(most, count.failing);
	}
	return most;
}

/* In the newest minute: silent peers on one port, or a download from a peer that is new and rare.
 */
static bool
has_changed(const struct host_view *view, const struct attack *attack, struct evidence *evidence)
{
	struct contact contacts[CONTACTS_MAX];
	size_t count;

	if (silent_peers_most(&view->windows[HOST_WINDOW_1]) >= CHANGE_PEERS)
		return true;
	count = contacts_collect(view, HOST_WINDOW_15, contacts);
	for (size_t i = 0; i < count; i++) {
		if (!contacts[i].is_new || !contacts[i].is_rare ||
		    contacts[i].fetch_minute != view->minute ||
		    contacts[i].first_minute < attack->minute->bin.minute)
			continue;
		evidence->peers[evidence->peer_count++] =
			expert_peer_at(&contacts[i].service, contacts[i].first_minute);
		return true;
	}
	return false;
}

/* As far as the minute kept them one by one. */
static void
add_callers(const struct host_minute *minute, struct evidence *evidence)
{
	if (minute->extension != NULL)
		return;
	for (int i = 0; i < minute->bin.touch_count && evidence->peer_count < EVIDENCE_PEERS; i++) {
		const struct host_touch *touch = &minute->bin.touches[i];

		if (touch->kinds & TOUCH_SERVED)
			evidence->peers[evidence->peer_count++] = (struct evidence_peer){
				.peer = touch->peer,
				.octets = { [HOST_IN] = touch->octets },
				.flows = 1,
				.port = touch->port,
				.protocol = touch->protocol,
			};
	}
}

static size_t
tell_attack(const struct host_view *view, struct evidence *evidence)
{
	struct attack attack;

	*evidence = (struct evidence){ .behaviour = BEHAVIOUR_attacked_from_remote };
	if (!find_attack(view, &attack) || !has_changed(view, &attack, evidence))
		return 0;
	evidence->measured = attack.calls;
	evidence->threshold = attack.threshold;
	evidence->strength = expert_told_strength(attack.calls / attack.threshold);
	add_callers(attack.minute, evidence);
	return 1;
}

size_t
spread_expert_judge(const struct host_view *view, struct evidence *evidence)
{
	size_t count = tell_propagation(view, evidence);

	return count + tell_attack(view, &evidence[count]);
}
