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

/* The moment at which as much of a record with an even shape was sent. */
struct shape_moment second_shape_even(unsigned shape, struct shape_moment moment);

/* The shape of a part of the record's life, to a quarter of its octets. */
unsigned second_shape_part(unsigned shape, struct shape_moment from, struct shape_moment until);

#endif
