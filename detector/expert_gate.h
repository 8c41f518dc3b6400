/*
 * Cheap looks at a host's sums: where one says no, its expert would find nothing, and need not be
 * asked.
 *
 * Each follows from its expert's thresholds: so many touches set no more bits than that.  A test
 * holds the two together.
 *
 * Threads: pure functions.
 */
#ifndef DETECTOR_EXPERT_GATE_H
#define DETECTOR_EXPERT_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "detector/host_history.h"

struct host_outline {
	bool asks; /* had to do with a peer other than as server, in the minutes that are looked at
	            */
	uint32_t sampling;   /* interval */
	uint64_t flows;      /* begun in five minutes */
	uint64_t mail_flows; /* begun to mail ports in 15 minutes */
	uint64_t way_flows;  /* begun to ports of file shares and remote shells in five minutes */
	bool called;         /* on these ports, or by many SYN alone, in ten minutes */
	uint32_t one_sided;  /* greatest of the packets of one protocol, and of SYN alone, sent in
	                        the newest minute */
};

/* Of the host's open minutes; `total` is that of five minutes. */
struct host_outline host_outline_of(const struct known_host *host, const struct host_bin *total,
                                    uint32_t minute, bool asks);

bool scan_may_show(const struct host_outline *outline);
bool flood_may_show(const struct host_outline *outline);
bool mail_may_show(const struct host_outline *outline);
bool beacon_may_show(const struct host_outline *outline);
bool sweep_may_show(const struct host_outline *outline);
bool contact_may_show(const struct host_outline *outline);
bool spread_may_show(const struct host_outline *outline);

#endif
