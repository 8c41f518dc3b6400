/*
 * Brings chosen features to one scale: (x - mean) / deviation, cut to +-clip.
 *
 * Threads: values.
 */
#ifndef DETECTOR_SCALER_H
#define DETECTOR_SCALER_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "detector/feature_vector.h"

struct scaler {
	size_t count;
	size_t index[FEATURE_COUNT]; /* of the feature */
	double mean[FEATURE_COUNT];
	double deviation[FEATURE_COUNT];
	double clip;
};

/* Reads and writes the group [features] of a side file.  `path` is named in errors. */
bool scaler_read(struct scaler *scaler, GKeyFile *file, const char *path, GError **error);
void scaler_write(const struct scaler *scaler, GKeyFile *file);

/* Writes `count` scaled values. */
void scaler_apply(const struct scaler *scaler, const double features[static FEATURE_COUNT],
                  double *scaled);

#endif
