#include "detector/detector_parts.h"

#include "common/fault.h"
#include "common/wall_clock.h"
#include "common/written.h"

enum {
	ENTRIES_A_COMMIT = 100000,
	ROWS_A_COMMIT =
		5000, /* of hosts that only were seen; and this share of them, if that is more: */
	ROWS_SHARE = 32,
	IDLE_COMMIT_MS = 5000, /* so that the store shows that somebody is alive */
	PRUNE_MS = 3600 * 1000,
};

void
detector_need_transaction(Detector *detector)
{
	if (detector->in_transaction)
		return;
	verdict_store_begin(detector->store);
	detector->in_transaction = true;
}

static void
store_verdicts(Detector *detector, bool all)
{
	g_autoptr(GString) reason = g_string_new(NULL);
	const struct verdict *verdict;
	struct host_address host;
	size_t rows_most = MAX(verdict_table_changed(detector->table) / ROWS_SHARE, ROWS_A_COMMIT);

	if (all)
		verdict_table_hurry(detector->table);
	while (verdict_table_next_forgotten(detector->table, &host))
		verdict_store_delete_host(detector->store, &host);
	for (size_t rows = 0;; rows++) {
		verdict = verdict_table_next_changed(detector->table, !all && rows >= rows_most);
		if (verdict == NULL)
			return;
		g_string_truncate(reason, 0);
		verdict_table_add_reason(detector->table, verdict, reason);
		verdict_store_put_verdict(detector->store, verdict, reason->str);
	}
}

static void
store_popped(VerdictStore *store, unsigned worker, struct ring_position popped)
{
	g_autofree char *key = g_strdup_printf("popped_%u", worker);
	g_autofree char *value = g_strdup_printf("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT,
	                                         popped.epoch, popped.sequence);

	verdict_store_put_state(store, key, value);
}

static void
store_state(Detector *detector)
{
	VerdictStore *store = detector->store;
	struct verdict_counters verdicts = verdict_table_counters(detector->table);
	struct ring_set_counters rings = ring_set_counters(detector->rings);

	if (detector->clock_ms > 0)
		verdict_store_put_state_number(store, "clock_ms", detector->clock_ms);
	if (detector->judged_minute > 0)
		verdict_store_put_state_number(store, "judged_minute", detector->judged_minute);
	verdict_store_put_state_number(store, "updated_wall_ms", wall_clock_now().ms);
	verdict_store_put_state_number(store, "monitored_hosts", (int64_t)verdicts.hosts);
	verdict_store_put_state_number(store, "infected_hosts", (int64_t)verdicts.infected);
	verdict_store_put_state_number(store, "ring_missed", (int64_t)rings.missed);
	verdict_store_put_state_number(store, "ring_refused", (int64_t)rings.refused);
	verdict_store_put_state(store, "model", assessor_model_name(detector->assessor));
	verdict_store_put_state(store, "version", KENCHI_VERSION);
	verdict_store_put_state_number(store, "ended", detector->ended);
	for (size_t i = 0; i < ring_set_count(detector->rings); i++) {
		unsigned worker = ring_set_worker(detector->rings, i);
		const char *counters = ring_set_worker_counters(detector->rings, i);
		g_autofree char *key = g_strdup_printf("collector_%u", worker);

		verdict_store_put_position(store, worker, ring_set_position(detector->rings, i));
		store_popped(store, worker, ring_set_popped(detector->rings, i));
		if (counters != NULL)
			verdict_store_put_state(store, key, counters);
	}
}

/* Puts the alerts of the last transaction, which is safe now, to the outputs, and takes them out of
 * the store. */
static bool
hand_out(Detector *detector, GError **error)
{
	struct wall_time now = wall_clock_now();
	bool any = detector->unsent->len > 0;

	for (unsigned i = 0; i < detector->unsent->len; i++) {
		const struct alert_lines *lines =
			&g_array_index(detector->unsent, struct alert_lines, i);

		for (unsigned j = 0; j < detector->sinks->len; j++)
			alert_sink_put(detector->sinks->pdata[j], lines, now, detector->device);
	}
	g_array_set_size(detector->unsent, 0);
	for (unsigned j = 0; j < detector->sinks->len; j++)
		alert_sink_flush(detector->sinks->pdata[j]);
	if (!any)
		return true;
	verdict_store_begin(detector->store);
	verdict_store_mark_sent(detector->store);
	return verdict_store_commit(detector->store, error);
}

/*
 * Minutes that may have been under way are judged again after a start.  What comes again tells
 * nothing of how far judging had come.
 */
static void
note_judged(Detector *detector)
{
	struct ring_watermark watermark;

	if (!ring_set_comes_again(detector->rings) &&
	    ring_set_watermark(detector->rings, &watermark) &&
	    watermark.least_ms > RING_SET_HOLD_MS)
		detector->judged_minute =
			(uint32_t)((watermark.least_ms - RING_SET_HOLD_MS) / HOST_BIN_MS) - 1;
}

bool
detector_commit(Detector *detector, bool all, GError **error)
{
	detector_need_transaction(detector);
	/* A watermark whose hosts are being judged is not dealt with. */
	if (!detector->judging) {
		ring_set_settle(detector->rings, detector->ended);
		note_judged(detector);
	}
	store_verdicts(detector, all);
	store_state(detector);
	if (detector->clock_ms > 0 && mono_time_now().ms - detector->pruned.ms >= PRUNE_MS) {
		verdict_store_prune(detector->store,
		                    detector->clock_ms - detector->config->keep_days * 86400000);
		detector->pruned = mono_time_now();
	}
	detector->in_transaction = false;
	if (!verdict_store_commit(detector->store, error))
		return false;
	ring_set_commit(detector->rings);
	detector->uncommitted = 0;
	detector->committed = mono_time_now();
	if (!hand_out(detector, error))
		return false;
	return detector->scores == NULL ||
	       written_whole(detector->scores, detector->mode.scores_path, error);
}

bool
detector_commit_when_due(Detector *detector, GError **error)
{
	int64_t age_ms = mono_time_now().ms - detector->committed.ms;

	if (detector->uncommitted >= ENTRIES_A_COMMIT ||
	    (!detector->judging && ring_set_crowded(detector->rings)) ||
	    (detector->uncommitted > 0 && age_ms >= detector->config->commit_ms) ||
	    (!detector->mode.once && age_ms >= IDLE_COMMIT_MS))
		return detector_commit(detector, false, error);
	return true;
}
