#include "tools/kenchi/host_lines.h"

#include <stdio.h>
#include <string.h>

#include "common/json_writer.h"
#include "tools/kenchi/json_text.h"
#include "tools/kenchi/table.h"
#include "tools/kenchi/text.h"

static const struct {
	const char *name;
	const char *title;
	const char *meaning;
} behaviours[] = {
#define BEHAVIOUR(name, title, unit, severity, meaning) { #name, title, meaning },
#include "schemas/behaviours.def"
#undef BEHAVIOUR
};

const char *
host_lines_title(const char *behaviour)
{
	for (size_t i = 0; i < G_N_ELEMENTS(behaviours); i++) {
		if (strcmp(behaviours[i].name, behaviour) == 0)
			return behaviours[i].title;
	}
	return behaviour;
}

const char *
host_lines_meaning(const char *behaviour)
{
	for (size_t i = 0; i < G_N_ELEMENTS(behaviours); i++) {
		if (strcmp(behaviours[i].name, behaviour) == 0)
			return behaviours[i].meaning;
	}
	return "";
}

char *
host_lines_titles(const char *names)
{
	g_auto(GStrv) entries = g_strsplit(names, ",", -1);
	g_autoptr(GString) titles = g_string_new(NULL);

	for (char **entry = entries; *entry != NULL; entry++)
		g_string_append_printf(titles, "%s%s", titles->len > 0 ? ", " : "",
		                       host_lines_title(g_strstrip(*entry)));
	return g_strdup(titles->str);
}

static void
add_time(GString *json, const char *name, int64_t ms)
{
	if (ms < 0)
		json_add_null(json, name);
	else
		json_add_integer(json, name, ms);
}

void
host_lines_add_members(GString *json, const struct store_host *host)
{
	json_add_string(json, "host", host->host);
	json_add_string(json, "verdict", host->verdict);
	json_add_double(json, "score", text_round_score(host->peak_score));
	json_add_double(json, "latest_score", text_round_score(host->score));
	add_time(json, "first_detected_ms", host->first_detected_ms);
	add_time(json, "since_ms", host->since_ms);
	json_text_add_list(json, "behaviours", host->behaviours);
	json_add_string(json, "reason", host->reason);
	add_time(json, "first_seen_ms", host->first_seen_ms);
	add_time(json, "last_seen_ms", host->last_seen_ms);
	json_add_integer(json, "minutes", host->bins);
	json_add_integer(json, "sampling_interval", host->sampling_interval);
	json_text_add_list(json, "cannot_tell", host->cannot_tell);
}

static void
add_row(Table *table, const struct store_host *host)
{
	table_add(table, host->host);
	table_add(table, host->verdict);
	table_take(table, g_strdup_printf("%.2f", host->peak_score));
	table_take(table, text_time(host->since_ms));
	table_take(table, text_time(host->last_seen_ms));
	if (host->reason[0] != '\0')
		table_add(table, host->reason);
	else
		table_take(table, host_lines_titles(host->behaviours));
}

size_t
host_lines_print(StoreReader *store, bool json)
{
	static const char *const titles[] = { "HOST",      "VERDICT", ">SCORE", "SINCE",
		                              "LAST SEEN", "WHY",     NULL };
	g_autoptr(Table) table = table_new(titles);
	g_autoptr(GString) line = g_string_new(NULL);
	struct store_host host;
	size_t count = 0;

	for (; store_next_host(store, &host); count++) {
		if (!json) {
			add_row(table, &host);
			continue;
		}
		json_open_object(line, NULL);
		host_lines_add_members(line, &host);
		json_close_object(line);
		json_end_line(line);
		json_text_print(line);
	}
	table_print(table, 0, stdout);
	return count;
}
