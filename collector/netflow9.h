/*
 * NetFlow v9 (RFC 3954): walks the FlowSets of an Export Packet and hands them on.
 *
 * FlowSets are walked by their lengths: the header's Count is wrong in many exporters.  A FlowSet
 * of id and length 0 is the filling that some put behind the last one.
 *
 * Threads: one, that of the decoder.
 */
#ifndef COLLECTOR_NETFLOW9_H
#define COLLECTOR_NETFLOW9_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/message.h"
#include "common/wall_time.h"
#include "common/wire_reader.h"

enum { NETFLOW9_VERSION = 9 };

struct netflow9_header {
	uint32_t uptime_ms;
	struct wall_time export_time;
	uint32_t sequence; /* Export Packets before this one */
	uint32_t source_id;
};

/* Reads a header from the version on; false: it is cut. */
bool netflow9_read_header(struct wire_reader *reader, struct netflow9_header *header);

void netflow9_walk(struct message *message, struct wire_reader reader);

#endif
