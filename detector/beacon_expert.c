/*
 * Beacons: flows to one service at regular intervals.  Much that is harmless polls as regularly, so
 * this is told beside other evidence and never makes a host infected alone.
 */
#include <math.h>

#include "detector/expert.h"

static const double regularity_threshold = 0.9;
static const double strength_cap = 0.1;

enum { BEACON_INTERVALS = 6, BEACON_INTERVAL_S = 15 };

size_t
beacon_expert_judge(const struct host_view *view, struct evidence *evidence)
{
	struct service_rhythm rhythm = view->services->rhythm;

	if (rhythm.intervals < BEACON_INTERVALS || rhythm.interval_s < BEACON_INTERVAL_S ||
	    rhythm.regularity < regularity_threshold)
		return 0;
	*evidence = (struct evidence){
		.behaviour = BEHAVIOUR_beacon,
		.measured = rhythm.regularity,
		.threshold = regularity_threshold,
		.strength = fmin(expert_strength(rhythm.regularity / regularity_threshold),
		                 strength_cap),
		.peer_count = 1,
		.peers = { expert_peer(&rhythm.service) },
	};
	evidence->peers[0].every_s = rhythm.interval_s;
	return 1;
}
