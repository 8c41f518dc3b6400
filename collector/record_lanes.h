/*
 * Eight flow records in vectors, for processors with AVX2: to be used in functions that are called
 * when __builtin_cpu_supports("avx2") alone.
 */
#ifndef COLLECTOR_RECORD_LANES_H
#define COLLECTOR_RECORD_LANES_H

#ifdef __x86_64__

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "collector/flow_record.h"

enum { LANES = 8 };

#define WIDE static inline __attribute__((always_inline, target("avx2")))

/* A number of each record, or all bits or none. */
typedef int32_t lanes __attribute__((vector_size(32)));
typedef int32_t half_lanes __attribute__((vector_size(16)));

WIDE lanes
choose(lanes mask, lanes yes, lanes no)
{
	return (mask & yes) | (~mask & no);
}

WIDE lanes
has(lanes bits, int32_t bit)
{
	return (bits & bit) == bit;
}

WIDE lanes
has_any(lanes bits, int32_t some)
{
	return (bits & some) != 0;
}

WIDE void
put_lanes(uint32_t numbers[static LANES], lanes vector)
{
	memcpy(numbers, &vector, sizeof(vector));
}

/* Turns 16 octets of each of eight records into four columns. */
WIDE void
take_columns(const struct flow_record *const records[static LANES], size_t offset,
             lanes columns[static 4])
{
	lanes rows[4], low, high;

	for (size_t i = 0; i < 4; i++) {
		half_lanes here, there;

		memcpy(&here, (const char *)records[i] + offset, sizeof(here));
		memcpy(&there, (const char *)records[i + 4] + offset, sizeof(there));
		rows[i] = __builtin_shufflevector(here, there, 0, 1, 2, 3, 4, 5, 6, 7);
	}
	low = __builtin_shufflevector(rows[0], rows[1], 0, 8, 1, 9, 4, 12, 5, 13);
	high = __builtin_shufflevector(rows[2], rows[3], 0, 8, 1, 9, 4, 12, 5, 13);
	columns[0] = __builtin_shufflevector(low, high, 0, 1, 8, 9, 4, 5, 12, 13);
	columns[1] = __builtin_shufflevector(low, high, 2, 3, 10, 11, 6, 7, 14, 15);
	low = __builtin_shufflevector(rows[0], rows[1], 2, 10, 3, 11, 6, 14, 7, 15);
	high = __builtin_shufflevector(rows[2], rows[3], 2, 10, 3, 11, 6, 14, 7, 15);
	columns[2] = __builtin_shufflevector(low, high, 0, 1, 8, 9, 4, 5, 12, 13);
	columns[3] = __builtin_shufflevector(low, high, 2, 3, 10, 11, 6, 7, 14, 15);
}

/* Eight of the pointers, from `at` on; what is not there is taken for the last one. */
WIDE void
take_pointers(const struct flow_record *const *records, size_t count, size_t at,
              const struct flow_record *eight[static LANES])
{
	for (size_t lane = 0; lane < LANES; lane++)
		eight[lane] = records[at + lane < count ? at + lane : count - 1];
}

#endif
#endif
