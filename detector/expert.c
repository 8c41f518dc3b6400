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

bool
expert_hears(const struct host_view *view)
{
	for (const struct host_minute *m = view->host->newest; m != NULL; m = m->older) {
		if (m->bin.directions[0] >> HOST_IN & 1)
			return true;
	}
	return false;
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
		shown.begun_ms = (int64_t)minute * HOST_BIN_MS + __builtin_ctzll(peer->seconds) * 1000;
	return shown;
}
