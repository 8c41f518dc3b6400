#include "tools/train/train.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detector/evidence.h"
#include "tools/train/ensemble.h"
#include "tools/train/figures.h"
#include "tools/train/fit.h"
#include "tools/train/normal_values.h"
#include "tools/train/training_rows.h"
#include "tools/train/window_set.h"

enum { VALUES_MAX = 16 };

/* One host of the tested fold: its greatest scores from its implant's start on. */
struct host_score {
	const struct labelled_host *host;
	double pattern; /* decision value */
	double experts;
};

/* The greatest values of a host's windows beside its own past. */
static struct host_score
score_host(const WindowSet *set, const struct host_windows *host, const double *values,
           const struct value_usual *usual)
{
	struct host_score score = { host->host, -10, 0 };
	struct value_past past = { 0 };

	for (size_t j = host->first; j < host->first + host->count; j++) {
		const struct labelled_window *window = window_set_get(set, j);
		double value = value_beside_past(&past, values[j], usual);

		value_past_add(&past, values[j]);
		if (host->host->role != ROLE_CLEAN && window->end_ms <= host->host->start_ms)
			continue;
		score.pattern = fmax(score.pattern, value);
		score.experts = fmax(score.experts, (double)window->expert_score);
	}
	return score;
}

/* Scores the tested hosts by their values beside their own past, as the detector does. */
static void
score_hosts(const WindowSet *set, const double *values, const struct value_usual *usual,
            GArray *scores)
{
	for (size_t i = 0; i < window_set_host_count(set); i++) {
		const struct host_windows *host = window_set_host(set, i);
		struct host_score score;

		if (host->host->role == ROLE_UNVERIFIED || host->host->fold == FOLD_NONE ||
		    (host->count > 0 && !isfinite(values[host->first])))
			continue;
		score = score_host(set, host, values, usual);
		g_array_append_val(scores, score);
	}
}

/* Scores of the hosts of a role, as one list; scans: 1 those that scan, 0 those that do not, -1
 * both. */
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
	size_t malware, clean, benign; /* hosts */
};

/* What cross-validation told of one setting. */
struct trial {
	struct yardstick usual;
	struct figures pattern;
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
		.malware = m,
		.clean = clean,
		.benign = benign,
	};

	fprintf(report,
	        "%-28s area: clean %.3f, benign %.3f +- %.3f (no scans %.3f); found at 5 %%: %.3f (%.3f), at 1 %%: "
	        "%.3f (%.3f); hosts %zu+%zu+%zu\n",
	        title, f.area_clean, f.area_benign, figures_area_error(f.area_benign, m, benign),
	        f.area_benign_quiet, f.rate5, f.rate5_quiet, f.rate1, f.rate1_quiet, m, clean,
	        benign);
	return f;
}

/* Pattern alone, and with experts; returns the sum by which parameters are chosen. */
static double
report_scores(const GArray *scores, struct trial *trial, FILE *report, const char *title)
{
	const struct calibration *known = &trial->usual.known;
	g_autofree double *all = g_new(double, scores->len + 1);
	struct figures system;

	for (guint i = 0; i < scores->len; i++)
		all[i] = g_array_index(scores, struct host_score, i).pattern;
	trial->pattern = figures_of(scores, all, report, title);
	for (guint i = 0; i < scores->len; i++) {
		const struct host_score *score = &g_array_index(scores, struct host_score, i);
		double evidence =
			tail_evidence(&known->tails[BEHAVIOUR_traffic_pattern], score->pattern);
		double strength = evidence_strength(
			evidence, alarm_tail_limit(&known->alarms, ALARM_TAIL_WISHED));

		all[i] = fmax(strength, score->experts);
	}
	system = figures_of(scores, all, report, "  with experts");
	return trial->pattern.area_benign + system.rate5 + 0.5 * system.rate1;
}

/*
 * Trains without each fold in turn and tests on it; the sum by which parameters are chosen, and the
 * tail of the clean windows' decision values.
 */
static double
cross_validate(const WindowSet *set, const struct fit_options *fit,
               const struct train_options *options, const struct row_choice *wished,
               struct trial *trial)
{
	g_autoptr(GArray) scores = g_array_new(FALSE, FALSE, sizeof(struct host_score));
	g_autofree double *values = g_new(double, window_set_count(set));
	g_autofree host_choice *chosen = hosts_of_folds(set, FOLD_NONE);
	g_autofree char *title = NULL;
	struct ensemble_size size;

	ensemble_cross_decide(set, fit, wished, values, &size);
	trial->usual = yardstick_of(set, values, chosen);
	score_hosts(set, values, &trial->usual.usual, scores);
	title = g_strdup_printf("C %g gamma %g/d (%zu rows, %zu SV)", fit->c, fit->gamma, size.rows,
	                        size.vectors);
	return report_scores(scores, trial, options->report, title);
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

/* Tries every C and gamma by cross-validation and leaves the best in `fit`, and what it told. */
static void
search(const WindowSet *set, struct fit_options *fit, const struct train_options *options,
       const struct row_choice *choice, struct trial *found)
{
	double cs[VALUES_MAX] = { 0 }, gammas[VALUES_MAX] = { 0 }, best = -1;
	size_t c_count = read_values(options->c ? options->c : "0.3", cs);
	size_t gamma_count = read_values(options->gamma ? options->gamma : "0.5", gammas);
	struct fit_options tried = *fit;

	fit->c = cs[0];
	fit->gamma = gammas[0];
	for (size_t i = 0; i < c_count * gamma_count && options->cross_validate; i++) {
		struct trial trial;
		double worth;

		tried.c = cs[i / gamma_count];
		tried.gamma = gammas[i % gamma_count];
		worth = cross_validate(set, &tried, options, choice, &trial);
		if (worth > best) {
			best = worth;
			*fit = tried;
			*found = trial;
		}
	}
}

/* What is written of a machine beside itself. */
struct model_notes {
	const struct train_options *options;
	const struct fit_options *fit;
	struct trial trial;
	uint32_t sampling; /* of what was trained on, at the most */
};

/* The pattern alone, each host judged without its fold: nothing when that was not tried. */
static void
write_figures(const struct figures *figures, GKeyFile *meta)
{
	const struct {
		const char *key;
		double value;
	} rows[] = { { "area_clean", figures->area_clean },
		     { "area_benign", figures->area_benign },
		     { "area_benign_error", figures_area_error(figures->area_benign,
		                                               figures->malware, figures->benign) },
		     { "area_benign_no_scans", figures->area_benign_quiet },
		     { "found_at_5_percent", figures->rate5 },
		     { "found_at_5_percent_no_scans", figures->rate5_quiet },
		     { "found_at_1_percent", figures->rate1 },
		     { "found_at_1_percent_no_scans", figures->rate1_quiet } };

	if (figures->malware == 0)
		return;
	g_key_file_set_uint64(meta, "figures", "hosts_malware", figures->malware);
	g_key_file_set_uint64(meta, "figures", "hosts_clean", figures->clean);
	g_key_file_set_uint64(meta, "figures", "hosts_benign_capture", figures->benign);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *value = g_strdup_printf("%.3f", rows[i].value);

		g_key_file_set_string(meta, "figures", rows[i].key, value);
	}
}

static char *
model_name(const struct train_options *options)
{
	g_autofree char *base = g_path_get_basename(options->model);

	*strrchr(base, '.') = '\0';
	return g_strdup(options->name ? options->name : base);
}

/* Writes a machine and what every side file says of it. */
static bool
write_machine(const Fit *machine, GKeyFile *meta, const char *path, GError **error)
{
	g_autofree char *stem = g_strndup(path, strlen(path) - strlen(".model"));
	g_autofree char *meta_path = g_strconcat(stem, ".meta", NULL);
	g_autofree char *base = g_path_get_basename(path);
	const char *const machines[] = { base };

	g_key_file_set_integer(meta, "model", "format", 1);
	g_key_file_set_string_list(meta, "model", "machines", machines, G_N_ELEMENTS(machines));
	scaler_write(fit_scaler(machine), meta);
	return fit_save(machine, path, error) && g_key_file_save_to_file(meta, meta_path, error);
}

/* NAME-contacts.model beside NAME.model. */
static char *
contacts_path(const char *path)
{
	g_autofree char *stem = g_strndup(path, strlen(path) - strlen(".model"));

	return g_strconcat(stem, "-contacts.model", NULL);
}

static bool
write_contacts(const Fit *contacts, const struct model_notes *notes, GError **error)
{
	g_autoptr(GKeyFile) meta = g_key_file_new();
	g_autofree char *path = contacts_path(notes->options->model);
	g_autofree char *base = model_name(notes->options);
	g_autofree char *name = g_strconcat(base, ", contacts", NULL);

	g_key_file_set_string(meta, "model", "name", name);
	return write_machine(contacts, meta, path, error);
}

static bool
write_model(const Ensemble *ensemble, const struct model_notes *notes, GError **error)
{
	g_autoptr(GKeyFile) meta = g_key_file_new();
	g_autofree char *beside = contacts_path(notes->options->model);
	g_autofree char *base = g_path_get_basename(beside);
	g_autofree char *name = model_name(notes->options);
	g_autofree char *parameters = g_strdup_printf(
		"C %g, gamma %g / features, %u machines of %zu rows joined; %zu trees",
		notes->fit->c, notes->fit->gamma, notes->options->machines, ensemble->rows,
		ensemble->trees.count);

	if (ensemble->contacts != NULL && !write_contacts(ensemble->contacts, notes, error))
		return false;
	g_key_file_set_string(meta, "model", "name", name);
	g_key_file_set_integer(meta, "model", "sampling_most",
	                       (int)MIN(MAX(notes->sampling, 1), INT_MAX));
	g_key_file_set_double(meta, "model", "center", notes->trial.usual.usual.center);
	g_key_file_set_double(meta, "model", "spread", notes->trial.usual.usual.spread);
	if (ensemble->contacts != NULL) {
		g_key_file_set_string(meta, "model", "contacts", base);
		g_key_file_set_double(meta, "model", "contacts_weight", ENSEMBLE_CONTACTS_WEIGHT);
	}
	g_key_file_set_string(meta, "provenance", "parameters", parameters);
	write_figures(&notes->trial.pattern, meta);
	tree_sum_write(&ensemble->trees, meta);
	return write_machine(ensemble->windows, meta, notes->options->model, error);
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

static bool
write_calibration(const struct train_options *options, const struct calibration *known,
                  GError **error)
{
	char source[] =
		"windows of normal hosts of the training captures, each judged by machines trained without its fold";
	g_autofree char *name = options->model != NULL ? model_name(options) : NULL;
	struct calibration calibration = *known;

	calibration.source = source;
	calibration.model = name;
	return calibration_save(&calibration, options->calibration, error);
}

bool
train_read_needs(const char *text, unsigned *needs)
{
	static const struct {
		const char *word;
		unsigned needs;
	} words[] = { { "sampling", NEEDS_UNSAMPLED },
		      { "flags", NEEDS_FLAGS },
		      { "direction", NEEDS_BOTH_WAYS },
		      { "sizes", NEEDS_SIZES } };
	g_auto(GStrv) list = g_strsplit(text != NULL ? text : "", ",", -1);

	*needs = NEEDS_NOTHING;
	for (size_t i = 0; list[i] != NULL; i++) {
		size_t j = 0;

		while (j < G_N_ELEMENTS(words) && strcmp(words[j].word, list[i]) != 0)
			j++;
		if (j == G_N_ELEMENTS(words))
			return false;
		*needs |= words[j].needs;
	}
	return true;
}

static bool
check(const struct fit_options *fit, const struct train_options *options, GError **error)
{
	if (fit->feature_count == 0 ||
	    (options->model && !g_str_has_suffix(options->model, ".model"))) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
		            fit->feature_count == 0 ? "--features: no feature has such a name"
		                                    : "--model: the name must end in .model");
		return false;
	}
	return true;
}

bool
train_run(const struct train_options *options, GError **error)
{
	g_autoptr(WindowSet) set = window_set_new();
	struct fit_options fit = { .infected_weight = 1, .vectors = options->vectors };
	struct row_choice choice = { .without_fold = FOLD_NONE,
		                     .held_fold = options->held_fold,
		                     .windows_per_host = options->windows_per_host,
		                     .windows_per_family = TRAINING_WINDOWS_PER_FAMILY,
		                     .phases = CLAMP(options->machines, 1, ENSEMBLE_MAX),
		                     .seed = options->seed };
	struct model_notes notes = { .options = options, .fit = &fit };
	g_autoptr(Ensemble) ensemble = NULL;

	fit_choose_features(&fit, options->features, options->without);
	if (!check(&fit, options, error) || !read_inputs(set, options, error))
		return false;
	if (options->dump_features && !window_set_dump(set, options->dump_features, error))
		return false;
	if (!training_has_rows(set, &choice, error))
		return false;
	search(set, &fit, options, &choice, &notes.trial);
	if (options->calibration && !write_calibration(options, &notes.trial.usual.known, error))
		return false;
	if (options->model == NULL)
		return true;
	ensemble = ensemble_learn(set, &fit, &choice);
	notes.sampling = window_set_sampling(set);
	fprintf(options->report, "model: %zu support vectors, %zu trees, %zu features\n",
	        fit_support_vectors(ensemble->windows), ensemble->trees.count, fit.feature_count);
	return write_model(ensemble, &notes, error);
}
