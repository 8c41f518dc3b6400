/*
 * Floods: far more packets of one protocol sent to few peers than came back, in two minutes running
 * or three times as many in one.
 *
 * Where nothing that the host receives is exported, nothing can be called unanswered, but for SYN:
 * there a flood by volume is not told from a transfer.
 */
#include "detector/flood.h"

#include <math.h>

#include "common/sketch.h"
#include "detector/expert.h"

static const double packets_per_peer = 10; /* a minute, at least: fewer are a scan's */

/* Times the threshold; `before` may be NULL. */
static double
ratio_of(const struct host_bin *now, const struct host_bin *before, enum flood_kind kind)
{
	double minute = flood_measure(now, kind);
	double both = before == NULL ? 0 : fmin(minute, flood_measure(before, kind));

	return fmax(both, minute / 3) / flood_threshold(kind);
}

/* The largest records of the protocol; a SYN flood has none that are large. */
static void
add_largest(const struct host_view *view, enum flood_kind kind, struct evidence *evidence)
{
	const struct host_bin_extension *detail = &view->windows[HOST_WINDOW_5].detail;

	for (int i = 0; i < HOST_BIN_LARGEST_RECORDS && detail->largest[i].octets > 0; i++) {
		const struct host_record *record = &detail->largest[i];

		if (record->direction != HOST_OUT ||
		    host_protocol(record->protocol) != flood_protocol(kind))
			continue;
		evidence->peers[evidence->peer_count++] = (struct evidence_peer){
			.peer = record->peer,
			.octets = { [HOST_OUT] = record->octets },
			.port = record->port,
			.protocol = record->protocol,
		};
	}
}

static void
add_silent_peers(const struct host_view *view, struct evidence *evidence)
{
	const struct host_bin_extension *detail = &view->windows[HOST_WINDOW_5].detail;

	for (int i = 0; i < HOST_BIN_SAMPLED_PEERS && evidence->peer_count < EVIDENCE_PEERS; i++) {
		const struct host_peer *peer = &detail->sample[i];

		if (peer->hash != 0 && (peer->kinds & TOUCH_SENT) && !(peer->kinds & TOUCH_HEARD) &&
		    host_protocol(peer->protocol) == HOST_TCP)
			evidence->peers[evidence->peer_count++] = expert_peer(peer);
	}
}

size_t
flood_expert_judge(const struct host_view *view, struct evidence *evidence)
{
	const struct host_minute *now = host_history_minute(view->host, view->minute);
	const struct host_minute *before = host_history_minute(view->host, view->minute - 1);
	double peers = sketch_distinct_estimate(view->windows[HOST_WINDOW_5].detail.peers);
	enum flood_kind most = FLOOD_SYN;
	double ratio = 0;

	for (int i = 0; now != NULL && i < FLOOD_KINDS; i++) {
		enum flood_kind kind = (enum flood_kind)i;
		double reached = ratio_of(&now->bin, before == NULL ? NULL : &before->bin, kind);

		if (reached <= ratio || (kind != FLOOD_SYN && !view->hears) ||
		    flood_measure(&now->bin, kind) < packets_per_peer * peers)
			continue;
		ratio = reached;
		most = kind;
	}
	if (expert_strength(ratio) < EXPERT_STRENGTH_LEAST)
		return 0;
	*evidence = (struct evidence){
		.behaviour = BEHAVIOUR_flood,
		.measured = flood_measure(&now->bin, most),
		.threshold = flood_threshold(most),
		.strength = expert_strength(ratio),
	};
	if (most == FLOOD_SYN)
		add_silent_peers(view, evidence);
	else
		add_largest(view, most, evidence);
	return 1;
}
