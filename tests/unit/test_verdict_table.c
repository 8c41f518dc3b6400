#include "detector/verdict_table.h"

#include "tests/support/assessments.h"

static const struct verdict_rules rules = {
	.hosts_max = 4,
	.normal_windows = 3,
	.sampling_max = 100,
	.clear_ms = 10 * 60000,
	.clear_windows = 5,
	.update_ms = 60 * 60000,
};

static enum verdict_act
update(VerdictTable *table, const struct assessment *assessment)
{
	enum verdict_act act;

	g_assert_nonnull(verdict_table_update(table, assessment, &act));
	return act;
}

static struct verdict
quiet(VerdictTable *table, unsigned host, unsigned minute)
{
	struct assessment assessment = assessments_quiet(host, minute);
	enum verdict_act act;

	return *verdict_table_update(table, &assessment, &act);
}

static enum verdict_act
scan(VerdictTable *table, unsigned host, unsigned minute)
{
	struct assessment assessment = assessments_scan(host, minute, 0.9);

	return update(table, &assessment);
}

static void
expect_reason(VerdictTable *table, const struct verdict *verdict, const char *expected)
{
	g_autoptr(GString) reason = g_string_new(NULL);

	verdict_table_add_reason(table, verdict, reason);
	g_assert_cmpstr(reason->str, ==, expected);
}

static void
calls_a_host_normal_after_enough_windows(void)
{
	g_autoptr(VerdictTable) table = verdict_table_new(&rules);
	struct verdict verdict = quiet(table, 1, 0);

	g_assert_cmpint(verdict.kind, ==, VERDICT_UNKNOWN);
	expect_reason(table, &verdict, "too little traffic (1 of 3 windows judged)");
	g_assert_cmpint(quiet(table, 1, 1).kind, ==, VERDICT_UNKNOWN);
	verdict = quiet(table, 1, 2);
	g_assert_cmpint(verdict.kind, ==, VERDICT_NORMAL);
	g_assert_cmpint(verdict.since_ms, ==, assessments_quiet(1, 2).time_ms);
	g_assert_cmpuint(verdict_table_counters(table).normal, ==, 1);
}

static void
counts_a_window_once_when_it_is_judged_again(void)
{
	g_autoptr(VerdictTable) table = verdict_table_new(&rules);

	for (unsigned i = 0; i < 10; i++)
		g_assert_cmpint(quiet(table, 1, 0).kind, ==, VERDICT_UNKNOWN);
	g_assert_cmpuint(quiet(table, 1, 1).judged, ==, 2);
}

static void
does_not_judge_what_was_hardly_seen(void)
{
	static const struct {
		bool enough;
		uint32_t sampling_interval;
		unsigned cannot_tell;
		const char *reason;
	} cases[] = {
		{ false, 1, 0, "too little traffic" },
		{ true, 1000, CANNOT_TELL_SAMPLED,
		  "sampled 1:1000: only scans, floods and mail would show" },
		{ true, 1, CANNOT_TELL_DIRECTION, "one direction only" },
		{ true, 1, CANNOT_TELL_DETAIL, "detail was lost" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(VerdictTable) table = verdict_table_new(&rules);
		struct verdict verdict = { 0 };

		for (unsigned minute = 0; minute < 20; minute++) {
			struct assessment assessment = assessments_quiet(1, minute);
			enum verdict_act act;

			assessment.enough = cases[i].enough;
			assessment.sampling_interval = cases[i].sampling_interval;
			assessment.cannot_tell = cases[i].cannot_tell;
			verdict = *verdict_table_update(table, &assessment, &act);
		}
		g_assert_cmpint(verdict.kind, ==, VERDICT_UNKNOWN);
		expect_reason(table, &verdict, cases[i].reason);
	}
}

static void
detects_at_once_and_tells_when(void)
{
	g_autoptr(VerdictTable) table = verdict_table_new(&rules);
	struct assessment early = assessments_scan(1, 5, 0.5);
	const struct verdict *verdict;
	enum verdict_act act;

	early.early = true;
	early.enough = false;
	verdict = verdict_table_update(table, &early, &act);
	g_assert_cmpint(act, ==, ACT_DETECTED);
	g_assert_cmpint(verdict->kind, ==, VERDICT_INFECTED);
	g_assert_cmpint(verdict->first_detected_ms, ==, early.time_ms);
	g_assert_cmpint(verdict->since_ms, ==, early.time_ms);
	g_assert_cmpuint(verdict->behaviours, ==, 1u << BEHAVIOUR_horizontal_scan);
	expect_reason(table, verdict, "horizontal scan");
	g_assert_cmpuint(verdict_table_counters(table).infected, ==, 1);
}

static void
tells_again_once_an_hour_or_of_something_new(void)
{
	g_autoptr(VerdictTable) table = verdict_table_new(&rules);
	struct assessment more = assessments_scan(1, 2, 0.9);

	g_assert_cmpint(scan(table, 1, 0), ==, ACT_DETECTED);
	g_assert_cmpint(scan(table, 1, 1), ==, ACT_NONE);
	assessments_add(&more, BEHAVIOUR_beacon, 0.3); /* too weak to be told */
	g_assert_cmpint(update(table, &more), ==, ACT_NONE);
	assessments_add(&more, BEHAVIOUR_flood, 0.6);
	g_assert_cmpint(update(table, &more), ==, ACT_UPDATED);
	g_assert_cmpint(scan(table, 1, 61), ==,
	                ACT_NONE); /* an hour after the last alert, not the first */
	g_assert_cmpint(scan(table, 1, 62), ==, ACT_UPDATED);
	g_assert_cmpint(scan(table, 1, 63), ==, ACT_NONE);
}

static void
keeps_the_greatest_score_while_infected(void)
{
	g_autoptr(VerdictTable) table = verdict_table_new(&rules);
	struct verdict verdict;

	scan(table, 1, 0);
	verdict = quiet(table, 1, 1);
	g_assert_cmpint(verdict.kind, ==, VERDICT_INFECTED);
	g_assert_cmpfloat(verdict.score, ==, 0.9);
	g_assert_cmpfloat(verdict.peak_score, ==, 0.9);
}

static void
clears_after_time_and_windows_without_evidence(void)
{
	g_autoptr(VerdictTable) table = verdict_table_new(&rules);
	struct verdict verdict = { 0 };

	scan(table, 1, 0);
	for (unsigned minute = 1; minute < 10; minute++)
		g_assert_cmpint(quiet(table, 1, minute).kind, ==, VERDICT_INFECTED);
	verdict = quiet(table, 1, 10);
	g_assert_cmpint(verdict.kind, ==, VERDICT_NORMAL);
	g_assert_cmpfloat(verdict.score, ==, 0.1);
	g_assert_cmpfloat(verdict.peak_score, ==, 0.9);
	g_assert_cmpuint(verdict.behaviours, ==, 0);
	g_assert_cmpint(verdict.first_detected_ms, ==, assessments_quiet(1, 0).time_ms);
	g_assert_cmpuint(verdict_table_counters(table).infected, ==, 0);

	/* The first detection stays the first. */
	g_assert_cmpint(scan(table, 1, 20), ==, ACT_DETECTED);
	verdict = quiet(table, 1, 21);
	g_assert_cmpint(verdict.first_detected_ms, ==, assessments_quiet(1, 0).time_ms);
	g_assert_cmpint(verdict.infected_ms, ==, assessments_quiet(1, 20).time_ms);
}

static void
silence_clears_nobody(void)
{
	g_autoptr(VerdictTable) table = verdict_table_new(&rules);
	struct assessment idle;

	scan(table, 1, 0);
	for (unsigned minute = 1; minute < 100; minute++) {
		idle = assessments_quiet(1, minute);
		idle.enough = false;
		g_assert_cmpint(update(table, &idle), ==, ACT_NONE);
	}
	/* Long after, but too few windows. */
	g_assert_cmpint(quiet(table, 1, 101).kind, ==, VERDICT_INFECTED);
}

/* As where the exporter begins to sample. */
static struct verdict
sampled(VerdictTable *table, unsigned minute)
{
	struct assessment assessment = assessments_quiet(1, minute);
	enum verdict_act act;

	assessment.sampling_interval = 1000;
	assessment.cannot_tell = CANNOT_TELL_SAMPLED;
	return *verdict_table_update(table, &assessment, &act);
}

static void
clears_to_unknown_where_nothing_can_be_called_normal(void)
{
	g_autoptr(VerdictTable) table = verdict_table_new(&rules);
	struct verdict verdict = { 0 };

	scan(table, 1, 0);
	for (unsigned minute = 1; minute <= 10; minute++)
		verdict = sampled(table, minute);
	g_assert_cmpint(verdict.kind, ==, VERDICT_UNKNOWN);
	g_assert_cmpuint(verdict.behaviours, ==, 0);
	expect_reason(table, &verdict, "sampled 1:1000: only scans, floods and mail would show");
	g_assert_cmpint(quiet(table, 1, 11).kind, ==, VERDICT_UNKNOWN);
}

static void
clears_no_pattern_where_none_would_show(void)
{
	g_autoptr(VerdictTable) table = verdict_table_new(&rules);
	struct assessment pattern = assessments_quiet(1, 0);
	unsigned minute = 1;

	assessments_add(&pattern, BEHAVIOUR_traffic_pattern, 0.6);
	g_assert_cmpint(update(table, &pattern), ==, ACT_DETECTED);
	for (; minute < 100; minute++)
		g_assert_cmpint(sampled(table, minute).kind, ==, VERDICT_INFECTED);
	for (; minute < 104; minute++)
		g_assert_cmpint(quiet(table, 1, minute).kind, ==, VERDICT_INFECTED);
	g_assert_cmpint(quiet(table, 1, minute).kind, ==, VERDICT_NORMAL);
}

static void
calls_nobody_normal_for_what_was_told_long_ago(void)
{
	g_autoptr(VerdictTable) table = verdict_table_new(&rules);
	struct verdict verdict;

	for (unsigned minute = 0; minute < 3; minute++)
		quiet(table, 1, minute);
	for (unsigned minute = 3; minute < 12; minute++)
		g_assert_cmpint(sampled(table, minute).kind, ==, VERDICT_NORMAL);
	verdict = sampled(table, 12);
	g_assert_cmpint(verdict.kind, ==, VERDICT_UNKNOWN);
	g_assert_cmpuint(verdict_table_counters(table).normal, ==, 0);
	expect_reason(table, &verdict, "sampled 1:1000: only scans, floods and mail would show");
	g_assert_cmpint(quiet(table, 1, 13).kind, ==, VERDICT_UNKNOWN);
	quiet(table, 1, 14);
	g_assert_cmpint(quiet(table, 1, 15).kind, ==, VERDICT_NORMAL);
}

static void
counts_minutes_with_traffic_once(void)
{
	g_autoptr(VerdictTable) table = verdict_table_new(&rules);
	struct host_address host = host_address_from_ipv4(0x0a000001);
	const struct verdict *verdict;
	struct host_bin bin;

	for (unsigned minute = 0; minute < 3; minute++) {
		for (unsigned part = 0; part < 4; part++) {
			host_bin_init(&bin, &host, ASSESSMENTS_MINUTE + minute);
			bin.earliest_ms[0] = 1000;
			bin.latest_ms[0] = (uint16_t)(2000 + part);
			verdict_table_see(table, &bin);
		}
	}
	verdict = verdict_table_next_changed(table, false);
	g_assert_nonnull(verdict);
	g_assert_cmpuint(verdict->bins, ==, 3);
	g_assert_cmpint(verdict->first_seen_ms, ==, (int64_t)ASSESSMENTS_MINUTE * 60000 + 1000);
	g_assert_cmpint(verdict->last_seen_ms, ==,
	                ((int64_t)ASSESSMENTS_MINUTE + 2) * 60000 + 2003);
	expect_reason(table, verdict, "too little traffic");
	g_assert_null(verdict_table_next_changed(table, false));
}

static void
hands_out_urgent_changes_first(void)
{
	g_autoptr(VerdictTable) table = verdict_table_new(&rules);
	struct host_address scanner = host_address_from_ipv4(0x0a000002);

	quiet(table, 1, 0);
	quiet(table, 2, 0);
	scan(table, 2, 1);
	g_assert_true(host_address_equal(&verdict_table_next_changed(table, true)->host, &scanner));
	g_assert_null(verdict_table_next_changed(table, true));
	g_assert_nonnull(verdict_table_next_changed(table, false));
	g_assert_null(verdict_table_next_changed(table, false));
}

static void
forgets_the_longest_silent_host_but_no_infected_one(void)
{
	g_autoptr(VerdictTable) table = verdict_table_new(&rules);
	struct host_address expected = host_address_from_ipv4(0x0a000002);
	struct host_address forgotten;

	scan(table, 1, 0);
	for (unsigned host = 2; host <= 5; host++)
		quiet(table, host, host);
	g_assert_true(verdict_table_next_forgotten(table, &forgotten));
	g_assert_true(host_address_equal(&forgotten, &expected));
	g_assert_false(verdict_table_next_forgotten(table, &forgotten));
	g_assert_cmpuint(verdict_table_counters(table).hosts, ==, 4);
	g_assert_cmpuint(verdict_table_counters(table).infected, ==, 1);
	g_assert_cmpuint(verdict_table_counters(table).forgotten, ==, 1);
}

static void
refuses_hosts_when_all_are_infected(void)
{
	g_autoptr(VerdictTable) table = verdict_table_new(&rules);
	struct assessment fifth = assessments_scan(5, 0, 0.9);
	enum verdict_act act;

	for (unsigned host = 1; host <= 4; host++)
		scan(table, host, 0);
	g_assert_null(verdict_table_update(table, &fifth, &act));
	g_assert_cmpint(act, ==, ACT_NONE);
	g_assert_cmpuint(verdict_table_counters(table).refused, ==, 1);
}

static void
goes_on_with_what_was_restored(void)
{
	g_autoptr(VerdictTable) first = verdict_table_new(&rules);
	g_autoptr(VerdictTable) second = verdict_table_new(&rules);

	scan(first, 1, 0);
	verdict_table_restore(second, verdict_table_next_changed(first, false));
	g_assert_null(verdict_table_next_changed(second, false));
	g_assert_cmpuint(verdict_table_counters(second).infected, ==, 1);
	g_assert_cmpint(scan(second, 1, 1), ==, ACT_NONE);
	g_assert_cmpint(quiet(second, 1, 2).first_detected_ms, ==, assessments_quiet(1, 0).time_ms);
}

#define ADD(function) g_test_add_func("/verdict_table/" #function, function)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(calls_a_host_normal_after_enough_windows);
	ADD(counts_a_window_once_when_it_is_judged_again);
	ADD(does_not_judge_what_was_hardly_seen);
	ADD(detects_at_once_and_tells_when);
	ADD(tells_again_once_an_hour_or_of_something_new);
	ADD(keeps_the_greatest_score_while_infected);
	ADD(clears_after_time_and_windows_without_evidence);
	ADD(silence_clears_nobody);
	g_test_add_func("/verdict_table/clears_to_unknown_where_nothing_can_be_called_normal",
	                clears_to_unknown_where_nothing_can_be_called_normal);
	g_test_add_func("/verdict_table/clears_no_pattern_where_none_would_show",
	                clears_no_pattern_where_none_would_show);
	g_test_add_func("/verdict_table/calls_nobody_normal_for_what_was_told_long_ago",
	                calls_nobody_normal_for_what_was_told_long_ago);
	ADD(counts_minutes_with_traffic_once);
	ADD(hands_out_urgent_changes_first);
	ADD(forgets_the_longest_silent_host_but_no_infected_one);
	ADD(refuses_hosts_when_all_are_infected);
	ADD(goes_on_with_what_was_restored);
	return g_test_run();
}
