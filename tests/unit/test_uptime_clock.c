#include <glib.h>

#include "collector/uptime_clock.h"

static struct wall_time
seconds(int64_t s)
{
	return (struct wall_time){ s * 1000 };
}

static void
keeps_the_latest_boot_time(void)
{
	struct uptime_clock clock = { .known = false };

	g_assert_cmpint(uptime_clock_take(&clock, seconds(1000), 500200), ==, 0);
	g_assert_cmpint(uptime_clock_take(&clock, seconds(1001), 501000), ==, 0);
	g_assert_cmpint(clock.boot.ms, ==, 500000);
	g_assert_cmpint(uptime_clock_take(&clock, seconds(1002), 502700), ==, 700);
	g_assert_cmpint(clock.boot.ms, ==, 500000);
}

static void
starts_over_after_a_restart(void)
{
	struct uptime_clock clock = { .known = false };

	(void)uptime_clock_take(&clock, seconds(1000), 500000);
	g_assert_cmpint(uptime_clock_take(&clock, seconds(1010), 3000), ==, 0);
	g_assert_cmpint(clock.boot.ms, ==, 1007000);
}

static void
starts_over_when_the_clock_was_set_back(void)
{
	struct uptime_clock clock = { .known = false };

	(void)uptime_clock_take(&clock, seconds(1000), 500000);
	g_assert_cmpint(uptime_clock_take(&clock, seconds(900), 501000), ==, 0);
	g_assert_cmpint(clock.boot.ms, ==, 399000);
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
	TEST(keeps_the_latest_boot_time);
	TEST(starts_over_after_a_restart);
	TEST(starts_over_when_the_clock_was_set_back);
	TEST(corrects_uptimes_alone);
	TEST(corrects_every_time_of_a_clock_that_is_wrong);
	return g_test_run();
}
