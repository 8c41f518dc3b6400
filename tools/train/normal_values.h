/*
 * What is usual, from decision values of windows by machines that were trained without their host's
 * fold: the figures that a model and its calibration carry.
 *
 * Threads: pure functions of the window set.
 */
#ifndef TOOLS_TRAIN_NORMAL_VALUES_H
#define TOOLS_TRAIN_NORMAL_VALUES_H

#include <stdbool.h>

#include "detector/evidence.h"
#include "tools/train/window_set.h"

/* Which hosts are taken, one for each of window_set_host(). */
typedef bool host_choice;

/* By what values of hosts that had no part in them are judged. */
struct yardstick {
	struct value_usual usual; /* median and spread of normal windows */
	struct calibration known; /* its tail, and how many alarms a limit stands for */
};

/*
 * Of the chosen hosts but unverified ones; `values`: one of each window, NAN where it has none.
 * Each normal window is one value; a false alarm is a host that reaches an evidence, that of
 * reports of success added, by whatever it does, a benign capture laid over it among that.
 */
struct yardstick yardstick_of(const WindowSet *set, const double *values,
                              const host_choice *chosen);

/* Hosts of the folds but `without_fold` (FOLD_NONE: of all folds); free with g_free(). */
host_choice *hosts_of_folds(const WindowSet *set, int without_fold);

#endif
