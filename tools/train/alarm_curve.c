#include "tools/train/alarm_curve.h"

#include <math.h>
#include <stdbool.h>

#include "detector/verdict.h"
#include "tools/train/figures.h"

static const double wishes[ALARM_POINTS] = { 20, 50, 100, 200, 500, 1000 };

static bool
is_flagged(const struct alarm_reach *reach, double limit)
{
	return reach->evidence >= limit || reach->experts >= VERDICT_INFECTED_SCORE;
}

static void
count_host(const struct alarm_host *host, struct alarm_point *point)
{
	double limit = alarm_tail_limit(host->tail, point->wished);
	bool after = is_flagged(&host->after, limit), before = is_flagged(&host->before, limit);

	point->limit_least = fmin(point->limit_least, limit);
	point->limit_most = fmax(point->limit_most, limit);
	point->days += host->days;
	if (host->role == ROLE_MALWARE) {
		point->malware++;
		point->found += after;
		point->flagged += before;
	} else if (host->role == ROLE_BENIGN_IMPLANT) {
		point->flagged += before;
		point->flagged_benign += after;
	} else {
		point->flagged += after;
	}
}

void
alarm_curve(const GArray *hosts, struct alarm_point points[static ALARM_POINTS])
{
	for (int i = 0; i < ALARM_POINTS; i++) {
		struct alarm_point *point = &points[i];

		*point = (struct alarm_point){ .wished = wishes[i], .limit_least = HUGE_VAL };
		for (guint j = 0; j < hosts->len; j++)
			count_host(&g_array_index(hosts, struct alarm_host, j), point);
		figures_interval(point->found, point->malware, &point->found_least,
		                 &point->found_most);
		figures_count_interval(point->flagged + point->flagged_benign, &point->alarms_least,
		                       &point->alarms_most);
		if (point->days <= 0)
			continue;
		point->alarms =
			1000 * (double)(point->flagged + point->flagged_benign) / point->days;
		point->alarms_least *= 1000 / point->days;
		point->alarms_most *= 1000 / point->days;
	}
}
