#include "common/touch_shape.h"

#include <string.h>

static const struct touch_shape shapes[TOUCH_SHAPE_NUMBERS] = {
#define SHAPE(number, half_second, two_seconds, last_second, last_two)                             \
	[number] = { { half_second, two_seconds, last_second, last_two } },
#include "schemas/touch_shapes.def"
#undef SHAPE
};

struct touch_shape
touch_shape_of(unsigned number)
{
	return shapes[number];
}

static unsigned
find(struct touch_shape shape)
{
	for (unsigned number = 0; number < TOUCH_SHAPE_NUMBERS; number++)
		if (memcmp(&shapes[number], &shape, sizeof(shape)) == 0)
			return number;
	return TOUCH_SHAPE_NUMBERS;
}

/* The least of the quarters becomes even. */
static void
drop_least(struct touch_shape *shape)
{
	unsigned least = TOUCH_SPANS;

	for (unsigned span = 0; span < TOUCH_SPANS; span++)
		if (shape->quarters[span] > 0 &&
		    (least == TOUCH_SPANS || shape->quarters[span] < shape->quarters[least]))
			least = span;
	if (least < TOUCH_SPANS)
		shape->quarters[least] = 0;
}

unsigned
touch_shape_number(struct touch_shape shape)
{
	unsigned number = find(shape);

	while (number == TOUCH_SHAPE_NUMBERS) {
		drop_least(&shape);
		number = find(shape);
	}
	return number;
}
