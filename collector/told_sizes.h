/*
 * What an Exporter tells of a flow's packets by size, gathered from one record and turned into the
 * size classes of schemas/host_bin.def.  A direction's classes are written only when they add up to
 * its packets.
 *
 *   ntop (35632)   packets of up to 128, 256, 512, 1024, 1514 octets, and above
 *   YAF (6871)     packets without payload, with less than 60 octets of it, with 220 and more; the
 *                  octets of all payload, which leave the octets of all headers
 *   CESNET (8057)  the payload length and direction of each of the first packets, or a histogram
 *                  of payload lengths
 *
 * Exact where packets can only be of one class, else placed: see size_bins.h.  What is told as
 * payload is exact where the headers' length makes no difference.
 *
 * Threads: values.
 */
#ifndef COLLECTOR_TOLD_SIZES_H
#define COLLECTOR_TOLD_SIZES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/flow_record.h"

enum told_number {
	TOLD_NTOP_128,
	TOLD_NTOP_256,
	TOLD_NTOP_512,
	TOLD_NTOP_1024,
	TOLD_NTOP_1514,
	TOLD_NTOP_ABOVE,
	TOLD_YAF_SMALL,
	TOLD_YAF_NOT_EMPTY,
	TOLD_YAF_PAYLOAD,
	TOLD_YAF_LARGE,
	TOLD_CESNET_BIN_0, /* payload of up to 15, 31, 63, 127, 255, 511, 1023 octets, and above */
	TOLD_NUMBERS = TOLD_CESNET_BIN_0 + 8,
};

enum { TOLD_PACKETS_MAX = 256 };

struct told_direction {
	uint32_t has; /* 1 << enum told_number */
	uint64_t numbers[TOLD_NUMBERS];
};

struct told_sizes {
	struct told_direction forward;
	struct told_direction reverse;
	size_t payloads_count; /* packets whose payload length is told */
	size_t ways_count;     /* packets whose direction is told */
	uint16_t payloads[TOLD_PACKETS_MAX];
	int8_t ways[TOLD_PACKETS_MAX]; /* 1 forward, -1 reverse */
};

/* Notes one number by its Information Element; others are passed over. */
void told_sizes_note(struct told_sizes *told, uint32_t enterprise, uint16_t element,
                     uint64_t value);

/* Writes the record's sizes, reverse_sizes and the marks FLOW_HAS_SIZES and FLOW_SIZES_PLACED when
 * what was told is enough. */
void told_sizes_apply(const struct told_sizes *told, struct flow_record *record);

#endif
