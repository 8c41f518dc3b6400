/*
 * What is usual, from decision values of windows by machines that were trained without their host's fold: the figures
 * that a model and its calibration carry.
 *
 * Threads: pure functions of the window set.
 */
#ifndef TOOLS_TRAIN_NORMAL_VALUES_H
#define TOOLS_TRAIN_NORMAL_VALUES_H

#include "detector/evidence.h"
#include "tools/train/window_set.h"

/* Median and spread of normal windows; `values`: one of each window, NAN where it has none. */
struct value_usual normal_usual(const WindowSet *set, const double *values);

struct normal_values {
	struct tail tail;     /* of normal windows beside their hosts' past */
	double windows_a_day; /* of struct calibration */
};

/*
 * Of hosts of the folds but `without_fold` (FOLD_NONE: of all folds).  Each normal window is one value; a false alarm is
 * a host that reaches a value by whatever it does, a benign capture laid over it among that.
 */
struct normal_values normal_values_of(const WindowSet *set, const double *values, const struct value_usual *usual,
                                      int without_fold);

#endif
