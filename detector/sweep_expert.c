/*
 * Sweeps: many peers and many ports that do not answer, even where no port and no peer has enough
 * of them for a scan.
 */
#include <glib.h>
#include <math.h>

#include "common/sketch.h"
#include "detector/expert.h"

static const double failing_share = 0.6; /* of the services called, at least */
static const double peers_least = 8;
static const double ports_least = 8;

static double
threshold(const struct host_window *window)
{
	return window->minutes > 1 ? 60 : 40;
}

/* Services that did not answer; 0 where they are not of many peers and ports. */
static double
failing_services(const struct host_window *window)
{
	const struct host_bin_extension *detail = &window->detail;
	struct bucket_count services =
		bucket_count(detail->sent, detail->heard, G_N_ELEMENTS(detail->sent));

	if (services.failing < failing_share * services.sent ||
	    sketch_distinct_estimate(detail->peers) < peers_least ||
	    sketch_distinct_estimate(detail->ports) < ports_least)
		return 0;
	return services.failing;
}

static void
add_silent_peers(const struct host_window *window, struct evidence *evidence)
{
	for (int i = 0; i < HOST_BIN_SAMPLED_PEERS && evidence->peer_count < EVIDENCE_PEERS; i++) {
		const struct host_peer *peer = &window->detail.sample[i];

		if (peer->hash != 0 && (peer->kinds & TOUCH_SENT) && !(peer->kinds & TOUCH_HEARD))
			evidence->peers[evidence->peer_count++] =
				window->minutes == 1 ? expert_peer_at(peer, window->minute)
						     : expert_peer(peer);
	}
}

size_t
sweep_expert_judge(const struct host_view *view, struct evidence *evidence)
{
	const struct host_window *best = NULL;
	double failing = 0;

	for (int length = HOST_WINDOW_1; length <= HOST_WINDOW_5; length++) {
		const struct host_window *window = &view->windows[length];
		double count = failing_services(window);

		if (count < threshold(window) ||
		    (best != NULL && count / threshold(window) <= failing / threshold(best)))
			continue;
		best = window;
		failing = count;
	}
	if (best == NULL)
		return 0;
	*evidence = (struct evidence){
		.behaviour = BEHAVIOUR_sweep,
		.measured = failing,
		.threshold = threshold(best),
		.strength = expert_told_strength(failing / threshold(best)),
	};
	add_silent_peers(best, evidence);
	return 1;
}
