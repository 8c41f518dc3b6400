/*
 * What wished false alarms give: how many hosts are found and how many wrongly flagged at each
 * wish.
 *
 * Threads: pure functions.
 */
#ifndef TOOLS_TRAIN_ALARM_CURVE_H
#define TOOLS_TRAIN_ALARM_CURVE_H

#include <glib.h>
#include <stddef.h>

#include "detector/alarm_tail.h"
#include "tools/train/labels.h"

/* The greatest that a host reached. */
struct alarm_reach {
	double evidence; /* of the pattern, reports of success added */
	double experts;  /* strength */
};

struct alarm_host {
	enum host_role role;
	const struct alarm_tail *tail; /* of whoever judges it */
	struct alarm_reach after;      /* its implant's start; of a clean host, ever */
	struct alarm_reach before;
	double days; /* it was watched as not infected */
};

enum { ALARM_POINTS = 6 };

struct alarm_point {
	double wished;                  /* in 1000 hosts and days */
	double limit_least, limit_most; /* evidence, by the folds */
	size_t found, malware;          /* hosts; before its start malware is none */
	double found_least, found_most; /* Wilson's 95 % interval of the share */
	size_t flagged,
		flagged_benign; /* hosts that are not infected; with a benign capture laid on */
	double days;            /* that they were watched */
	double alarms;          /* in 1000 hosts and days */
	double alarms_least, alarms_most; /* their exact 95 % interval */
};

/* `hosts`: struct alarm_host.  At 20, 50, 100, 200, 500 and 1000 wished. */
void alarm_curve(const GArray *hosts, struct alarm_point points[static ALARM_POINTS]);

#endif
