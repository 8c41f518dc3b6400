/*
 * The figures of one method of detection, out of the scores of labelled hosts: areas, what is found
 * at which cost, how long it took.  Who wants them asks tools/train/detection.h.
 *
 * Threads: pure functions.
 */
#ifndef TOOLS_TRAIN_DETECTION_FIGURES_H
#define TOOLS_TRAIN_DETECTION_FIGURES_H

#include <glib.h>
#include <stdint.h>

#include "detector/alarm_tail.h"
#include "tools/train/detection.h"

/* Greatest scores, and when the verdict's threshold was first reached. */
struct scored_host {
	const struct labelled_host *host;
	const struct alarm_tail *tail;    /* by which its limit is told */
	double score[DETECTION_METHODS];  /* from the implant's start on; of a clean host, ever */
	double before[DETECTION_METHODS]; /* of malware and benign implants */
	int64_t found_ms[DETECTION_METHODS]; /* 0: never */
	double evidence, evidence_before;    /* of the pattern and reports, in the same times */
	uint32_t report_minute;              /* the last in which a success was reported */
};

/* Above it a method calls a host infected. */
double detection_threshold(enum detection_method method);

/* `hosts`: struct scored_host; free what the figures own with detection_figures_clear(). */
void detection_measure(const GArray *hosts, enum detection_method method,
                       struct detection_figures *figures);
void detection_figures_clear(struct detection_figures *figures);

/* The whole detector's, over wished false alarms. */
void detection_measure_alarms(const GArray *hosts, struct alarm_point points[static ALARM_POINTS]);

#endif
