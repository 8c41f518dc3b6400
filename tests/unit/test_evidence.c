#include <glib.h>
#include <glib/gstdio.h>
#include <math.h>

#include "detector/evidence.h"

/* `count` values of an exponential distribution of mean 1, as its quantiles. */
static struct tail
exponential_tail(size_t count)
{
	g_autofree double *values = g_new(double, count);

	for (size_t i = 0; i < count; i++)
		values[i] = -log(1 - ((double)i + 0.5) / (double)count);
	return tail_of(values, count);
}

static void
tells_the_share_of_windows_that_reach_a_value(void)
{
	struct tail tail = exponential_tail(10000);

	/* P(X >= x) = exp(-x), so the evidence of x is x. */
	g_assert_cmpfloat_with_epsilon(tail_evidence(&tail, 0.7), 0.7, 0.01);
	g_assert_cmpfloat_with_epsilon(tail_evidence(&tail, 2), 2, 0.02);
	g_assert_cmpfloat_with_epsilon(tail_evidence(&tail, 8), 8, 0.2);
	g_assert_cmpfloat(tail_evidence(&tail, 1000), ==, EVIDENCE_MOST);
	g_assert_cmpfloat(tail_evidence(&tail, -1), ==, 0);
}

static void
finds_the_value_back_from_its_evidence(void)
{
	struct tail tail = exponential_tail(1000);

	for (double evidence = 0.5; evidence < 12; evidence += 0.5)
		g_assert_cmpfloat_with_epsilon(tail_evidence(&tail, tail_value(&tail, evidence)),
		                               evidence, 1e-6);
}

static void
asks_for_more_where_values_are_reached_more_often(void)
{
	struct tail tail = exponential_tail(1000), often = tail;

	often.factor = 2;
	for (double evidence = 0.5; evidence < 12; evidence += 0.5)
		g_assert_cmpfloat_with_epsilon(tail_value(&often, evidence),
		                               tail_value(&tail, evidence + log(2)), 1e-9);
	g_assert_cmpfloat_with_epsilon(tail_evidence(&often, tail_value(&often, 5)), 5, 1e-6);
}

/* As they were written once: without quantiles above 95 %, and with alarms counted by windows. */
static void
takes_a_tail_that_ends_at_its_last_quantile(void)
{
	g_autofree char *folder = g_dir_make_tmp("evidence-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "c", NULL);
	g_autoptr(GError) error = NULL;
	struct calibration read;

	g_assert_true(g_file_set_contents(
		path,
		"[calibration]\nsource=a\nwindows_a_day=250\n[flood]\ncount=3\nexcess=0.5\n"
		"quantiles=0;1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18;19\n",
		-1, NULL));
	g_assert_true(calibration_load(&read, path, &error));
	g_assert_no_error(error);
	g_assert_cmpfloat(read.alarms.hosts, ==, 0);
	g_assert_cmpfloat_with_epsilon(tail_value(&read.tails[BEHAVIOUR_flood], log(2000)),
	                               19 + 0.5 * log(100), 1e-9);
	calibration_clear(&read);
	g_remove(path);
	g_rmdir(folder);
}

static void
says_nothing_when_nothing_is_known(void)
{
	struct tail none = tail_of(NULL, 0);
	double same[] = { 1, 1, 1 };
	struct tail flat = tail_of(same, 3);

	g_assert_cmpfloat(tail_evidence(&none, 5), ==, 0);
	g_assert_cmpfloat(tail_evidence(&flat, 1), ==, 0);
	g_assert_cmpfloat(tail_evidence(&flat, 1.1), ==, EVIDENCE_MOST);
}

static void
comes_back_from_a_file_as_it_was(void)
{
	g_autofree char *folder = g_dir_make_tmp("evidence-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "c", NULL);
	g_autofree char *source = g_strdup("a test");
	struct calibration kept = { .source = source, .alarms = { 4.6, 52, 17.5, 0.75 } }, read;
	g_autoptr(GError) error = NULL;

	kept.tails[BEHAVIOUR_traffic_pattern] = exponential_tail(100);
	g_assert_true(calibration_save(&kept, path, &error));
	g_assert_no_error(error);
	g_assert_true(calibration_load(&read, path, &error));
	g_assert_cmpmem(&kept.tails, sizeof(kept.tails), &read.tails, sizeof(read.tails));
	g_assert_cmpmem(&kept.alarms, sizeof(kept.alarms), &read.alarms, sizeof(read.alarms));
	g_assert_cmpstr(read.source, ==, "a test");
	calibration_clear(&read);
	g_assert_true(
		g_file_set_contents(path, "[flood]\ncount=3\nquantiles=1;2\nexcess=1\n", -1, NULL));
	g_assert_false(calibration_load(&read, path, &error));
	g_assert_nonnull(error);
	g_remove(path);
	g_rmdir(folder);
}

static void
refuses_a_damaged_file_and_a_key_file_of_another_kind(void)
{
	static const char *const texts[] = {
		"",
		"[model]\nformat=1\n",
		"[calibration]\nsource=a\n[model]\nformat=1\n",
		"[calibration]\nalarm_slope=0.7\n",
		"[calibration]\nalarm_evidence=4\nalarm_hosts=50\nalarm_host_days=0\nalarm_slope=1\n",
	};
	g_autofree char *folder = g_dir_make_tmp("evidence-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "c", NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GError) error = NULL;
		struct calibration read;

		g_assert_true(g_file_set_contents(path, texts[i], -1, NULL));
		g_assert_false(calibration_load(&read, path, &error));
		g_assert_true(g_str_has_prefix(error->message, path));
	}
	g_remove(path);
	g_rmdir(folder);
}

static void
discounts_what_a_host_has_always_done(void)
{
	const struct value_usual usual = { .center = -1 }, spread = { .center = -1, .spread = 0.4 };
	struct value_past past = { 0 };

	g_assert_cmpfloat(value_beside_past(&past, 2, &usual), ==, 2);
	g_assert_cmpfloat_with_epsilon(value_beside_past(&past, 2, &spread), 1.6, 1e-9);
	for (int i = 0; i < 1000; i++)
		value_past_add(&past, 1);
	g_assert_cmpuint(past.windows, ==, VALUE_PAST_WINDOWS);
	/* Half of the distance of 2, nearly. */
	g_assert_cmpfloat_with_epsilon(value_beside_past(&past, 2, &usual), 1.05, 0.01);
}

static void
is_half_at_the_limit_and_in_order_below(void)
{
	const double limit = 8;

	g_assert_cmpfloat(evidence_strength(limit, limit), ==, 0.5);
	g_assert_cmpfloat(evidence_strength(limit / 2, limit), ==, 0.25);
	g_assert_cmpfloat(evidence_strength(0, limit), ==, 0);
	g_assert_cmpfloat(evidence_strength(EVIDENCE_MOST, limit), <, 1);
	g_assert_cmpfloat(evidence_strength(EVIDENCE_MOST, limit), >, 0.9);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/evidence/tells_the_share_of_windows_that_reach_a_value",
	                tells_the_share_of_windows_that_reach_a_value);
	g_test_add_func("/evidence/finds_the_value_back_from_its_evidence",
	                finds_the_value_back_from_its_evidence);
	g_test_add_func("/evidence/asks_for_more_where_values_are_reached_more_often",
	                asks_for_more_where_values_are_reached_more_often);
	g_test_add_func("/evidence/takes_a_tail_that_ends_at_its_last_quantile",
	                takes_a_tail_that_ends_at_its_last_quantile);
	g_test_add_func("/evidence/says_nothing_when_nothing_is_known",
	                says_nothing_when_nothing_is_known);
	g_test_add_func("/evidence/refuses_a_damaged_file_and_a_key_file_of_another_kind",
	                refuses_a_damaged_file_and_a_key_file_of_another_kind);
	g_test_add_func("/evidence/comes_back_from_a_file_as_it_was",
	                comes_back_from_a_file_as_it_was);
	g_test_add_func("/evidence/discounts_what_a_host_has_always_done",
	                discounts_what_a_host_has_always_done);
	g_test_add_func("/evidence/is_half_at_the_limit_and_in_order_below",
	                is_half_at_the_limit_and_in_order_below);
	return g_test_run();
}
