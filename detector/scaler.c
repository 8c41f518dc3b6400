#include "detector/scaler.h"

#include <math.h>
#include <string.h>

_Static_assert(SCALER_KNOTS % 2 == 1, "pairs of knots, and the last one");

static bool
refuse(GError **error, const char *path, const char *key, const char *why)
{
	g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
	            "%s: key [features] %s: %s", path, key, why);
	return false;
}

static bool
read_knots(double knots[static SCALER_KNOTS], GKeyFile *file, const char *path, const char *name,
           GError **error)
{
	gsize count = 0;
	g_autofree gdouble *list =
		g_key_file_get_double_list(file, "features", name, &count, error);

	if (list == NULL) {
		g_prefix_error(error, "%s: ", path);
		return false;
	}
	if (count != SCALER_KNOTS)
		return refuse(error, path, name, "there must be 21 quantiles");
	for (gsize i = 0; i < count; i++) {
		if (!isfinite(list[i]) || (i > 0 && list[i] < list[i - 1]))
			return refuse(error, path, name, "quantiles must be finite and rise");
		knots[i] = list[i];
	}
	return true;
}

bool
scaler_read(struct scaler *scaler, GKeyFile *file, const char *path, GError **error)
{
	gsize count = 0;
	g_auto(GStrv) names = g_key_file_get_string_list(file, "features", "names", &count, error);

	if (names == NULL) {
		g_prefix_error(error, "%s: ", path);
		return false;
	}
	if (count == 0 || count > SCALER_FEATURES_MAX)
		return refuse(error, path, "names", "no features, or too many");
	for (gsize i = 0; i < count; i++) {
		scaler->index[i] = feature_find(names[i]);
		if (scaler->index[i] == FEATURE_COUNT) {
			g_autofree char *why = g_strdup_printf("unknown feature '%s'", names[i]);

			return refuse(error, path, "names", why);
		}
		if (!read_knots(scaler->knots[i], file, path, names[i], error))
			return false;
	}
	scaler->count = count;
	return true;
}

void
scaler_write(const struct scaler *scaler, GKeyFile *file)
{
	const char *names[SCALER_FEATURES_MAX];

	for (size_t i = 0; i < scaler->count; i++)
		names[i] = feature_name(scaler->index[i]);
	g_key_file_set_string_list(file, "features", "names", names, scaler->count);
	for (size_t i = 0; i < scaler->count; i++) {
		double copy[SCALER_KNOTS];

		memcpy(copy, scaler->knots[i], sizeof(copy));
		g_key_file_set_double_list(file, "features", names[i], copy, SCALER_KNOTS);
	}
}

enum { ROW = 2 }; /* of SSE2: wider ones are taken apart */

typedef double row __attribute__((vector_size(ROW * sizeof(double))));
typedef int64_t row_mask __attribute__((vector_size(ROW * sizeof(int64_t))));

/* Where the value lies among the knots, 0 to 1. */
static double
place(const double knots[static SCALER_KNOTS], double value)
{
	row_mask below_rows = { 0 }, equal_rows = { 0 };
	int64_t below = knots[SCALER_KNOTS - 1] < value;  /* knots below it */
	int64_t equal = knots[SCALER_KNOTS - 1] <= value; /* knots not above it */

	/* All are compared: a branch at each would be guessed wrong. */
	for (int i = 0; i + ROW <= SCALER_KNOTS; i += ROW) {
		row some;

		memcpy(&some, knots + i, sizeof(some));
		below_rows -= some < value;
		equal_rows -= some <= value;
	}
	for (int i = 0; i < ROW; i++) {
		below += below_rows[i];
		equal += equal_rows[i];
	}
	if (below == SCALER_KNOTS)
		return 1;
	if (equal > below)
		return (double)(below + equal - 1) / 2.0 / (SCALER_KNOTS - 1);
	if (below == 0)
		return 0;
	return ((double)(below - 1) +
	        (value - knots[below - 1]) / (knots[below] - knots[below - 1])) /
	       (SCALER_KNOTS - 1);
}

void
scaler_apply(const struct scaler *scaler, const double features[static FEATURE_COUNT],
             double *scaled)
{
	static const double stretch = 3.4641016151377544; /* 1 / the deviation of uniform values */

	for (size_t i = 0; i < scaler->count; i++)
		scaled[i] = stretch * place(scaler->knots[i], features[scaler->index[i]]);
}
