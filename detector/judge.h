/*
 * Judges one host at one minute: merges its windows, asks the experts and the classifier, and
 * weighs what they found against what is usual on the site.  Only what is looked at is made:
 * experts have gates (detector/expert_gate.h), and of the features those are computed that the
 * model names.
 *
 * Time: minutes of the bins; no clock is read.
 * Threads: one.
 * Errors:  a GError that names the model's or the calibration's file.
 */
#ifndef DETECTOR_JUDGE_H
#define DETECTOR_JUDGE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "detector/assessment.h"
#include "detector/host_history.h"
#include "detector/prevalence.h"
#include "detector/site_calibration.h"

typedef struct Judge Judge;

struct judge_config {
	const char *model_path; /* these three as in struct assessor_config; not kept */
	const char *calibration_path;
	const char *site_calibration_path;
	const Prevalence *prevalence; /* NULL: every peer counts as rare */
	uint64_t sketch_key;
	double alarms_per_1000_host_days;
};

Judge *judge_new(const struct judge_config *config, GError **error);
void judge_free(Judge *judge); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Judge, judge_free)

/* Minutes of a host's past that are looked at, but for which services are new to it. */
enum { JUDGE_MINUTES = 30 };

struct judge_job {
	struct known_host *host;
	uint32_t minute;
	bool early;      /* experts only */
	bool lost_parts; /* parts were lost lately on the way */
	int64_t time_ms; /* for the assessment */
};

/* The assessment but for its peers, valid until the next call.  NULL: an early look that found
 * nothing. */
const struct assessment *judge_host(Judge *judge, HostHistory *history,
                                    const struct judge_job *job);

/* Adds the window's top peers to the last assessment, whose host must still be open. */
void judge_add_peers(Judge *judge);

uint64_t judge_classified(const Judge *judge);    /* assessments in which the classifier decided */
const char *judge_model_name(const Judge *judge); /* "none": experts only */
SiteCalibration *judge_site(Judge *judge);
bool judge_calibrate(const Judge *judge,
                     struct calibration *calibration); /* as assessor_calibrate() */

#endif
