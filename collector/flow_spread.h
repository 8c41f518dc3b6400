/*
 * When a flow record's octets and packets were sent: how much of a count lies before a moment of
 * the record's life.
 *
 * Whole numbers, never more than the count, never falling: the shares of any partition of the
 * record's life, taken as differences, sum to the count exactly.  Pure functions.
 */
#ifndef COLLECTOR_FLOW_SPREAD_H
#define COLLECTOR_FLOW_SPREAD_H

#include <stdint.h>

/* Of `count`, spread evenly over `duration_ms` (at least 1): what came in the first `elapsed_ms` of
 * it. */
static inline uint64_t
flow_spread_until(uint64_t count, uint64_t elapsed_ms, uint64_t duration_ms)
{
	if (elapsed_ms >= duration_ms)
		return count;
	if ((count | elapsed_ms) >> 32 == 0)
		return count * elapsed_ms / duration_ms;
	/* In two steps, so that no product overflows: durations are far below 2^32 ms. */
	return count / duration_ms * elapsed_ms + count % duration_ms * elapsed_ms / duration_ms;
}

#endif
