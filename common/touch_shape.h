/*
 * Where in its time the octets of a touch lie: one of the shapes of schemas/touch_shapes.def.
 *
 * Threads: pure functions.
 */
#ifndef COMMON_TOUCH_SHAPE_H
#define COMMON_TOUCH_SHAPE_H

#include <stdint.h>

enum touch_span {
	SPAN_FIRST_HALF_SECOND,
	SPAN_FIRST_2_SECONDS,
	SPAN_LAST_SECOND,
	SPAN_LAST_2_SECONDS,
	TOUCH_SPANS,
};

enum {
	TOUCH_SHAPE_EVEN = 0,
	TOUCH_SHAPE_QUARTERS = 4, /* all the octets */
	TOUCH_SHAPE_NUMBERS = 0
#define SHAPE(number, half_second, two_seconds, last_second, last_two) +1
#include "schemas/touch_shapes.def"
#undef SHAPE
};

/* How many quarters of the octets lie in each span. */
struct touch_shape {
	uint8_t quarters[TOUCH_SPANS];
};

/* Of a number below TOUCH_SHAPE_NUMBERS. */
struct touch_shape touch_shape_of(unsigned number);

/* The number of a shape; without a row of its own, of what is nearest with fewer spans. */
unsigned touch_shape_number(struct touch_shape shape);

/* How long a span is, in quarters of a second. */
static inline unsigned
touch_span_quarters(enum touch_span span)
{
	static const uint8_t lengths[TOUCH_SPANS] = { 2, 8, 4, 8 };

	return lengths[span];
}

#endif
