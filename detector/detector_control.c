#include "detector/detector_parts.h"

#include <string.h>
#include <unistd.h>

#include "common/json_writer.h"

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

/* The site's windows as a calibration, as soon as there are enough; "calibration begin" takes them
 * anew. */
static char *
calibration_json(Detector *detector, const char *command)
{
	SiteCalibration *site = assessor_site(detector->assessor);
	struct calibration calibration = {
		.source = (char[]){ "windows of this site, from the running detector" }
	};
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
	json_add_unsigned(json, "history_minutes", assessor.minutes);
	json_add_unsigned(json, "history_minutes_given_up", assessor.given_up);
	json_add_unsigned(json, "history_octets", assessor.octets);
	json_add_unsigned(json, "history_octets_most",
	                  (uint64_t)detector->config->history_mib << 20);
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

void
detector_answer(Detector *detector)
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
