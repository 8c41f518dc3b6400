#include "tools/train/normal_values.h"

#include <math.h>
#include <stdlib.h>

host_choice *
hosts_of_folds(const WindowSet *set, int without_fold)
{
	host_choice *chosen = g_new(host_choice, window_set_host_count(set) + 1);

	for (size_t i = 0; i < window_set_host_count(set); i++) {
		int fold = window_set_host(set, i)->host->fold;

		chosen[i] = fold != FOLD_NONE && fold != without_fold;
	}
	return chosen;
}

static bool
is_taken(const WindowSet *set, size_t index, const double *values, const host_choice *chosen)
{
	const struct host_windows *host = window_set_host(set, index);

	return chosen[index] && host->host->role != ROLE_UNVERIFIED &&
	       (host->count == 0 || isfinite(values[host->first]));
}

static struct value_usual
usual_of(const WindowSet *set, const double *values, const host_choice *chosen)
{
	g_autoptr(GArray) normal = g_array_new(FALSE, FALSE, sizeof(double));
	struct value_usual usual = { 0, 0 };
	double mean = 0, squares = 0;

	for (size_t i = 0; i < window_set_host_count(set); i++) {
		const struct host_windows *host = window_set_host(set, i);

		for (size_t j = host->first;
		     is_taken(set, i, values, chosen) && j < host->first + host->count; j++) {
			if (window_set_get(set, j)->label != WINDOW_NORMAL)
				continue;
			g_array_append_val(normal, values[j]);
			mean += values[j];
			squares += values[j] * values[j];
		}
	}
	if (normal->len == 0)
		return usual;
	mean /= normal->len;
	usual.spread = sqrt(fmax(squares / normal->len - mean * mean, 0));
	usual.center =
		tail_of((double *)(void *)normal->data, normal->len).quantiles[TAIL_QUANTILES / 2];
	return usual;
}

/* Each normal window of a host is one value. */
static void
collect_values(const WindowSet *set, const double *values, const struct value_usual *usual,
               const struct host_windows *windows, GArray *normal)
{
	struct value_past past = { 0 };

	for (size_t j = windows->first; j < windows->first + windows->count; j++) {
		double value = value_beside_past(&past, values[j], usual);

		value_past_add(&past, values[j]);
		if (window_set_get(set, j)->label == WINDOW_NORMAL)
			g_array_append_val(normal, value);
	}
}

/* The greatest evidence that the host reaches by whatever it normally does; below 0: none. */
static double
greatest_evidence(const WindowSet *set, const double *values, const struct yardstick *yardstick,
                  const struct host_windows *windows)
{
	const struct tail *tail = &yardstick->known.tails[BEHAVIOUR_traffic_pattern];
	struct value_past past = { 0 };
	uint32_t report_minute = 0;
	double greatest = -1;

	for (size_t j = windows->first; j < windows->first + windows->count; j++) {
		const struct labelled_window *window = window_set_get(set, j);
		double value = value_beside_past(&past, values[j], &yardstick->usual);
		uint32_t minute = window_set_minute(window);

		value_past_add(&past, values[j]);
		if (window->behaviours >> BEHAVIOUR_success_report & 1)
			report_minute = minute;
		if (window->label == WINDOW_NORMAL || window->label == WINDOW_BENIGN_IMPLANT)
			greatest =
				fmax(greatest, tail_evidence(tail, value) +
			                               evidence_of_report(report_minute, minute));
	}
	return greatest;
}

/* A host as alarms are counted. */
struct counted_host {
	const struct labelled_host *host;
	double greatest; /* evidence */
};

/* The same host in two captures of the same traffic is no second one. */
static size_t
repeated_hosts(const GArray *counted)
{
	const double least = -log(ALARM_TAIL_SHARE);
	size_t repeated = 0;

	for (guint i = 0; i < counted->len; i++) {
		const struct counted_host *one = &g_array_index(counted, struct counted_host, i);
		bool again = false;

		for (guint j = 0; one->greatest >= least && j < i && !again; j++) {
			const struct counted_host *other =
				&g_array_index(counted, struct counted_host, j);

			again = other->greatest >= least &&
			        host_address_equal(&one->host->host, &other->host->host);
		}
		repeated += again;
	}
	return repeated;
}

static struct alarm_tail
measure_alarms(const WindowSet *set, const double *values, const host_choice *chosen,
               const struct yardstick *yardstick)
{
	g_autoptr(GArray) counted = g_array_new(FALSE, FALSE, sizeof(struct counted_host));
	g_autofree double *greatest = g_new(double, window_set_host_count(set) + 1);
	struct alarm_tail tail;
	double days = 0, different;

	for (size_t i = 0; i < window_set_host_count(set); i++) {
		const struct host_windows *windows = window_set_host(set, i);
		struct counted_host host = { .host = windows->host };

		if (!is_taken(set, i, values, chosen))
			continue;
		host.greatest = greatest_evidence(set, values, yardstick, windows);
		days += (double)(windows->host->clean_ms + windows->host->benign_ms) / 86400000;
		greatest[counted->len] = host.greatest;
		g_array_append_val(counted, host);
	}
	tail = alarm_tail_of(greatest, counted->len, days);
	if (tail.hosts <= 0)
		return tail;
	different = tail.hosts - (double)repeated_hosts(counted);
	tail.host_days *= different / tail.hosts;
	tail.hosts = different;
	return tail;
}

struct yardstick
yardstick_of(const WindowSet *set, const double *values, const host_choice *chosen)
{
	g_autoptr(GArray) normal = g_array_new(FALSE, FALSE, sizeof(double));
	struct yardstick yardstick = { .usual = usual_of(set, values, chosen) };

	for (size_t i = 0; i < window_set_host_count(set); i++) {
		if (is_taken(set, i, values, chosen))
			collect_values(set, values, &yardstick.usual, window_set_host(set, i),
			               normal);
	}
	yardstick.known.tails[BEHAVIOUR_traffic_pattern] =
		tail_of((double *)(void *)normal->data, normal->len);
	yardstick.known.alarms = measure_alarms(set, values, chosen, &yardstick);
	return yardstick;
}
