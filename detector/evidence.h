/*
 * What is usual on a network, and how unusual a value is: the tail of each behaviour's measured
 * values.
 *
 * Up to the 95 % quantile the tail is the observed one, beyond it an exponential whose mean excess
 * is taken from the median excess, so that a few infected hosts among those observed do not lift
 * it.  Evidence is -ln of the share of the windows that reach the value, at most EVIDENCE_MOST.
 *
 * Source: J. Pickands, Statistical inference using extreme order statistics (1975), the exponential
 * case. Threads: one.
 */
#ifndef DETECTOR_EVIDENCE_H
#define DETECTOR_EVIDENCE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detector/assessment.h"

#define EVIDENCE_MOST 25.0

enum { TAIL_QUANTILES = 20 }; /* at 0, 5, ..., 95 % */

/* The values of one behaviour in windows of hosts that are taken for clean. */
struct tail {
	uint64_t count; /* values it was made of; 0: not known */
	double quantiles[TAIL_QUANTILES];
	double excess; /* mean excess over the last quantile */
};

/* Makes a tail; sorts `values`. */
struct tail tail_of(double *values, size_t count);

/* -ln of the share of values that reach `value`, 0 to EVIDENCE_MOST; 0 when nothing is known. */
double tail_evidence(const struct tail *tail, double value);

/* The value whose evidence is `evidence`. */
double tail_value(const struct tail *tail, double evidence);

/* The evidence that a verdict takes, for a wished number of false alarms in 1000 hosts and days. */
double evidence_limit(double alarms_per_1000_host_days);

/*
 * Evidence as strength: 0.5 at `limit`, proportional below it, so that what lies below the verdict's threshold can still
 * be put in order; towards 1 above it.
 */
double evidence_strength(double evidence, double limit);

/*
 * A host's own past values of one kind: what it has always done counts for less than what is new.
 * Half of the distance of its mean from `center` is taken away, less while few windows are known.
 */
struct value_past {
	double mean;
	uint32_t windows; /* in the mean, at most VALUE_PAST_WINDOWS: then older ones fade */
};

enum { VALUE_PAST_WINDOWS = 240 };

double value_beside_past(const struct value_past *past, double value, double center);
void value_past_add(struct value_past *past, double value);

/* One tail for each behaviour, as a file (GKeyFile text). */
struct calibration {
	char *source; /* where it comes from, for people */
	char *model;  /* name of the model whose decision values it has; NULL: not told */
	struct tail tails[BEHAVIOUR_COUNT];
};

bool calibration_load(struct calibration *calibration, const char *path, GError **error);
bool calibration_save(const struct calibration *calibration, const char *path, GError **error);
char *calibration_text(const struct calibration *calibration); /* what is saved; free with g_free() */
void calibration_clear(struct calibration *calibration);

/*
 * Values of the site as they come: a fair sample of bounded size for each behaviour, by a generator
 * with a fixed seed, so that the same windows give the same calibration.
 */
typedef struct SiteSample SiteSample;

SiteSample *site_sample_new(void);
void site_sample_free(SiteSample *sample);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SiteSample, site_sample_free)

void site_sample_add(SiteSample *sample, enum behaviour behaviour, double value);
uint64_t site_sample_count(const SiteSample *sample, enum behaviour behaviour);
struct tail site_sample_tail(const SiteSample *sample, enum behaviour behaviour);
void site_sample_clear(SiteSample *sample);

#endif
