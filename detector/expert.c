#include "detector/expert.h"

#include <math.h>

double
expert_strength(double ratio)
{
	double cube = ratio > 0 ? ratio * ratio * ratio : 0;

	return isfinite(cube) ? cube / (cube + 1) : 1;
}

struct evidence_peer
expert_peer(const struct host_peer *peer)
{
	return (struct evidence_peer){
		.peer = peer->peer,
		.octets = { peer->octets[HOST_OUT], peer->octets[HOST_IN] },
		.flows = peer->flows,
		.port = peer->port,
		.protocol = peer->protocol,
		.answered = (peer->kinds & TOUCH_HEARD) != 0,
	};
}
