#include <glib.h>
#include <math.h>

#include "tools/train/figures.h"

static void
counts_pairs_for_the_area(void)
{
	static const double above[] = { 3, 1, 2 }, below[] = { 0, 2 };

	/* 3 beats both, 1 beats one, 2 beats one and ties one: 4.5 of 6. */
	g_assert_cmpfloat_with_epsilon(figures_area(above, 3, below, 2), 4.5 / 6, 1e-12);
	g_assert_cmpfloat(figures_area(above, 0, below, 2), ==, 0.5);
}

static void
lets_no_more_through_than_allowed(void)
{
	static const double values[] = { 5, 1, 4, 2, 3, 3, 0, 0, 0, 0 };
	double ten_percent = figures_threshold(values, 10, 0.1);

	g_assert_cmpfloat(ten_percent, ==, 4);
	g_assert_cmpuint(figures_exceeding(values, 10, ten_percent), ==, 1);
	/* A tie with the first that may not pass counts against. */
	g_assert_cmpuint(figures_exceeding(values, 10, figures_threshold(values, 10, 0.3)), ==, 2);
	g_assert_cmpfloat(figures_threshold(values, 10, 0), ==, 5);
}

static void
gives_wilson_s_interval(void)
{
	double least, greatest;

	figures_interval(8, 8, &least, &greatest);
	g_assert_cmpfloat_with_epsilon(least, 0.6756, 1e-3);
	g_assert_cmpfloat_with_epsilon(greatest, 1, 1e-9);
	figures_interval(0, 0, &least, &greatest);
	g_assert_cmpfloat(least, ==, 0);
	g_assert_cmpfloat(greatest, ==, 1);
}

static void
gives_the_exact_interval_of_a_count(void)
{
	static const struct {
		size_t count;
		double least, greatest;
	} garwood[] = { { 0, 0, 3.689 }, { 1, 0.0253, 5.572 }, { 10, 4.795, 18.39 } };
	double least, greatest;

	for (size_t i = 0; i < G_N_ELEMENTS(garwood); i++) {
		figures_count_interval(garwood[i].count, &least, &greatest);
		g_assert_cmpfloat_with_epsilon(least, garwood[i].least, 1e-3);
		g_assert_cmpfloat_with_epsilon(greatest, garwood[i].greatest, 1e-2);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/figures/counts_pairs_for_the_area", counts_pairs_for_the_area);
	g_test_add_func("/figures/lets_no_more_through_than_allowed",
	                lets_no_more_through_than_allowed);
	g_test_add_func("/figures/gives_wilson_s_interval", gives_wilson_s_interval);
	g_test_add_func("/figures/gives_the_exact_interval_of_a_count",
	                gives_the_exact_interval_of_a_count);
	return g_test_run();
}
