#include "tools/train/ensemble.h"

#include <math.h>

Fit *
ensemble_fit(const WindowSet *set, const struct fit_options *fit, struct row_choice choice, size_t *row_count)
{
	g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(struct fit_row));
	GArray *rows[ENSEMBLE_MAX];
	Fit *fits[ENSEMBLE_MAX], *joined;
	g_autofree struct scaler *scaler = g_new(struct scaler, 1);

	for (choice.phase = 0; choice.phase < choice.phases; choice.phase++) {
		rows[choice.phase] = training_rows(set, &choice);
		g_array_append_vals(all, rows[choice.phase]->data, rows[choice.phase]->len);
	}
	fit_scale(scaler, (struct fit_row *)(void *)all->data, all->len, fit);
	for (unsigned i = 0; i < choice.phases; i++) {
		*row_count = rows[i]->len;
		fits[i] = fit_new((struct fit_row *)(void *)rows[i]->data, rows[i]->len, fit, scaler);
		g_array_unref(rows[i]);
	}
	joined = fit_join(fits, choice.phases, fit->vectors);
	for (unsigned i = 0; i < choice.phases; i++)
		fit_free(fits[i]);
	return joined;
}

/* Decision values of the hosts of one fold, by a machine trained without it; the last one judges the unverified hosts too. */
static void
decide_fold(const WindowSet *set, const Fit *fit, int fold, double *values)
{
	for (size_t i = 0; i < window_set_count(set); i++) {
		const struct labelled_window *window = window_set_get(set, i);

		if (window->host->fold == fold || (fold == FOLDS - 1 && window->label == WINDOW_UNVERIFIED))
			values[i] = fit_decide(fit, window->features);
	}
}

void
ensemble_cross_decide(const WindowSet *set, const struct fit_options *fit, const struct row_choice *wished,
                      double *values, struct ensemble_size *size)
{
	*size = (struct ensemble_size){ 0 };
	for (size_t i = 0; i < window_set_count(set); i++)
		values[i] = NAN;
	for (int fold = 0; fold < FOLDS; fold++) {
		struct row_choice choice = *wished;
		g_autoptr(Fit) machine = NULL;

		if (fold == wished->held_fold)
			continue;
		choice.without_fold = fold;
		machine = ensemble_fit(set, fit, choice, &size->rows);
		decide_fold(set, machine, fold, values);
		size->vectors += fit_support_vectors(machine) / FOLDS;
	}
}

void
ensemble_site_decide(const WindowSet *set, const struct fit_options *fit, const struct row_choice *wished,
                     unsigned site_count, double *values)
{
	for (unsigned site = 0; site < site_count; site++) {
		struct row_choice choice = *wished;
		g_autoptr(Fit) machine = NULL;
		size_t rows;

		choice.without_site = site;
		machine = ensemble_fit(set, fit, choice, &rows);
		for (size_t i = 0; i < window_set_count(set); i++) {
			const struct labelled_window *window = window_set_get(set, i);

			if (choice.sites[window->scenario->index] == site)
				values[i] = fit_decide(machine, window->features);
		}
	}
}
