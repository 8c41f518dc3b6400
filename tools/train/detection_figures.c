#include "tools/train/detection_figures.h"

#include <string.h>

#include "tools/train/figures.h"

static const char *const names[DETECTION_METHODS] = {
	[DETECTION_ALL] = "kenchi",
	[DETECTION_PATTERN] = "  traffic pattern alone",
	[DETECTION_EXPERTS] = "  experts alone",
	[DETECTION_BASELINES + BASELINE_FAILING] = "failing services, NEMEA-like",
	[DETECTION_BASELINES + BASELINE_TRW] = "TRW-like",
	[DETECTION_BASELINES + BASELINE_RWSCAN] = "rwscan-like",
	[DETECTION_BASELINES + BASELINE_BEACON] = "beacon, RITA-like",
};

double
detection_threshold(enum detection_method method)
{
	return method < DETECTION_BASELINES ? 0.5
	                                    : baseline_thresholds[method - DETECTION_BASELINES];
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
set_has_malware(const GArray *hosts, const char *set)
{
	for (guint i = 0; i < hosts->len; i++) {
		const struct labelled_host *host = g_array_index(hosts, struct scored_host, i).host;

		if (host->role == ROLE_MALWARE && strcmp(host->source_set, set) == 0)
			return true;
	}
	return false;
}

/* Scores of the hosts of a role; `set`: those of this source set, NULL: of any. */
static GArray *
scores_of(const GArray *hosts, enum detection_method method, enum host_role role, const char *set)
{
	GArray *scores = g_array_new(FALSE, FALSE, sizeof(double));

	for (guint i = 0; i < hosts->len; i++) {
		const struct scored_host *host = &g_array_index(hosts, struct scored_host, i);

		if (host->host->role == role &&
		    (set == NULL || strcmp(host->host->source_set, set) == 0))
			g_array_append_val(scores, host->score[method]);
	}
	return scores;
}

/* Malware against benign implants of its own set: pairs within sets alone. */
static void
measure_same_set(const GArray *hosts, enum detection_method method, struct area *area)
{
	g_autoptr(GHashTable) done = g_hash_table_new(g_str_hash, g_str_equal);
	double pairs = 0, wins = 0;

	*area = (struct area){ .value = 0.5 };
	for (guint i = 0; i < hosts->len; i++) {
		const char *set = g_array_index(hosts, struct scored_host, i).host->source_set;
		g_autoptr(GArray) malware = NULL;
		g_autoptr(GArray) benign = NULL;
		struct area one;

		if (*set == '\0' || !g_hash_table_add(done, (gpointer)(uintptr_t)set))
			continue;
		malware = scores_of(hosts, method, ROLE_MALWARE, set);
		benign = scores_of(hosts, method, ROLE_BENIGN_IMPLANT, set);
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
measure_laboratories(const GArray *hosts, enum detection_method method,
                     struct detection_figures *figures)
{
	g_autoptr(GArray) own = g_array_new(FALSE, FALSE, sizeof(double));
	g_autoptr(GArray) other = g_array_new(FALSE, FALSE, sizeof(double));

	for (guint i = 0; i < hosts->len; i++) {
		const struct scored_host *host = &g_array_index(hosts, struct scored_host, i);

		if (host->host->role != ROLE_BENIGN_IMPLANT || *host->host->source_set == '\0')
			continue;
		g_array_append_val(set_has_malware(hosts, host->host->source_set) ? own : other,
		                   host->score[method]);
	}
	measure_same_set(hosts, method, &figures->same_set);
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
measure_malware(const GArray *hosts, enum detection_method method, enum detection_kind kind,
                struct detection_figures *figures)
{
	g_autoptr(GArray) waits = g_array_new(FALSE, FALSE, sizeof(double));
	const double *negatives = (const double *)(const void *)figures->negatives->data;
	GArray *scores = figures->scores[kind] = g_array_new(FALSE, FALSE, sizeof(double));
	const double *malware;

	for (guint i = 0; i < hosts->len; i++) {
		const struct scored_host *host = &g_array_index(hosts, struct scored_host, i);
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
measure_flagged(const GArray *hosts, enum detection_method method,
                struct detection_figures *figures)
{
	size_t flagged[2] = { 0 }, watched[2] = { 0 };

	for (guint i = 0; i < hosts->len; i++) {
		const struct scored_host *host = &g_array_index(hosts, struct scored_host, i);
		enum host_role role = host->host->role;
		bool after = host->score[method] >= figures->threshold;
		bool before = host->before[method] >= figures->threshold;

		figures->days[0] += (double)host->host->clean_ms / 86400000;
		figures->days[1] += (double)host->host->benign_ms / 86400000;
		watched[0]++;
		watched[1] += role == ROLE_BENIGN_IMPLANT;
		flagged[0] += role == ROLE_CLEAN ? after : before;
		flagged[1] += role == ROLE_BENIGN_IMPLANT && after;
	}
	figures->flagged[0] = rate_of(flagged[0], watched[0]);
	figures->flagged[1] = rate_of(flagged[1], watched[1]);
}

void
detection_measure(const GArray *hosts, enum detection_method method,
                  struct detection_figures *figures)
{
	g_autoptr(GArray) clean = scores_of(hosts, method, ROLE_CLEAN, NULL);
	g_autoptr(GArray) benign = scores_of(hosts, method, ROLE_BENIGN_IMPLANT, NULL);

	figures->name = names[method];
	figures->threshold = detection_threshold(method);
	figures->negatives = g_array_new(FALSE, FALSE, sizeof(double));
	g_array_append_vals(figures->negatives, clean->data, clean->len);
	g_array_append_vals(figures->negatives, benign->data, benign->len);
	for (int kind = 0; kind < KINDS; kind++) {
		measure_malware(hosts, method, (enum detection_kind)kind, figures);
		figures->clean[kind] = area_of(figures->scores[kind], clean);
		figures->benign[kind] = area_of(figures->scores[kind], benign);
	}
	measure_laboratories(hosts, method, figures);
	measure_flagged(hosts, method, figures);
}

void
detection_measure_alarms(const GArray *hosts, struct alarm_point points[static ALARM_POINTS])
{
	g_autoptr(GArray) taken = g_array_new(FALSE, FALSE, sizeof(struct alarm_host));

	for (guint i = 0; i < hosts->len; i++) {
		const struct scored_host *scored = &g_array_index(hosts, struct scored_host, i);
		const struct labelled_host *host = scored->host;
		struct alarm_host one = {
			.role = host->role,
			.tail = scored->tail,
			.after = { scored->evidence, scored->score[DETECTION_EXPERTS] },
			.before = { scored->evidence_before, scored->before[DETECTION_EXPERTS] },
			.days = (double)(host->clean_ms + host->benign_ms) / 86400000,
		};

		g_array_append_val(taken, one);
	}
	alarm_curve(taken, points);
}

void
detection_figures_clear(struct detection_figures *figures)
{
	for (int kind = 0; kind < KINDS; kind++)
		g_clear_pointer(&figures->scores[kind], g_array_unref);
	g_clear_pointer(&figures->negatives, g_array_unref);
}
