/*
 * How often each behaviour is told of infected hosts and of others: whether it separates them.
 *
 * Malware and hosts with a benign capture laid on are looked at while what was laid on them was
 * active, clean hosts always; so a clean host had more time to show something, and windows are
 * counted beside hosts.
 *
 * Errors:  a GError that names the file.
 * Threads: one.
 */
#ifndef TOOLS_TRAIN_BEHAVIOURS_H
#define TOOLS_TRAIN_BEHAVIOURS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "detector/assessment.h"
#include "tools/train/train.h"

enum behaviour_group {
	GROUP_CLEAN,
	GROUP_BENIGN,
	GROUP_MALWARE,
	GROUP_QUIET_MALWARE,
	BEHAVIOUR_GROUPS
};

struct behaviour_count {
	size_t hosts; /* that showed it */
	size_t windows;
};

struct behaviour_rates {
	struct behaviour_count all[BEHAVIOUR_GROUPS]; /* hosts and windows looked at */
	struct behaviour_count shown[BEHAVIOUR_COUNT][BEHAVIOUR_GROUPS];
};

/* Plays the labelled bin files; quiet malware is what does not scan, and is counted among malware
 * too. */
bool behaviours_measure(const struct train_input *inputs, size_t count,
                        struct behaviour_rates *rates, GError **error);

#endif
