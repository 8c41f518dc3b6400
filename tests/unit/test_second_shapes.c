#include <glib.h>

#include "collector/second_shapes.h"

/* The middle of a group that the table gives half of its octets in the last second. */
static struct flow_record
upload(void)
{
	return (struct flow_record){ .start = { 100000 },
		                     .end = { 110000 },
		                     .packets = 100,
		                     .octets = 100000,
		                     .protocol = 6,
		                     .marks = FLOW_HAS_FLAGS };
}

static void
takes_the_shape_of_the_group(void)
{
	struct flow_record record = upload();

	g_assert_cmpuint(second_shape_of(&record), ==, SHAPE_BACK_SECOND);
	record.octets = 4000;
	g_assert_cmpuint(second_shape_of(&record), ==, SHAPE_EVEN);
}

static void
has_no_shape_where_packets_say_all_or_the_record_too_little(void)
{
	struct flow_record sampled = upload();
	struct flow_record flagless = upload();
	struct flow_record two = upload();

	sampled.sampling_interval = 100;
	g_assert_cmpuint(second_shape_of(&sampled), ==, SHAPE_EVEN);
	flagless.marks = 0;
	g_assert_cmpuint(second_shape_of(&flagless), ==, SHAPE_EVEN);
	two.packets = 2;
	g_assert_cmpuint(second_shape_of(&two), ==, SHAPE_EVEN);
}

static void
stays_within_the_table_for_every_record(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(3);

	for (int i = 0; i < 100000; i++) {
		struct flow_record record = { .protocol = (uint8_t)g_rand_int(random),
			                      .tcp_flags = (uint16_t)g_rand_int(random),
			                      .other_tcp_flags = (uint16_t)g_rand_int(random),
			                      .marks = g_rand_int(random),
			                      .packets = g_rand_int(random) >> i % 32,
			                      .octets = g_rand_int(random) >> i % 31,
			                      .end = { g_rand_int(random) >> i % 29 } };

		g_assert_cmpuint(second_shape_of(&record), <=, SHAPE_LAST_THIRD);
	}
}

int
main(int argc, char **argv)
{
#define TEST(name) g_test_add_func("/second_shapes/" #name, name)
	g_test_init(&argc, &argv, NULL);
	TEST(takes_the_shape_of_the_group);
	TEST(has_no_shape_where_packets_say_all_or_the_record_too_little);
	TEST(stays_within_the_table_for_every_record);
	return g_test_run();
}
