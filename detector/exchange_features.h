/*
 * The features of what a host exchanges with its services one after the other: how long after each
 * other flows to one service begin, which kind of service follows on which, and which resolvers are
 * asked.  A part of feature_vector, on its own for its length.
 *
 * Times are seconds in which flows began, from the bins' masks; counts are integers, and shares are
 * taken at the end.
 *
 * Threads: pure functions.
 */
#ifndef DETECTOR_EXCHANGE_FEATURES_H
#define DETECTOR_EXCHANGE_FEATURES_H

#include <stdbool.h>

#include "detector/host_window.h"

/* Writes the rows from talk_regular on; `values` are those of the host, HOST_FEATURE_COUNT. */
void exchange_features_compute(const struct host_view *view, double *values);

/* An exporter that cuts long flows reports one every so often, whatever the host does. */
bool is_active_timeout(double interval_s);

#endif
