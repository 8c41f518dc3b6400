#include <glib.h>
#include <math.h>

#include "tools/train/reduce.h"

enum { COUNT = 8 };

/* A Gaussian kernel between points on a line. */
static void
make_gram(const double *points, double *gram)
{
	for (int i = 0; i < COUNT; i++) {
		for (int j = 0; j < COUNT; j++)
			gram[i * COUNT + j] =
				exp(-(points[i] - points[j]) * (points[i] - points[j]));
	}
}

static double
decide(const double *points, const double *coefficients, double x)
{
	double sum = 0;

	for (int i = 0; i < COUNT; i++)
		sum += coefficients[i] * exp(-(points[i] - x) * (points[i] - x));
	return sum;
}

static void
keeps_the_function_where_vectors_are_near_each_other(void)
{
	const double points[COUNT] = { 0, 0, 0.1, 1, 1.1, 2, 2.1, 5 };
	const double before[COUNT] = { 1, 0.5, 1, -1, -1, 0.5, 0.5, 1 };
	double after[COUNT], gram[COUNT * COUNT];
	bool kept[COUNT];
	int left = 0;

	for (int i = 0; i < COUNT; i++)
		after[i] = before[i];
	make_gram(points, gram);
	reduce_vectors(gram, after, kept, COUNT, 4);
	for (int i = 0; i < COUNT; i++) {
		left += kept[i];
		g_assert_true(kept[i] || after[i] == 0);
	}
	g_assert_cmpint(left, ==, 4);
	g_assert_true(kept[7]);
	for (double x = -1; x < 6; x += 0.25)
		g_assert_cmpfloat_with_epsilon(decide(points, after, x), decide(points, before, x),
		                               0.1);
}

static void
changes_nothing_when_nothing_has_to_go(void)
{
	const double points[COUNT] = { 0, 1, 2, 3, 4, 5, 6, 7 };
	double coefficients[COUNT] = { 1, 2, 3, 4, 5, 6, 7, 8 }, gram[COUNT * COUNT];
	bool kept[COUNT];

	make_gram(points, gram);
	reduce_vectors(gram, coefficients, kept, COUNT, COUNT);
	for (int i = 0; i < COUNT; i++) {
		g_assert_true(kept[i]);
		g_assert_cmpfloat(coefficients[i], ==, i + 1);
	}
}

static void
chooses_points_that_make_the_same_function(void)
{
	const double points[COUNT] = { 0, 0, 0.1, 1, 1.1, 2, 2.1, 5 };
	const double before[COUNT] = { 1, 0.5, 1, -1, -1, 0.5, 0.5, 1 };
	const struct point_set set = {
		.values = points, .count = COUNT, .dimensions = 1, .gamma = 1
	};
	double after[COUNT] = { 0 }, weights[COUNT];
	size_t chosen[COUNT], count = reduce_choose(&set, before, 4, chosen, weights);

	g_assert_cmpuint(count, ==, 4);
	for (size_t i = 0; i < count; i++)
		after[chosen[i]] = weights[i];
	for (double x = -1; x < 6; x += 0.25)
		g_assert_cmpfloat_with_epsilon(decide(points, after, x), decide(points, before, x),
		                               0.1);
	/* The same point twice is chosen once. */
	g_assert_cmpuint(reduce_choose(&set, before, COUNT, chosen, weights), ==, COUNT - 1);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/reduce/keeps_the_function_where_vectors_are_near_each_other",
	                keeps_the_function_where_vectors_are_near_each_other);
	g_test_add_func("/reduce/chooses_points_that_make_the_same_function",
	                chooses_points_that_make_the_same_function);
	g_test_add_func("/reduce/changes_nothing_when_nothing_has_to_go",
	                changes_nothing_when_nothing_has_to_go);
	return g_test_run();
}
