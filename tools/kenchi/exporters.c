/* kenchi exporters: the Exporters that the running collector knows. */
#include <stdio.h>
#include <string.h>

#include "tools/kenchi/daemon_status.h"
#include "tools/kenchi/json_text.h"
#include "tools/kenchi/subcommand.h"
#include "tools/kenchi/table.h"
#include "tools/kenchi/text.h"

static void
print_json(JsonNode *node)
{
	g_autoptr(GString) line = g_string_new(NULL);

	json_text_copy(line, NULL, node);
	g_string_append_c(line, '\n');
	json_text_print(line);
}

/* "NetFlow v9, IPFIX" for an array of strings. */
static char *
join(JsonObject *object, const char *name)
{
	JsonNode *node = json_object_get_member(object, name);
	JsonArray *array =
		node != NULL && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
	GString *text = g_string_new(NULL);

	for (guint i = 0; array != NULL && i < json_array_get_length(array); i++) {
		JsonNode *element = json_array_get_element(array, i);

		if (json_node_get_value_type(element) == G_TYPE_STRING)
			g_string_append_printf(text, "%s%s", i > 0 ? ", " : "",
			                       json_node_get_string(element));
	}
	return g_string_free(text, FALSE);
}

static void
add_row(Table *table, JsonNode *node)
{
	static const char *const amounts[] = { "datagramsPerSecond", "recordsPerSecond",
		                               "counters.datagrams_taken",
		                               "counters.records_decoded", "lost" };
	JsonObject *object = json_node_get_object(node);

	table_add(table, json_text_string(object, "exporter", NULL));
	table_take(table, join(object, "protocols"));
	for (size_t i = 0; i < G_N_ELEMENTS(amounts); i++)
		table_take(table, text_amount(daemon_status_number(node, amounts[i])));
	table_take(table,
	           text_time((int64_t)json_text_number(object, "lastArrivalMilliseconds", -1)));
	table_take(table, join(object, "warnings"));
}

int
subcommand_exporters(struct invocation *invocation, int argc, char **argv)
{
	static const char *const titles[] = { "EXPORTER",   "PROTOCOLS",     ">DATAGRAMS/S",
		                              ">RECORDS/S", ">DATAGRAMS",    ">RECORDS",
		                              ">LOST",      "LAST HEARD OF", "WARNINGS",
		                              NULL };
	g_autoptr(Table) table = table_new(titles);
	g_autoptr(GPtrArray) nodes = NULL;

	if (!subcommand_parse(invocation, NULL, 0, &argc, &argv))
		return EXIT_CODE_USAGE;
	nodes = daemon_status_ask_lines(invocation->state, "collector", "exporters");
	if (nodes == NULL) {
		subcommand_complain("no data: no collector runs over %s", invocation->state);
		return EXIT_CODE_NO_DATA;
	}
	for (guint i = 0; i < nodes->len; i++) {
		if (invocation->json)
			print_json(g_ptr_array_index(nodes, i));
		else
			add_row(table, g_ptr_array_index(nodes, i));
	}
	table_print(table, 0, stdout);
	if (nodes->len == 0)
		subcommand_complain("no Exporter has sent anything yet");
	return EXIT_CODE_OK;
}
