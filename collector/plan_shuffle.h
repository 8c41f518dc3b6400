/*
 * Fields of a record put where they belong in a flow record, many with one instruction: of a window
 * of 16 octets each goes to its place in a block of 16, numbers turned around.  A third of the
 * instructions that reading field by field takes, where the processor has such an instruction
 * (SSSE3); else nothing is made.
 *
 * Bounds: a window lies within its record; whoever runs it has checked that the record is there.
 * Threads: any; a shuffle is only read once it is made.
 */
#ifndef COLLECTOR_PLAN_SHUFFLE_H
#define COLLECTOR_PLAN_SHUFFLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/flow_record.h"

enum {
	SHUFFLE_OCTETS = 16,
	SHUFFLE_MORE_MAX = 16,
	SHUFFLE_NONE = 0x80, /* the octet becomes 0 */
};

/* The blocks of a flow record. */
enum shuffle_block {
	SHUFFLE_SOURCE,
	SHUFFLE_DESTINATION,
	SHUFFLE_TIMES,
	SHUFFLE_COUNTERS,
	SHUFFLE_INTERFACES, /* with the sampling interval and the marks */
	SHUFFLE_PORTS,      /* and all else up to the firewall's event */
	SHUFFLE_BLOCKS,
};

/* Where in struct flow_record a block is. */
static inline size_t
shuffle_target(enum shuffle_block block)
{
	static const size_t targets[SHUFFLE_BLOCKS] = {
		[SHUFFLE_SOURCE] = offsetof(struct flow_record, source),
		[SHUFFLE_DESTINATION] = offsetof(struct flow_record, destination),
		[SHUFFLE_TIMES] = offsetof(struct flow_record, start),
		[SHUFFLE_COUNTERS] = offsetof(struct flow_record, octets),
		[SHUFFLE_INTERFACES] = offsetof(struct flow_record, sampling_interval),
		[SHUFFLE_PORTS] = offsetof(struct flow_record, source_port),
	};

	return targets[block];
}

struct shuffle_field {
	uint32_t source; /* offset in the record */
	uint16_t length;
	uint16_t target; /* offset in struct flow_record */
	bool is_number;  /* in network byte order; else its octets stay in order */
};

struct shuffle_window {
	_Alignas(SHUFFLE_OCTETS) uint8_t from[SHUFFLE_OCTETS]; /* octet of the window, or none */
	uint32_t offset;                                       /* of the window in the record */
	enum shuffle_block block;
};

struct plan_shuffle {
	struct shuffle_window first[SHUFFLE_BLOCKS]; /* of each block */
	struct shuffle_window more[SHUFFLE_MORE_MAX];
	size_t more_count;
};

/* False: the processor cannot, a field lies in no block or the record is too short. */
bool plan_shuffle_make(const struct shuffle_field *fields, size_t count, size_t record_octets,
                       struct plan_shuffle *shuffle);

#endif
