#include <glib.h>
#include <math.h>
#include <string.h>

#include "detector/alarm_tail.h"
#include "detector/evidence.h"

/* 52 hosts in 17.5 host-days, of which e^.75 times fewer reach a unit more. */
static const struct alarm_tail measured = { 4.605, 52, 17.5, 0.75 };

static void
takes_as_much_evidence_as_the_wished_number_of_hosts_reach(void)
{
	double limit = alarm_tail_limit(&measured, 100);

	g_assert_cmpfloat_with_epsilon(52 / 17.5 * exp(-0.75 * (limit - 4.605)), 0.1, 1e-9);
	/* Ten times fewer are ln(10) / slope deeper. */
	g_assert_cmpfloat_with_epsilon(alarm_tail_limit(&measured, 10) - limit, log(10) / 0.75,
	                               1e-9);
}

static void
learns_the_slope_of_the_hosts_greatest_evidence(void)
{
	double greatest[60];
	struct alarm_tail tail;

	/* 20 hosts below where the tail begins, 40 above it, 2 beyond on average. */
	for (int i = 0; i < 60; i++)
		greatest[i] = i < 20 ? 4 : -log(ALARM_TAIL_SHARE) + (i % 2 == 0 ? 1 : 3);
	tail = alarm_tail_of(greatest, 60, 10);
	g_assert_cmpfloat(tail.hosts, ==, 40);
	g_assert_cmpfloat(tail.host_days, ==, 10);
	g_assert_cmpfloat_with_epsilon(tail.evidence, log(100), 1e-12);
	g_assert_cmpfloat_with_epsilon(tail.slope, 0.5, 1e-9);
}

static void
never_falls_faster_than_the_windows(void)
{
	double greatest[20];

	for (int i = 0; i < 20; i++)
		greatest[i] = -log(ALARM_TAIL_SHARE) + 0.1;
	g_assert_cmpfloat(alarm_tail_of(greatest, 20, 10).slope, ==, 1);
}

static void
takes_each_minute_for_an_alarm_where_nothing_is_known(void)
{
	double few[] = { 5, 6, 7 };
	struct alarm_tail unknown = alarm_tail_of(few, 3, 10);

	g_assert_cmpfloat(unknown.hosts, ==, 0);
	g_assert_cmpfloat_with_epsilon(alarm_tail_limit(&unknown, 100), log(14400), 1e-9);
	g_assert_cmpfloat(alarm_tail_range(&unknown, 100).greatest, ==, 0);
}

static void
asks_for_no_more_than_there_is_and_no_less_than_one(void)
{
	const struct alarm_tail slow = { 4.605, 52, 17.5, 0.1 };

	g_assert_cmpfloat(alarm_tail_limit(&slow, 1e-3), ==, EVIDENCE_MOST);
	g_assert_cmpfloat(alarm_tail_limit(&measured, 1e9), ==, 1);
}

static void
is_less_sure_the_deeper_the_limit(void)
{
	struct alarm_range near = alarm_tail_range(&measured, 1000);
	struct alarm_range far = alarm_tail_range(&measured, 20);

	g_assert_cmpfloat_with_epsilon(sqrt(near.least * near.greatest), 1000, 1e-6);
	g_assert_cmpfloat_with_epsilon(sqrt(far.least * far.greatest), 20, 1e-6);
	g_assert_cmpfloat(far.greatest / far.least, >, 2 * near.greatest / near.least);
}

static void
is_wished_for_alike_in_programs_and_configuration(void)
{
#define KEY(name, type, least, most, value, help) { #name, value },
	static const struct {
		const char *name, *value;
	} keys[] = {
#include "schemas/detector_config.def"
	};
	size_t i = 0;

	while (strcmp(keys[i].name, "alarms") != 0)
		i++;
	g_assert_cmpstr(keys[i].value, ==, G_STRINGIFY(ALARM_TAIL_WISHED));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/alarm_tail/takes_as_much_evidence_as_the_wished_number_of_hosts_reach",
	                takes_as_much_evidence_as_the_wished_number_of_hosts_reach);
	g_test_add_func("/alarm_tail/learns_the_slope_of_the_hosts_greatest_evidence",
	                learns_the_slope_of_the_hosts_greatest_evidence);
	g_test_add_func("/alarm_tail/never_falls_faster_than_the_windows",
	                never_falls_faster_than_the_windows);
	g_test_add_func("/alarm_tail/takes_each_minute_for_an_alarm_where_nothing_is_known",
	                takes_each_minute_for_an_alarm_where_nothing_is_known);
	g_test_add_func("/alarm_tail/asks_for_no_more_than_there_is_and_no_less_than_one",
	                asks_for_no_more_than_there_is_and_no_less_than_one);
	g_test_add_func("/alarm_tail/is_less_sure_the_deeper_the_limit",
	                is_less_sure_the_deeper_the_limit);
	g_test_add_func("/alarm_tail/is_wished_for_alike_in_programs_and_configuration",
	                is_wished_for_alike_in_programs_and_configuration);
	return g_test_run();
}
