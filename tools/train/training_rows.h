/*
 * Which windows are trained on: a bounded number of each host and family, so that neither
 * long-lived hosts nor common families count for more than they are.
 *
 * Threads: pure functions of the window set.
 */
#ifndef TOOLS_TRAIN_TRAINING_ROWS_H
#define TOOLS_TRAIN_TRAINING_ROWS_H

#include <glib.h>
#include <stdbool.h>

#include "tools/train/fit.h"
#include "tools/train/window_set.h"

/* Of the shipped model. */
enum { TRAINING_WINDOWS_PER_HOST = 4, TRAINING_WINDOWS_PER_FAMILY = 48, TRAINING_MACHINES = 4 };

/*
 * What windows of a benign capture weigh where malware comes from its source too: they tell what of
 * the malware is the source's, and there are few.
 */
#define TRAINING_OWN_SOURCE_WEIGHT 4.0

struct row_choice {
	int without_fold; /* no host of this fold, nor one that shares a family or capture with it;
	                     -1: all */
	int held_fold;    /* another fold kept out in the same way; -1: none */
	const unsigned *sites; /* of each scenario, by its index; NULL: none is kept out */
	unsigned
		without_site; /* its hosts are kept out, and those that share a capture with them */
	unsigned windows_per_host; /* of one label */
	unsigned windows_per_family;
	unsigned phase; /* which of several evenly spread choices, 0 to phases - 1 */
	unsigned phases;
	unsigned seed; /* another choice, as evenly spread: 0, 1, ... */
};

/* struct fit_row; their features point into the set. */
GArray *training_rows(const WindowSet *set, const struct row_choice *choice);

/* False: there are none, and `error` says so (G_FILE_ERROR_NOENT). */
bool training_has_rows(const WindowSet *set, const struct row_choice *choice, GError **error);

/* May its windows be trained on, by the folds and sites of `choice`? */
bool training_allows_windows(const WindowSet *set, const struct host_windows *host,
                             const struct row_choice *choice);

/* Where among evenly spread ones the choice begins, 0 to 1. */
double training_place(const struct row_choice *choice);

#endif
