/*
 * How many false alarms an evidence limit stands for, measured on hosts that are not infected, out
 * of fold.
 *
 * A host is told of once, by the greatest evidence of its windows, and these follow each other in
 * runs.  Deep in the tail the runs are short: a share of the windows that is ten times as small
 * holds less than ten times as few hosts.  So what windows reach does not tell how many hosts do.
 * Here it is told by the hosts' own greatest evidence: how many of them in a day reach
 * ALARM_TAIL_SHARE of the windows, and the slope by which the logarithm of their number falls from
 * there on.
 *
 * Source: J. Pickands, Statistical inference using extreme order statistics (1975), the exponential
 * case; M. Leadbetter, Extremes and local dependence in stationary sequences (1983).
 * Threads: pure functions.
 */
#ifndef DETECTOR_ALARM_TAIL_H
#define DETECTOR_ALARM_TAIL_H

#include <stddef.h>

struct alarm_tail {
	double evidence;  /* from which on the tail is told */
	double hosts;     /* different ones that reached it, in host_days; 0: not known */
	double host_days; /* that were watched */
	double slope;     /* of -ln of their number by evidence, at most 1: that of the windows */
};

#define ALARM_TAIL_WISHED                                                                          \
	100 /* in 1000 hosts and days, where nobody says; texts take it as it is */

#define ALARM_TAIL_SHARE 0.01 /* of the windows; its evidence is where tails made here begin */

enum { ALARM_TAIL_HOSTS_LEAST = 10 }; /* of fewer no slope is told */

/* Of the greatest evidence of each host; `hosts` 0 when too few are great. */
struct alarm_tail alarm_tail_of(const double *greatest, size_t count, double host_days);

/*
 * The evidence that a verdict takes, for a wished number of false alarms in 1000 hosts and days.
 * Where the tail is not known each minute's window counts as an alarm of its own, which is more
 * than there can be.
 */
double alarm_tail_limit(const struct alarm_tail *tail, double alarms_per_1000_host_days);

/* False alarms in 1000 hosts and days. */
struct alarm_range {
	double least, greatest;
};

/* What the wished number may be in truth: its 95 % interval by the errors of the tail. 0, 0: not
 * known. */
struct alarm_range alarm_tail_range(const struct alarm_tail *tail,
                                    double alarms_per_1000_host_days);

#endif
