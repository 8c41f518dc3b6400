#include "detector/evidence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/fault.h"

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

/* Shares of values above tail.upper. */
static const double upper_shares[TAIL_UPPER] = { 0.02, 0.01, 0.005, 0.002, 0.001 };

static const double lowest_upper_share = 0.05; /* above the last of tail.quantiles */

/* How fast the tail falls beyond its quantiles: as between its last factor of ten. */
static double
excess_of(const struct tail *tail)
{
	return (tail->upper[TAIL_UPPER - 1] - tail->upper[1]) /
	       log(upper_shares[1] / upper_shares[TAIL_UPPER - 1]);
}

struct tail
tail_of(double *values, size_t count)
{
	struct tail tail = { .count = count, .factor = 1 };

	if (count == 0)
		return tail;
	qsort(values, count, sizeof(values[0]), compare_doubles);
	for (int i = 0; i < TAIL_QUANTILES; i++)
		tail.quantiles[i] = quantile(values, count, i / (double)TAIL_QUANTILES);
	for (int i = 0; i < TAIL_UPPER; i++)
		tail.upper[i] = quantile(values, count, 1 - upper_shares[i]);
	tail.excess = excess_of(&tail);
	return tail;
}

/* A knot of the tail above its 95 % quantile: -1 is that quantile itself. */
static double
upper_value(const struct tail *tail, int knot)
{
	return knot < 0 ? tail->quantiles[TAIL_QUANTILES - 1] : tail->upper[knot];
}

static double
upper_evidence(int knot)
{
	return -log(knot < 0 ? lowest_upper_share : upper_shares[knot]);
}

static double
evidence_above(const struct tail *tail, double value)
{
	double beyond = value - tail->upper[TAIL_UPPER - 1];
	int knot = -1;
	double place;

	if (beyond >= 0)
		return fmin(EVIDENCE_MOST,
		            upper_evidence(TAIL_UPPER - 1) +
		                    (beyond > 0 ? beyond / fmax(tail->excess, 1e-9) : 0));
	while (value >= upper_value(tail, knot + 1))
		knot++;
	place = (value - upper_value(tail, knot)) /
	        (upper_value(tail, knot + 1) - upper_value(tail, knot));
	return upper_evidence(knot) + place * (upper_evidence(knot + 1) - upper_evidence(knot));
}

/* What the factor takes off the evidence. */
static double
discount(const struct tail *tail)
{
	return tail->factor > 0 ? log(tail->factor) : 0;
}

static double
told_evidence(const struct tail *tail, double value)
{
	const double *q = tail->quantiles;
	int i = 0;
	double reached;

	if (value <= q[0])
		return 0;
	if (value >= q[TAIL_QUANTILES - 1])
		return evidence_above(tail, value);
	while (value >= q[i + 1])
		i++;
	reached = (i + (value - q[i]) / (q[i + 1] - q[i])) / TAIL_QUANTILES;
	return -log(1 - reached);
}

double
tail_evidence(const struct tail *tail, double value)
{
	if (tail->count == 0)
		return 0;
	return CLAMP(told_evidence(tail, value) - discount(tail), 0, EVIDENCE_MOST);
}

double
tail_value(const struct tail *tail, double wished)
{
	const double *q = tail->quantiles;
	double evidence = fmax(wished + discount(tail), 0);
	double at = (1 - exp(-evidence)) * TAIL_QUANTILES;
	int i = (int)at, knot = -1;
	double place;

	if (evidence < upper_evidence(-1) && i < TAIL_QUANTILES - 1)
		return q[i] + (at - i) * (q[i + 1] - q[i]);
	while (knot < TAIL_UPPER - 1 && evidence >= upper_evidence(knot + 1))
		knot++;
	if (knot == TAIL_UPPER - 1)
		return tail->upper[knot] + (evidence - upper_evidence(knot)) * tail->excess;
	place = (evidence - upper_evidence(knot)) /
	        (upper_evidence(knot + 1) - upper_evidence(knot));
	return upper_value(tail, knot) +
	       place * (upper_value(tail, knot + 1) - upper_value(tail, knot));
}

double
evidence_strength(double evidence, double limit)
{
	if (evidence <= limit)
		return fmax(evidence, 0) / (2 * limit);
	return 1 - exp((limit - evidence) / limit) / 2;
}

double
evidence_of_report(uint32_t report_minute, uint32_t minute)
{
	bool reported = report_minute != 0 && report_minute <= minute &&
	                minute - report_minute < REPORT_MINUTES;

	return reported ? REPORT_EVIDENCE : 0;
}

double
value_beside_past(const struct value_past *past, double value, const struct value_usual *usual)
{
	double known = past->windows / (past->windows + (double)VALUE_PAST_SOON);

	return value - 0.5 * known * (past->mean - usual->center) - (1 - known) * usual->spread;
}

void
value_past_add(struct value_past *past, double value)
{
	past->windows = MIN(past->windows + 1, VALUE_PAST_WINDOWS);
	past->mean += (value - past->mean) / past->windows;
}

/* False: not `count` rising finite numbers. */
static bool
read_rising(GKeyFile *file, const char *group, const char *key, double *into, gsize count)
{
	gsize found = 0;
	g_autofree gdouble *values = g_key_file_get_double_list(file, group, key, &found, NULL);

	for (gsize i = 0; i < MIN(found, count); i++) {
		into[i] = values[i];
		if (!isfinite(values[i]) || (i > 0 && values[i] < values[i - 1]))
			return false;
	}
	return found == count;
}

/* Of a tail that was written without them: exponential from the 95 % quantile on. */
static void
extend_tail(struct tail *tail)
{
	for (int i = 0; i < TAIL_UPPER; i++)
		tail->upper[i] = tail->quantiles[TAIL_QUANTILES - 1] +
		                 tail->excess * log(lowest_upper_share / upper_shares[i]);
}

static bool
read_tail(struct tail *tail, GKeyFile *file, const char *group, GError **error)
{
	GError *problem = NULL;
	bool upper = g_key_file_has_key(file, group, "upper", NULL);
	bool sound = read_rising(file, group, "quantiles", tail->quantiles, TAIL_QUANTILES) &&
	             (!upper || read_rising(file, group, "upper", tail->upper, TAIL_UPPER));

	tail->count = g_key_file_get_uint64(file, group, "count", &problem);
	if (problem == NULL)
		tail->excess = g_key_file_get_double(file, group, "excess", &problem);
	if (problem != NULL) {
		g_propagate_error(error, problem);
		return false;
	}
	tail->factor = 1;
	if (g_key_file_has_key(file, group, "factor", NULL))
		tail->factor = g_key_file_get_double(file, group, "factor", NULL);
	if (!upper)
		extend_tail(tail);
	if (sound && tail->upper[0] >= tail->quantiles[TAIL_QUANTILES - 1] &&
	    isfinite(tail->excess) && tail->excess >= 0 && isfinite(tail->factor) &&
	    tail->factor > 0)
		return true;
	g_set_error(
		error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
		"section [%s]: quantiles, %d rising finite numbers, then upper, %d of them, excess not below 0, and factor above 0",
		group, TAIL_QUANTILES, TAIL_UPPER);
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

static const char *const alarm_keys[] = { "alarm_evidence", "alarm_hosts", "alarm_host_days",
	                                  "alarm_slope" };

/* Files of before have none of it: it is not known then. */
static bool
read_alarms(struct alarm_tail *alarms, GKeyFile *file, GError **error)
{
	double *const values[] = { &alarms->evidence, &alarms->hosts, &alarms->host_days,
		                   &alarms->slope };

	if (!g_key_file_has_key(file, "calibration", "alarm_slope", NULL))
		return true;
	for (size_t i = 0; i < G_N_ELEMENTS(alarm_keys); i++) {
		*values[i] = g_key_file_get_double(file, "calibration", alarm_keys[i], NULL);
		if (!isfinite(*values[i]) || *values[i] <= 0)
			return fault_input(error, "section [calibration]: %s: a number above 0",
			                   alarm_keys[i]);
	}
	return true;
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
	if (!read_alarms(&calibration->alarms, file, error)) {
		g_prefix_error(error, "%s: ", path);
		calibration_clear(calibration);
		return false;
	}
	calibration->source = g_key_file_get_string(file, "calibration", "source", NULL);
	calibration->model = g_key_file_get_string(file, "calibration", "model", NULL);
	return true;
}

static void
write_alarms(const struct alarm_tail *alarms, GKeyFile *file)
{
	const double values[] = { alarms->evidence, alarms->hosts, alarms->host_days,
		                  alarms->slope };

	for (size_t i = 0; i < G_N_ELEMENTS(alarm_keys); i++)
		g_key_file_set_double(file, "calibration", alarm_keys[i], values[i]);
}

static GKeyFile *
as_key_file(const struct calibration *calibration)
{
	GKeyFile *file = g_key_file_new();

	g_key_file_set_string(file, "calibration", "source",
	                      calibration->source ? calibration->source : "");
	if (calibration->model != NULL)
		g_key_file_set_string(file, "calibration", "model", calibration->model);
	if (calibration->alarms.hosts > 0)
		write_alarms(&calibration->alarms, file);
	for (int i = 0; i < BEHAVIOUR_COUNT; i++) {
		struct tail tail = calibration->tails[i];
		const char *group = behaviour_name((enum behaviour)i);

		if (tail.count == 0)
			continue;
		g_key_file_set_uint64(file, group, "count", tail.count);
		g_key_file_set_double_list(file, group, "quantiles", tail.quantiles,
		                           TAIL_QUANTILES);
		g_key_file_set_double_list(file, group, "upper", tail.upper, TAIL_UPPER);
		g_key_file_set_double(file, group, "excess", tail.excess);
		g_key_file_set_double(file, group, "factor", tail.factor);
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
