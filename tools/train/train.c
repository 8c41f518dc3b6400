#include "tools/train/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detector/evidence.h"
#include "tools/train/ensemble.h"
#include "tools/train/figures.h"
#include "tools/train/fit.h"
#include "tools/train/training_rows.h"
#include "tools/train/window_set.h"

enum { VALUES_MAX = 16 };

static const double reported_alarms = 100; /* in 1000 host-days, where patterns and experts are put in one order */

/* One host of the tested fold: its greatest scores from its implant's start on. */
struct host_score {
	const struct labelled_host *host;
	double pattern; /* decision value */
	double before;  /* the same before the implant's start */
	double experts;
};

/* The median of normal windows' values. */
static double
center_of(const WindowSet *set, const double *values)
{
	g_autoptr(GArray) normal = g_array_new(FALSE, FALSE, sizeof(double));

	for (size_t i = 0; i < window_set_count(set); i++) {
		if (window_set_get(set, i)->label == WINDOW_NORMAL && isfinite(values[i]))
			g_array_append_val(normal, values[i]);
	}
	return tail_of((double *)(void *)normal->data, normal->len).quantiles[TAIL_QUANTILES / 2];
}

/* Scores the tested hosts by their values beside their own past, as the detector does. */
static void
score_hosts(const WindowSet *set, const double *values, double center, GArray *scores, GArray *normal)
{
	for (size_t i = 0; i < window_set_host_count(set); i++) {
		const struct host_windows *host = window_set_host(set, i);
		struct host_score score = { host->host, -10, -10, 0 };
		struct value_past past = { 0 };

		if (host->host->fold == FOLD_NONE || (host->count > 0 && !isfinite(values[host->first])))
			continue;
		for (size_t j = host->first; j < host->first + host->count; j++) {
			const struct labelled_window *window = window_set_get(set, j);
			double value = value_beside_past(&past, values[j], center);

			value_past_add(&past, values[j]);
			if (window->label == WINDOW_NORMAL)
				g_array_append_val(normal, value);
			if (host->host->role != ROLE_CLEAN && window->end_ms <= host->host->start_ms) {
				score.before = fmax(score.before, value);
				continue;
			}
			score.pattern = fmax(score.pattern, value);
			score.experts = fmax(score.experts, (double)window->expert_score);
		}
		g_array_append_val(scores, score);
	}
}

/* Scores of the hosts of a role, as one list; scans: 1 those that scan, 0 those that do not, -1 both. */
static size_t
take_scores(const GArray *scores, enum host_role role, int scans, const double *all, double *taken)
{
	size_t count = 0;

	for (guint i = 0; i < scores->len; i++) {
		const struct labelled_host *host = g_array_index(scores, struct host_score, i).host;

		if (host->role == role && (scans < 0 || scans == host->scans))
			taken[count++] = all[i];
	}
	return count;
}

struct figures {
	double area_clean, area_benign, area_benign_quiet;
	double rate5, rate1, rate5_quiet, rate1_quiet;
};

static struct figures
figures_of(const GArray *scores, const double *all, FILE *report, const char *title)
{
	g_autofree double *malware = g_new(double, scores->len + 1);
	g_autofree double *quiet = g_new(double, scores->len + 1);
	g_autofree double *negatives = g_new(double, scores->len + 1);
	size_t m = take_scores(scores, ROLE_MALWARE, -1, all, malware);
	size_t q = take_scores(scores, ROLE_MALWARE, 0, all, quiet);
	size_t clean = take_scores(scores, ROLE_CLEAN, -1, all, negatives);
	size_t benign = take_scores(scores, ROLE_BENIGN_IMPLANT, -1, all, negatives + clean);
	double five = figures_threshold(negatives, clean + benign, 0.05);
	double one = figures_threshold(negatives, clean + benign, 0.01);
	struct figures f = {
		.area_clean = figures_area(malware, m, negatives, clean),
		.area_benign = figures_area(malware, m, negatives + clean, benign),
		.area_benign_quiet = figures_area(quiet, q, negatives + clean, benign),
		.rate5 = (double)figures_exceeding(malware, m, five) / fmax((double)m, 1),
		.rate1 = (double)figures_exceeding(malware, m, one) / fmax((double)m, 1),
		.rate5_quiet = (double)figures_exceeding(quiet, q, five) / fmax((double)q, 1),
		.rate1_quiet = (double)figures_exceeding(quiet, q, one) / fmax((double)q, 1),
	};

	fprintf(report,
	        "%-28s area: clean %.3f, benign %.3f +- %.3f (no scans %.3f); found at 5 %%: %.3f (%.3f), at 1 %%: "
	        "%.3f (%.3f); hosts %zu+%zu+%zu\n",
	        title, f.area_clean, f.area_benign, figures_area_error(f.area_benign, m, benign), f.area_benign_quiet,
	        f.rate5, f.rate5_quiet, f.rate1, f.rate1_quiet, m, clean, benign);
	return f;
}

/*
 * What the classifier's verdicts would be for some wished rates of false alarms: hosts flagged for each day of normal
 * hosts that was watched, and infected hosts found.
 */
static void
report_alarms(const GArray *scores, const struct tail *tail, FILE *report)
{
	static const double wished[] = { 1, 10, 100, 1000 };

	for (size_t i = 0; i < G_N_ELEMENTS(wished); i++) {
		double value = tail_value(tail, evidence_limit(wished[i]));
		double days = 0, false_alarms = 0, malware = 0, found = 0;

		for (guint j = 0; j < scores->len; j++) {
			const struct host_score *score = &g_array_index(scores, struct host_score, j);

			days += (double)(score->host->clean_ms + score->host->benign_ms) / 86400000;
			malware += score->host->role == ROLE_MALWARE;
			found += score->host->role == ROLE_MALWARE && score->pattern >= value;
			false_alarms += score->host->role != ROLE_MALWARE && score->pattern >= value;
			false_alarms += score->host->role == ROLE_MALWARE && score->before >= value;
		}
		fprintf(report, "  %4g alarms wished in 1000 host-days: %.0f (%.0f hosts in %.1f host-days); found by pattern %.0f of %.0f\n",
		        wished[i], 1000 * false_alarms / fmax(days, 1e-9), false_alarms, days, found, malware);
	}
}

/* Pattern alone, experts alone, both. */
static double
report_scores(const GArray *scores, const struct tail *tail, FILE *report, const char *title)
{
	g_autofree double *all = g_new(double, scores->len + 1);
	struct figures pattern, system;

	for (guint i = 0; i < scores->len; i++)
		all[i] = g_array_index(scores, struct host_score, i).pattern;
	pattern = figures_of(scores, all, report, title);
	for (guint i = 0; i < scores->len; i++) {
		const struct host_score *score = &g_array_index(scores, struct host_score, i);
		double strength =
		        evidence_strength(tail_evidence(tail, score->pattern), evidence_limit(reported_alarms));

		all[i] = fmax(strength, score->experts);
	}
	system = figures_of(scores, all, report, "  with experts");
	report_alarms(scores, tail, report);
	return pattern.area_benign + system.rate5 + 0.5 * system.rate1;
}

/* Out-of-fold decision values of normal windows. */
struct normal_values {
	double center;    /* median of the values as decided */
	struct tail tail; /* of the values beside the hosts' past */
};

/*
 * Trains without each fold in turn and tests on it; the sum by which parameters are chosen, and the tail of the clean
 * windows' decision values.
 */
static double
cross_validate(const WindowSet *set, const struct fit_options *fit, const struct train_options *options,
               const struct row_choice *wished, struct normal_values *figures)
{
	g_autoptr(GArray) scores = g_array_new(FALSE, FALSE, sizeof(struct host_score));
	g_autoptr(GArray) normal = g_array_new(FALSE, FALSE, sizeof(double));
	g_autofree double *values = g_new(double, window_set_count(set));
	g_autofree char *title = NULL;
	struct ensemble_size size;

	ensemble_cross_decide(set, fit, wished, values, &size);
	figures->center = center_of(set, values);
	score_hosts(set, values, figures->center, scores, normal);
	title = g_strdup_printf("C %g gamma %g/d (%zu rows, %zu SV)", fit->c, fit->gamma, size.rows,
	                        size.vectors);
	figures->tail = tail_of((double *)(void *)normal->data, normal->len);
	return report_scores(scores, &figures->tail, options->report, title);
}

static size_t
read_values(const char *text, double *values)
{
	g_auto(GStrv) list = g_strsplit(text, ",", VALUES_MAX);
	size_t count = 0;

	for (; list[count] != NULL && count < VALUES_MAX; count++)
		values[count] = g_ascii_strtod(list[count], NULL);
	return count;
}

/* Tries every C and gamma by cross-validation and leaves the best in `fit`, and its tail. */
static void
search(const WindowSet *set, struct fit_options *fit, const struct train_options *options,
       const struct row_choice *choice, struct normal_values *normal)
{
	double cs[VALUES_MAX], gammas[VALUES_MAX], best = -1;
	size_t c_count = read_values(options->c ? options->c : "0.5,1", cs);
	size_t gamma_count = read_values(options->gamma ? options->gamma : "0.5", gammas);
	struct fit_options tried = *fit;

	fit->c = cs[0];
	fit->gamma = gammas[0];
	for (size_t i = 0; i < c_count * gamma_count && options->cross_validate; i++) {
		struct normal_values tried_normal;
		double worth;

		tried.c = cs[i / gamma_count];
		tried.gamma = gammas[i % gamma_count];
		worth = cross_validate(set, &tried, options, choice, &tried_normal);
		if (worth > best) {
			best = worth;
			*fit = tried;
			*normal = tried_normal;
		}
	}
}

static bool
write_model(const struct ensemble *ensemble, const struct fit_options *fit, const struct train_options *options,
            double center, GError **error)
{
	g_autoptr(GKeyFile) meta = g_key_file_new();
	g_autofree char *stem = g_strndup(options->model, strlen(options->model) - strlen(".model"));
	g_autofree char *meta_path = g_strconcat(stem, ".meta", NULL);
	g_autofree char *base = g_path_get_basename(stem);
	g_autoptr(GPtrArray) machines = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *parameters = g_strdup_printf("C %g, gamma %g / features, %zu rows a machine", fit->c,
	                                              fit->gamma, ensemble->rows);

	for (unsigned i = 0; i < ensemble->count; i++) {
		g_autofree char *path = i == 0 ? g_strdup(options->model)
		                               : g_strdup_printf("%s-%u.model", stem, i + 1);

		if (!fit_save(ensemble->fits[i], path, error))
			return false;
		g_ptr_array_add(machines, g_path_get_basename(path));
	}
	g_key_file_set_integer(meta, "model", "format", 1);
	g_key_file_set_string(meta, "model", "name", options->name ? options->name : base);
	g_key_file_set_string_list(meta, "model", "machines", (const char *const *)machines->pdata, machines->len);
	g_key_file_set_integer(meta, "model", "sampling_most", 1);
	g_key_file_set_double(meta, "model", "center", center);
	scaler_write(fit_scaler(ensemble->fits[0]), meta);
	g_key_file_set_string(meta, "provenance", "parameters", parameters);
	return g_key_file_save_to_file(meta, meta_path, error);
}

static bool
read_inputs(WindowSet *set, const struct train_options *options, GError **error)
{
	for (size_t i = 0; i < options->input_count; i++) {
		if (!window_set_add(set, options->inputs[i].bins, options->inputs[i].labels, error))
			return false;
	}
	fprintf(options->report, "%zu windows of %zu labelled hosts\n", window_set_count(set),
	        window_set_host_count(set));
	return true;
}

bool
train_run(const struct train_options *options, GError **error)
{
	g_autoptr(WindowSet) set = window_set_new();
	struct fit_options fit = { .infected_weight = 1,
	                           .vectors = options->vectors ? options->vectors : FIT_VECTORS };
	struct row_choice choice = { .without_fold = FOLD_NONE,
		                     .held_fold = options->held_fold,
		                     .windows_per_host =
		                             options->windows_per_host ? options->windows_per_host : TRAINING_WINDOWS_PER_HOST,
		                     .windows_per_family = TRAINING_WINDOWS_PER_FAMILY,
		                     .phases = CLAMP(options->machines, 1, ENSEMBLE_MAX) };
	char source[] = "windows of normal hosts of the training captures, each judged by machines trained without its fold";
	struct calibration calibration = { .source = source };
	struct normal_values normal = { 0 };
	struct ensemble ensemble;
	bool written;

	fit_choose_features(&fit, options->features);
	if (fit.feature_count == 0 || (options->model && !g_str_has_suffix(options->model, ".model"))) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
		            fit.feature_count == 0 ? "--features: no feature has such a name"
		                                   : "--model: the name must end in .model");
		return false;
	}
	if (!read_inputs(set, options, error))
		return false;
	if (options->dump_features && !window_set_dump(set, options->dump_features, error))
		return false;
	search(set, &fit, options, &choice, &normal);
	calibration.tails[BEHAVIOUR_traffic_pattern] = normal.tail;
	if (options->calibration && !calibration_save(&calibration, options->calibration, error))
		return false;
	if (options->model == NULL)
		return true;
	ensemble = ensemble_fit(set, &fit, choice);
	fprintf(options->report, "model: %zu support vectors, %zu features\n", ensemble_vectors(&ensemble),
	        fit.feature_count);
	written = write_model(&ensemble, &fit, options, normal.center, error);
	ensemble_clear(&ensemble);
	return written;
}
