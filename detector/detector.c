#include "detector/detector.h"

#include <errno.h>
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/control.h"
#include "common/fault.h"
#include "common/json_writer.h"
#include "common/log.h"
#include "common/mono_time.h"
#include "common/state_folder.h"
#include "common/wall_clock.h"
#include "detector/alert.h"
#include "detector/alert_sink.h"
#include "detector/assessor.h"
#include "detector/cef_format.h"
#include "detector/ecs_format.h"
#include "detector/feature_vector.h"
#include "detector/ring_set.h"
#include "detector/verdict_store.h"
#include "detector/verdict_table.h"

enum {
	ENTRIES_A_TURN = 8192,
	ENTRIES_A_COMMIT = 100000,
	ROWS_A_COMMIT = 5000, /* of hosts that only were seen */
	WAIT_MS = 100,
	LOOK_MS = 1000,
	IDLE_COMMIT_MS = 5000, /* so that the store shows that somebody is alive */
	PRUNE_MS = 3600 * 1000,
	DETAIL_LOST_MS = 120 * 1000,   /* of export time after a loss */
	RING_PATIENCE_MS = 30 * 1000,  /* once mode: until the first ring has something */
	WRITER_PATIENCE_MS = 3 * 1000, /* once mode: after the writer went away before the end */
};

struct Detector {
	const struct detector_config *config;
	struct detector_mode mode;
	char *state;
	VerdictStore *store;
	VerdictTable *table;
	Assessor *assessor;
	RingSet *rings;
	ControlServer *control;
	FILE *scores;
	GPtrArray *sinks; /* of AlertSink */
	GArray *unsent;   /* of struct alert_lines, made in the open transaction */
	bool in_transaction;
	const char *feature_names[FEATURE_COUNT];
	char device[256];
	int64_t clock_ms;       /* newest export time dealt with */
	int64_t detail_lost_ms; /* detail may be missing up to that export time */
	uint64_t lost;          /* parts and entries lost, as seen last */
	uint64_t entries;       /* since the start */
	uint64_t parts;
	uint64_t uncommitted;
	uint64_t alerts;
	bool ended;
	uint64_t sketch_key;
	struct ring_bin expanded; /* the bin of a part that came as shares */
	struct mono_time started, committed, looked, pruned, heard;
};

/* Opening */

static bool
open_sink(Detector *detector, enum alert_output output, const char *target, GError **error)
{
	AlertSink *sink =
		alert_sink_open(output, target, (size_t)detector->config->alert_queue, error);

	if (sink == NULL)
		return false;
	g_ptr_array_add(detector->sinks, sink);
	return true;
}

static bool
open_sinks(Detector *detector, GError **error)
{
	const struct detector_config *config = detector->config;
	const struct {
		enum alert_output output;
		char **targets;
	} lists[] = { { ALERT_CEF_FILE, config->cef_file },
		      { ALERT_SYSLOG, config->syslog },
		      { ALERT_ECS_FILE, config->ndjson } };

	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
		for (char **target = lists[i].targets; *target != NULL; target++) {
			if (!open_sink(detector, lists[i].output, *target, error))
				return false;
		}
	}
	return !detector->mode.cef_stdout || open_sink(detector, ALERT_CEF_STDOUT, NULL, error);
}

static const char *
text_or_null(const char *text)
{
	return *text != '\0' ? text : NULL;
}

static Assessor *
make_assessor(const struct detector_config *config, const char *state, uint64_t sketch_key, GError **error)
{
	g_autofree char *site = g_build_filename(state, "site.calibration", NULL);
	const struct assessor_config assessor = {
		.model_path = text_or_null(config->model),
		.calibration_path = text_or_null(config->calibration),
		.site_calibration_path = site,
		.hosts_max = (size_t)config->hosts_max,
		.history_minutes = (unsigned)config->history_minutes,
		.alarms_per_1000_host_days = config->alarms,
		.sketch_key = sketch_key,
	};

	return assessor_new(&assessor, error);
}

static bool
open_assessor(Detector *detector, GError **error)
{
	if (!state_folder_site_key(detector->state, detector->mode.once, &detector->sketch_key, error))
		return false;
	detector->assessor =
		make_assessor(detector->config, detector->state, detector->sketch_key, error);
	return detector->assessor != NULL;
}

bool
detector_check(const struct detector_config *config, GError **error)
{
	g_autofree char *state = *config->state != '\0' ? g_strdup(config->state) : state_folder_default();
	g_autoptr(Assessor) assessor = NULL;

	for (char **target = config->syslog; *target != NULL; target++) {
		if (!alert_sink_check_syslog(*target, error))
			return false;
	}
	assessor = make_assessor(config, state, 0, error);
	return assessor != NULL;
}

static void
open_table(Detector *detector)
{
	const struct detector_config *config = detector->config;
	struct verdict_rules rules = {
		.hosts_max = (size_t)config->hosts_max,
		.normal_windows = (uint32_t)config->normal_windows,
		.sampling_max = (uint32_t)config->sampling_max,
		.clear_ms = config->clear_minutes * 60000,
		.clear_windows = (uint32_t)config->clear_windows,
		.update_ms = config->update_minutes * 60000,
	};

	detector->table = verdict_table_new(&rules);
}

/* Takes up what the last run kept. */
static bool
load_store(Detector *detector, GError **error)
{
	g_autofree char *path = g_build_filename(detector->state, "verdicts.db", NULL);
	g_autoptr(GError) failure = NULL;
	struct alert_lines lines;
	struct verdict verdict;

	detector->store = verdict_store_open(path, error);
	if (detector->store == NULL)
		return false;
	while (verdict_store_next_verdict(detector->store, &verdict, &failure))
		verdict_table_restore(detector->table, &verdict);
	if (failure != NULL) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return false;
	}
	for (unsigned worker = 0; worker < RING_SET_MAX; worker++)
		ring_set_restore(detector->rings, worker,
		                 verdict_store_position(detector->store, worker));
	while (verdict_store_next_unsent(detector->store, &lines))
		g_array_append_val(detector->unsent, lines);
	return true;
}

static bool
open_scores(Detector *detector, GError **error)
{
	const char *path = detector->mode.scores_path;

	if (path == NULL)
		return true;
	detector->scores = fopen(path, "we");
	return detector->scores != NULL || fault_system(error, "cannot write scores to %s", path);
}

static bool
open_control(Detector *detector, GError **error)
{
	g_autofree char *path = g_build_filename(detector->state, "detector.sock", NULL);

	if (detector->mode.once)
		return true;
	detector->control = control_open(path, error);
	return detector->control != NULL;
}

static bool
open_all(Detector *detector, GError **error)
{
	const char *ring_folder = text_or_null(detector->config->ring);

	if (!state_folder_make(detector->state, error))
		return false;
	detector->rings = ring_set_new(ring_folder != NULL ? ring_folder : detector->state,
	                               detector->mode.once);
	open_table(detector);
	/*
	 * The store last, when nothing else can be wrong: nothing half started is left.  The socket
	 * before it: a second detector must not touch what the first one has.
	 */
	return open_assessor(detector, error) && open_scores(detector, error) &&
	       open_sinks(detector, error) && open_control(detector, error) &&
	       load_store(detector, error);
}

static void
close_sink(void *sink)
{
	alert_sink_close(sink);
}

static void
clear_lines(void *lines)
{
	alert_lines_clear(lines);
}

Detector *
detector_open(const struct detector_config *config, const struct detector_mode *mode,
              GError **error)
{
	g_autoptr(Detector) detector = g_new0(Detector, 1);

	detector->config = config;
	detector->mode = *mode;
	detector->state = *config->state != '\0' ? g_strdup(config->state) : state_folder_default();
	detector->sinks = g_ptr_array_new_with_free_func(close_sink);
	detector->unsent = g_array_new(FALSE, FALSE, sizeof(struct alert_lines));
	g_array_set_clear_func(detector->unsent, clear_lines);
	detector->detail_lost_ms = INT64_MIN;
	for (size_t i = 0; i < FEATURE_COUNT; i++)
		detector->feature_names[i] = feature_name(i);
	g_strlcpy(detector->device, g_get_host_name(), sizeof(detector->device));
	if (!open_all(detector, error))
		return NULL;
	return g_steal_pointer(&detector);
}

void
detector_close(Detector *detector)
{
	if (detector == NULL)
		return;
	g_ptr_array_unref(detector->sinks);
	g_array_unref(detector->unsent);
	if (detector->scores != NULL)
		fclose(detector->scores);
	control_close(detector->control);
	ring_set_free(detector->rings);
	assessor_free(detector->assessor);
	verdict_table_free(detector->table);
	verdict_store_close(detector->store);
	g_free(detector->state);
	g_free(detector);
}

/* The way of an assessment */

static void
need_transaction(Detector *detector)
{
	if (detector->in_transaction)
		return;
	verdict_store_begin(detector->store);
	detector->in_transaction = true;
}

static void
tell(Detector *detector, enum verdict_act act, const struct verdict *verdict,
     const struct assessment *assessment)
{
	const struct alert_origin origin = { assessor_model_name(detector->assessor),
		                             detector->device };
	g_autoptr(GString) cef = g_string_new(NULL);
	g_autoptr(GString) ecs = g_string_new(NULL);
	struct alert_lines lines;
	struct alert alert;

	alert_make(&alert, act, verdict, assessment, &origin);
	cef_format(&alert, cef);
	ecs_format(&alert, ecs);
	lines = (struct alert_lines){
		.act = act,
		.time_ms = alert.time_ms,
		.severity = alert_severity(&alert),
		.cef = g_strdup(cef->str),
		.ecs = g_strdup(ecs->str),
	};
	verdict_store_put_event(detector->store, &alert, &lines);
	g_array_append_val(detector->unsent, lines);
	detector->alerts++;
}

static void
write_score(Detector *detector, const struct verdict *verdict, const struct assessment *assessment)
{
	g_autoptr(GString) line = g_string_new(NULL);
	char address[HOST_ADDRESS_TEXT_SIZE];

	json_open_object(line, NULL);
	json_add_integer(line, "time_ms", assessment->time_ms);
	json_add_string(line, "host", host_address_format(&verdict->host, address));
	json_add_string(line, "verdict", verdict_name(verdict->kind));
	json_add_double(line, "score", assessment->score);
	if (verdict->first_detected_ms != 0)
		json_add_integer(line, "first_detected_ms", verdict->first_detected_ms);
	else
		json_add_null(line, "first_detected_ms");
	json_close_object(line);
	g_string_append_c(line, '\n');
	fputs(line->str, detector->scores);
}

static void
take_assessment(Detector *detector, const struct assessment *assessment)
{
	const struct assessment *judged = assessment;
	struct assessment marked;
	const struct verdict *verdict;
	enum verdict_act act;
	bool worth_keeping;

	if (assessment->bin_end_ms <= detector->detail_lost_ms) {
		marked = *assessment;
		marked.cannot_tell |= CANNOT_TELL_DETAIL;
		assessment = &marked;
	}
	verdict = verdict_table_update(detector->table, assessment, &act);
	if (verdict == NULL)
		return;
	if (detector->scores != NULL && (!assessment->early || act != ACT_NONE))
		write_score(detector, verdict, assessment);
	worth_keeping = assessment->score >= VERDICT_NEAR_SCORE || verdict->kind == VERDICT_INFECTED ||
	                assessment_shows_behaviour(assessment);
	if (worth_keeping && (!assessment->early || act != ACT_NONE)) {
		need_transaction(detector);
		assessor_add_peers(detector->assessor);
		verdict_store_put_assessment(detector->store, judged, detector->feature_names);
	}
	if (act != ACT_NONE) {
		need_transaction(detector);
		tell(detector, act, verdict, assessment);
	}
}

static void
advance(Detector *detector, bool finish)
{
	const struct assessment *assessment;
	struct ring_watermark watermark;

	if (!ring_set_watermark(detector->rings, &watermark))
		return;
	detector->clock_ms = MAX(detector->clock_ms, watermark.export_ms);
	assessor_advance(detector->assessor, &watermark, finish);
	while ((assessment = assessor_next(detector->assessor)) != NULL)
		take_assessment(detector, assessment);
}

/* What was lost on the way means that for a while a host's silence says nothing. */
static void
note_losses(Detector *detector)
{
	struct ring_set_counters counters = ring_set_counters(detector->rings);
	uint64_t lost = counters.dropped + counters.missed + counters.refused;

	if (lost == detector->lost)
		return;
	log_warning("%" G_GUINT64_FORMAT
	            " parts were lost on the way from the collector: %" G_GUINT64_FORMAT
	            " dropped at a full ring, %" G_GUINT64_FORMAT " missed, %" G_GUINT64_FORMAT
	            " refused so far",
	            lost - detector->lost, counters.dropped, counters.missed, counters.refused);
	detector->lost = lost;
	detector->detail_lost_ms = detector->clock_ms + DETAIL_LOST_MS;
}

static void
take_part(Detector *detector, const struct ring_bin *part)
{
	detector->parts++;
	verdict_table_see(detector->table, &part->bin);
	assessor_add(detector->assessor, part);
}

static void
take_shares(Detector *detector, const struct ring_shares *shares)
{
	struct ring_bin *part = &detector->expanded;

	part->export_ms = shares->export_ms;
	part->dropped = shares->dropped;
	host_shares_expand(&shares->part, &part->bin, &part->extension, detector->sketch_key);
	take_part(detector, part);
}

static void
take_entry(Detector *detector, const struct ring_entry *entry)
{
	detector->entries++;
	detector->uncommitted++;
	switch (entry->type) {
	case RING_BIN:
		take_part(detector, entry->bin);
		break;
	case RING_SHARES:
		take_shares(detector, &entry->shares);
		break;
	case RING_WATERMARK:
		note_losses(detector);
		advance(detector, false);
		break;
	case RING_COUNTERS:
		break;
	case RING_END:
		detector->ended = ring_set_ended(detector->rings);
		break;
	}
}

/* Transactions */

static void
store_verdicts(Detector *detector, bool all)
{
	g_autoptr(GString) reason = g_string_new(NULL);
	const struct verdict *verdict;
	struct host_address host;

	while (verdict_table_next_forgotten(detector->table, &host))
		verdict_store_delete_host(detector->store, &host);
	for (unsigned rows = 0;; rows++) {
		verdict =
			verdict_table_next_changed(detector->table, !all && rows >= ROWS_A_COMMIT);
		if (verdict == NULL)
			return;
		g_string_truncate(reason, 0);
		verdict_table_add_reason(detector->table, verdict, reason);
		verdict_store_put_verdict(detector->store, verdict, reason->str);
	}
}

static void
store_state(Detector *detector)
{
	VerdictStore *store = detector->store;
	struct verdict_counters verdicts = verdict_table_counters(detector->table);
	struct ring_set_counters rings = ring_set_counters(detector->rings);

	if (detector->clock_ms > 0)
		verdict_store_put_state_number(store, "clock_ms", detector->clock_ms);
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

static bool
commit(Detector *detector, bool all, GError **error)
{
	need_transaction(detector);
	ring_set_settle(detector->rings, detector->ended);
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
	return detector->scores == NULL || fflush(detector->scores) == 0 ||
	       fault_system(error, "cannot write scores to %s", detector->mode.scores_path);
}

static bool
commit_when_due(Detector *detector, GError **error)
{
	int64_t age_ms = mono_time_now().ms - detector->committed.ms;

	if (detector->uncommitted >= ENTRIES_A_COMMIT || ring_set_crowded(detector->rings) ||
	    (detector->uncommitted > 0 && age_ms >= detector->config->commit_ms) ||
	    (!detector->mode.once && age_ms >= IDLE_COMMIT_MS))
		return commit(detector, false, error);
	return true;
}

/* Control socket */

static void
add_rings(const Detector *detector, GString *json)
{
	json_open_array(json, "rings");
	for (size_t i = 0; i < ring_set_count(detector->rings); i++) {
		struct ring_position position = ring_set_position(detector->rings, i);

		json_open_object(json, NULL);
		json_add_unsigned(json, "worker", ring_set_worker(detector->rings, i));
		json_add_unsigned(json, "epoch", position.epoch);
		json_add_unsigned(json, "sequence", position.sequence);
		json_add_boolean(json, "writer", ring_set_has_writer(detector->rings, i));
		json_close_object(json);
	}
	json_close_array(json);
}

static char *
status_json(const Detector *detector)
{
	struct verdict_counters verdicts = verdict_table_counters(detector->table);
	GString *json = g_string_new(NULL);

	json_open_object(json, NULL);
	json_add_string(json, "program", "kenchi-detector");
	json_add_string(json, "version", KENCHI_VERSION);
	json_add_integer(json, "pid", getpid());
	json_add_string(json, "state", detector->state);
	json_add_integer(json, "uptime_ms", mono_time_now().ms - detector->started.ms);
	if (detector->clock_ms > 0)
		json_add_integer(json, "clock_ms", detector->clock_ms);
	else
		json_add_null(json, "clock_ms");
	json_add_string(json, "model", assessor_model_name(detector->assessor));
	json_add_unsigned(json, "hosts", verdicts.hosts);
	json_add_unsigned(json, "infected", verdicts.infected);
	json_add_unsigned(json, "normal", verdicts.normal);
	json_add_unsigned(json, "unknown", verdicts.hosts - verdicts.infected - verdicts.normal);
	add_rings(detector, json);
	json_close_object(json);
	json_end_line(json);
	return g_string_free(json, FALSE);
}

static void
add_sinks(const Detector *detector, GString *json)
{
	json_open_array(json, "outputs");
	for (unsigned i = 0; i < detector->sinks->len; i++) {
		const AlertSink *sink = detector->sinks->pdata[i];
		struct alert_sink_counters counters = alert_sink_counters(sink);

		json_open_object(json, NULL);
		json_add_string(json, "name", alert_sink_name(sink));
		json_add_unsigned(json, "sent", counters.sent);
		json_add_unsigned(json, "waiting", counters.waiting);
		json_add_unsigned(json, "dropped", counters.dropped);
		json_add_unsigned(json, "failed", counters.failed);
		json_close_object(json);
	}
	json_close_array(json);
}

/* The site's windows as a calibration, as soon as there are enough; "calibration begin" takes them anew. */
static char *
calibration_json(Detector *detector, const char *command)
{
	SiteCalibration *site = assessor_site(detector->assessor);
	struct calibration calibration = { .source = (char[]){ "windows of this site, from the running detector" } };
	GString *json = g_string_new(NULL);

	if (strcmp(command, "calibration begin") == 0)
		site_calibration_clear(site);
	calibration.model = (char *)(uintptr_t)assessor_model_name(detector->assessor);
	json_open_object(json, NULL);
	json_add_unsigned(json, "windows", site_calibration_windows(site));
	json_add_unsigned(json, "hosts", site_calibration_hosts(site));
	if (assessor_calibrate(detector->assessor, &calibration)) {
		g_autofree char *text = calibration_text(&calibration);

		json_add_string(json, "calibration", text);
	}
	json_close_object(json);
	g_string_append_c(json, '\n');
	return g_string_free(json, FALSE);
}

static char *
counters_json(const Detector *detector)
{
	struct assessor_counters assessor = assessor_counters(detector->assessor);
	struct verdict_counters verdicts = verdict_table_counters(detector->table);
	struct ring_set_counters rings = ring_set_counters(detector->rings);
	GString *json = g_string_new(NULL);

	json_open_object(json, NULL);
	json_add_unsigned(json, "entries", detector->entries);
	json_add_unsigned(json, "parts", detector->parts);
	json_add_unsigned(json, "ring_missed", rings.missed);
	json_add_unsigned(json, "ring_refused", rings.refused);
	json_add_unsigned(json, "ring_dropped", rings.dropped);
	json_add_unsigned(json, "histories", assessor.hosts);
	json_add_unsigned(json, "histories_forgotten", assessor.forgotten);
	json_add_unsigned(json, "parts_stale", assessor.stale);
	json_add_unsigned(json, "assessments", assessor.assessments);
	json_add_unsigned(json, "classified", assessor.classified);
	json_add_unsigned(json, "hosts", verdicts.hosts);
	json_add_unsigned(json, "hosts_forgotten", verdicts.forgotten);
	json_add_unsigned(json, "hosts_refused", verdicts.refused);
	json_add_unsigned(json, "alerts", detector->alerts);
	add_sinks(detector, json);
	json_close_object(json);
	json_end_line(json);
	return g_string_free(json, FALSE);
}

static void
answer(Detector *detector)
{
	const char *command;

	while (detector->control != NULL && (command = control_next(detector->control)) != NULL) {
		g_autofree char *lines = NULL;

		if (strcmp(command, "status") == 0)
			lines = status_json(detector);
		else if (strcmp(command, "counters") == 0)
			lines = counters_json(detector);
		else if (g_str_has_prefix(command, "calibration"))
			lines = calibration_json(detector, command);
		control_answer(detector->control,
		               lines != NULL ? lines : "{\"error\":\"unknown command\"}\n");
	}
}

/* The loop */

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

/* One turn of the loop: entries, or a short wait. */
static bool
take_entries(Detector *detector, GError **error)
{
	struct ring_entry entry;
	unsigned taken = 0;

	while (taken < ENTRIES_A_TURN && !detector->ended &&
	       ring_set_pop(detector->rings, &entry)) {
		take_entry(detector, &entry);
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
		advance(detector, true);
	return commit(detector, true, error);
}

bool
detector_run(Detector *detector, struct detector_requests *requests, GError **error)
{
	detector->started = detector->committed = detector->pruned = detector->heard =
		mono_time_now();
	while (!requests->stop && !detector->ended) {
		look_for_rings(detector);
		if (!take_entries(detector, error) || !commit_when_due(detector, error))
			return false;
		answer(detector);
		if (requests->reopen) {
			requests->reopen = 0;
			reopen_sinks(detector);
		}
	}
	return finish(detector, error);
}
