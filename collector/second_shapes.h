/*
 * Where in its life the octets of a flow record lie, by what it tells of itself and of the other
 * direction: a number of schemas/touch_shapes.def, from a table that was learned from packets
 * (second_shape_table.def).  Pure functions.
 */
#ifndef COLLECTOR_SECOND_SHAPES_H
#define COLLECTOR_SECOND_SHAPES_H

#include <stdint.h>

#include "collector/flow_record.h"
#include "common/touch_shape.h"

/* A record that was sampled is even, and so is one of TCP without flags. */
unsigned second_shape_of(const struct flow_record *record);

/* A moment of a record's life. */
struct shape_moment {
	uint64_t elapsed_ms;
	uint64_t duration_ms; /* of the whole record: above 0, below 2^32 */
};

/* How much of a record's octets was sent: all of them are four times its duration. */
struct shape_progress {
	struct shape_moment moment;
	uint64_t spans[TOUCH_SPANS]; /* of that, what lies in a span */
	uint64_t all;
};

struct shape_progress second_shape_progress(unsigned shape, struct shape_moment moment);

/* When as much of a record with an even shape was sent. */
static inline uint64_t
second_shape_even_ms(const struct shape_progress *progress)
{
	return progress->all / TOUCH_SHAPE_QUARTERS;
}

/* The shape of a part of the record's life, to a quarter of its octets. */
unsigned second_shape_part(const struct shape_progress *from, const struct shape_progress *until);

#endif
