#include "tools/train/ensemble.h"

#include <math.h>

struct ensemble
ensemble_fit(const WindowSet *set, const struct fit_options *fit, struct row_choice choice)
{
	struct ensemble ensemble = { .count = choice.phases };
	g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(struct fit_row));
	GArray *rows[ENSEMBLE_MAX];
	g_autofree struct scaler *scaler = g_new(struct scaler, 1);

	for (choice.phase = 0; choice.phase < choice.phases; choice.phase++) {
		rows[choice.phase] = training_rows(set, &choice);
		g_array_append_vals(all, rows[choice.phase]->data, rows[choice.phase]->len);
	}
	fit_scale(scaler, (struct fit_row *)(void *)all->data, all->len, fit);
	for (unsigned i = 0; i < ensemble.count; i++) {
		ensemble.rows = rows[i]->len;
		ensemble.fits[i] = fit_new((struct fit_row *)(void *)rows[i]->data, rows[i]->len, fit, scaler);
		g_array_unref(rows[i]);
	}
	return ensemble;
}

void
ensemble_clear(struct ensemble *ensemble)
{
	for (unsigned i = 0; i < ensemble->count; i++)
		fit_free(ensemble->fits[i]);
}

static double
ensemble_decide(const struct ensemble *ensemble, const float *features)
{
	double sum = 0;

	for (unsigned i = 0; i < ensemble->count; i++)
		sum += fit_decide(ensemble->fits[i], features);
	return sum / ensemble->count;
}

size_t
ensemble_vectors(const struct ensemble *ensemble)
{
	size_t count = 0;

	for (unsigned i = 0; i < ensemble->count; i++)
		count += fit_support_vectors(ensemble->fits[i]);
	return count;
}

/* Decision values of the hosts of one fold, by machines trained without it. */
static void
decide_fold(const WindowSet *set, const struct ensemble *ensemble, int fold, double *values)
{
	for (size_t i = 0; i < window_set_count(set); i++) {
		const struct labelled_window *window = window_set_get(set, i);

		if (window->host->fold == fold)
			values[i] = ensemble_decide(ensemble, window->features);
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
		struct ensemble ensemble;

		if (fold == wished->held_fold)
			continue;
		choice.without_fold = fold;
		ensemble = ensemble_fit(set, fit, choice);
		decide_fold(set, &ensemble, fold, values);
		size->vectors += ensemble_vectors(&ensemble) / FOLDS;
		size->rows = ensemble.rows;
		ensemble_clear(&ensemble);
	}
}
