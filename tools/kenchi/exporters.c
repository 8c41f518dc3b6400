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

static void
add_row(Table *table, JsonNode *node)
{
	static const char *const amounts[] = { "datagrams_taken", "records_decoded",
		                               "sequence_lost" };
	JsonObject *object = json_node_get_object(node);

	table_add(table, json_text_string(object, "exporter", NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(amounts); i++)
		table_take(table, text_amount(json_text_number(object, amounts[i], 0)));
	table_take(table, text_time((int64_t)json_text_number(object, "newest_export_ms", -1)));
}

int
subcommand_exporters(struct invocation *invocation, int argc, char **argv)
{
	static const char *const titles[] = { "EXPORTER", ">DATAGRAMS",         ">RECORDS",
		                              ">LOST",    "NEWEST EXPORT TIME", NULL };
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
