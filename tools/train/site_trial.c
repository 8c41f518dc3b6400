#include "tools/train/site_trial.h"

#include <math.h>
#include <stdlib.h>

#include "detector/site_calibration.h"

enum { DRAWS = 1000 };

/* Shares of infected hosts in the calibration; the first: as shipped. */
static const double infected_shares[SITE_TRIALS] = { -1, 0, 0.02, 0.1 };

/* A site as one trial goes over it. */
struct trial {
	const struct site_trial_input *input;
	const struct scenario *scenario;
	int64_t cut_ms; /* before it is calibrated on */
	double *beside; /* values beside the hosts' past, of all windows of the set */
	struct site_trial *result;
	GArray *clusters[2][SITE_GROUPS]; /* struct cluster: windows of each host, at the target and
	                                     at the verdict */
};

struct cluster {
	size_t windows, flagged;
};

static bool
is_of_site(const struct trial *trial, size_t host)
{
	const struct host_windows *windows = window_set_host(trial->input->set, host);

	return windows->scenario == trial->scenario && windows->count > 0 &&
	       trial->input->judged[host] && isfinite(trial->input->values[windows->first]);
}

static void
put_beside_pasts(const struct site_trial_input *input, double *beside)
{
	for (size_t i = 0; i < window_set_host_count(input->set); i++) {
		const struct host_windows *host = window_set_host(input->set, i);
		const struct value_usual *usual = &input->yardsticks[input->groups[i]].usual;
		struct value_past past = { 0 };

		for (size_t j = host->first; j < host->first + host->count; j++) {
			beside[j] = value_beside_past(&past, input->values[j], usual);
			value_past_add(&past, input->values[j]);
		}
	}
}

static int64_t
cut_of(const struct trial *trial)
{
	int64_t first = INT64_MAX, last = 0;

	for (size_t i = 0; i < window_set_count(trial->input->set); i++) {
		const struct labelled_window *window = window_set_get(trial->input->set, i);

		if (window->scenario != trial->scenario)
			continue;
		first = MIN(first, window->end_ms);
		last = MAX(last, window->end_ms);
	}
	return first + (int64_t)(SITE_TRIAL_PART * (double)(last - first));
}

static void
take(SiteCalibration *site, const struct labelled_window *window, double value)
{
	struct assessment assessment = { .host = window->host->host, .evidence_count = 1 };

	assessment.evidence[0] =
		(struct evidence){ .behaviour = BEHAVIOUR_traffic_pattern, .measured = value };
	site_calibration_add(site, &assessment);
}

/* All of a host's windows before the cut but those of malware; or those of malware, whenever they
 * are. */
static bool
take_host(const struct trial *trial, SiteCalibration *site, size_t index, bool malware)
{
	const struct host_windows *host = window_set_host(trial->input->set, index);
	bool taken = false;

	for (size_t i = host->first; i < host->first + host->count; i++) {
		const struct labelled_window *window = window_set_get(trial->input->set, i);
		bool infected = window->label == WINDOW_INFECTED;

		if (malware ? !infected
		            : infected || window->label == WINDOW_AFTER ||
		                      window->end_ms > trial->cut_ms)
			continue;
		take(site, window, trial->beside[i]);
		taken = true;
	}
	return taken;
}

static SiteCalibration *
calibrate(const struct trial *trial)
{
	SiteCalibration *site = site_calibration_new();
	double share = trial->result->infected;
	size_t wished;

	for (size_t i = 0; i < window_set_host_count(trial->input->set); i++) {
		if (is_of_site(trial, i))
			take_host(trial, site, i, false);
	}
	trial->result->calibration_hosts = site_calibration_hosts(site);
	wished = share > 0
	                 ? (size_t)ceil(share / (1 - share) * (double)site_calibration_hosts(site))
	                 : 0;
	for (size_t i = 0; i < window_set_host_count(trial->input->set) && wished > 0; i++) {
		if (is_of_site(trial, i))
			wished -= take_host(trial, site, i, true);
	}
	return site;
}

static enum site_group
group_of(const struct labelled_window *window)
{
	if (window->label == WINDOW_UNVERIFIED)
		return SITE_UNVERIFIED;
	return window->label == WINDOW_BENIGN_IMPLANT ? SITE_BENIGN : SITE_NORMAL;
}

/* Its windows against one threshold: `at` is 0 of the target, 1 of the verdict. */
static void
judge_windows(const struct trial *trial, const struct host_windows *host, int at, double threshold)
{
	struct cluster clusters[SITE_GROUPS] = { 0 };
	bool found = false;

	for (size_t i = host->first; i < host->first + host->count; i++) {
		const struct labelled_window *window = window_set_get(trial->input->set, i);
		bool above = trial->beside[i] >= threshold;

		if (window->label == WINDOW_INFECTED) {
			found = found || above;
		} else if (window->end_ms > trial->cut_ms && window->label != WINDOW_AFTER) {
			clusters[group_of(window)].windows++;
			clusters[group_of(window)].flagged += above;
		}
	}
	trial->result->found[at] += found;
	for (int group = 0; group < SITE_GROUPS; group++) {
		if (clusters[group].windows > 0)
			g_array_append_val(trial->clusters[at][group], clusters[group]);
	}
}

/* `thresholds`: of the target, and of the verdict. */
static void
judge_host(const struct trial *trial, const struct host_windows *host, const double thresholds[2])
{
	for (int at = 0; at < 2; at++)
		judge_windows(trial, host, at, thresholds[at]);
	trial->result->malware += host->host->role == ROLE_MALWARE;
	if (host->host->role != ROLE_UNVERIFIED)
		trial->result->days += (1 - SITE_TRIAL_PART) *
		                       (double)(host->host->clean_ms + host->host->benign_ms) /
		                       86400000;
}

/* Xorshift (Marsaglia, 2003). */
static uint32_t
next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static int
compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Windows of one host are alike: hosts are drawn, not windows. */
static void
set_interval(const GArray *clusters, struct site_count *count)
{
	double rates[DRAWS];
	uint32_t state = 2463534242u;

	for (int draw = 0; draw < DRAWS && clusters->len > 0; draw++) {
		size_t windows = 0, flagged = 0;

		for (guint i = 0; i < clusters->len; i++) {
			const struct cluster *cluster = &g_array_index(
				clusters, struct cluster, next_random(&state) % clusters->len);

			windows += cluster->windows;
			flagged += cluster->flagged;
		}
		rates[draw] = (double)flagged / (double)windows;
	}
	if (clusters->len == 0)
		return;
	qsort(rates, DRAWS, sizeof(rates[0]), compare_doubles);
	count->least = rates[DRAWS / 40];
	count->greatest = rates[DRAWS - DRAWS / 40];
}

static void
sum_up(const GArray *clusters, struct site_count *count)
{
	for (guint i = 0; i < clusters->len; i++) {
		const struct cluster *cluster = &g_array_index(clusters, struct cluster, i);

		count->windows += cluster->windows;
		count->windows_flagged += cluster->flagged;
		count->hosts++;
		count->hosts_flagged += cluster->flagged > 0;
	}
	set_interval(clusters, count);
}

/* The hosts of one group by the calibration that the site and the group's yardstick make. */
static void
judge_group(const struct trial *trial, const SiteCalibration *site, unsigned group, size_t *groups)
{
	const struct calibration *known = &trial->input->yardsticks[group].known;
	struct calibration own = { 0 };
	double limit = alarm_tail_limit(&known->alarms, trial->input->alarms);
	const struct tail *tail = &known->tails[BEHAVIOUR_traffic_pattern];
	double thresholds[2];
	bool any = false;

	trial->result->calibrated =
		trial->result->infected >= 0 && site_calibration_make(site, known, &own);
	if (trial->result->calibrated)
		tail = &own.tails[BEHAVIOUR_traffic_pattern];
	thresholds[0] = tail_value(tail, -log(trial->input->target));
	thresholds[1] = tail_value(tail, limit);
	for (size_t i = 0; i < window_set_host_count(trial->input->set); i++) {
		const struct host_windows *host = window_set_host(trial->input->set, i);

		if (!is_of_site(trial, i) || trial->input->groups[i] != group)
			continue;
		judge_host(trial, host, thresholds);
		any = true;
	}
	if (any) {
		trial->result->threshold += thresholds[0];
		++*groups;
	}
}

static void
run_trial(struct trial *trial)
{
	SiteCalibration *site = calibrate(trial);
	size_t groups = 0;

	for (int at = 0; at < 2; at++) {
		for (int group = 0; group < SITE_GROUPS; group++)
			trial->clusters[at][group] =
				g_array_new(FALSE, FALSE, sizeof(struct cluster));
	}
	for (unsigned group = 0; group < trial->input->group_count; group++)
		judge_group(trial, site, group, &groups);
	trial->result->threshold /= (double)MAX(groups, 1);
	for (int group = 0; group < SITE_GROUPS; group++) {
		sum_up(trial->clusters[0][group], &trial->result->target[group]);
		sum_up(trial->clusters[1][group], &trial->result->verdict[group]);
		g_array_unref(trial->clusters[0][group]);
		g_array_unref(trial->clusters[1][group]);
	}
	site_calibration_free(site);
}

GArray *
site_trials_run(const struct site_trial_input *input)
{
	GArray *results = g_array_new(FALSE, TRUE, sizeof(struct site_trial));
	g_autofree double *beside = g_new(double, window_set_count(input->set) + 1);
	const struct scenario *last = NULL;

	put_beside_pasts(input, beside);
	for (size_t i = 0; i < window_set_host_count(input->set); i++) {
		const struct scenario *scenario = window_set_host(input->set, i)->scenario;
		struct trial trial = { .input = input, .scenario = scenario, .beside = beside };

		if (scenario == last)
			continue;
		last = scenario;
		trial.cut_ms = cut_of(&trial);
		for (int j = 0; j < SITE_TRIALS; j++) {
			struct site_trial result = { .site = scenario->name,
				                     .infected = infected_shares[j],
				                     .target_share = input->target };

			trial.result = &result;
			run_trial(&trial);
			g_array_append_val(results, result);
		}
	}
	return results;
}
