#include "tools/train/fit.h"

#include <libsvm/svm.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/train/reduce.h"

enum { CACHE_MEGABYTES = 200 };

/*
 * Five minutes' shapes, and what is new or regular; without plain volume and without web, odd and
 * high ports, which a network's or laboratory's habits and years decide.
 */
static const char default_features[] =
	"w5.*,beacon*,fresh*,*_change,*_duty,*rhythm,*levels,active*,"
	"-w5.flows_*,-w5.octets_out,-w5.octets_in,-w5.packets*,"
	"-w5.*http*,-w5.*odd*,-w5.*high_port,-w5.web*,-w5.high_share,-w5.low_share,-w5.*_udp,-w5.udp_share";

/* Without the ports, as above. */
const char fit_contact_features[] =
	"w5.new_flows,w5.new_silent,w5.new_tcp_silent,w5.new_refused,w5.new_retried,w5.new_tiny,w5.new_upload,w5.new_push,"
	"w5.new_large,w5.new_repeated,w5.new_octets_out,w5.new_octets_in,w5.new_ratio,w5.new_flow_octets_*";

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
fit_choose_features(struct fit_options *fit, const char *patterns, unsigned without)
{
	g_auto(GStrv) list = g_strsplit(patterns != NULL ? patterns : default_features, ",", -1);

	fit->feature_count = 0;
	fit->without = without;
	for (size_t i = 0; i < FEATURE_COUNT; i++) {
		bool wanted = false;

		for (size_t j = 0; list[j] != NULL; j++) {
			if (list[j][0] == '-' &&
			    g_pattern_match_simple(list[j] + 1, feature_name(i)))
				wanted = false;
			else if (g_pattern_match_simple(list[j], feature_name(i)))
				wanted = true;
		}
		if (wanted && (feature_needs(i) & without) == 0 &&
		    fit->feature_count < SCALER_FEATURES_MAX)
			fit->features[fit->feature_count++] = i;
	}
}

void
fit_scale(struct scaler *scaler, const struct fit_row *rows, size_t count,
          const struct fit_options *options)
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

			scaler->knots[i][knot] =
				values[below] +
				(at - (double)below) * (values[above] - values[below]);
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
	fit->vectors = g_new0(double, (size_t)fit->model->l *dimensions);
	for (int i = 0; i < fit->model->l; i++) {
		for (const struct svm_node *node = fit->model->SV[i]; node->index > 0; node++)
			fit->vectors[(size_t)i * dimensions + (size_t)node->index - 1] =
				node->value;
	}
}

Fit *
fit_new(const struct fit_row *rows, size_t count, const struct fit_options *options,
        const struct scaler *scaler)
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
	return fit;
}

/* All machines as one sum of kernels: `coefficients` and `points` are filled. */
static void
lay_out_sum(Fit *const *fits, size_t count, double *coefficients, double *points)
{
	for (size_t i = 0; i < count; i++) {
		size_t vectors = fits[i]->vectors == NULL ? 0 : (size_t)fits[i]->model->l;

		for (size_t j = 0; j < vectors; j++)
			*coefficients++ =
				fits[i]->sign * fits[i]->model->sv_coef[0][j] / (double)count;
		if (vectors > 0)
			memcpy(points, fits[i]->vectors,
			       vectors * fits[i]->scaler.count * sizeof(double));
		points += vectors * fits[i]->scaler.count;
	}
}

static void
fill_gram(const struct point_set *set, double *gram)
{
	for (size_t i = 0; i < set->count * set->count; i++) {
		const double *a = set->values + i / set->count * set->dimensions;
		const double *b = set->values + i % set->count * set->dimensions;
		double distance = 0;

		for (size_t d = 0; d < set->dimensions; d++)
			distance += (a[d] - b[d]) * (a[d] - b[d]);
		gram[i] = exp(-set->gamma * distance);
	}
}

/* Leaves the most needed points at the front; how many they are. */
static size_t
keep_needed(struct point_set *set, double *points, double *coefficients, size_t wished)
{
	g_autofree double *gram = g_new(double, set->count * set->count);
	g_autofree bool *kept = g_new(bool, set->count);
	size_t left = 0;

	fill_gram(set, gram);
	reduce_vectors(gram, coefficients, kept, set->count, wished);
	for (size_t i = 0; i < set->count; i++) {
		if (!kept[i])
			continue;
		coefficients[left] = coefficients[i];
		memmove(points + left * set->dimensions, points + i * set->dimensions,
		        set->dimensions * sizeof(double));
		left++;
	}
	return left;
}

/* Twice as many as wished by where they lie, of these those that the decision needs. */
static size_t
reduce(struct point_set *set, double *points, double *coefficients, size_t wished)
{
	size_t most = MIN(2 * wished, set->count);
	g_autofree size_t *chosen = g_new(size_t, most);
	g_autofree double *weights = g_new(double, most);
	g_autofree double *chosen_points = g_new(double, most * set->dimensions);
	size_t count = reduce_choose(set, coefficients, most, chosen, weights);

	for (size_t i = 0; i < count; i++)
		memcpy(chosen_points + i * set->dimensions, points + chosen[i] * set->dimensions,
		       set->dimensions * sizeof(double));
	memcpy(points, chosen_points, count * set->dimensions * sizeof(double));
	memcpy(coefficients, weights, count * sizeof(double));
	set->count = count;
	return count > wished ? keep_needed(set, points, coefficients, wished) : count;
}

/* libsvm frees what it made with free(). */
static void *
zeroed(size_t count, size_t size)
{
	void *memory = calloc(MAX(count, (size_t)1), size);

	g_assert(memory != NULL);
	return memory;
}

static void
lay_out_model(Fit *fit, const struct svm_parameter *parameter, const double *coefficients,
              size_t count)
{
	size_t dimensions = fit->scaler.count;
	struct svm_model *model = fit->model = zeroed(1, sizeof(*fit->model));

	model->param = *parameter;
	model->nr_class = 2;
	model->l = (int)count;
	model->SV = zeroed(count, sizeof(struct svm_node *));
	model->sv_coef = zeroed(1, sizeof(double *));
	model->sv_coef[0] = zeroed(count, sizeof(double));
	model->rho = zeroed(1, sizeof(double));
	model->rho[0] = fit->rho;
	model->label = zeroed(2, sizeof(int));
	model->label[0] = 1;
	model->label[1] = -1;
	model->nSV = zeroed(2, sizeof(int));
	fit->nodes = g_new(struct svm_node, count * (dimensions + 1));
	for (size_t i = 0; i < count; i++) {
		struct svm_node *nodes = model->SV[i] = fit->nodes + i * (dimensions + 1);

		for (size_t d = 0; d < dimensions; d++)
			nodes[d] =
				(struct svm_node){ (int)d + 1, fit->vectors[i * dimensions + d] };
		nodes[dimensions].index = -1;
		model->sv_coef[0][i] = coefficients[i];
		model->nSV[coefficients[i] < 0]++;
	}
}

Fit *
fit_join(Fit *const *fits, size_t count, size_t wished)
{
	Fit *joined = g_new0(Fit, 1);
	g_autofree double *coefficients = NULL;
	struct point_set set = { .dimensions = fits[0]->scaler.count, .gamma = fits[0]->gamma };

	joined->scaler = fits[0]->scaler;
	joined->gamma = fits[0]->gamma;
	joined->sign = 1;
	for (size_t i = 0; i < count; i++) {
		joined->rho += fits[i]->sign * fits[i]->rho / (double)count;
		set.count += fits[i]->vectors == NULL ? 0 : (size_t)fits[i]->model->l;
	}
	coefficients = g_new(double, set.count + 1);
	joined->vectors = g_new(double, set.count *set.dimensions + 1);
	lay_out_sum(fits, count, coefficients, joined->vectors);
	set.values = joined->vectors;
	if (wished > 0 && set.count > wished)
		set.count = reduce(&set, joined->vectors, coefficients, wished);
	lay_out_model(joined, &fits[0]->model->param, coefficients, set.count);
	return joined;
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
