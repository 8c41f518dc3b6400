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

/* The address, and the port where exporters are told apart by it. */
static char *
exporter_name(JsonObject *object)
{
	const char *address = json_text_string(object, "exporter", "-");
	int port = (int)json_text_number(object, "port", 0);

	if (port == 0)
		return g_strdup(address);
	return g_strdup_printf(strchr(address, ':') != NULL ? "[%s]:%d" : "%s:%d", address, port);
}

/* How far its clock is ahead of the collector's. */
static char *
clock_offset(JsonObject *object)
{
	return g_strdup_printf("%+.1f s",
	                       json_text_number(object, "clockOffsetMilliseconds", 0) / 1000);
}

/* The objects of an array; its elements are the array's. */
static GList *
elements(JsonObject *object, const char *name)
{
	JsonNode *node = json_object_get_member(object, name);

	return node != NULL && JSON_NODE_HOLDS_ARRAY(node)
	               ? json_array_get_elements(json_node_get_array(node))
	               : NULL;
}

static char *
template_count(JsonObject *object)
{
	g_autoptr(GList) domains = elements(object, "domains");
	guint count = 0;

	for (GList *domain = domains; domain != NULL; domain = domain->next) {
		g_autoptr(GList) templates =
			elements(json_node_get_object(domain->data), "templates");

		count += g_list_length(templates);
	}
	return text_amount(count);
}

static void
add_interval(GPtrArray *texts, double interval, const char *behind)
{
	g_autofree char *text = g_strdup_printf("1:%.0f%s", interval, behind);

	if (!g_ptr_array_find_with_equal_func(texts, text, g_str_equal, NULL))
		g_ptr_array_add(texts, g_steal_pointer(&text));
}

/* "1:512" for each interval that it has announced, or the one that the operator has set. */
static char *
sampling(JsonObject *object)
{
	g_autoptr(GList) domains = elements(object, "domains");
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	double override = json_text_number(object, "samplingOverride", 0);

	if (override > 0)
		add_interval(texts, override, " (set)");
	for (GList *domain = domains; domain != NULL && override <= 0; domain = domain->next) {
		g_autoptr(GList) samplers =
			elements(json_node_get_object(domain->data), "samplers");

		for (GList *sampler = samplers; sampler != NULL; sampler = sampler->next)
			add_interval(texts,
			             json_text_number(json_node_get_object(sampler->data),
			                              "interval", 0),
			             "");
	}
	if (texts->len == 0)
		return g_strdup("-");
	g_ptr_array_add(texts, NULL);
	return g_strjoinv(", ", (char **)(void *)texts->pdata);
}

static void
add_row(Table *table, JsonNode *node)
{
	static const char *const amounts[] = { "datagramsPerSecond", "recordsPerSecond",
		                               "counters.datagrams_taken",
		                               "counters.records_decoded", "lost" };
	JsonObject *object = json_node_get_object(node);

	table_take(table, exporter_name(object));
	table_take(table, join(object, "protocols"));
	for (size_t i = 0; i < G_N_ELEMENTS(amounts); i++)
		table_take(table, text_amount(daemon_status_number(node, amounts[i])));
	table_take(table, template_count(object));
	table_take(table, clock_offset(object));
	table_take(table, sampling(object));
	table_take(table,
	           text_time((int64_t)json_text_number(object, "lastArrivalMilliseconds", -1)));
	table_take(table, join(object, "cannotTell"));
	table_take(table, join(object, "warnings"));
}

int
subcommand_exporters(struct invocation *invocation, int argc, char **argv)
{
	static const char *const titles[] = {
		"EXPORTER",      "PROTOCOLS",   ">DATAGRAMS/S", ">RECORDS/S", ">DATAGRAMS",
		">RECORDS",      ">LOST",       ">TEMPLATES",   ">CLOCK",     "SAMPLING",
		"LAST HEARD OF", "CANNOT TELL", "WARNINGS",     NULL
	};
	g_autoptr(Table) table = table_new(titles);
	g_autoptr(GPtrArray) nodes = NULL;

	if (!subcommand_parse(invocation, NULL, 0, &argc, &argv))
		return EXIT_CODE_USAGE;
	nodes = daemon_status_ask_lines(invocation->state, "collector", "exporters");
	if (nodes == NULL) {
		g_autofree char *silence = daemon_status_silence(invocation->state, "collector");

		subcommand_complain("no data: the collector of %s: %s", invocation->state, silence);
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
