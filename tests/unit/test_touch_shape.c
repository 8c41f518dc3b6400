#include <glib.h>

#include "common/touch_shape.h"

static unsigned
quarters_in_spans(struct touch_shape shape)
{
	unsigned sum = 0;

	for (unsigned span = 0; span < TOUCH_SPANS; span++)
		sum += shape.quarters[span];
	return sum;
}

static void
never_has_more_than_all_of_the_octets_in_its_spans(void)
{
	for (unsigned number = 0; number < TOUCH_SHAPE_NUMBERS; number++)
		g_assert_cmpuint(quarters_in_spans(touch_shape_of(number)), <=,
		                 TOUCH_SHAPE_QUARTERS);
}

static void
knows_every_shape_of_the_front_or_the_back_alone(void)
{
	for (uint8_t a = 0; a <= TOUCH_SHAPE_QUARTERS; a++)
		for (uint8_t b = 0; a + b <= TOUCH_SHAPE_QUARTERS; b++) {
			struct touch_shape front = { { a, b, 0, 0 } };
			struct touch_shape back = { { 0, 0, a, b } };
			struct touch_shape found = touch_shape_of(touch_shape_number(front));

			g_assert_cmpmem(&found, sizeof(found), &front, sizeof(front));
			found = touch_shape_of(touch_shape_number(back));
			g_assert_cmpmem(&found, sizeof(found), &back, sizeof(back));
		}
}

static void
gives_a_shape_without_a_number_fewer_spans(void)
{
	struct touch_shape found =
		touch_shape_of(touch_shape_number((struct touch_shape){ { 2, 1, 1, 0 } }));

	g_assert_cmpuint(found.quarters[SPAN_FIRST_HALF_SECOND], ==, 2);
	g_assert_cmpuint(found.quarters[SPAN_FIRST_2_SECONDS], ==, 0);
	g_assert_cmpuint(found.quarters[SPAN_LAST_SECOND], ==, 1);
	g_assert_cmpuint(found.quarters[SPAN_LAST_2_SECONDS], ==, 0);
}

static void
is_even_by_default(void)
{
	g_assert_cmpuint(quarters_in_spans(touch_shape_of(TOUCH_SHAPE_EVEN)), ==, 0);
}

int
main(int argc, char **argv)
{
#define TEST(name) g_test_add_func("/touch_shape/" #name, name)
	g_test_init(&argc, &argv, NULL);
	TEST(never_has_more_than_all_of_the_octets_in_its_spans);
	TEST(knows_every_shape_of_the_front_or_the_back_alone);
	TEST(gives_a_shape_without_a_number_fewer_spans);
	TEST(is_even_by_default);
	return g_test_run();
}
