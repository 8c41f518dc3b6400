/*
 * kenchi evaluate floods: how much labelled hosts send without an answer, beside the thresholds of
 * the flood expert.
 */
#ifndef TOOLS_KENCHI_FLOOD_REPORT_H
#define TOOLS_KENCHI_FLOOD_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/train/train.h"

/* An exit code; problems are told on stderr. */
int flood_report(const struct train_input *inputs, size_t count, bool json);

#endif
