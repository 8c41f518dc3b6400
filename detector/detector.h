/*
 * The detector: reads the rings, has hosts assessed, keeps their verdicts, stores them, tells of
 * them.  The only part that knows all others.
 *
 * The store is written in transactions of about a second, the positions of the rings among the
 * rest; a ring's entries are given back to the collector after the transaction that holds their
 * position.  The last fifteen minutes of export time stay on the ring (while there is room) and
 * come again after a start: the assessor's memory is gone then, its windows need what was before,
 * and a minute under way must be judged from all of its parts.  Of what comes again only the last
 * two minutes are judged again, and what is stored counts each minute once, so no entry is lost or
 * counted twice. Alerts are handed out after their transaction, and stay in the store until then:
 * after a kill the last ones may be handed out again.  What a kill does lose is what hosts did
 * before, and how their pattern has been.
 *
 * Errors:  a GError that names the file or what failed.
 * Threads: one, but for those that an alert sink has inside.
 */
#ifndef DETECTOR_DETECTOR_H
#define DETECTOR_DETECTOR_H

#include <glib.h>
#include <stdbool.h>

#include "detector/detector_config.h"

typedef struct Detector Detector;

struct detector_mode {
	bool once;               /* ends at the end of every ring (captures); fixed sketch key */
	bool cef_stdout;         /* alerts to standard output as CEF lines */
	const char *scores_path; /* NULL: none */
};

/* What a signal asks for; set by handlers. */
struct detector_requests {
	volatile int stop;
	volatile int reopen; /* the files of alerts */
};

/* Are model and calibration such that a detector could be opened?  Touches nothing. */
bool detector_check(const struct detector_config *config, GError **error);

/* Opens everything.  `config` and what `mode` points to must outlive the detector. */
Detector *detector_open(const struct detector_config *config, const struct detector_mode *mode,
                        GError **error);
void detector_close(Detector *detector); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Detector, detector_close)

/*
 * Runs until it is asked to stop or, in once mode, to the end.  False: the store or the outputs
 * failed, or (G_IO_ERROR_NOT_FOUND) in once mode there was no ring, or its writer went away before
 * the end.
 */
bool detector_run(Detector *detector, struct detector_requests *requests, GError **error);

#endif
