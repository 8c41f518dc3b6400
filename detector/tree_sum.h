/*
 * A sum of small decision trees over features by name.
 *
 * A tree asks TREE_DEPTH times whether a feature is at most a limit; which one it asks next depends
 * on the answers before, and so does the value that it gives.  What it tells of some features it
 * tells of them alone, however many others there are: where RBF machines look at all features at
 * once, the few that matter are found here.
 *
 * Text: the group [trees] of a model's side file, lists of the trees' parts behind each other:
 *
 *   [trees] base (of the sum), features=names, asked (15 for each tree: features by their place in
 *           that list; after question n comes 2n + 1 where the answer is "at most", else 2n + 2),
 *           limits (15), values (16, in the order of the answers)
 *
 * Errors:  a GError that names the file and key.
 * Threads: values.
 */
#ifndef DETECTOR_TREE_SUM_H
#define DETECTOR_TREE_SUM_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "detector/feature_vector.h"

enum {
	TREE_DEPTH = 4,
	TREE_VALUES = 1 << TREE_DEPTH,
	TREE_QUESTIONS = TREE_VALUES - 1,
	TREE_SUM_MOST = 4096,
	TREE_DIGITS = 6, /* of limits and values, as they are written */
};

struct small_tree {
	size_t asked[TREE_QUESTIONS]; /* features, by their number in the vector */
	double limits[TREE_QUESTIONS];
	double values[TREE_VALUES];
};

struct tree_sum {
	double base;
	size_t count; /* 0: there are none */
	struct small_tree *trees;
};

void tree_sum_clear(struct tree_sum *sum);

/* Above zero: more like infected windows. */
double tree_sum_decide(const struct tree_sum *sum, const double features[static FEATURE_COUNT]);

/* Marks the features that are asked for; never unmarks one. */
void tree_sum_mark(const struct tree_sum *sum, bool asked[static FEATURE_COUNT]);

/* The number that is read again where this one is written. */
double tree_sum_round(double number);

/* A file without the group gives a sum without trees.  `path` is named in errors. */
bool tree_sum_read(struct tree_sum *sum, GKeyFile *file, const char *path, GError **error);
void tree_sum_write(const struct tree_sum *sum, GKeyFile *file);

#endif
