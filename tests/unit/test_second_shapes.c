#include <glib.h>

#include "collector/record_shares.h"
#include "collector/second_shapes.h"

enum { FIN = 1, SYN = 2, ACK = 16 };

/* A download of ten seconds, ended by the server's FIN: then octets lie in front. */
static struct flow_record
download(void)
{
	return (struct flow_record){ .start = { 100000 },
		                     .end = { 110000 },
		                     .packets = 100,
		                     .octets = 100000,
		                     .protocol = 6,
		                     .tcp_flags = FIN | SYN | ACK,
		                     .marks = FLOW_HAS_FLAGS };
}

static unsigned
front_of(unsigned number)
{
	struct touch_shape shape = touch_shape_of(number);

	return shape.quarters[SPAN_FIRST_HALF_SECOND] + shape.quarters[SPAN_FIRST_2_SECONDS];
}

static unsigned
back_of(unsigned number)
{
	struct touch_shape shape = touch_shape_of(number);

	return shape.quarters[SPAN_LAST_SECOND] + shape.quarters[SPAN_LAST_2_SECONDS];
}

static void
takes_the_shape_of_the_group(void)
{
	struct flow_record record = download();

	g_assert_cmpuint(front_of(second_shape_of(&record)), >, 0);
	record.end.ms = record.start.ms + 2500;
	record.tcp_flags = SYN | ACK;
	g_assert_cmpuint(back_of(second_shape_of(&record)), >, 0);
	record.protocol = 47;
	g_assert_cmpuint(second_shape_of(&record), ==, TOUCH_SHAPE_EVEN);
}

static void
hears_the_other_direction_end_in_a_biflow_as_in_two_records(void)
{
	struct flow_record two = download();
	struct flow_record biflow = download();
	struct flow_record neither = download();

	two.end.ms = biflow.end.ms = neither.end.ms = two.start.ms + 2500;
	two.tcp_flags = biflow.tcp_flags = neither.tcp_flags = SYN | ACK;
	two.marks |= FLOW_KNOWN_REVERSE;
	two.other_tcp_flags = FIN;
	biflow.marks |= FLOW_HAS_REVERSE;
	biflow.reverse_tcp_flags = FIN;
	g_assert_cmpuint(second_shape_of(&two), ==, second_shape_of(&biflow));
	g_assert_cmpuint(second_shape_of(&two), !=, second_shape_of(&neither));
}

static void
has_no_shape_where_packets_say_all_or_the_record_too_little(void)
{
	struct flow_record sampled = download();
	struct flow_record flagless = download();
	struct flow_record two = download();

	sampled.sampling_interval = 100;
	g_assert_cmpuint(second_shape_of(&sampled), ==, TOUCH_SHAPE_EVEN);
	flagless.marks = 0;
	g_assert_cmpuint(second_shape_of(&flagless), ==, TOUCH_SHAPE_EVEN);
	two.packets = 2;
	g_assert_cmpuint(second_shape_of(&two), ==, TOUCH_SHAPE_EVEN);
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

		g_assert_cmpuint(second_shape_of(&record), <, TOUCH_SHAPE_NUMBERS);
	}
}

static unsigned
number_of(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return touch_shape_number((struct touch_shape){ { a, b, c, d } });
}

static struct shape_progress
progress_of(unsigned shape, uint64_t elapsed_ms, uint64_t duration_ms)
{
	return second_shape_progress(shape, (struct shape_moment){ elapsed_ms, duration_ms });
}

static uint64_t
even_ms(unsigned shape, uint64_t elapsed_ms, uint64_t duration_ms)
{
	struct shape_progress progress = progress_of(shape, elapsed_ms, duration_ms);

	return second_shape_even_ms(&progress);
}

static void
tells_when_an_even_record_had_sent_as_much(void)
{
	g_assert_cmpuint(even_ms(TOUCH_SHAPE_EVEN, 3000, 20000), ==, 3000);
	/* Two quarters in the first half second, two evenly. */
	g_assert_cmpuint(even_ms(number_of(2, 0, 0, 0), 500, 20000), ==, 10000 + 250);
	g_assert_cmpuint(even_ms(number_of(2, 0, 0, 0), 250, 20000), ==, 5000 + 125);
	/* All in the last two seconds. */
	g_assert_cmpuint(even_ms(number_of(0, 0, 0, 4), 18000, 20000), ==, 0);
	g_assert_cmpuint(even_ms(number_of(0, 0, 0, 4), 19000, 20000), ==, 10000);
	/* Spans that are longer than the record. */
	g_assert_cmpuint(even_ms(number_of(0, 2, 0, 2), 400, 1000), ==, 400);
}

static void
sends_all_in_the_end_and_never_less_than_before(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(5);

	for (unsigned shape = 0; shape < TOUCH_SHAPE_NUMBERS; shape++)
		for (int i = 0; i < 200; i++) {
			uint64_t duration = 1 + (g_rand_int(random) >> i % 32);
			uint64_t before = 0;

			for (uint64_t step = 0; step <= 16; step++) {
				uint64_t now = even_ms(shape, duration * step / 16, duration);

				g_assert_cmpuint(now, >=, before);
				before = now;
			}
			g_assert_cmpuint(before, ==, duration);
		}
}

static unsigned
part_of(unsigned shape, uint64_t from_ms, uint64_t until_ms, uint64_t duration_ms)
{
	struct shape_progress from = progress_of(shape, from_ms, duration_ms);
	struct shape_progress until = progress_of(shape, until_ms, duration_ms);

	return second_shape_part(&from, &until);
}

static void
leaves_the_front_to_the_first_part_and_the_back_to_the_last(void)
{
	unsigned front = number_of(2, 0, 0, 0);
	unsigned back = number_of(0, 0, 2, 0);

	/* Half of the octets and a fortieth of the rest: nearly all of the first part. */
	g_assert_cmpuint(part_of(front, 0, 1000, 40000), ==, number_of(4, 0, 0, 0));
	g_assert_cmpuint(part_of(front, 0, 20000, 40000), ==, number_of(3, 0, 0, 0));
	g_assert_cmpuint(part_of(front, 20000, 40000, 40000), ==, TOUCH_SHAPE_EVEN);
	g_assert_cmpuint(part_of(back, 0, 20000, 40000), ==, TOUCH_SHAPE_EVEN);
	g_assert_cmpuint(part_of(back, 20000, 40000, 40000), ==, number_of(0, 0, 3, 0));
	g_assert_cmpuint(part_of(back, 10000, 20000, 40000), ==, TOUCH_SHAPE_EVEN);
	/* What a minute's end cuts off of a span is in front of the next part. */
	g_assert_cmpuint(part_of(number_of(0, 4, 0, 0), 1250, 20000, 20000), ==,
	                 number_of(4, 0, 0, 0));
	g_assert_cmpuint(part_of(number_of(0, 4, 0, 0), 0, 1250, 20000), ==, TOUCH_SHAPE_EVEN);
}

static uint32_t
next_octets(struct record_cut *cut, const struct record_view *view)
{
	struct host_share share;
	struct host_share_numbers numbers;
	const struct open_share open = { &share, &numbers };

	g_assert_true(record_cut_next(cut, view));
	record_cut_write(cut, view, HOST_IN, &open);
	return share.octets;
}

static void
gives_a_minute_what_the_shape_tells(void)
{
	struct flow_record record = download();
	struct record_view view;
	struct record_cut shaped = { 0 };
	struct record_cut even = { 0 };
	uint32_t before;

	record.start.ms = 55000; /* five seconds before the minute's end, and five behind it */
	record.end.ms = 64999;
	view.role = flow_role_of(&record);
	packet_sizes_split(&record, &view.sizes);
	record_view_init(&view, &record);
	before = next_octets(&shaped, &view);
	g_assert_cmpuint(before, >, record.octets / 2);
	g_assert_cmpuint(before + next_octets(&shaped, &view), ==, record.octets);
	g_assert_false(record_cut_next(&shaped, &view));
	record.marks = 0; /* without flags there is no shape */
	g_assert_cmpuint(next_octets(&even, &view), ==, record.octets / 2);
}

int
main(int argc, char **argv)
{
#define TEST(name) g_test_add_func("/second_shapes/" #name, name)
	g_test_init(&argc, &argv, NULL);
	TEST(takes_the_shape_of_the_group);
	TEST(hears_the_other_direction_end_in_a_biflow_as_in_two_records);
	TEST(has_no_shape_where_packets_say_all_or_the_record_too_little);
	TEST(stays_within_the_table_for_every_record);
	TEST(tells_when_an_even_record_had_sent_as_much);
	TEST(sends_all_in_the_end_and_never_less_than_before);
	TEST(leaves_the_front_to_the_first_part_and_the_back_to_the_last);
	TEST(gives_a_minute_what_the_shape_tells);
	return g_test_run();
}
