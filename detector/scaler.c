#include "detector/scaler.h"

#include <math.h>
#include <string.h>

static bool
refuse(GError **error, const char *path, const char *key, const char *why)
{
	g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
	            "%s: key [features] %s: %s", path, key, why);
	return false;
}

static bool
read_names(struct scaler *scaler, GKeyFile *file, const char *path, GError **error)
{
	g_auto(GStrv) names =
		g_key_file_get_string_list(file, "features", "names", &scaler->count, error);

	if (names == NULL) {
		g_prefix_error(error, "%s: ", path);
		return false;
	}
	if (scaler->count == 0 || scaler->count > FEATURE_COUNT)
		return refuse(error, path, "names", "no features, or more than there are");
	for (size_t i = 0; i < scaler->count; i++) {
		scaler->index[i] = feature_find(names[i]);
		if (scaler->index[i] == FEATURE_COUNT) {
			g_autofree char *why = g_strdup_printf("unknown feature '%s'", names[i]);

			return refuse(error, path, "names", why);
		}
	}
	return true;
}

static bool
read_values(double *values, size_t count, GKeyFile *file, const char *key, GError **error)
{
	gsize length = 0;
	g_autofree gdouble *list =
		g_key_file_get_double_list(file, "features", key, &length, error);

	if (list == NULL)
		return false;
	if (length != count) {
		g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
		            "key [features] %s: %zu values for %zu features", key, (size_t)length,
		            count);
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (!isfinite(list[i])) {
			g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
			            "key [features] %s: value %zu is not finite", key, i + 1);
			return false;
		}
		values[i] = list[i];
	}
	return true;
}

bool
scaler_read(struct scaler *scaler, GKeyFile *file, const char *path, GError **error)
{
	if (!read_names(scaler, file, path, error))
		return false;
	if (!read_values(scaler->mean, scaler->count, file, "mean", error) ||
	    !read_values(scaler->deviation, scaler->count, file, "deviation", error) ||
	    !read_values(&scaler->clip, 1, file, "clip", error)) {
		g_prefix_error(error, "%s: ", path);
		return false;
	}
	for (size_t i = 0; i < scaler->count; i++) {
		if (scaler->deviation[i] <= 0)
			return refuse(error, path, "deviation", "must be above 0");
	}
	return scaler->clip > 0 ? true : refuse(error, path, "clip", "must be above 0");
}

static void
write_values(GKeyFile *file, const char *key, const double *values, size_t count)
{
	double copy[FEATURE_COUNT];

	memcpy(copy, values, count * sizeof(copy[0]));
	g_key_file_set_double_list(file, "features", key, copy, count);
}

void
scaler_write(const struct scaler *scaler, GKeyFile *file)
{
	const char *names[FEATURE_COUNT];

	for (size_t i = 0; i < scaler->count; i++)
		names[i] = feature_name(scaler->index[i]);
	g_key_file_set_string_list(file, "features", "names", names, scaler->count);
	write_values(file, "mean", scaler->mean, scaler->count);
	write_values(file, "deviation", scaler->deviation, scaler->count);
	write_values(file, "clip", &scaler->clip, 1);
}

void
scaler_apply(const struct scaler *scaler, const double features[static FEATURE_COUNT],
             double *scaled)
{
	for (size_t i = 0; i < scaler->count; i++) {
		double x = (features[scaler->index[i]] - scaler->mean[i]) / scaler->deviation[i];

		scaled[i] = fmax(-scaler->clip, fmin(scaler->clip, x));
	}
}
