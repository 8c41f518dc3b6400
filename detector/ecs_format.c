#include "detector/ecs_format.h"

#include "common/json_writer.h"

static void
add_time(GString *json, const char *name, int64_t ms)
{
	g_autoptr(GDateTime) seconds = g_date_time_new_from_unix_utc(ms / 1000);
	g_autofree char *day =
		seconds != NULL ? g_date_time_format(seconds, "%Y-%m-%dT%H:%M:%S") : NULL;
	g_autofree char *text = g_strdup_printf(
		"%s.%03dZ", day != NULL ? day : "1970-01-01T00:00:00", (int)(ms % 1000));

	json_add_string(json, name, text);
}

static void
add_event(const struct alert *alert, GString *json)
{
	json_open_object(json, "event");
	json_add_string(json, "kind", "alert");
	json_add_string(json, "category", "threat");
	json_add_string(json, "action", verdict_act_name(alert->act));
	json_add_string(json, "id", alert->id);
	json_add_integer(json, "severity", alert_severity(alert));
	add_time(json, "start", alert->start_ms);
	add_time(json, "end", alert->end_ms);
	json_close_object(json);
}

static void
add_evidence(const struct evidence *evidence, GString *json)
{
	json_open_object(json, NULL);
	json_add_string(json, "behaviour", behaviour_name(evidence->behaviour));
	json_add_double(json, "measured", evidence->measured);
	json_add_double(json, "threshold", evidence->threshold);
	json_add_double(json, "usual", evidence->usual);
	json_add_string(json, "unit", behaviour_unit(evidence->behaviour));
	json_add_double(json, "strength", evidence->strength);
	alert_add_peers(json, "peers", evidence);
	json_close_object(json);
}

static void
add_ours(const struct alert *alert, GString *json)
{
	g_autoptr(GString) cannot_tell = g_string_new(NULL);

	verdict_add_cannot_tell(cannot_tell, alert->verdict.cannot_tell);
	json_open_object(json, "kenchi");
	json_add_string(json, "verdict", verdict_name(alert->verdict.kind));
	json_add_double(json, "score", alert->verdict.score);
	json_add_integer(json, "first_detected_ms", alert->verdict.first_detected_ms);
	json_add_string(json, "cannot_tell", cannot_tell->str);
	json_open_array(json, "behaviours");
	for (unsigned i = 0; i < BEHAVIOUR_COUNT; i++) {
		if ((alert->verdict.behaviours & (1u << i)) != 0)
			json_add_string(json, NULL, behaviour_name((enum behaviour)i));
	}
	json_close_array(json);
	json_open_array(json, "evidence");
	for (size_t i = 0; i < alert->evidence_count; i++)
		add_evidence(&alert->evidence[i], json);
	json_close_array(json);
	json_add_string(json, "model", alert->model);
	json_close_object(json);
}

static void
add_object_of_one(GString *json, const char *name, const char *member, const char *value)
{
	json_open_object(json, name);
	json_add_string(json, member, value);
	json_close_object(json);
}

void
ecs_format(const struct alert *alert, GString *json)
{
	g_autoptr(GString) text = g_string_new(NULL);
	char address[HOST_ADDRESS_TEXT_SIZE];

	alert_add_text(alert, text);
	json_open_object(json, NULL);
	add_time(json, "@timestamp", alert->time_ms);
	add_object_of_one(json, "ecs", "version", "8.11.0");
	json_add_string(json, "message", text->str);
	add_event(alert, json);
	add_object_of_one(json, "source", "ip", host_address_format(&alert->verdict.host, address));
	json_open_object(json, "observer");
	json_add_string(json, "product", "kenchi");
	json_add_string(json, "version", KENCHI_VERSION);
	json_add_string(json, "hostname", alert->device);
	json_close_object(json);
	add_ours(alert, json);
	json_close_object(json);
}
