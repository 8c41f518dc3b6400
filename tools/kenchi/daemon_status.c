#include "tools/kenchi/daemon_status.h"

#include <stdio.h>
#include <string.h>

#include "common/control.h"
#include "tools/kenchi/json_text.h"
#include "tools/kenchi/table.h"
#include "tools/kenchi/text.h"

enum { ANSWER_MS = 2000 };

enum counter_kind { TAKEN, GIVEN, REFUSED, TOLD };

struct counter {
	const char *path;
	enum counter_kind kind;
	const char *meaning;
};

/* Where something can be lost or refused, in the order of the data path. */
static const struct counter collector_losses[] = {
	{ "kernel_dropped", REFUSED, "datagrams that the kernel dropped: the socket was full" },
	{ "sequence_lost", REFUSED, "missing by sequence number: lost on the way or never sent" },
#define COUNTER(name, kind, meaning) { #name, kind, meaning },
#include "schemas/counters.def"
#undef COUNTER
	{ "capture.fragments", REFUSED, "packets of the capture: fragments without the rest" },
	{ "capture.cut", REFUSED, "packets of the capture: cut short" },
	{ "capture.malformed", REFUSED, "packets of the capture: malformed" },
	{ "bins.late", REFUSED, "records too late for their minute" },
	{ "bins.future", REFUSED, "records of a time that has not come" },
	{ "bins.impossible", REFUSED, "records that end before they begin, or last too long" },
	{ "bins.unplaced", REFUSED, "records for which the table of bins had no room" },
	{ "bins.shares_lost", REFUSED,
	  "minutes of records that found no room: bins are incomplete" },
	{ "ring.parts_dropped", REFUSED,
	  "parts of bins dropped at the full ring: is the detector running?" },
};

static const struct counter detector_losses[] = {
	{ "ring_dropped", REFUSED, "parts that a collector dropped at the full ring" },
	{ "ring_missed", REFUSED, "entries of the ring that were gone before they could be read" },
	{ "ring_refused", REFUSED, "entries of the ring that were not valid" },
	{ "parts_stale", REFUSED, "parts older than what is remembered of their host" },
	{ "history_minutes_given_up", REFUSED,
	  "minutes of hosts' pasts given up to make room for others" },
	{ "histories_forgotten", REFUSED, "pasts of hosts forgotten to make room for others" },
	{ "hosts_forgotten", REFUSED, "hosts forgotten to make room for others" },
	{ "hosts_refused", REFUSED, "parts and assessments of hosts for which there was no room" },
};

static char *
socket_path(const char *folder, const char *daemon)
{
	g_autofree char *name = g_strdup_printf("%s.sock", daemon);

	return g_build_filename(folder, name, NULL);
}

char *
daemon_status_silence(const char *folder, const char *daemon)
{
	g_autofree char *path = socket_path(folder, daemon);
	g_autoptr(GError) error = NULL;
	g_autofree char *answer = control_ask(path, "status", ANSWER_MS, &error);

	if (answer != NULL || g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) ||
	    g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
		return g_strdup("not running");
	return g_strdup_printf("cannot be asked: %s", error->message);
}

GPtrArray *
daemon_status_ask_lines(const char *folder, const char *daemon, const char *command)
{
	g_autofree char *path = socket_path(folder, daemon);
	g_autofree char *answer = control_ask(path, command, ANSWER_MS, NULL);
	g_auto(GStrv) lines = NULL;
	GPtrArray *nodes;

	if (answer == NULL)
		return NULL;
	lines = g_strsplit(answer, "\n", -1);
	nodes = g_ptr_array_new_with_free_func((GDestroyNotify)json_node_unref);
	for (char **line = lines; *line != NULL; line++) {
		g_autoptr(JsonNode) node = json_text_parse(*line);

		if (node != NULL && JSON_NODE_HOLDS_OBJECT(node))
			g_ptr_array_add(nodes, g_steal_pointer(&node));
	}
	return nodes;
}

JsonNode *
daemon_status_ask(const char *folder, const char *daemon, const char *command)
{
	g_autoptr(GPtrArray) nodes = daemon_status_ask_lines(folder, daemon, command);

	return nodes == NULL || nodes->len == 0 ? NULL : json_node_ref(g_ptr_array_index(nodes, 0));
}

double
daemon_status_number(JsonNode *status, const char *path)
{
	g_auto(GStrv) names = g_strsplit(path, ".", -1);
	JsonObject *object = status == NULL ? NULL : json_node_get_object(status);
	char **name = names;

	for (; object != NULL && name[1] != NULL; name++) {
		JsonNode *member = json_object_get_member(object, *name);

		object = member != NULL && JSON_NODE_HOLDS_OBJECT(member)
		                 ? json_node_get_object(member)
		                 : NULL;
	}
	return json_text_number(object, *name, 0);
}

static void
print_losses(JsonNode *status, const struct counter *rows, size_t count)
{
	static const char *const titles[] = { ">COUNT", "LOST OR REFUSED", "COUNTER", NULL };
	g_autoptr(Table) table = table_new(titles);

	for (size_t i = 0; i < count; i++) {
		double value = daemon_status_number(status, rows[i].path);

		if (rows[i].kind != REFUSED || value <= 0)
			continue;
		table_take(table, g_strdup_printf("%.0f", value));
		table_add(table, rows[i].meaning);
		table_add(table, rows[i].path);
	}
	if (table_rows(table) == 0)
		puts("           nothing lost or refused");
	table_print(table, 11, stdout);
}

/* As deep as what was parsed, which is bounded. NOLINTBEGIN(misc-no-recursion) */
static void
add_counters(Table *table, const char *prefix, JsonObject *object)
{
	JsonObjectIter iterator;
	const char *name;
	JsonNode *node;

	json_object_iter_init_ordered(&iterator, object);
	while (json_object_iter_next_ordered(&iterator, &name, &node)) {
		g_autofree char *path =
			g_strdup_printf("%s%s%s", prefix, prefix[0] != '\0' ? "." : "", name);

		if (JSON_NODE_HOLDS_OBJECT(node)) {
			add_counters(table, path, json_node_get_object(node));
		} else if (json_node_get_value_type(node) == G_TYPE_INT64) {
			table_add(table, path);
			table_take(table,
			           g_strdup_printf("%" G_GINT64_FORMAT, json_node_get_int(node)));
		}
	}
}

/* NOLINTEND(misc-no-recursion) */

static void
print_counters(JsonNode *status)
{
	static const char *const titles[] = { "COUNTER", ">VALUE", NULL };
	g_autoptr(Table) table = table_new(titles);

	add_counters(table, "", json_node_get_object(status));
	table_print(table, 11, stdout);
}

static char *
amount(JsonNode *status, const char *path)
{
	return text_amount(daemon_status_number(status, path));
}

static void
print_silence(const char *folder, const char *daemon)
{
	g_autofree char *silence = daemon_status_silence(folder, daemon);
	g_autofree char *text = text_escape(silence);

	printf("%-9s  %s\n", daemon, text);
}

void
daemon_status_print_collector(const char *folder, JsonNode *status, bool counters)
{
	g_autofree char *datagrams_per_s = amount(status, "rates.datagrams_per_s");
	g_autofree char *records_per_s = amount(status, "rates.records_per_s");
	g_autofree char *octets_per_s = amount(status, "rates.octets_per_s");
	g_autofree char *datagrams = amount(status, "datagrams_taken");
	g_autofree char *records = amount(status, "records_decoded");
	g_autofree char *parts = amount(status, "ring.parts_pushed");

	if (status == NULL) {
		print_silence(folder, "collector");
		return;
	}
	printf("collector  running: %s datagrams/s, %s records/s, %s octets/s\n", datagrams_per_s,
	       records_per_s, octets_per_s);
	printf("           so far %s datagrams, %s records, %s parts of bins; exporters: %.0f, alive %.0f\n",
	       datagrams, records, parts, daemon_status_number(status, "exporters"),
	       daemon_status_number(status, "exporters_alive"));
	print_losses(status, collector_losses, G_N_ELEMENTS(collector_losses));
	if (counters)
		print_counters(status);
}

/* Where alerts go, and those that did not get there. */
static void
print_outputs(JsonNode *counters)
{
	static const char *const titles[] = { "ALERTS TO", ">SENT",   ">WAITING",
		                              ">DROPPED",  ">FAILED", NULL };
	static const char *const members[] = { "sent", "waiting", "dropped", "failed" };
	JsonNode *node = json_object_get_member(json_node_get_object(counters), "outputs");
	JsonArray *array =
		node != NULL && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
	g_autoptr(Table) table = table_new(titles);

	for (guint i = 0; array != NULL && i < json_array_get_length(array); i++) {
		JsonNode *element = json_array_get_element(array, i);
		JsonObject *output =
			JSON_NODE_HOLDS_OBJECT(element) ? json_node_get_object(element) : NULL;

		table_add(table, json_text_string(output, "name", NULL));
		for (size_t j = 0; j < G_N_ELEMENTS(members); j++)
			table_take(table, g_strdup_printf("%.0f",
			                                  json_text_number(output, members[j], 0)));
	}
	table_print(table, 11, stdout);
}

void
daemon_status_print_detector(const char *folder, JsonNode *status, JsonNode *counters, bool all)
{
	g_autofree char *model = NULL;

	if (status == NULL) {
		print_silence(folder, "detector");
		return;
	}
	model = text_escape(json_text_string(json_node_get_object(status), "model", "none"));
	printf("detector   running: %.0f hosts in mind, model %s\n",
	       daemon_status_number(status, "hosts"), model);
	if (counters == NULL)
		return;
	print_losses(counters, detector_losses, G_N_ELEMENTS(detector_losses));
	print_outputs(counters);
	if (all)
		print_counters(counters);
}
