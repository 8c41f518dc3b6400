#include "detector/detector.h"

#include <gio/gio.h>

#include "common/log.h"
#include "detector/detector_parts.h"

enum {
	ENTRIES_A_TURN = 8192,
	WAIT_MS = 100,
	LOOK_MS = 1000,
	RING_PATIENCE_MS = 30 * 1000,  /* once mode: until the first ring has something */
	WRITER_PATIENCE_MS = 3 * 1000, /* once mode: after the writer went away before the end */
};

static void
look_for_rings(Detector *detector)
{
	g_autoptr(GError) error = NULL;

	if (mono_time_now().ms - detector->looked.ms < LOOK_MS &&
	    ring_set_count(detector->rings) > 0)
		return;
	detector->looked = mono_time_now();
	if (!ring_set_look(detector->rings, &error))
		log_warning("%s", error->message);
}

/* Once mode: is there still somebody to wait for? */
static bool
worth_waiting(const Detector *detector, GError **error)
{
	struct mono_time now = mono_time_now();
	bool writer = false;

	for (size_t i = 0; i < ring_set_count(detector->rings); i++)
		writer = writer || ring_set_has_writer(detector->rings, i);
	if (writer || now.ms - detector->started.ms < RING_PATIENCE_MS) {
		if (writer || detector->entries == 0)
			return true;
	}
	if (now.ms - detector->heard.ms < WRITER_PATIENCE_MS)
		return true;
	g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
	                    detector->entries == 0
	                            ? "no collector has written to a ring: nothing to read"
	                            : "the collector went away before the end of the capture");
	return false;
}

/* One turn of the loop: what is to be judged, else entries, else a short wait. */
static bool
take_entries(Detector *detector, GError **error)
{
	struct ring_entry entry;
	unsigned taken = 0;

	if (detector->judging) {
		detector_judge_some(detector);
		detector->heard = mono_time_now();
		return true;
	}
	while (taken < ENTRIES_A_TURN && !detector->ended && !detector->judging &&
	       ring_set_pop(detector->rings, &entry)) {
		detector_take_entry(detector, &entry);
		detector->ended = detector->ended && detector->mode.once;
		taken++;
	}
	if (taken > 0) {
		detector->heard = mono_time_now();
		return true;
	}
	if (detector->mode.once && !worth_waiting(detector, error))
		return false;
	ring_set_wait(detector->rings, WAIT_MS);
	return true;
}

static void
reopen_sinks(Detector *detector)
{
	for (unsigned i = 0; i < detector->sinks->len; i++) {
		g_autoptr(GError) error = NULL;

		if (!alert_sink_reopen(detector->sinks->pdata[i], &error))
			log_warning("%s", error->message);
	}
}

static bool
finish(Detector *detector, GError **error)
{
	if (detector->ended)
		detector_begin_judging(detector, true);
	/* Who is stopped leaves the rest: its entries stay on the ring, and come again. */
	while (detector->ended && detector_judge_some(detector)) {
		if (!detector_commit_when_due(detector, error))
			return false;
	}
	return detector_commit(detector, true, error);
}

bool
detector_run(Detector *detector, struct detector_requests *requests, GError **error)
{
	detector->started = detector->committed = detector->pruned = detector->heard =
		mono_time_now();
	while (!requests->stop && !detector->ended) {
		look_for_rings(detector);
		if (!take_entries(detector, error) || !detector_commit_when_due(detector, error))
			return false;
		detector_answer(detector);
		if (requests->reopen) {
			requests->reopen = 0;
			reopen_sinks(detector);
		}
	}
	return finish(detector, error);
}
