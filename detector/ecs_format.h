/*
 * Alerts as JSON lines: the Elastic Common Schema's names where it has one, and what is ours in the
 * object "kenchi".
 *
 * Threads: pure functions.
 */
#ifndef DETECTOR_ECS_FORMAT_H
#define DETECTOR_ECS_FORMAT_H

#include <glib.h>

#include "detector/alert.h"

/* Appends one object, without end of line. */
void ecs_format(const struct alert *alert, GString *json);

#endif
