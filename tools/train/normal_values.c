#include "tools/train/normal_values.h"

#include <math.h>
#include <stdlib.h>

/* Shares of windows at which false alarms are counted: beyond them there are too few. */
static const double alarm_shares[] = { 0.01, 0.005, 0.002 };

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

/* One host as it is gone through. */
struct normal_host {
	double greatest; /* by whatever it normally does */
	double days;
};

struct collected {
	GArray *values; /* double */
	GArray *hosts;  /* struct normal_host */
};

static void
collect_host(const WindowSet *set, const double *values, const struct value_usual *usual,
             const struct host_windows *windows, struct collected *all)
{
	const struct labelled_host *labelled = windows->host;
	struct normal_host host = { -HUGE_VAL,
		                    (double)(labelled->clean_ms + labelled->benign_ms) / 86400000 };
	struct value_past past = { 0 };

	for (size_t j = windows->first; j < windows->first + windows->count; j++) {
		enum window_label label = window_set_get(set, j)->label;
		double value = value_beside_past(&past, values[j], usual);

		value_past_add(&past, values[j]);
		if (label == WINDOW_NORMAL)
			g_array_append_val(all->values, value);
		if (label == WINDOW_NORMAL || label == WINDOW_BENIGN_IMPLANT)
			host.greatest = fmax(host.greatest, value);
	}
	g_array_append_val(all->hosts, host);
}

static double
windows_a_day(const struct tail *tail, const GArray *hosts)
{
	double alarms = 0, windows = 0, days = 0;

	for (guint i = 0; i < hosts->len; i++)
		days += g_array_index(hosts, struct normal_host, i).days;
	for (size_t i = 0; i < G_N_ELEMENTS(alarm_shares); i++) {
		double value = tail_value(tail, -log(alarm_shares[i]));

		for (guint j = 0; j < hosts->len; j++)
			alarms += g_array_index(hosts, struct normal_host, j).greatest >= value;
		windows += alarm_shares[i] * days;
	}
	return windows > 0 ? alarms / windows : 0;
}

struct yardstick
yardstick_of(const WindowSet *set, const double *values, const host_choice *chosen)
{
	g_autoptr(GArray) normal = g_array_new(FALSE, FALSE, sizeof(double));
	g_autoptr(GArray) hosts = g_array_new(FALSE, FALSE, sizeof(struct normal_host));
	struct collected all = { normal, hosts };
	struct yardstick yardstick = { .usual = usual_of(set, values, chosen) };
	struct tail *tail = &yardstick.known.tails[BEHAVIOUR_traffic_pattern];

	for (size_t i = 0; i < window_set_host_count(set); i++) {
		if (is_taken(set, i, values, chosen))
			collect_host(set, values, &yardstick.usual, window_set_host(set, i), &all);
	}
	*tail = tail_of((double *)(void *)normal->data, normal->len);
	yardstick.known.windows_a_day = windows_a_day(tail, hosts);
	return yardstick;
}
