#include "detector/tree_sum.h"

#include <math.h>
#include <string.h>

static const char group[] = "trees";

void
tree_sum_clear(struct tree_sum *sum)
{
	g_free(sum->trees);
	*sum = (struct tree_sum){ 0 };
}

static double
tree_value(const struct small_tree *tree, const double *features)
{
	int at = 0;

	for (int i = 0; i < TREE_DEPTH; i++)
		at = 2 * at + (features[tree->asked[at]] <= tree->limits[at] ? 1 : 2);
	return tree->values[at - TREE_QUESTIONS];
}

double
tree_sum_decide(const struct tree_sum *sum, const double features[static FEATURE_COUNT])
{
	double value = sum->base;

	for (size_t i = 0; i < sum->count; i++)
		value += tree_value(&sum->trees[i], features);
	return value;
}

void
tree_sum_mark(const struct tree_sum *sum, bool asked[static FEATURE_COUNT])
{
	for (size_t i = 0; i < sum->count; i++) {
		for (int j = 0; j < TREE_QUESTIONS; j++)
			asked[sum->trees[i].asked[j]] = true;
	}
}

static bool
refuse(GError **error, const char *path, const char *key, const char *why)
{
	g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
	            "%s: key [trees] %s: %s", path, key, why);
	return false;
}

/* The lists of the group, as they are read. */
struct lists {
	gchar **names;
	gint *asked;
	gdouble *limits;
	gdouble *values;
	gsize name_count, asked_count, limit_count, value_count;
};

static void
lists_clear(struct lists *lists)
{
	g_strfreev(lists->names);
	g_free(lists->asked);
	g_free(lists->limits);
	g_free(lists->values);
}

static bool
read_lists(struct lists *lists, GKeyFile *file, const char *path, GError **error)
{
	g_autoptr(GError) absent = NULL;

	lists->names =
		g_key_file_get_string_list(file, group, "features", &lists->name_count, &absent);
	if (absent == NULL)
		lists->asked = g_key_file_get_integer_list(file, group, "asked",
		                                           &lists->asked_count, &absent);
	if (absent == NULL)
		lists->limits = g_key_file_get_double_list(file, group, "limits",
		                                           &lists->limit_count, &absent);
	if (absent == NULL)
		lists->values = g_key_file_get_double_list(file, group, "values",
		                                           &lists->value_count, &absent);
	if (absent == NULL)
		return true;
	g_propagate_prefixed_error(error, g_steal_pointer(&absent), "%s: ", path);
	return false;
}

static bool
are_finite(const double *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!isfinite(values[i]))
			return false;
	}
	return true;
}

/* Do the lists make whole trees of finite numbers? */
static bool
check_lists(const struct lists *lists, const char *path, GError **error)
{
	gsize count = lists->value_count / TREE_VALUES;

	if (count == 0 || count > TREE_SUM_MOST || lists->value_count % TREE_VALUES != 0)
		return refuse(error, path, "values", "16 for each of 1 to 4096 trees");
	if (lists->asked_count != count * TREE_QUESTIONS)
		return refuse(error, path, "asked", "there must be 15 for each tree");
	if (lists->limit_count != count * TREE_QUESTIONS)
		return refuse(error, path, "limits", "there must be 15 for each tree");
	if (!are_finite(lists->limits, lists->limit_count))
		return refuse(error, path, "limits", "no finite number");
	if (!are_finite(lists->values, lists->value_count))
		return refuse(error, path, "values", "no finite number");
	for (gsize i = 0; i < lists->asked_count; i++) {
		if (lists->asked[i] < 0 || (gsize)lists->asked[i] >= lists->name_count)
			return refuse(error, path, "asked", "no place in the list of features");
	}
	return true;
}

static bool
find_features(size_t *found, const struct lists *lists, const char *path, GError **error)
{
	for (gsize i = 0; i < lists->name_count; i++) {
		g_autofree char *why = g_strdup_printf("unknown feature '%s'", lists->names[i]);

		found[i] = feature_find(lists->names[i]);
		if (found[i] == FEATURE_COUNT)
			return refuse(error, path, "features", why);
	}
	return true;
}

static bool
read_trees(struct tree_sum *sum, const struct lists *lists, const char *path, GError **error)
{
	g_autofree size_t *found = g_new(size_t, lists->name_count + 1);

	if (!check_lists(lists, path, error) || !find_features(found, lists, path, error))
		return false;
	sum->count = lists->value_count / TREE_VALUES;
	sum->trees = g_new(struct small_tree, sum->count);
	for (size_t i = 0; i < sum->count; i++) {
		struct small_tree *tree = &sum->trees[i];

		for (int j = 0; j < TREE_QUESTIONS; j++)
			tree->asked[j] = found[lists->asked[i * TREE_QUESTIONS + (size_t)j]];
		memcpy(tree->limits, lists->limits + i * TREE_QUESTIONS, sizeof(tree->limits));
		memcpy(tree->values, lists->values + i * TREE_VALUES, sizeof(tree->values));
	}
	return true;
}

bool
tree_sum_read(struct tree_sum *sum, GKeyFile *file, const char *path, GError **error)
{
	struct lists lists = { 0 };
	bool whole;

	*sum = (struct tree_sum){ 0 };
	if (!g_key_file_has_group(file, group))
		return true;
	sum->base = g_key_file_get_double(file, group, "base", NULL);
	if (!isfinite(sum->base))
		return refuse(error, path, "base", "no finite number");
	whole = read_lists(&lists, file, path, error) && read_trees(sum, &lists, path, error);
	lists_clear(&lists);
	return whole;
}

/* Names of the features that are asked for, and of each its place among them. */
static size_t
name_features(const struct tree_sum *sum, const char **names, int *places)
{
	bool asked[FEATURE_COUNT] = { false };
	size_t count = 0;

	tree_sum_mark(sum, asked);
	for (size_t i = 0; i < FEATURE_COUNT; i++) {
		if (!asked[i])
			continue;
		places[i] = (int)count;
		names[count++] = feature_name(i);
	}
	return count;
}

static const char *
format_number(double number, char text[static G_ASCII_DTOSTR_BUF_SIZE])
{
	g_autofree char *format = g_strdup_printf("%%.%dg", TREE_DIGITS);

	return g_ascii_formatd(text, G_ASCII_DTOSTR_BUF_SIZE, format, number);
}

double
tree_sum_round(double number)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];

	return g_ascii_strtod(format_number(number, text), NULL);
}

static void
append_numbers(GString *list, const double *numbers, size_t count)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];

	for (size_t i = 0; i < count; i++)
		g_string_append_printf(list, "%s;", format_number(numbers[i], text));
}

void
tree_sum_write(const struct tree_sum *sum, GKeyFile *file)
{
	const char *names[FEATURE_COUNT];
	int places[FEATURE_COUNT];
	g_autoptr(GString) asked = g_string_new(NULL);
	g_autoptr(GString) limits = g_string_new(NULL);
	g_autoptr(GString) values = g_string_new(NULL);
	size_t count = name_features(sum, names, places);

	if (sum->count == 0)
		return;
	for (size_t i = 0; i < sum->count; i++) {
		const struct small_tree *tree = &sum->trees[i];

		for (int j = 0; j < TREE_QUESTIONS; j++)
			g_string_append_printf(asked, "%d;", places[tree->asked[j]]);
		append_numbers(limits, tree->limits, TREE_QUESTIONS);
		append_numbers(values, tree->values, TREE_VALUES);
	}
	g_key_file_set_double(file, group, "base", sum->base);
	g_key_file_set_string_list(file, group, "features", names, count);
	g_key_file_set_value(file, group, "asked", asked->str);
	g_key_file_set_value(file, group, "limits", limits->str);
	g_key_file_set_value(file, group, "values", values->str);
}
