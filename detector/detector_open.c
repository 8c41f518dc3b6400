#include "detector/detector_parts.h"

#include <string.h>

#include "common/fault.h"
#include "common/log.h"
#include "common/state_folder.h"
#include "detector/syslog_target.h"

static const char *
text_or_null(const char *text)
{
	return *text != '\0' ? text : NULL;
}

static bool
open_sink(Detector *detector, enum alert_output output, const char *target, GError **error)
{
	const struct alert_sink_options options = {
		.queue_max = (size_t)detector->config->alert_queue,
		.syslog_authorities = text_or_null(detector->config->syslog_ca),
	};
	AlertSink *sink = alert_sink_open(output, target, &options, error);

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

static Assessor *
make_assessor(const struct detector_config *config, const char *state, uint64_t sketch_key,
              GError **error)
{
	g_autofree char *site = g_build_filename(state, "site.calibration", NULL);
	const struct assessor_config assessor = {
		.model_path = text_or_null(config->model),
		.calibration_path = text_or_null(config->calibration),
		.site_calibration_path = site,
		.hosts_max = (size_t)config->hosts_max,
		.history_minutes = (unsigned)config->history_minutes,
		.history_octets_max = (size_t)config->history_mib << 20,
		.alarms_per_1000_host_days = config->alarms,
		.sketch_key = sketch_key,
	};

	return assessor_new(&assessor, error);
}

static bool
open_assessor(Detector *detector, GError **error)
{
	if (!state_folder_site_key(detector->state, detector->mode.once, &detector->sketch_key,
	                           error))
		return false;
	detector->assessor =
		make_assessor(detector->config, detector->state, detector->sketch_key, error);
	return detector->assessor != NULL;
}

bool
detector_check(const struct detector_config *config, GError **error)
{
	g_autofree char *state =
		*config->state != '\0' ? g_strdup(config->state) : state_folder_default();
	g_autoptr(Assessor) assessor = NULL;

	for (char **target = config->syslog; *target != NULL; target++) {
		struct syslog_target parsed;

		if (!syslog_target_parse(*target, &parsed, error))
			return false;
		syslog_target_clear(&parsed);
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

/* {0, 0}: it is not kept. */
static struct ring_position
popped_of(VerdictStore *store, unsigned worker)
{
	g_autofree char *key = g_strdup_printf("popped_%u", worker);
	g_autofree char *value = verdict_store_state(store, key);
	struct ring_position popped = { 0, 0 };
	char *end = NULL;

	if (value == NULL)
		return popped;
	popped.epoch = g_ascii_strtoull(value, &end, 10);
	if (*end == ':')
		popped.sequence = g_ascii_strtoull(end + 1, NULL, 10);
	return popped;
}

static void
restore_rings(Detector *detector)
{
	g_autofree char *judged = verdict_store_state(detector->store, "judged_minute");

	for (unsigned worker = 0; worker < RING_SET_MAX; worker++)
		ring_set_restore(detector->rings, worker,
		                 verdict_store_position(detector->store, worker),
		                 popped_of(detector->store, worker));
	if (judged != NULL)
		detector->judged_minute = detector->judged_before =
			(uint32_t)g_ascii_strtoull(judged, NULL, 10);
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
	restore_rings(detector);
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
	g_autofree char *name = g_strdup(alert_sink_name(sink));
	uint64_t left = alert_sink_close(sink);

	if (left > 0)
		log_warning("%" G_GUINT64_FORMAT
		            " alerts could not be handed to %s: they are in the store's events",
		            left, name);
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
