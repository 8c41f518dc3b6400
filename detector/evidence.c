#include "detector/evidence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/fault.h"

enum {
	SAMPLE_VALUES = 4096,
	WINDOWS_A_DAY = 288, /* of five minutes: what false alarms are counted by */
};

static int
compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Of sorted values, between two neighbours. */
static double
quantile(const double *values, size_t count, double share)
{
	double at = share * (double)(count - 1);
	size_t below = (size_t)at;
	size_t above = MIN(below + 1, count - 1);

	return values[below] + (at - (double)below) * (values[above] - values[below]);
}

struct tail
tail_of(double *values, size_t count)
{
	struct tail tail = { .count = count };
	size_t first;

	if (count == 0)
		return tail;
	qsort(values, count, sizeof(values[0]), compare_doubles);
	for (int i = 0; i < TAIL_QUANTILES; i++)
		tail.quantiles[i] = quantile(values, count, i / (double)TAIL_QUANTILES);
	for (first = 0; first < count && values[first] <= tail.quantiles[TAIL_QUANTILES - 1];)
		first++;
	if (first < count)
		tail.excess = (quantile(values + first, count - first, 0.5) -
		               tail.quantiles[TAIL_QUANTILES - 1]) /
		              G_LN2;
	return tail;
}

double
tail_evidence(const struct tail *tail, double value)
{
	const double *q = tail->quantiles;
	double above = value - q[TAIL_QUANTILES - 1];
	int i = 0;
	double reached;

	if (tail->count == 0 || value <= q[0])
		return 0;
	if (above >= 0)
		return fmin(EVIDENCE_MOST,
		            log(TAIL_QUANTILES) +
		                    (above > 0 ? above / fmax(tail->excess, 1e-9) : 0));
	while (value >= q[i + 1])
		i++;
	reached = (i + (value - q[i]) / (q[i + 1] - q[i])) / TAIL_QUANTILES;
	return -log(1 - reached);
}

double
tail_value(const struct tail *tail, double evidence)
{
	const double *q = tail->quantiles;
	double above = evidence - log(TAIL_QUANTILES);
	double at = (1 - exp(-evidence)) * TAIL_QUANTILES;
	int i = (int)at;

	if (above >= 0 || i >= TAIL_QUANTILES - 1)
		return q[TAIL_QUANTILES - 1] + fmax(above, 0) * tail->excess;
	return q[i] + (at - i) * (q[i + 1] - q[i]);
}

double
evidence_limit(double alarms_per_1000_host_days)
{
	return log(WINDOWS_A_DAY * 1000 / fmax(alarms_per_1000_host_days, 1e-3));
}

double
evidence_strength(double evidence, double limit)
{
	if (evidence <= limit)
		return fmax(evidence, 0) / (2 * limit);
	return 1 - exp((limit - evidence) / limit) / 2;
}

double
value_beside_past(const struct value_past *past, double value, double center)
{
	double known = past->windows / (past->windows + 12.0);

	return value - 0.5 * known * (past->mean - center);
}

void
value_past_add(struct value_past *past, double value)
{
	past->windows = MIN(past->windows + 1, VALUE_PAST_WINDOWS);
	past->mean += (value - past->mean) / past->windows;
}

static bool
read_tail(struct tail *tail, GKeyFile *file, const char *group, GError **error)
{
	gsize count = 0;
	g_autofree gdouble *quantiles =
		g_key_file_get_double_list(file, group, "quantiles", &count, error);
	GError *problem = NULL;

	if (quantiles == NULL)
		return false;
	tail->count = g_key_file_get_uint64(file, group, "count", &problem);
	if (problem == NULL)
		tail->excess = g_key_file_get_double(file, group, "excess", &problem);
	if (problem != NULL) {
		g_propagate_error(error, problem);
		return false;
	}
	for (gsize i = 0; i < MIN(count, TAIL_QUANTILES); i++) {
		tail->quantiles[i] = quantiles[i];
		if (!isfinite(quantiles[i]) || (i > 0 && quantiles[i] < quantiles[i - 1]))
			count = 0;
	}
	if (count == TAIL_QUANTILES && isfinite(tail->excess) && tail->excess >= 0)
		return true;
	g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
	            "key [%s] quantiles: %d rising finite numbers, and excess not below 0", group,
	            TAIL_QUANTILES);
	return false;
}

/* Another key file, such as a model's, would otherwise pass as a calibration of nothing. */
static bool
check_groups(GKeyFile *file, GError **error)
{
	g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);

	for (char **group = groups; *group != NULL; group++) {
		bool known = strcmp(*group, "calibration") == 0;

		for (int i = 0; i < BEHAVIOUR_COUNT; i++)
			known = known || strcmp(*group, behaviour_name((enum behaviour)i)) == 0;
		if (!known)
			return fault_input(error, "no calibration: unknown section [%s]", *group);
	}
	return g_key_file_has_group(file, "calibration") ||
	       fault_input(error, "no calibration: there is no section [calibration]");
}

bool
calibration_load(struct calibration *calibration, const char *path, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();

	memset(calibration, 0, sizeof(*calibration));
	if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, error) ||
	    !check_groups(file, error)) {
		g_prefix_error(error, "%s: ", path);
		return false;
	}
	for (int i = 0; i < BEHAVIOUR_COUNT; i++) {
		const char *group = behaviour_name((enum behaviour)i);

		if (g_key_file_has_group(file, group) &&
		    !read_tail(&calibration->tails[i], file, group, error)) {
			g_prefix_error(error, "%s: ", path);
			calibration_clear(calibration);
			return false;
		}
	}
	calibration->source = g_key_file_get_string(file, "calibration", "source", NULL);
	calibration->model = g_key_file_get_string(file, "calibration", "model", NULL);
	return true;
}

static GKeyFile *
as_key_file(const struct calibration *calibration)
{
	GKeyFile *file = g_key_file_new();

	g_key_file_set_string(file, "calibration", "source",
	                      calibration->source ? calibration->source : "");
	if (calibration->model != NULL)
		g_key_file_set_string(file, "calibration", "model", calibration->model);
	for (int i = 0; i < BEHAVIOUR_COUNT; i++) {
		struct tail tail = calibration->tails[i];
		const char *group = behaviour_name((enum behaviour)i);

		if (tail.count == 0)
			continue;
		g_key_file_set_uint64(file, group, "count", tail.count);
		g_key_file_set_double_list(file, group, "quantiles", tail.quantiles,
		                           TAIL_QUANTILES);
		g_key_file_set_double(file, group, "excess", tail.excess);
	}
	return file;
}

bool
calibration_save(const struct calibration *calibration, const char *path, GError **error)
{
	g_autoptr(GKeyFile) file = as_key_file(calibration);

	return g_key_file_save_to_file(file, path, error);
}

char *
calibration_text(const struct calibration *calibration)
{
	g_autoptr(GKeyFile) file = as_key_file(calibration);

	return g_key_file_to_data(file, NULL, NULL);
}

void
calibration_clear(struct calibration *calibration)
{
	g_clear_pointer(&calibration->source, g_free);
	g_clear_pointer(&calibration->model, g_free);
}

struct SiteSample {
	uint64_t seen[BEHAVIOUR_COUNT];
	uint64_t random;
	double values[BEHAVIOUR_COUNT][SAMPLE_VALUES];
};

SiteSample *
site_sample_new(void)
{
	SiteSample *sample = g_new0(SiteSample, 1);

	site_sample_clear(sample);
	return sample;
}

void
site_sample_free(SiteSample *sample)
{
	g_free(sample);
}

void
site_sample_clear(SiteSample *sample)
{
	memset(sample->seen, 0, sizeof(sample->seen));
	sample->random = 0x9e3779b97f4a7c15u;
}

/* Xorshift64* (Vigna, 2016). */
static uint64_t
next_random(SiteSample *sample)
{
	sample->random ^= sample->random >> 12;
	sample->random ^= sample->random << 25;
	sample->random ^= sample->random >> 27;
	return sample->random * 0x2545f4914f6cdd1du;
}

void
site_sample_add(SiteSample *sample, enum behaviour behaviour, double value)
{
	uint64_t seen = sample->seen[behaviour]++;
	uint64_t place = seen < SAMPLE_VALUES ? seen : next_random(sample) % (seen + 1);

	if (place < SAMPLE_VALUES)
		sample->values[behaviour][place] = value;
}

uint64_t
site_sample_count(const SiteSample *sample, enum behaviour behaviour)
{
	return sample->seen[behaviour];
}

struct tail
site_sample_tail(const SiteSample *sample, enum behaviour behaviour)
{
	size_t count = (size_t)MIN(sample->seen[behaviour], SAMPLE_VALUES);
	double values[SAMPLE_VALUES];
	struct tail tail;

	memcpy(values, sample->values[behaviour], count * sizeof(values[0]));
	tail = tail_of(values, count);
	tail.count = sample->seen[behaviour];
	return tail;
}
