#include "tools/train/detection.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detector/classifier.h"
#include "detector/evidence.h"
#include "detector/shipped_file.h"
#include "tools/train/ensemble.h"
#include "tools/train/figures.h"
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

/* Greatest scores, and when the verdict's threshold was first reached. */
struct scored_host {
	const struct labelled_host *host;
	const struct alarm_tail *tail;    /* by which its limit is told */
	double score[DETECTION_METHODS];  /* from the implant's start on; of a clean host, ever */
	double before[DETECTION_METHODS]; /* of malware and benign implants */
	int64_t found_ms[DETECTION_METHODS]; /* 0: never */
	double evidence, evidence_before;    /* of the pattern and reports, in the same times */
	uint32_t report_minute;              /* the last in which a success was reported */
};

static const double nothing = -1e9; /* below every score */

static const char *const names[DETECTION_METHODS] = {
	[DETECTION_ALL] = "kenchi",
	[DETECTION_PATTERN] = "  traffic pattern alone",
	[DETECTION_EXPERTS] = "  experts alone",
	[DETECTION_BASELINES + BASELINE_FAILING] = "failing services, NEMEA-like",
	[DETECTION_BASELINES + BASELINE_TRW] = "TRW-like",
	[DETECTION_BASELINES + BASELINE_RWSCAN] = "rwscan-like",
	[DETECTION_BASELINES + BASELINE_BEACON] = "beacon, RITA-like",
};

static double
threshold_of(enum detection_method method)
{
	return method < DETECTION_BASELINES ? 0.5
	                                    : baseline_thresholds[method - DETECTION_BASELINES];
}

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
	if (!after || score < threshold_of(method))
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

static struct area
area_of(const GArray *above, const GArray *below)
{
	const double *a = (const double *)(const void *)above->data,
		     *b = (const double *)(const void *)below->data;
	struct area area = { figures_area(a, above->len, b, below->len), 0, above->len,
		             below->len };

	area.error = figures_area_error(area.value, area.above, area.below);
	return area;
}

static struct rate
rate_of(size_t hits, size_t count)
{
	struct rate rate = { hits, count, 0, 1 };

	figures_interval(hits, count, &rate.least, &rate.greatest);
	return rate;
}

static bool
is_of_kind(const struct labelled_host *host, enum detection_kind kind)
{
	return kind == KIND_ALL || host->scans == (kind == KIND_SCAN);
}

static bool
set_has_malware(const Detection *detection, const char *set)
{
	for (guint i = 0; i < detection->hosts->len; i++) {
		const struct labelled_host *host =
			g_array_index(detection->hosts, struct scored_host, i).host;

		if (host->role == ROLE_MALWARE && strcmp(host->source_set, set) == 0)
			return true;
	}
	return false;
}

/* Scores of the hosts of a role; `set`: those of this source set, NULL: of any. */
static GArray *
scores_of(const Detection *detection, enum detection_method method, enum host_role role,
          const char *set)
{
	GArray *scores = g_array_new(FALSE, FALSE, sizeof(double));

	for (guint i = 0; i < detection->hosts->len; i++) {
		const struct scored_host *host =
			&g_array_index(detection->hosts, struct scored_host, i);

		if (host->host->role == role &&
		    (set == NULL || strcmp(host->host->source_set, set) == 0))
			g_array_append_val(scores, host->score[method]);
	}
	return scores;
}

/* Malware against benign implants of its own set: pairs within sets alone. */
static void
measure_same_set(const Detection *detection, enum detection_method method, struct area *area)
{
	g_autoptr(GHashTable) done = g_hash_table_new(g_str_hash, g_str_equal);
	double pairs = 0, wins = 0;

	*area = (struct area){ .value = 0.5 };
	for (guint i = 0; i < detection->hosts->len; i++) {
		const char *set =
			g_array_index(detection->hosts, struct scored_host, i).host->source_set;
		g_autoptr(GArray) malware = NULL;
		g_autoptr(GArray) benign = NULL;
		struct area one;

		if (*set == '\0' || !g_hash_table_add(done, (gpointer)(uintptr_t)set))
			continue;
		malware = scores_of(detection, method, ROLE_MALWARE, set);
		benign = scores_of(detection, method, ROLE_BENIGN_IMPLANT, set);
		one = area_of(malware, benign);
		if (one.above == 0 || one.below == 0)
			continue;
		pairs += (double)(one.above * one.below);
		wins += one.value * (double)(one.above * one.below);
		area->above += one.above;
		area->below += one.below;
	}
	area->value = pairs > 0 ? wins / pairs : 0.5;
	area->error = figures_area_error(area->value, area->above, area->below);
}

static void
measure_laboratories(const Detection *detection, enum detection_method method,
                     struct detection_figures *figures)
{
	g_autoptr(GArray) own = g_array_new(FALSE, FALSE, sizeof(double));
	g_autoptr(GArray) other = g_array_new(FALSE, FALSE, sizeof(double));

	for (guint i = 0; i < detection->hosts->len; i++) {
		const struct scored_host *host =
			&g_array_index(detection->hosts, struct scored_host, i);

		if (host->host->role != ROLE_BENIGN_IMPLANT || *host->host->source_set == '\0')
			continue;
		g_array_append_val(set_has_malware(detection, host->host->source_set) ? own : other,
		                   host->score[method]);
	}
	measure_same_set(detection, method, &figures->same_set);
	figures->other_sets = area_of(figures->scores[KIND_ALL], other);
	figures->laboratory = area_of(own, other);
}

static int
compare_doubles(gconstpointer a, gconstpointer b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
measure_malware(const Detection *detection, enum detection_method method, enum detection_kind kind,
                struct detection_figures *figures)
{
	g_autoptr(GArray) waits = g_array_new(FALSE, FALSE, sizeof(double));
	const double *negatives = (const double *)(const void *)figures->negatives->data;
	GArray *scores = figures->scores[kind] = g_array_new(FALSE, FALSE, sizeof(double));
	const double *malware;

	for (guint i = 0; i < detection->hosts->len; i++) {
		const struct scored_host *host =
			&g_array_index(detection->hosts, struct scored_host, i);
		double wait = (double)(host->found_ms[method] - host->host->start_ms) / 1000;

		if (host->host->role != ROLE_MALWARE || !is_of_kind(host->host, kind))
			continue;
		g_array_append_val(scores, host->score[method]);
		if (host->found_ms[method] != 0)
			g_array_append_val(waits, wait);
	}
	malware = (const double *)(const void *)scores->data;
	figures->at_five[kind] = rate_of(
		figures_exceeding(malware, scores->len,
	                          figures_threshold(negatives, figures->negatives->len, 0.05)),
		scores->len);
	figures->at_one[kind] = rate_of(
		figures_exceeding(malware, scores->len,
	                          figures_threshold(negatives, figures->negatives->len, 0.01)),
		scores->len);
	figures->found[kind] = rate_of(waits->len, scores->len);
	figures->latency[kind].count = waits->len;
	if (waits->len == 0)
		return;
	g_array_sort(waits, compare_doubles);
	figures->latency[kind].median_s = g_array_index(waits, double, waits->len / 2);
	figures->latency[kind].worst_s = g_array_index(waits, double, waits->len - 1);
}

static void
measure_flagged(const Detection *detection, enum detection_method method,
                struct detection_figures *figures)
{
	size_t flagged[2] = { 0 }, hosts[2] = { 0 };

	for (guint i = 0; i < detection->hosts->len; i++) {
		const struct scored_host *host =
			&g_array_index(detection->hosts, struct scored_host, i);
		enum host_role role = host->host->role;
		bool after = host->score[method] >= figures->threshold;
		bool before = host->before[method] >= figures->threshold;

		figures->days[0] += (double)host->host->clean_ms / 86400000;
		figures->days[1] += (double)host->host->benign_ms / 86400000;
		hosts[0]++;
		hosts[1] += role == ROLE_BENIGN_IMPLANT;
		flagged[0] += role == ROLE_CLEAN ? after : before;
		flagged[1] += role == ROLE_BENIGN_IMPLANT && after;
	}
	figures->flagged[0] = rate_of(flagged[0], hosts[0]);
	figures->flagged[1] = rate_of(flagged[1], hosts[1]);
}

static void
measure(const Detection *detection, enum detection_method method, struct detection_figures *figures)
{
	g_autoptr(GArray) clean = scores_of(detection, method, ROLE_CLEAN, NULL);
	g_autoptr(GArray) benign = scores_of(detection, method, ROLE_BENIGN_IMPLANT, NULL);

	figures->name = names[method];
	figures->threshold = threshold_of(method);
	figures->negatives = g_array_new(FALSE, FALSE, sizeof(double));
	g_array_append_vals(figures->negatives, clean->data, clean->len);
	g_array_append_vals(figures->negatives, benign->data, benign->len);
	for (int kind = 0; kind < KINDS; kind++) {
		measure_malware(detection, method, (enum detection_kind)kind, figures);
		figures->clean[kind] = area_of(figures->scores[kind], clean);
		figures->benign[kind] = area_of(figures->scores[kind], benign);
	}
	measure_laboratories(detection, method, figures);
	measure_flagged(detection, method, figures);
}

static void
measure_alarms(Detection *detection)
{
	g_autoptr(GArray) hosts = g_array_new(FALSE, FALSE, sizeof(struct alarm_host));

	for (guint i = 0; i < detection->hosts->len; i++) {
		const struct scored_host *scored =
			&g_array_index(detection->hosts, struct scored_host, i);
		const struct labelled_host *host = scored->host;
		struct alarm_host taken = {
			.role = host->role,
			.tail = scored->tail,
			.after = { scored->evidence, scored->score[DETECTION_EXPERTS] },
			.before = { scored->evidence_before, scored->before[DETECTION_EXPERTS] },
			.days = (double)(host->clean_ms + host->benign_ms) / 86400000,
		};

		g_array_append_val(hosts, taken);
	}
	alarm_curve(hosts, detection->alarms);
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
		measure(detection, (enum detection_method)method, &detection->figures[method]);
	measure_alarms(detection);
	if (options->site_thresholds)
		detection->sites = try_sites(detection);
	return g_steal_pointer(&detection);
}

void
detection_free(Detection *detection)
{
	if (detection == NULL)
		return;
	for (int method = 0; method < DETECTION_METHODS; method++) {
		for (int kind = 0; kind < KINDS; kind++)
			g_clear_pointer(&detection->figures[method].scores[kind], g_array_unref);
		g_clear_pointer(&detection->figures[method].negatives, g_array_unref);
	}
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
