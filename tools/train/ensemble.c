#include "tools/train/ensemble.h"

#include <math.h>

#include "tools/train/boost.h"
#include "tools/train/contact_rows.h"

/* Machines of one scale on each of these rows, joined to one. */
static Fit *
fit_rows(GArray *const *rows, unsigned count, const struct fit_options *fit)
{
	g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(struct fit_row));
	g_autofree struct scaler *scaler = g_new(struct scaler, 1);
	Fit *fits[ENSEMBLE_MAX], *joined;

	for (unsigned i = 0; i < count; i++)
		g_array_append_vals(all, rows[i]->data, rows[i]->len);
	fit_scale(scaler, (struct fit_row *)(void *)all->data, all->len, fit);
	for (unsigned i = 0; i < count; i++)
		fits[i] =
			fit_new((struct fit_row *)(void *)rows[i]->data, rows[i]->len, fit, scaler);
	joined = fit_join(fits, count, fit->vectors);
	for (unsigned i = 0; i < count; i++)
		fit_free(fits[i]);
	return joined;
}

/* Machines of windows and trees, of the same rows. */
static void
learn_windows(Ensemble *ensemble, const WindowSet *set, const struct fit_options *fit,
              struct row_choice choice)
{
	struct tree_sum sums[ENSEMBLE_MAX];
	GArray *rows[ENSEMBLE_MAX];

	for (choice.phase = 0; choice.phase < choice.phases; choice.phase++) {
		GArray *some = rows[choice.phase] = training_rows(set, &choice);

		ensemble->rows = some->len;
		sums[choice.phase] =
			boost_fit((struct fit_row *)(void *)some->data, some->len, fit);
	}
	ensemble->windows = fit_rows(rows, choice.phases, fit);
	ensemble->trees = boost_join(sums, choice.phases, ENSEMBLE_TREES_SCALE);
	for (unsigned i = 0; i < choice.phases; i++)
		g_array_unref(rows[i]);
}

static Fit *
learn_contacts(const WindowSet *set, const struct fit_options *fit, struct row_choice choice)
{
	g_autoptr(GPtrArray) features = g_ptr_array_new_with_free_func(g_free);
	struct fit_options options = *fit;
	GArray *rows[ENSEMBLE_MAX];
	unsigned count = 0;
	Fit *joined = NULL;

	fit_choose_features(&options, fit_contact_features, fit->without);
	options.vectors = fit->vectors > 0 ? ENSEMBLE_CONTACT_VECTORS : 0;
	for (choice.phase = 0; choice.phase < choice.phases && options.feature_count > 0;
	     choice.phase++) {
		GArray *some = contact_rows(set, &choice, features);

		if (some != NULL)
			rows[count++] = some;
	}
	if (count > 0)
		joined = fit_rows(rows, count, &options);
	for (unsigned i = 0; i < count; i++)
		g_array_unref(rows[i]);
	return joined;
}

Ensemble *
ensemble_learn(const WindowSet *set, const struct fit_options *fit, const struct row_choice *choice)
{
	Ensemble *ensemble = g_new0(Ensemble, 1);

	learn_windows(ensemble, set, fit, *choice);
	ensemble->contacts = learn_contacts(set, fit, *choice);
	return ensemble;
}

void
ensemble_free(Ensemble *ensemble)
{
	if (ensemble == NULL)
		return;
	fit_free(ensemble->windows);
	fit_free(ensemble->contacts);
	tree_sum_clear(&ensemble->trees);
	g_free(ensemble);
}

static double
decide_contacts(const Fit *contacts, const struct labelled_window *window)
{
	double greatest = 0;

	for (unsigned i = 0; contacts != NULL && i < window->contact_count; i++) {
		g_autofree float *features = contact_features(&window->contacts[i]);

		greatest = fmax(greatest, fit_decide(contacts, features));
	}
	return ENSEMBLE_CONTACTS_WEIGHT * greatest;
}

/* As the detector's classifier does it. */
static double
decide(const Ensemble *ensemble, const struct labelled_window *window)
{
	double value = fit_decide(ensemble->windows, window->features);
	double features[FEATURE_COUNT];

	for (size_t i = 0; i < FEATURE_COUNT; i++)
		features[i] = (double)window->features[i];
	if (ensemble->trees.count > 0)
		value = (value + tree_sum_decide(&ensemble->trees, features)) / 2;
	return value + decide_contacts(ensemble->contacts, window);
}

/* Decision values of the hosts of one fold, by machines trained without it; the last ones judge
 * the unverified hosts too. */
static void
decide_fold(const WindowSet *set, const Ensemble *ensemble, int fold, double *values)
{
	for (size_t i = 0; i < window_set_count(set); i++) {
		const struct labelled_window *window = window_set_get(set, i);

		if (window->host->fold == fold ||
		    (fold == FOLDS - 1 && window->label == WINDOW_UNVERIFIED))
			values[i] = decide(ensemble, window);
	}
}

void
ensemble_cross_decide(const WindowSet *set, const struct fit_options *fit,
                      const struct row_choice *wished, double *values, struct ensemble_size *size)
{
	*size = (struct ensemble_size){ 0 };
	for (size_t i = 0; i < window_set_count(set); i++)
		values[i] = NAN;
	for (int fold = 0; fold < FOLDS; fold++) {
		struct row_choice choice = *wished;
		g_autoptr(Ensemble) ensemble = NULL;

		if (fold == wished->held_fold)
			continue;
		choice.without_fold = fold;
		ensemble = ensemble_learn(set, fit, &choice);
		decide_fold(set, ensemble, fold, values);
		size->rows = ensemble->rows;
		size->vectors += fit_support_vectors(ensemble->windows) / FOLDS;
	}
}

void
ensemble_site_decide(const WindowSet *set, const struct fit_options *fit,
                     const struct row_choice *wished, unsigned site_count, double *values)
{
	for (unsigned site = 0; site < site_count; site++) {
		struct row_choice choice = *wished;
		g_autoptr(Ensemble) ensemble = NULL;

		choice.without_site = site;
		ensemble = ensemble_learn(set, fit, &choice);
		for (size_t i = 0; i < window_set_count(set); i++) {
			const struct labelled_window *window = window_set_get(set, i);

			if (choice.sites[window->scenario->index] == site)
				values[i] = decide(ensemble, window);
		}
	}
}
