/*
 * Several machines on different choices of windows, their decisions averaged; and what machines that were trained without
 * a fold say of that fold.
 *
 * Threads: one.
 */
#ifndef TOOLS_TRAIN_ENSEMBLE_H
#define TOOLS_TRAIN_ENSEMBLE_H

#include <stddef.h>

#include "tools/train/fit.h"
#include "tools/train/training_rows.h"

enum { ENSEMBLE_MAX = 16 };

struct ensemble {
	Fit *fits[ENSEMBLE_MAX];
	unsigned count;
	size_t rows; /* of each */
};

/* `choice.phases` machines. */
struct ensemble ensemble_fit(const WindowSet *set, const struct fit_options *fit, struct row_choice choice);
void ensemble_clear(struct ensemble *ensemble);
size_t ensemble_vectors(const struct ensemble *ensemble);

struct ensemble_size {
	size_t rows;
	size_t vectors; /* mean over the folds */
};

/* A decision value for each window of the set: by machines trained without its host's fold; NAN where it has none. */
void ensemble_cross_decide(const WindowSet *set, const struct fit_options *fit, const struct row_choice *wished,
                           double *values, struct ensemble_size *size);

#endif
