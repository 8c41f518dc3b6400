/*
 * One machine: rows of features with a label in, a scaler and a libsvm C-SVC out.
 *
 * Threads: one.
 */
#ifndef TOOLS_TRAIN_FIT_H
#define TOOLS_TRAIN_FIT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "detector/feature_vector.h"
#include "detector/scaler.h"

struct fit_row {
	const float *features; /* FEATURE_COUNT of them */
	bool infected;
	double weight; /* among rows of its kind, where it can be taken: by trees */
};

/* Of the shipped model. */
enum { FIT_VECTORS = 480 };

struct fit_options {
	size_t feature_count; /* chosen: */
	size_t features[SCALER_FEATURES_MAX];
	double c;
	double gamma;   /* times 1 / feature_count */
	size_t vectors; /* support vectors of the joined machine at most, 0: as many as there are */
	double infected_weight; /* of C, for infected rows, beside balancing the classes */
	unsigned without;       /* enum feature_needs: no feature that needs any of it was chosen */
};

/* Of one contact by itself: what the machine of contacts looks at. */
extern const char fit_contact_features[];

/*
 * Features by comma-separated patterns, "-PATTERN" takes away (NULL: those of the shipped model),
 * but those that need anything of `without` (enum feature_needs).
 */
void fit_choose_features(struct fit_options *fit, const char *patterns, unsigned without);

typedef struct Fit Fit;

/* Learns the scale of `count` rows. */
void fit_scale(struct scaler *scaler, const struct fit_row *rows, size_t count,
               const struct fit_options *options);

Fit *fit_new(const struct fit_row *rows, size_t count, const struct fit_options *options,
             const struct scaler *scaler);

/* The mean of machines of one scale and gamma as one machine of at most `wished` support vectors
 * (0: of all). */
Fit *fit_join(Fit *const *fits, size_t count, size_t wished);
void fit_free(Fit *fit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fit, fit_free)

double fit_decide(const Fit *fit, const float *features);
size_t fit_support_vectors(const Fit *fit);
const struct scaler *fit_scaler(const Fit *fit);

/* Writes the machine in libsvm's format. */
bool fit_save(const Fit *fit, const char *path, GError **error);

#endif
