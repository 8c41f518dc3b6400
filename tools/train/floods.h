/*
 * How much labelled hosts send in a minute without an answer: what lies below the thresholds of the
 * flood expert.
 *
 * Errors:  a GError that names the file.
 * Threads: one.
 */
#ifndef TOOLS_TRAIN_FLOODS_H
#define TOOLS_TRAIN_FLOODS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "detector/flood.h"
#include "tools/train/train.h"

/* Hosts by their label; malware and benign captures also before these were laid on. */
enum flood_group { FLOOD_CLEAN, FLOOD_BENIGN, FLOOD_MALWARE, FLOOD_UNVERIFIED, FLOOD_GROUPS };

struct flood_most {
	double minute; /* the greatest of one minute */
	double two;    /* the greatest that was reached in two minutes running */
};

struct flood_rates {
	size_t hosts[FLOOD_GROUPS];
	struct flood_most most[FLOOD_GROUPS][FLOOD_KINDS];
};

bool floods_measure(const struct train_input *inputs, size_t count, struct flood_rates *rates,
                    GError **error);

#endif
