#include "detector/expert_gate.h"

#include <glib.h>

/*
 * An expert writes nothing below a strength of 0.05, which is 0.374 of its threshold.  So many
 * flows set so many bits of the 128 of a bucket, and are estimated as little more: 7 as 7.2, 2
 * as 2.02, 3 as 3.04.
 */
enum {
	SCAN_FLOWS = 7,         /* the least threshold is 20 */
	SCAN_FLOWS_SAMPLED = 2, /* 8, with one packet in 100 or fewer seen */
	MAIL_FLOWS = 3,         /* 10 */
	FLOOD_PACKETS = 374,    /* 1000 */
	MAIL_MINUTES = 15,
	SWEEP_FLOWS = 36, /* 40 of 1024 bits */
	WAY_FLOWS = 4,
	CALLED_MINUTES = 10,
	CALLED_FLOWS = 20,
};

static uint64_t
way_flows(const struct host_bin *bin, enum host_direction direction)
{
	const uint16_t *flows = bin->port_flows + direction * HOST_BIN_PORT_CLASSES;

	return (uint64_t)flows[PORT_CLASS_SMB] + flows[PORT_CLASS_SHELL];
}

static bool
is_called(const struct host_bin *bin)
{
	return way_flows(bin, HOST_IN) > 0 || bin->syn_only_flows[HOST_IN] >= CALLED_FLOWS;
}

struct host_outline
host_outline_of(const struct known_host *host, const struct host_bin *total, uint32_t minute,
                bool asks)
{
	struct host_outline outline = {
		.asks = asks,
		.sampling = total->sampling_interval[0],
		.flows = total->flows[HOST_OUT],
		.way_flows = way_flows(total, HOST_OUT),
	};

	for (const struct host_minute *m = host->newest;
	     m != NULL && m->bin.minute + MAIL_MINUTES > minute; m = m->older) {
		if (m->bin.minute <= minute)
			outline.mail_flows += m->bin.port_flows[HOST_OUT * HOST_BIN_PORT_CLASSES +
			                                        PORT_CLASS_SMTP];
		if (m->bin.minute <= minute && m->bin.minute + CALLED_MINUTES > minute)
			outline.called = outline.called || is_called(&m->bin);
		if (m->bin.minute != minute)
			continue;
		outline.one_sided = m->bin.syn_only_flows[HOST_OUT];
		for (int i = HOST_TCP; i <= HOST_ICMP; i++)
			outline.one_sided =
				MAX(outline.one_sided, m->bin.protocol_packets[HOST_OUT * 4 + i]);
	}
	return outline;
}

bool
scan_may_show(const struct host_outline *outline)
{
	return outline->asks &&
	       outline->flows > (outline->sampling > 1 ? SCAN_FLOWS_SAMPLED : SCAN_FLOWS);
}

bool
flood_may_show(const struct host_outline *outline)
{
	return outline->one_sided >= FLOOD_PACKETS;
}

bool
mail_may_show(const struct host_outline *outline)
{
	return outline->asks && outline->mail_flows > MAIL_FLOWS;
}

bool
beacon_may_show(const struct host_outline *outline)
{
	return outline->asks;
}

bool
sweep_may_show(const struct host_outline *outline)
{
	return outline->asks && outline->flows >= SWEEP_FLOWS;
}

bool
contact_may_show(const struct host_outline *outline)
{
	return outline->asks && outline->sampling <= 1;
}

bool
spread_may_show(const struct host_outline *outline)
{
	return outline->asks && (outline->way_flows >= WAY_FLOWS || outline->called);
}
