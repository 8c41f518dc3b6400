/*
 * What is usual on a network, and how unusual a value is: the tail of each behaviour's measured
 * values.
 *
 * Up to the greatest kept quantile the tail is the observed one, beyond it an exponential. Evidence
 * is -ln of the share of the windows that reach the value, at most EVIDENCE_MOST.
 *
 * Source:  J. Pickands, Statistical inference using extreme order statistics (1975), the
 *          exponential case.
 * Errors:  a GError that names the file and the key.
 * Threads: one.
 */
#ifndef DETECTOR_EVIDENCE_H
#define DETECTOR_EVIDENCE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detector/alarm_tail.h"
#include "detector/assessment.h"

#define EVIDENCE_MOST 25.0

enum {
	TAIL_QUANTILES = 20, /* at 0, 5, ..., 95 % */
	TAIL_UPPER = 5,      /* at 98, 99, 99.5, 99.8, 99.9 % */
};

/* The values of one behaviour in windows of hosts that are taken for clean. */
struct tail {
	uint64_t count; /* values it was made of; 0: not known */
	double quantiles[TAIL_QUANTILES];
	double upper[TAIL_UPPER];
	double excess; /* mean excess over the last of them */
	double factor; /* so many times as often as told so, values of this network are reached; 0:
	                  as 1 */
};

/* Makes a tail; sorts `values`. */
struct tail tail_of(double *values, size_t count);

/* -ln of the share of values that reach `value`, 0 to EVIDENCE_MOST; 0 when nothing is known. */
double tail_evidence(const struct tail *tail, double value);

/* The value whose evidence is `wished`. */
double tail_value(const struct tail *tail, double wished);

/*
 * Evidence as strength: 0.5 at `limit`, proportional below it, so that what lies below the
 * verdict's threshold can still be put in order; towards 1 above it.
 */
double evidence_strength(double evidence, double limit);

/*
 * What is added to the pattern's evidence on a host that reported a success in one of the last
 * REPORT_MINUTES.  About one clean window in 2000 shows such a report, which alone would say 7.6;
 * both look at the same contacts, so that less than half of it is added: the most that flags no
 * clean or benign host more, out of fold.
 */
#define REPORT_EVIDENCE 3.0
enum { REPORT_MINUTES = 5 };

/* `report_minute`: of the last report, 0: none. */
double evidence_of_report(uint32_t report_minute, uint32_t minute);

/*
 * A host's own past values of one kind: what it has always done counts for less than what is new.
 * Half of the distance of its mean from what is usual is taken away, less while few windows are
 * known.
 */
struct value_past {
	double mean;
	uint32_t windows; /* in the mean, at most VALUE_PAST_WINDOWS: then older ones fade */
};

enum { VALUE_PAST_WINDOWS = 240 };

/* Decision values of normal windows, out of fold: a property of the model. */
struct value_usual {
	double center; /* median */
	double spread; /* standard deviation; 0: not known */
};

/*
 * What a host does in its first minutes of being watched is new and has no past to stand beside: it
 * must deviate by more, by up to a spread, and half of that is left after VALUE_PAST_SOON windows.
 */
enum { VALUE_PAST_SOON = 12 };

double value_beside_past(const struct value_past *past, double value,
                         const struct value_usual *usual);
void value_past_add(struct value_past *past, double value);

/* One tail for each behaviour, as a file (GKeyFile text). */
struct calibration {
	char *source; /* where it comes from, for people */
	char *model;  /* name of the model whose decision values it has; NULL: not told */
	struct alarm_tail alarms; /* what the wished alarms are counted by */
	struct tail tails[BEHAVIOUR_COUNT];
};

bool calibration_load(struct calibration *calibration, const char *path, GError **error);
bool calibration_save(const struct calibration *calibration, const char *path, GError **error);
char *
calibration_text(const struct calibration *calibration); /* what is saved; free with g_free() */
void calibration_clear(struct calibration *calibration);

#endif
