#include <glib.h>

#include "collector/uptime_clock.h"

static struct wall_time
seconds(int64_t s)
{
	return (struct wall_time){ s * 1000 };
}

static int32_t
take_seconds(struct uptime_clock *clock, int64_t second, uint32_t uptime_ms)
{
	const struct uptime_header header = { seconds(second), seconds(0), uptime_ms,
		                              UPTIME_CLOCK_SECONDS };

	return uptime_clock_take(clock, &header);
}

/* The same, with an arrival that is not on a second. */
static int32_t
take_arrival(struct uptime_clock *clock, int64_t arrival_ms, uint32_t uptime_ms)
{
	const struct uptime_header header = {
		seconds(arrival_ms / 1000), { arrival_ms }, uptime_ms, UPTIME_CLOCK_SECONDS
	};

	return uptime_clock_take(clock, &header);
}

static void
takes_the_middle_of_what_headers_leave(void)
{
	struct uptime_clock clock = { .known = false };

	/* Booted at 500.100 s, so that 499.800 and 499.900 are told. */
	g_assert_cmpint(take_seconds(&clock, 1000, 500200), ==, 500);
	g_assert_cmpint(take_seconds(&clock, 1001, 501100), ==, 450);
	g_assert_cmpint(clock.earliest.ms, ==, 499900);
	g_assert_cmpint(clock.latest.ms, ==, 500800);
	/* 499.150: it cannot be later than 500.150. */
	g_assert_cmpint(take_seconds(&clock, 1002, 502850), ==, 875);
	g_assert_cmpint(clock.earliest.ms, ==, 499900);
	g_assert_cmpint(clock.latest.ms, ==, 500150);
}

static void
follows_a_clock_that_drifts(void)
{
	struct uptime_clock clock = { .known = false };

	(void)take_seconds(&clock, 1000, 500000);
	g_assert_cmpint(take_seconds(&clock, 1001, 499700), ==, 0);
	g_assert_cmpint(clock.earliest.ms, ==, 501300);
	g_assert_cmpint(take_seconds(&clock, 1000, 499900), ==, 1000);
	g_assert_cmpint(clock.latest.ms, ==, 501100);
}

static void
keeps_what_it_knows_when_uptime_wraps(void)
{
	struct uptime_clock clock = { .known = false };

	/* 300 ms before the wrap, and 900 ms behind it: one boot time, 2^32 ms ago. */
	(void)take_seconds(&clock, 10000000, UINT32_MAX - 299);
	g_assert_cmpint(take_seconds(&clock, 10000001, 900), ==, 600);
	g_assert_cmpint(clock.earliest.ms, ==, INT64_C(10000000300));
	g_assert_cmpint(clock.latest.ms, ==, INT64_C(10000001100));
}

static void
corrects_nothing_where_the_header_is_exact(void)
{
	struct uptime_clock clock = { .known = false };

	for (uint32_t i = 0; i < 5; i++) {
		const struct uptime_header header = { seconds(1000), seconds(1001),
			                              500000 + i * 7 % 5, UPTIME_CLOCK_EXACT };

		g_assert_cmpint(uptime_clock_take(&clock, &header), ==, 0);
	}
}

static void
believes_the_least_delayed_arrival(void)
{
	struct uptime_clock clock = { .known = false };

	/* Booted at 500.100 s; the first datagram was on its way for 200 ms, the second for 3, the
	 * third for 50. */
	g_assert_cmpint(take_arrival(&clock, 1000700, 500400), ==, 700);
	g_assert_cmpint(take_arrival(&clock, 1001303, 501200), ==, 303);
	g_assert_cmpint(uptime_clock_boot(&clock).ms, ==, 500103);
	(void)take_arrival(&clock, 1002450, 502300);
	g_assert_cmpint(uptime_clock_boot(&clock).ms, ==, 500103);
}

static void
believes_no_arrival_that_the_headers_exclude(void)
{
	struct uptime_clock clock = { .known = false };
	const struct uptime_header slow = { seconds(1000), { 999900 }, 500200, 1000 };
	const struct uptime_header other = { seconds(1001), { 1001950 }, 501100, 1000 };

	g_assert_cmpint(uptime_clock_take(&clock, &slow), ==, 500);
	g_assert_cmpint(uptime_clock_take(&clock, &other), ==, 450);
}

static void
starts_over_after_a_restart(void)
{
	struct uptime_clock clock = { .known = false };

	(void)take_seconds(&clock, 1000, 500000);
	g_assert_cmpint(take_seconds(&clock, 1010, 3000), ==, 500);
	g_assert_cmpint(clock.earliest.ms, ==, 1007000);
}

static void
starts_over_when_the_clock_was_set_back(void)
{
	struct uptime_clock clock = { .known = false };

	(void)take_seconds(&clock, 1000, 500000);
	g_assert_cmpint(take_seconds(&clock, 900, 501000), ==, 500);
	g_assert_cmpint(clock.earliest.ms, ==, 399000);
}

static void
corrects_uptimes_alone(void)
{
	g_autofree struct flow_batch *batch = g_new0(struct flow_batch, 1);

	batch->count = 2;
	batch->clock_correction_ms = 300;
	batch->records[0].marks = FLOW_UPTIME_TIMES;
	uptime_clock_correct(batch);
	uptime_clock_correct(batch);
	g_assert_cmpint(batch->records[0].start.ms, ==, 300);
	g_assert_cmpint(batch->records[1].start.ms, ==, 0);
}

static void
corrects_every_time_of_a_clock_that_is_wrong(void)
{
	g_autofree struct flow_batch *batch = g_new0(struct flow_batch, 1);

	batch->count = 1;
	batch->export_time = seconds(100);
	batch->clock_offset_ms = 60000;
	batch->records[0].start = seconds(90);
	batch->records[0].end = seconds(95);
	uptime_clock_correct(batch);
	g_assert_cmpint(batch->export_time.ms, ==, 40000);
	g_assert_cmpint(batch->records[0].start.ms, ==, 30000);
	g_assert_cmpint(batch->records[0].end.ms, ==, 35000);
}

int
main(int argc, char **argv)
{
#define TEST(name) g_test_add_func("/uptime_clock/" #name, name)
	g_test_init(&argc, &argv, NULL);
	TEST(takes_the_middle_of_what_headers_leave);
	TEST(follows_a_clock_that_drifts);
	TEST(keeps_what_it_knows_when_uptime_wraps);
	TEST(believes_the_least_delayed_arrival);
	TEST(believes_no_arrival_that_the_headers_exclude);
	TEST(corrects_nothing_where_the_header_is_exact);
	TEST(starts_over_after_a_restart);
	TEST(starts_over_when_the_clock_was_set_back);
	TEST(corrects_uptimes_alone);
	TEST(corrects_every_time_of_a_clock_that_is_wrong);
	return g_test_run();
}
