#include <glib.h>
#include <string.h>

#include "tools/train/boost.h"

enum { ROWS = 400, FEATURES = 6 };

struct sample {
	float features[ROWS][FEATURE_COUNT];
	struct fit_row rows[ROWS];
	struct fit_options options;
};

/* Values of 0 to 1 that look like chance and are the same each time. */
static float
shuffled(uint32_t row, uint32_t feature)
{
	uint32_t mixed = (row * FEATURES + feature + 1) * 2654435761U;

	mixed = (mixed ^ mixed >> 15) * 2246822519U;
	mixed = (mixed ^ mixed >> 13) * 3266489917U;
	return (float)(mixed >> 16) / 65536.0F;
}

static struct sample *
sample_new(void)
{
	struct sample *sample = g_new0(struct sample, 1);

	for (unsigned row = 0; row < ROWS; row++) {
		for (unsigned feature = 0; feature < FEATURES; feature++)
			sample->features[row][feature] = shuffled(row, feature);
		sample->rows[row] = (struct fit_row){ sample->features[row], false, 1 };
	}
	for (unsigned feature = 0; feature < FEATURES; feature++)
		sample->options.features[feature] = feature;
	sample->options.feature_count = FEATURES;
	return sample;
}

static double
decide(const struct tree_sum *sum, double second, double fourth)
{
	double features[FEATURE_COUNT] = { 0.5, second, 0.5, fourth, 0.5, 0.5 };

	return tree_sum_decide(sum, features);
}

static void
finds_the_two_features_that_matter_together(void)
{
	g_autofree struct sample *sample = sample_new();
	struct tree_sum sum;

	for (unsigned row = 0; row < ROWS; row++)
		sample->rows[row].infected =
			sample->features[row][1] > 0.5F && sample->features[row][3] <= 0.4F;
	sum = boost_fit(sample->rows, ROWS, &sample->options);
	g_assert_cmpuint(sum.count, ==, BOOST_TREES);
	g_assert_cmpfloat(decide(&sum, 0.8, 0.1), >, 2);
	g_assert_cmpfloat(decide(&sum, 0.8, 0.8), <, -2);
	g_assert_cmpfloat(decide(&sum, 0.2, 0.1), <, -2);
	g_assert_cmpfloat(decide(&sum, 0.2, 0.8), <, -2);
	tree_sum_clear(&sum);
}

/* Half of the rows above a limit are infected: their value tells what the others there weigh. */
static double
value_where_others_weigh(double weight)
{
	g_autofree struct sample *sample = sample_new();
	struct tree_sum sum;
	double value;

	for (unsigned row = 0; row < ROWS; row++) {
		bool above = sample->features[row][1] > 0.5F;

		sample->rows[row].infected = above && row % 2 == 0;
		sample->rows[row].weight = above && row % 2 == 1 ? weight : 1;
	}
	sum = boost_fit(sample->rows, ROWS, &sample->options);
	value = decide(&sum, 0.8, 0.5);
	tree_sum_clear(&sum);
	return value;
}

static void
takes_rows_for_what_they_weigh(void)
{
	g_assert_cmpfloat(value_where_others_weigh(8), <, value_where_others_weigh(1) - 1);
}

/* The more the likelier in most rows; the rest of them is chance, or where they come from. */
static void
says_no_less_because_there_is_more(void)
{
	g_autofree struct sample *sample = sample_new();
	struct tree_sum sum;
	double before = -100;

	for (unsigned row = 0; row < ROWS; row++) {
		float value = sample->features[row][1];

		sample->rows[row].infected = value > 0.5F && (value < 0.8F || value > 0.9F);
	}
	sum = boost_fit(sample->rows, ROWS, &sample->options);
	for (int i = 0; i <= 100; i++) {
		double value = decide(&sum, i / 100.0, 0.5);

		g_assert_cmpfloat(value, >=, before - 1e-9);
		before = value;
	}
	g_assert_cmpfloat(decide(&sum, 0.7, 0.5), >, decide(&sum, 0.3, 0.5) + 1);
	tree_sum_clear(&sum);
}

static void
gives_the_same_trees_for_the_same_rows(void)
{
	g_autofree struct sample *sample = sample_new();
	struct tree_sum first, second;

	for (unsigned row = 0; row < ROWS; row++)
		sample->rows[row].infected = sample->features[row][2] > 0.7F || row % 5 == 0;
	first = boost_fit(sample->rows, ROWS, &sample->options);
	second = boost_fit(sample->rows, ROWS, &sample->options);
	g_assert_cmpuint(first.count, ==, second.count);
	g_assert_cmpint(memcmp(first.trees, second.trees, first.count * sizeof(*first.trees)), ==,
	                0);
	tree_sum_clear(&first);
	tree_sum_clear(&second);
}

static void
learns_nothing_of_rows_of_one_kind(void)
{
	g_autofree struct sample *sample = sample_new();
	struct tree_sum sum = boost_fit(sample->rows, ROWS, &sample->options);

	g_assert_cmpuint(sum.count, ==, 0);
	g_assert_cmpuint(boost_fit(sample->rows, 0, &sample->options).count, ==, 0);
}

static void
joins_to_the_mean(void)
{
	struct tree_sum sums[2] = {
		{ .base = 1, .count = 1, .trees = g_new0(struct small_tree, 1) },
		{ .base = 3, .count = 1, .trees = g_new0(struct small_tree, 1) }
	};
	struct tree_sum joined;

	for (int i = 0; i < TREE_VALUES; i++) {
		sums[0].trees[0].values[i] = 1;
		sums[1].trees[0].values[i] = 40;
	}
	joined = boost_join(sums, 2, 0.5);
	g_assert_cmpuint(joined.count, ==, 2);
	g_assert_cmpfloat_with_epsilon(decide(&joined, 0.1, 0.9), 0.5 * (4 + 1 + 40) / 2, 1e-12);
	g_assert_null(sums[0].trees);
	tree_sum_clear(&joined);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/boost/finds_the_two_features_that_matter_together",
	                finds_the_two_features_that_matter_together);
	g_test_add_func("/boost/takes_rows_for_what_they_weigh", takes_rows_for_what_they_weigh);
	g_test_add_func("/boost/says_no_less_because_there_is_more",
	                says_no_less_because_there_is_more);
	g_test_add_func("/boost/gives_the_same_trees_for_the_same_rows",
	                gives_the_same_trees_for_the_same_rows);
	g_test_add_func("/boost/learns_nothing_of_rows_of_one_kind",
	                learns_nothing_of_rows_of_one_kind);
	g_test_add_func("/boost/joins_to_the_mean", joins_to_the_mean);
	return g_test_run();
}
