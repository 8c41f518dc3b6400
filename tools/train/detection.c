#include "tools/train/detection.h"

#include <math.h>
#include <string.h>

#include "detector/classifier.h"
#include "detector/evidence.h"
#include "detector/shipped_file.h"
#include "tools/train/detection_figures.h"
#include "tools/train/ensemble.h"
#include "tools/train/normal_values.h"
#include "tools/train/site_trial.h"

enum { GROUPS_MAX = 16 };

struct Detection {
	const struct detection_options *options;
	WindowSet *set;
	double *values; /* decision values of the windows, NAN: not judged */
	struct yardstick yardsticks[GROUPS_MAX];
	unsigned *groups; /* of each of window_set_host(): which yardstick it is judged by */
	unsigned group_count;
	GArray *hosts; /* struct scored_host */
	GArray *sites; /* struct site_trial, or NULL */
	struct detection_figures figures[DETECTION_METHODS];
	struct alarm_point alarms[ALARM_POINTS];
};

static const double nothing = -1e9; /* below every score */

static bool
is_judged(const Detection *detection, const struct labelled_host *host)
{
	const struct detection_options *options = detection->options;

	if (host->role == ROLE_UNVERIFIED)
		return false;
	if (options->only_fold != FOLD_NONE &&
	    !(options->site_thresholds && host->fold == FOLD_NONE))
		return host->fold == options->only_fold;
	return options->model != NULL || options->sites != NULL || host->fold != FOLD_NONE;
}

static double
contacts_value(const Classifier *classifier, const struct labelled_window *window)
{
	struct contact_shape shapes[CONTACT_SHAPES_MAX];

	if (!classifier_asks_contacts(classifier))
		return 0;
	for (unsigned i = 0; i < window->contact_count; i++) {
		for (int j = 0; j < CONTACT_FEATURES; j++)
			shapes[i].values[j] = (double)window->contacts[i].values[j];
	}
	return classifier_decide_contacts(classifier, shapes, window->contact_count);
}

static bool
decide_by_model(Detection *detection, GError **error)
{
	const struct detection_options *options = detection->options;
	g_autoptr(Classifier) classifier = classifier_load(options->model, error);
	g_autofree char *path = NULL;
	struct calibration calibration;
	double features[FEATURE_COUNT];

	if (classifier == NULL)
		return false;
	path = options->calibration != NULL ? g_strdup(options->calibration)
	                                    : shipped_file("default.calibration", error);
	if (path == NULL || !calibration_load(&calibration, path, error))
		return false;
	for (size_t i = 0; i < window_set_count(detection->set); i++) {
		for (size_t j = 0; j < FEATURE_COUNT; j++)
			features[j] = (double)window_set_get(detection->set, i)->features[j];
		detection->values[i] =
			classifier_decide(classifier, features) +
			contacts_value(classifier, window_set_get(detection->set, i));
	}
	calibration_clear(&calibration);
	detection->group_count = 1;
	detection->yardsticks[0] = (struct yardstick){ *classifier_usual(classifier), calibration };
	return true;
}

static void
decide_by_folds(Detection *detection, const struct fit_options *fit,
                const struct row_choice *choice)
{
	struct ensemble_size size;

	ensemble_cross_decide(detection->set, fit, choice, detection->values, &size);
	detection->group_count = FOLDS + 1;
	for (int fold = 0; fold <= FOLDS; fold++) {
		g_autofree host_choice *chosen =
			hosts_of_folds(detection->set, fold < FOLDS ? fold : FOLD_NONE);

		detection->yardsticks[fold] =
			yardstick_of(detection->set, detection->values, chosen);
	}
	for (size_t i = 0; i < window_set_host_count(detection->set); i++) {
		int fold = window_set_host(detection->set, i)->host->fold;

		detection->groups[i] = fold == FOLD_NONE ? FOLDS : (unsigned)fold;
	}
}

/* Numbers the inputs' sites in the order of their names' first appearance; how many they are. */
static unsigned
number_sites(const struct detection_options *options, unsigned *sites)
{
	unsigned count = 0;

	for (size_t i = 0; i < options->input_count; i++) {
		size_t same = 0;

		while (strcmp(options->sites[same], options->sites[i]) != 0)
			same++;
		if (same < i)
			sites[i] = sites[same];
		else
			sites[i] = count < GROUPS_MAX ? count++ : GROUPS_MAX - 1;
	}
	return count;
}

/* What is usual comes from the other sites too. */
static void
decide_by_sites(Detection *detection, const struct fit_options *fit, struct row_choice *choice)
{
	size_t hosts = window_set_host_count(detection->set);
	g_autofree unsigned *sites = g_new(unsigned, detection->options->input_count);
	g_autofree host_choice *chosen = g_new(host_choice, hosts + 1);

	detection->group_count = number_sites(detection->options, sites);
	choice->sites = sites;
	ensemble_site_decide(detection->set, fit, choice, detection->group_count,
	                     detection->values);
	for (size_t i = 0; i < hosts; i++)
		detection->groups[i] = sites[window_set_host(detection->set, i)->scenario->index];
	for (unsigned site = 0; site < detection->group_count; site++) {
		for (size_t i = 0; i < hosts; i++)
			chosen[i] = detection->groups[i] != site;
		detection->yardsticks[site] =
			yardstick_of(detection->set, detection->values, chosen);
	}
}

/* Without each site, or each fold of hosts, in turn. */
static bool
can_learn(const Detection *detection, struct row_choice choice, GError **error)
{
	g_autofree unsigned *sites = g_new(unsigned, detection->options->input_count);
	unsigned count =
		detection->options->sites != NULL ? number_sites(detection->options, sites) : FOLDS;

	choice.sites = detection->options->sites != NULL ? sites : NULL;
	for (unsigned i = 0; i < count; i++) {
		choice.without_site = i;
		choice.without_fold = choice.sites != NULL ? FOLD_NONE : (int)i;
		if (!training_has_rows(detection->set, &choice, error))
			return false;
	}
	return true;
}

static bool
decide_by_training(Detection *detection, GError **error)
{
	const struct detection_options *options = detection->options;
	struct fit_options fit = { .infected_weight = 1,
		                   .vectors = FIT_VECTORS,
		                   .c = options->c,
		                   .gamma = options->gamma };
	struct row_choice choice = { .without_fold = FOLD_NONE,
		                     .held_fold = FOLD_NONE,
		                     .windows_per_host = TRAINING_WINDOWS_PER_HOST,
		                     .windows_per_family = TRAINING_WINDOWS_PER_FAMILY,
		                     .phases = TRAINING_MACHINES,
		                     .seed = options->seed };

	fit_choose_features(&fit, options->features, options->without);
	if (fit.feature_count == 0) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
		            "--features: no feature has such a name");
		return false;
	}
	for (size_t i = 0; i < window_set_count(detection->set); i++)
		detection->values[i] = NAN;
	if (!can_learn(detection, choice, error))
		return false;
	if (options->sites != NULL)
		decide_by_sites(detection, &fit, &choice);
	else
		decide_by_folds(detection, &fit, &choice);
	return true;
}

/* Takes one score of a host at one moment. */
static void
take_score(struct scored_host *host, enum detection_method method, double score,
           const int64_t times[2])
{
	bool after = host->host->role == ROLE_CLEAN || times[0] > host->host->start_ms;
	double *greatest = after ? &host->score[method] : &host->before[method];

	*greatest = fmax(*greatest, score);
	if (!after || score < detection_threshold(method))
		return;
	if (host->found_ms[method] == 0 || times[1] < host->found_ms[method])
		host->found_ms[method] = times[1];
}

/* The same of the pattern's evidence; `end_ms`: of its window. */
static void
take_evidence(struct scored_host *host, double evidence, int64_t end_ms)
{
	bool after = host->host->role == ROLE_CLEAN || end_ms > host->host->start_ms;
	double *greatest = after ? &host->evidence : &host->evidence_before;

	*greatest = fmax(*greatest, evidence);
}

static void
take_window(const Detection *detection, const struct calibration *known, struct scored_host *host,
            const struct labelled_window *window, double value)
{
	const struct tail *tail = &known->tails[BEHAVIOUR_traffic_pattern];
	double limit = alarm_tail_limit(&known->alarms, detection->options->alarms);
	uint32_t minute = window_set_minute(window);
	double beside, pattern = 0, alone = 0;
	double experts = (double)window->expert_score;
	const int64_t times[2] = { window->end_ms, window->time_ms };

	if (window->behaviours >> BEHAVIOUR_success_report & 1)
		host->report_minute = minute;
	beside = evidence_of_report(host->report_minute, minute);
	if (isfinite(value)) {
		double evidence = tail_evidence(tail, value);

		alone = evidence_strength(evidence, limit);
		pattern = evidence_strength(evidence + beside, limit);
		take_evidence(host, evidence + beside, window->end_ms);
	}
	take_score(host, DETECTION_ALL, fmax(pattern, experts), times);
	take_score(host, DETECTION_PATTERN, alone, times);
	take_score(host, DETECTION_EXPERTS, experts, times);
	for (int i = 0; i < BASELINES; i++)
		take_score(host, (enum detection_method)(DETECTION_BASELINES + i),
		           (double)window->baselines[i], times);
}

static void
take_early(const Detection *detection, struct scored_host *host)
{
	for (size_t i = 0; i < window_set_early_count(detection->set); i++) {
		const struct early_finding *finding = window_set_early(detection->set, i);
		const int64_t times[2] = { finding->end_ms, finding->time_ms };

		if (finding->host != host->host)
			continue;
		take_score(host, DETECTION_ALL, finding->score, times);
		take_score(host, DETECTION_EXPERTS, finding->score, times);
	}
}

static void
score_hosts(Detection *detection)
{
	for (size_t i = 0; i < window_set_host_count(detection->set); i++) {
		const struct host_windows *windows = window_set_host(detection->set, i);
		const struct yardstick *yardstick = &detection->yardsticks[detection->groups[i]];
		struct scored_host host = { .host = windows->host,
			                    .tail = &yardstick->known.alarms };
		struct value_past past = { 0 };

		if (!is_judged(detection, windows->host))
			continue;
		for (int method = 0; method < DETECTION_METHODS; method++)
			host.score[method] = host.before[method] = nothing;
		for (size_t j = windows->first; j < windows->first + windows->count; j++) {
			double value =
				value_beside_past(&past, detection->values[j], &yardstick->usual);

			value_past_add(&past, detection->values[j]);
			take_window(detection, &yardstick->known, &host,
			            window_set_get(detection->set, j), value);
		}
		take_early(detection, &host);
		g_array_append_val(detection->hosts, host);
	}
}

static GArray *
try_sites(const Detection *detection)
{
	size_t count = window_set_host_count(detection->set);
	g_autofree host_choice *judged = g_new(host_choice, count + 1);
	struct site_trial_input input = { .set = detection->set,
		                          .values = detection->values,
		                          .judged = judged,
		                          .groups = detection->groups,
		                          .yardsticks = detection->yardsticks,
		                          .group_count = detection->group_count,
		                          .target = detection->options->target,
		                          .alarms = detection->options->alarms };

	for (size_t i = 0; i < count; i++) {
		const struct labelled_host *host = window_set_host(detection->set, i)->host;

		judged[i] = host->role == ROLE_UNVERIFIED || is_judged(detection, host);
	}
	return site_trials_run(&input);
}

static bool
read_inputs(Detection *detection, GError **error)
{
	const struct detection_options *options = detection->options;

	for (size_t i = 0; i < options->input_count; i++) {
		if (!window_set_add_folds(detection->set, options->inputs[i].bins,
		                          options->inputs[i].labels, options->folds, error))
			return false;
	}
	return true;
}

Detection *
detection_run(const struct detection_options *options, GError **error)
{
	g_autoptr(Detection) detection = g_new0(Detection, 1);

	detection->options = options;
	detection->set = window_set_new();
	detection->hosts = g_array_new(FALSE, FALSE, sizeof(struct scored_host));
	if (!read_inputs(detection, error))
		return NULL;
	detection->values = g_new0(double, window_set_count(detection->set) + 1);
	detection->groups = g_new0(unsigned, window_set_host_count(detection->set) + 1);
	if (options->model != NULL ? !decide_by_model(detection, error)
	                           : !decide_by_training(detection, error))
		return NULL;
	score_hosts(detection);
	if (detection->hosts->len == 0) {
		g_set_error(
			error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
			options->model != NULL
				? "no labelled host to judge"
				: "no labelled host is of a fold: nothing can be cross-validated");
		return NULL;
	}
	for (int method = 0; method < DETECTION_METHODS; method++)
		detection_measure(detection->hosts, (enum detection_method)method,
		                  &detection->figures[method]);
	detection_measure_alarms(detection->hosts, detection->alarms);
	if (options->site_thresholds)
		detection->sites = try_sites(detection);
	return g_steal_pointer(&detection);
}

void
detection_free(Detection *detection)
{
	if (detection == NULL)
		return;
	for (int method = 0; method < DETECTION_METHODS; method++)
		detection_figures_clear(&detection->figures[method]);
	window_set_free(detection->set);
	g_array_unref(detection->hosts);
	g_clear_pointer(&detection->sites, g_array_unref);
	g_free(detection->values);
	g_free(detection->groups);
	g_free(detection);
}

const struct detection_figures *
detection_figures(const Detection *detection, enum detection_method method)
{
	return &detection->figures[method];
}

const struct alarm_point *
detection_alarms(const Detection *detection)
{
	return detection->alarms;
}

const GArray *
detection_sites(const Detection *detection)
{
	return detection->sites;
}
