/*
 * Floods: far more packets of one protocol sent than received, in two minutes running or three
 * times as many in one. Only the ICMP figures rest on labelled floods; the others are set where no
 * clean one-sided traffic came near.
 */
#include <math.h>

#include "detector/expert.h"

struct flood_limit {
	double packets; /* a minute, sent */
	double factor;  /* times those received, at least */
};

static const struct flood_limit flood_limits[3] = {
	[HOST_TCP] = { 20000, 20 },
	[HOST_UDP] = { 20000, 20 },
	[HOST_ICMP] = { 1000, 10 },
};

enum { SYN_FLOOD_FLOWS = 1000 };

static double
protocol_ratio(const struct host_bin *bin, enum host_protocol protocol)
{
	double sent = bin->protocol_packets[HOST_OUT * 4 + protocol];
	double received = bin->protocol_packets[HOST_IN * 4 + protocol];

	if (sent < flood_limits[protocol].factor * (received + 1))
		return 0;
	return sent / flood_limits[protocol].packets;
}

static double
syn_ratio(const struct host_bin *bin)
{
	double answered =
		bin->reset_records[HOST_IN] + (double)bin->protocol_packets[HOST_IN * 4 + HOST_TCP];

	if (answered > 0.1 * bin->syn_only_flows[HOST_OUT])
		return 0;
	return bin->syn_only_flows[HOST_OUT] / (double)SYN_FLOOD_FLOWS;
}

/* The protocol with the greatest ratio of one minute; `bin` may be NULL. */
static double
minute_ratio(const struct host_bin *bin, enum host_protocol *protocol)
{
	double best = 0;

	*protocol = HOST_TCP;
	if (bin == NULL)
		return 0;
	for (int i = HOST_TCP; i <= HOST_ICMP; i++) {
		double ratio = protocol_ratio(bin, (enum host_protocol)i);

		if (i == HOST_TCP)
			ratio = fmax(ratio, syn_ratio(bin));
		if (ratio > best) {
			best = ratio;
			*protocol = (enum host_protocol)i;
		}
	}
	return best;
}

static void
add_largest(const struct host_view *view, struct evidence *evidence)
{
	const struct host_bin_extension *detail = &view->windows[HOST_WINDOW_5].detail;

	for (int i = 0; i < HOST_BIN_LARGEST_RECORDS && detail->largest[i].octets > 0; i++) {
		const struct host_record *record = &detail->largest[i];

		if (record->direction != HOST_OUT)
			continue;
		evidence->peers[evidence->peer_count++] = (struct evidence_peer){
			.peer = record->peer,
			.octets = { [HOST_OUT] = record->octets },
			.port = record->port,
			.protocol = record->protocol,
		};
	}
}

size_t
flood_expert_judge(const struct host_view *view, struct evidence *evidence)
{
	const struct host_minute *now = host_history_minute(view->host, view->minute);
	const struct host_minute *before = host_history_minute(view->host, view->minute - 1);
	enum host_protocol protocol, other;
	double ratio_now = minute_ratio(now == NULL ? NULL : &now->bin, &protocol);
	double ratio_before = minute_ratio(before == NULL ? NULL : &before->bin, &other);
	double ratio = fmax(fmin(ratio_now, ratio_before), ratio_now / 3);

	if (expert_strength(ratio) < EXPERT_STRENGTH_LEAST)
		return 0;
	*evidence = (struct evidence){
		.behaviour = BEHAVIOUR_flood,
		.measured = now->bin.protocol_packets[HOST_OUT * 4 + protocol],
		.threshold = flood_limits[protocol].packets,
		.strength = expert_strength(ratio),
	};
	add_largest(view, evidence);
	return 1;
}
