/*
 * What an approximation must beat: flow records booked in the plainest way.  All packets of a
 * record have its mean size, evenly over the time it lasts, and all its octets lie in the second in
 * which it ends.
 */
#ifndef TOOLS_KENCHI_RECORD_TRAFFIC_H
#define TOOLS_KENCHI_RECORD_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>

#include "common/host_address.h"
#include "tools/kenchi/host_traffic.h"

struct record_counts {
	uint64_t records; /* of the host */
	uint64_t packets;
	uint64_t tcp_packets;
};

/*
 * Adds what a flow record tells of `host`.  `line` is what kenchi-collector --dump-flows prints;
 * lines that are no record (the statistics at the end), events, and records without counters or
 * times add nothing.  Biflows are booked as their two directions.  False: it is no JSON object.
 */
bool record_traffic_add(HostTraffic *traffic, struct record_counts *counts,
                        const struct host_address *host, const char *line);

#endif
