#include "tools/train/fit.h"

#include <libsvm/svm.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/train/reduce.h"

enum { CACHE_MEGABYTES = 200 };

/* Five minutes' shapes without plain volume, which a network's habits decide, and what is new or regular. */
static const char default_features[] =
        "w5.*,beacon*,fresh*,*_change,*_duty,*rhythm,*levels,active*,"
        "-w5.flows_*,-w5.octets_out,-w5.octets_in,-w5.packets*";

struct Fit {
	struct scaler scaler;
	struct svm_problem problem;
	struct svm_node *nodes; /* of all rows, in one piece: libsvm's model points into them */
	struct svm_model *model;
	double sign;
	/* The support vectors again, dense and scaled, for a quick decision. */
	double *vectors;
	double gamma;
	double rho;
};

static void
silence(const char *text)
{
	(void)text;
}

static int
compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void
fit_choose_features(struct fit_options *fit, const char *patterns)
{
	g_auto(GStrv) list = g_strsplit(patterns != NULL ? patterns : default_features, ",", -1);

	fit->feature_count = 0;
	for (size_t i = 0; i < FEATURE_COUNT; i++) {
		bool wanted = false;

		for (size_t j = 0; list[j] != NULL; j++) {
			if (list[j][0] == '-' && g_pattern_match_simple(list[j] + 1, feature_name(i)))
				wanted = false;
			else if (g_pattern_match_simple(list[j], feature_name(i)))
				wanted = true;
		}
		if (wanted && fit->feature_count < SCALER_FEATURES_MAX)
			fit->features[fit->feature_count++] = i;
	}
}

void
fit_scale(struct scaler *scaler, const struct fit_row *rows, size_t count, const struct fit_options *options)
{
	g_autofree double *values = g_new(double, count);

	scaler->count = options->feature_count;
	for (size_t i = 0; i < scaler->count; i++) {
		scaler->index[i] = options->features[i];
		for (size_t row = 0; row < count; row++)
			values[row] = (double)rows[row].features[scaler->index[i]];
		qsort(values, count, sizeof(values[0]), compare_doubles);
		for (size_t knot = 0; knot < SCALER_KNOTS; knot++) {
			double at = (double)knot / (SCALER_KNOTS - 1) * (double)(count - 1);
			size_t below = (size_t)at, above = MIN(below + 1, count - 1);

			scaler->knots[i][knot] = values[below] + (at - (double)below) * (values[above] - values[below]);
		}
	}
}

static void
scale(const struct scaler *scaler, const float *features, double *scaled)
{
	double values[FEATURE_COUNT];

	for (size_t i = 0; i < FEATURE_COUNT; i++)
		values[i] = (double)features[i];
	scaler_apply(scaler, values, scaled);
}

static void
lay_out_problem(Fit *fit, const struct fit_row *rows, size_t count)
{
	size_t dimensions = fit->scaler.count;
	double scaled[FEATURE_COUNT];

	fit->problem.l = (int)count;
	fit->problem.y = g_new(double, count);
	fit->problem.x = g_new(struct svm_node *, count);
	fit->nodes = g_new(struct svm_node, count * (dimensions + 1));
	for (size_t row = 0; row < count; row++) {
		struct svm_node *nodes = fit->nodes + row * (dimensions + 1);

		scale(&fit->scaler, rows[row].features, scaled);
		for (size_t i = 0; i < dimensions; i++)
			nodes[i] = (struct svm_node){ (int)i + 1, scaled[i] };
		nodes[dimensions].index = -1;
		fit->problem.x[row] = nodes;
		fit->problem.y[row] = rows[row].infected ? 1 : -1;
	}
}

static void
lay_out_vectors(Fit *fit)
{
	size_t dimensions = fit->scaler.count;

	fit->sign = fit->model->label[0] > 0 ? 1 : -1;
	if (fit->model->nr_class < 2) { /* all rows were of one kind, and so is everything */
		fit->rho = -1;
		return;
	}
	fit->rho = fit->model->rho[0];
	fit->vectors = g_new0(double, (size_t)fit->model->l * dimensions);
	for (int i = 0; i < fit->model->l; i++) {
		for (const struct svm_node *node = fit->model->SV[i]; node->index > 0; node++)
			fit->vectors[(size_t)i * dimensions + (size_t)node->index - 1] = node->value;
	}
}

static void
fill_gram(const Fit *fit, double *gram)
{
	size_t count = (size_t)fit->model->l, dimensions = fit->scaler.count;

	for (size_t i = 0; i < count * count; i++) {
		const double *a = fit->vectors + i / count * dimensions, *b = fit->vectors + i % count * dimensions;
		double distance = 0;

		for (size_t d = 0; d < dimensions; d++)
			distance += (a[d] - b[d]) * (a[d] - b[d]);
		gram[i] = exp(-fit->gamma * distance);
	}
}

/* Keeps the most needed vectors, in libsvm's model and beside it. */
static void
reduce(Fit *fit, size_t wished)
{
	struct svm_model *model = fit->model;
	size_t count = (size_t)model->l, dimensions = fit->scaler.count;
	g_autofree double *gram = g_new(double, count * count);
	g_autofree bool *kept = g_new(bool, count);
	int of_first = model->nSV[0], left[2] = { 0 };

	fill_gram(fit, gram);
	reduce_vectors(gram, model->sv_coef[0], kept, count, wished);
	model->l = 0;
	for (size_t i = 0; i < count; i++) {
		size_t to = (size_t)model->l;

		if (!kept[i])
			continue;
		left[(int)i >= of_first]++;
		model->SV[to] = model->SV[i];
		model->sv_coef[0][to] = model->sv_coef[0][i];
		memmove(fit->vectors + to * dimensions, fit->vectors + i * dimensions, dimensions * sizeof(double));
		model->l++;
	}
	model->nSV[0] = left[0];
	model->nSV[1] = left[1];
}

Fit *
fit_new(const struct fit_row *rows, size_t count, const struct fit_options *options, const struct scaler *scaler)
{
	Fit *fit = g_new0(Fit, 1);
	double infected = 0;
	int labels[2] = { 1, -1 };
	double weights[2];
	struct svm_parameter parameter = { .svm_type = C_SVC,
		                           .kernel_type = RBF,
		                           .cache_size = CACHE_MEGABYTES,
		                           .eps = 1e-3,
		                           .C = options->c,
		                           .nr_weight = 2,
		                           .weight_label = labels,
		                           .weight = weights,
		                           .shrinking = 1 };

	for (size_t i = 0; i < count; i++)
		infected += rows[i].infected;
	weights[0] = options->infected_weight * ((double)count - infected) / fmax(infected, 1);
	weights[1] = 1;
	fit->scaler = *scaler;
	lay_out_problem(fit, rows, count);
	fit->gamma = options->gamma / (double)options->feature_count;
	parameter.gamma = fit->gamma;
	svm_set_print_string_function(silence);
	fit->model = svm_train(&fit->problem, &parameter);
	lay_out_vectors(fit);
	if (fit->vectors != NULL && options->vectors > 0 && (size_t)fit->model->l > options->vectors)
		reduce(fit, options->vectors);
	return fit;
}

void
fit_free(Fit *fit)
{
	if (fit == NULL)
		return;
	svm_free_and_destroy_model(&fit->model);
	g_free(fit->problem.x);
	g_free(fit->problem.y);
	g_free(fit->nodes);
	g_free(fit->vectors);
	g_free(fit);
}

double
fit_decide(const Fit *fit, const float *features)
{
	size_t dimensions = fit->scaler.count;
	double scaled[FEATURE_COUNT];
	double sum = -fit->rho;

	scale(&fit->scaler, features, scaled);
	for (int i = 0; fit->vectors != NULL && i < fit->model->l; i++) {
		const double *vector = fit->vectors + (size_t)i * dimensions;
		double distance = 0;

		for (size_t d = 0; d < dimensions; d++)
			distance += (scaled[d] - vector[d]) * (scaled[d] - vector[d]);
		sum += fit->model->sv_coef[0][i] * exp(-fit->gamma * distance);
	}
	return sum * fit->sign;
}

size_t
fit_support_vectors(const Fit *fit)
{
	return (size_t)fit->model->l;
}

const struct scaler *
fit_scaler(const Fit *fit)
{
	return &fit->scaler;
}

bool
fit_save(const Fit *fit, const char *path, GError **error)
{
	if (svm_save_model(path, fit->model) == 0)
		return true;
	g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_IO, "%s: cannot be written", path);
	return false;
}
