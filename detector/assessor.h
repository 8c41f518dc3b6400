/*
 * Has hosts judged: keeps their last bins, and knows when a host's minute is to be judged
 * (detector/judge.h does it).  Parts in, assessments out.
 *
 * Time: the exporters' clocks, as the parts and watermarks tell them; no clock is read.  The same
 *       entries in the same order give the same assessments.
 * Threads: one.
 */
#ifndef DETECTOR_ASSESSOR_H
#define DETECTOR_ASSESSOR_H

#include <glib.h>
#include <stdbool.h>

#include "common/ring.h"
#include "detector/assessment.h"
#include "detector/site_calibration.h"

typedef struct Assessor Assessor;

struct assessor_config {
	const char
		*model_path; /* NULL: the shipped model, when there is one; empty: experts only */
	const char
		*calibration_path; /* NULL: the site's, else the shipped calibration; empty: none */
	const char *site_calibration_path; /* may be absent; passed over when it is of another
	                                      model; NULL: none */
	uint64_t sketch_key;
	size_t hosts_max; /* histories kept; above it the longest silent host is forgotten and
	                     counted */
	unsigned history_minutes;
	size_t history_octets_max; /* of all hosts' minutes; 0: no bound */
	bool all_rare; /* how many hosts know a peer is not looked at: for invented networks */
	double alarms_per_1000_host_days; /* wished false alarms */
};

struct assessor_counters {
	uint64_t parts;
	uint64_t hosts;     /* now */
	uint64_t minutes;   /* of them, kept now */
	uint64_t octets;    /* of the kept minutes */
	uint64_t forgotten; /* hosts that made room */
	uint64_t given_up;  /* minutes that made room */
	uint64_t stale;     /* parts older than the history of their host */
	uint64_t assessments;
	uint64_t classified; /* of them with the classifier */
};

Assessor *assessor_new(const struct assessor_config *config, GError **error);
void assessor_free(Assessor *assessor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Assessor, assessor_free)

/* Merges a part into its host's history. */
void assessor_add(Assessor *assessor, const struct ring_bin *part);

/*
 * The same for a part that had come before the start: its minute was judged then, when it is not
 * beyond `judged_minute`.
 */
void assessor_add_again(Assessor *assessor, const struct ring_bin *part, uint32_t judged_minute);

/* A watermark came: the hosts that changed are to be assessed; `finish`: the capture is at its end,
 * judge all. */
void assessor_advance(Assessor *assessor, const struct ring_watermark *watermark, bool finish);

/*
 * The next assessment, without peers, valid until the next call; ordered by (bin_end_ms, host).
 * NULL: that was all.  Take all of them before the next part is added.
 */
const struct assessment *assessor_next(Assessor *assessor);

/* Adds the top peers of the window to the last assessment: they are wanted seldom. */
void assessor_add_peers(Assessor *assessor);

struct assessor_counters assessor_counters(const Assessor *assessor);
const char *assessor_model_name(const Assessor *assessor);

/* The site's windows since the start, or since they were cleared. */
SiteCalibration *assessor_site(Assessor *assessor);

/* Those windows as a calibration; false: too few. */
bool assessor_calibrate(const Assessor *assessor, struct calibration *calibration);

#endif
