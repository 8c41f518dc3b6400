/*
 * Mail sending: many mail servers contacted within a quarter of an hour by a host that is no mail
 * server itself.
 */
#include <math.h>

#include "detector/expert.h"

static const double servers_threshold = 10;
static const double strength_cap = 0.6; /* below twice the threshold: it rests on few examples */

size_t
mail_expert_judge(const struct host_view *view, struct evidence *evidence)
{
	const struct host_window *window = &view->windows[HOST_WINDOW_15];
	size_t at = PORT_BUCKET_SMTP * HOST_BIN_BUCKET_WORDS;
	struct bucket_count servers =
		bucket_count(window->detail.port_sent + at, window->detail.port_heard + at,
	                     HOST_BIN_BUCKET_WORDS);
	double ratio = servers.sent / servers_threshold;
	double strength = expert_strength(ratio);

	if (!view->hears) /* a mail server could not be told from who is none */
		return 0;
	if (window->total.port_flows[HOST_IN * HOST_BIN_PORT_CLASSES + PORT_CLASS_SMTP] > 0)
		return 0;
	if (strength < EXPERT_STRENGTH_LEAST)
		return 0;
	*evidence = (struct evidence){
		.behaviour = BEHAVIOUR_spam,
		.measured = servers.sent,
		.threshold = servers_threshold,
		.strength = ratio < 2 ? fmin(strength, strength_cap) : strength,
	};
	for (int i = 0; i < HOST_BIN_SAMPLED_PEERS && evidence->peer_count < EVIDENCE_PEERS; i++) {
		const struct host_peer *peer = &window->detail.sample[i];

		if (peer->hash != 0 && (peer->kinds & TOUCH_SENT) &&
		    host_bin_port_bucket(peer->port, peer->protocol, view->sketch_key) ==
		            PORT_BUCKET_SMTP)
			evidence->peers[evidence->peer_count++] = expert_peer(peer);
	}
	return 1;
}
