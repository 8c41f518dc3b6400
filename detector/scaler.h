/*
 * Brings chosen features to one scale: where a value lies among those of the training windows.
 *
 * Each feature has SCALER_KNOTS quantiles; between two of them the place is interpolated, at equal
 * ones it is their middle.  The place, 0 to 1, is stretched so that its standard deviation is 1.
 * Values beyond the training's ends count as the ends: nothing unseen is far away.
 *
 * Threads: values.
 * Errors:  a GError that names the file and the key.
 */
#ifndef DETECTOR_SCALER_H
#define DETECTOR_SCALER_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "detector/feature_vector.h"

enum { SCALER_KNOTS = 21, SCALER_FEATURES_MAX = 256 };

struct scaler {
	size_t count;
	size_t index[SCALER_FEATURES_MAX]; /* of the feature */
	double knots[SCALER_FEATURES_MAX][SCALER_KNOTS];
};

/* Reads and writes the group [features] of a side file: names, and for each name its quantiles.
 * `path` is named in errors. */
bool scaler_read(struct scaler *scaler, GKeyFile *file, const char *path, GError **error);
void scaler_write(const struct scaler *scaler, GKeyFile *file);

/* Writes `count` scaled values. */
void scaler_apply(const struct scaler *scaler, const double features[static FEATURE_COUNT],
                  double *scaled);

#endif
