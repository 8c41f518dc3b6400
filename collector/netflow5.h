/*
 * NetFlow v5: a header of 24 octets and up to 30 records of 48.
 *
 * Source:  Cisco, NetFlow Export Datagram Format.
 * Threads: pure functions.
 */
#ifndef COLLECTOR_NETFLOW5_H
#define COLLECTOR_NETFLOW5_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/template_plan.h"
#include "common/wire_reader.h"

enum {
	NETFLOW5_VERSION = 5,
	NETFLOW5_RECORDS_MAX = 30,
	NETFLOW5_RECORD_OCTETS = 48,
};

struct netflow5_header {
	uint16_t record_count;
	uint32_t uptime_ms;
	struct wall_time export_time;
	uint32_t sequence; /* records exported before this datagram */
	uint16_t engine;   /* type << 8 | id */
	uint16_t sampling_interval;
};

/* Reads a header from the version on; false: it is cut.  Afterwards `reader` stands at the first
 * record. */
bool netflow5_read_header(struct wire_reader *reader, struct netflow5_header *header);

/* The plan of its records. */
TemplatePlan *netflow5_plan(void);

#endif
