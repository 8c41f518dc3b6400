/*
 * kenchi evaluate behaviours: how often each behaviour is told of infected hosts and of others.
 */
#ifndef TOOLS_KENCHI_BEHAVIOUR_REPORT_H
#define TOOLS_KENCHI_BEHAVIOUR_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/train/train.h"

/* An exit code; problems are told on stderr. */
int behaviour_report(const struct train_input *inputs, size_t count, bool json);

#endif
