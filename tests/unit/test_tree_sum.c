#include <glib.h>
#include <string.h>

#include "detector/tree_sum.h"

/*
 * Two trees over three features.  The first asks for flows, then, where they are at most 2, for the
 * beacon, else for DNS; then nothing more that matters.  The second asks for flows alone, and last.
 */
#define NEVER "9;9;9;9;9;9;9;9;9;9;9;9"
static const char text[] = "[trees]\nbase=-1\nfeatures=w5.flows_out;beacon_most;w5.dns_share\n"
			   "asked=0;1;2;0;0;0;0;0;0;0;0;0;0;0;0;1;1;1;1;1;1;1;0;0;0;0;0;0;0;0\n"
			   "limits=2;0.5;0.25;" NEVER ";1;1;1;1;1;1;1;7;7;7;7;7;7;7;7\n"
			   "values=1;0;0;0;2;0;0;0;4;0;0;0;8;0;0;0;"
			   "0.1;0.2;0;0;0;0;0;0;0;0;0;0;0;0;0;0\n";

static bool
read_text(struct tree_sum *sum, const char *from, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();

	g_assert_true(g_key_file_load_from_data(file, from, (gsize)-1, G_KEY_FILE_NONE, NULL));
	return tree_sum_read(sum, file, "a.meta", error);
}

static double
decide(double flows, double beacon, double dns)
{
	double features[FEATURE_COUNT] = { 0 };
	struct tree_sum sum;
	double value;

	g_assert_true(read_text(&sum, text, NULL));
	features[feature_find("w5.flows_out")] = flows;
	features[feature_find("beacon_most")] = beacon;
	features[feature_find("w5.dns_share")] = dns;
	value = tree_sum_decide(&sum, features);
	tree_sum_clear(&sum);
	return value;
}

static void
gives_the_value_that_the_answers_lead_to(void)
{
	/* A limit itself is not above it. */
	g_assert_cmpfloat_with_epsilon(decide(2, 0.5, 1), -1 + 1 + 0.1, 1e-12);
	g_assert_cmpfloat_with_epsilon(decide(2, 0.6, 1), -1 + 2 + 0.1, 1e-12);
	g_assert_cmpfloat_with_epsilon(decide(3, 0.6, 0), -1 + 4 + 0.1, 1e-12);
	g_assert_cmpfloat_with_epsilon(decide(7, 0.6, 1), -1 + 8 + 0.1, 1e-12);
	g_assert_cmpfloat_with_epsilon(decide(8, 1, 0), -1 + 4 + 0.2, 1e-12);
}

static void
writes_what_it_reads(void)
{
	g_autoptr(GKeyFile) first = g_key_file_new();
	g_autoptr(GKeyFile) second = g_key_file_new();
	g_autofree char *once = NULL;
	g_autofree char *twice = NULL;
	struct tree_sum sum, again;

	g_assert_true(read_text(&sum, text, NULL));
	tree_sum_write(&sum, first);
	once = g_key_file_to_data(first, NULL, NULL);
	g_assert_true(read_text(&again, once, NULL));
	g_assert_cmpuint(again.count, ==, 2);
	g_assert_cmpmem(again.trees, 2 * sizeof(*again.trees), sum.trees, 2 * sizeof(*sum.trees));
	tree_sum_write(&again, second);
	twice = g_key_file_to_data(second, NULL, NULL);
	g_assert_cmpstr(once, ==, twice);
	tree_sum_clear(&sum);
	tree_sum_clear(&again);
}

static void
rounds_to_what_is_read_again(void)
{
	g_assert_cmpfloat(tree_sum_round(0.1), ==, 0.1);
	g_assert_cmpfloat(tree_sum_round(1.0 / 3), ==, 0.333333);
	g_assert_cmpfloat(tree_sum_round(-123456789), ==, -123457000);
}

static void
marks_the_features_that_it_asks_for(void)
{
	bool asked[FEATURE_COUNT] = { false };
	struct tree_sum sum;
	size_t count = 0;

	g_assert_true(read_text(&sum, text, NULL));
	tree_sum_mark(&sum, asked);
	for (size_t i = 0; i < FEATURE_COUNT; i++)
		count += asked[i];
	g_assert_cmpuint(count, ==, 3);
	g_assert_true(asked[feature_find("beacon_most")]);
	tree_sum_clear(&sum);
}

static void
is_empty_where_none_are_told(void)
{
	struct tree_sum sum;

	g_assert_true(read_text(&sum, "[model]\nformat=1\n", NULL));
	g_assert_cmpuint(sum.count, ==, 0);
	tree_sum_clear(&sum);
}

static void
names_what_is_wrong(void)
{
	static const struct {
		const char *what, *with, *message;
	} damages[] = {
		{ "base=-1", "base=inf", "base" },
		{ "beacon_most", "beacon_least", "unknown feature 'beacon_least'" },
		{ "features=", "feature=", "features" },
		{ "asked=0;1", "asked=0;3", "key [trees] asked" },
		{ "asked=0;1", "asked=0;-1", "key [trees] asked" },
		{ "asked=0;1", "asked=1", "key [trees] asked" },
		{ "asked=0;1", "asked=0;x", "a.meta: " },
		{ "limits=2", "limits=2;2", "key [trees] limits" },
		{ "limits=2", "limits=nan", "key [trees] limits" },
		{ "values=1", "values=inf", "key [trees] values" },
		{ "values=1;0", "values=1", "key [trees] values" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(damages); i++) {
		g_auto(GStrv) parts = g_strsplit(text, damages[i].what, 2);
		g_autofree char *damaged = g_strjoinv(damages[i].with, parts);
		g_autoptr(GError) error = NULL;
		struct tree_sum sum;

		g_assert_nonnull(parts[1]);
		g_assert_false(read_text(&sum, damaged, &error));
		if (strstr(error->message, damages[i].message) == NULL ||
		    strstr(error->message, "a.meta") == NULL)
			g_error("'%s' does not tell of '%s'", error->message, damages[i].message);
		tree_sum_clear(&sum);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tree_sum/gives_the_value_that_the_answers_lead_to",
	                gives_the_value_that_the_answers_lead_to);
	g_test_add_func("/tree_sum/writes_what_it_reads", writes_what_it_reads);
	g_test_add_func("/tree_sum/rounds_to_what_is_read_again", rounds_to_what_is_read_again);
	g_test_add_func("/tree_sum/marks_the_features_that_it_asks_for",
	                marks_the_features_that_it_asks_for);
	g_test_add_func("/tree_sum/is_empty_where_none_are_told", is_empty_where_none_are_told);
	g_test_add_func("/tree_sum/names_what_is_wrong", names_what_is_wrong);
	return g_test_run();
}
