/*
 * What a model is made of: several machines on different choices of windows, their mean as one;
 * trees on the same choices; a machine of single contacts.  And what those that were trained
 * without a fold say of that fold.
 *
 * Threads: one.
 */
#ifndef TOOLS_TRAIN_ENSEMBLE_H
#define TOOLS_TRAIN_ENSEMBLE_H

#include <stddef.h>

#include "detector/tree_sum.h"
#include "tools/train/fit.h"
#include "tools/train/training_rows.h"

enum { ENSEMBLE_MAX = 16 };

/* Brings what the trees say of normal windows to the spread of what the machines say. */
#define ENSEMBLE_TREES_SCALE 0.5

/*
 * What a window's most suspicious contact adds to its value, where that contact's own is above
 * zero: found by cross-validation and on composite-validation, as the most that flags no clean or
 * benign host.
 */
#define ENSEMBLE_CONTACTS_WEIGHT 0.4
enum { ENSEMBLE_CONTACT_VECTORS = 60 };

typedef struct Ensemble {
	Fit *windows; /* `choice.phases` machines, joined to one */
	struct tree_sum trees;
	Fit *contacts; /* NULL: there are none to learn from */
	size_t rows;   /* of each machine of windows */
} Ensemble;

Ensemble *ensemble_learn(const WindowSet *set, const struct fit_options *fit,
                         const struct row_choice *choice);
void ensemble_free(Ensemble *ensemble); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ensemble, ensemble_free)

struct ensemble_size {
	size_t rows;
	size_t vectors; /* mean over the folds */
};

/* A decision value for each window of the set: by machines trained without its host's fold; NAN
 * where it has none. */
void ensemble_cross_decide(const WindowSet *set, const struct fit_options *fit,
                           const struct row_choice *wished, double *values,
                           struct ensemble_size *size);

/* The same by machines trained without the window's site, of those that `wished.sites` numbers. */
void ensemble_site_decide(const WindowSet *set, const struct fit_options *fit,
                          const struct row_choice *wished, unsigned site_count, double *values);

#endif
