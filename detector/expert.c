#include "detector/expert.h"

#include <math.h>

double
expert_strength(double ratio)
{
	double cube = ratio > 0 ? ratio * ratio * ratio : 0;

	return isfinite(cube) ? cube / (cube + 1) : 1;
}

double
expert_told_strength(double ratio)
{
	static const double most = 0.02;

	return ratio > 0 ? most * (isfinite(ratio) ? ratio / (ratio + 1) : 1) : 0;
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

struct evidence_peer
expert_peer_at(const struct host_peer *peer, uint32_t minute)
{
	struct evidence_peer shown = expert_peer(peer);

	if (peer->seconds != 0)
		shown.begun_ms =
			(int64_t)minute * HOST_BIN_MS + __builtin_ctzll(peer->seconds) * 1000;
	return shown;
}
