#include "detector/alarm_tail.h"

#include <math.h>

#include "detector/evidence.h"

static const double minutes_a_day = 1440;
static const double least_wish = 1e-3;

struct alarm_tail
alarm_tail_of(const double *greatest, size_t count, double host_days)
{
	struct alarm_tail tail = { .evidence = -log(ALARM_TAIL_SHARE), .host_days = host_days };
	double excess = 0;

	for (size_t i = 0; i < count; i++) {
		if (greatest[i] < tail.evidence)
			continue;
		tail.hosts++;
		excess += greatest[i] - tail.evidence;
	}
	if (tail.hosts < ALARM_TAIL_HOSTS_LEAST || host_days <= 0)
		return (struct alarm_tail){ 0 };
	tail.slope = fmin(tail.hosts / fmax(excess, 1e-9), 1);
	return tail;
}

double
alarm_tail_limit(const struct alarm_tail *tail, double alarms_per_1000_host_days)
{
	double alarms_a_day = fmax(alarms_per_1000_host_days, least_wish) / 1000;
	double limit = log(minutes_a_day / alarms_a_day);

	if (tail->hosts > 0)
		limit = tail->evidence +
		        log(tail->hosts / tail->host_days / alarms_a_day) / tail->slope;
	return fmin(fmax(limit, 1), EVIDENCE_MOST);
}

/* The errors of a count and of an exponential's slope do not depend on each other. */
struct alarm_range
alarm_tail_range(const struct alarm_tail *tail, double alarms_per_1000_host_days)
{
	double depth, error;

	if (tail->hosts <= 0)
		return (struct alarm_range){ 0, 0 };
	depth = tail->slope * (alarm_tail_limit(tail, alarms_per_1000_host_days) - tail->evidence);
	error = 1.959964 * sqrt((1 + depth * depth) / tail->hosts);
	return (struct alarm_range){ alarms_per_1000_host_days * exp(-error),
		                     alarms_per_1000_host_days * exp(error) };
}
