/* kenchi events: the changes of verdicts, oldest first. */
#include <stdio.h>

#include "common/host_address.h"
#include "common/json_writer.h"
#include "common/wall_clock.h"
#include "tools/kenchi/host_lines.h"
#include "tools/kenchi/json_text.h"
#include "tools/kenchi/store_access.h"
#include "tools/kenchi/subcommand.h"
#include "tools/kenchi/table.h"
#include "tools/kenchi/text.h"

enum { FOLLOW_INTERVAL_S = 1 };

static void
print_json(const struct store_event *event)
{
	g_autoptr(GString) line = g_string_new(NULL);

	json_open_object(line, NULL);
	json_add_integer(line, "id", event->id);
	json_add_integer(line, "time_ms", event->time_ms);
	json_add_string(line, "host", event->host);
	json_add_string(line, "act", event->act);
	json_add_string(line, "verdict", event->verdict);
	json_add_double(line, "score", text_round_score(event->score));
	json_text_add_list(line, "behaviours", event->behaviours);
	json_close_object(line);
	json_end_line(line);
	json_text_print(line);
}

static void
add_row(Table *table, const struct store_event *event)
{
	table_take(table, text_time(event->time_ms));
	table_add(table, event->host);
	table_add(table, event->act);
	table_add(table, event->verdict);
	table_take(table, g_strdup_printf("%.2f", event->score));
	table_take(table, host_lines_titles(event->behaviours));
}

/* Prints the events of a filter and returns the newest id. */
static int64_t
print_events(StoreReader *store, const struct store_event_filter *filter, bool json)
{
	static const char *const titles[] = { "TIME",   "HOST",       "ACT", "VERDICT",
		                              ">SCORE", "BEHAVIOURS", NULL };
	g_autoptr(Table) table = table_new(titles);
	int64_t newest = filter->after_id;
	struct store_event event;

	store_select_events(store, filter);
	while (store_next_event(store, &event)) {
		newest = event.id;
		if (json)
			print_json(&event);
		else
			add_row(table, &event);
	}
	table_print(table, 0, stdout);
	return newest;
}

/* Until the reader goes away or the user stops it. */
static int
follow(StoreReader *store, struct store_event_filter *filter, bool json)
{
	int result = EXIT_CODE_OK;

	filter->limit = 0;
	while (result == EXIT_CODE_OK && fflush(stdout) == 0) {
		g_usleep((gulong)FOLLOW_INTERVAL_S * G_USEC_PER_SEC);
		store_refresh(store);
		filter->after_id = print_events(store, filter, json);
		result = store_access_end(store);
	}
	return result;
}

struct events_options {
	char *since;
	char *host;
	gboolean follow;
	gint64 limit;
};

static int
list_events(const struct invocation *invocation, const struct events_options *options,
            const char *address)
{
	struct store_event_filter filter = { .host = address, .limit = options->limit };
	g_autoptr(StoreReader) store = NULL;
	int result;

	store = store_access(invocation, &result);
	if (store == NULL)
		return result;
	/* "10m" is ten minutes before the newest data, which in a capture is long ago. */
	if (options->since != NULL)
		text_parse_time(options->since,
		                store_state_number(store, "clock_ms", wall_clock_now().ms),
		                &filter.since_ms);
	filter.after_id = print_events(store, &filter, invocation->json);
	result = store_access_end(store);
	if (result != EXIT_CODE_OK)
		return result;
	result = store_check_age(store, invocation);
	return options->follow ? follow(store, &filter, invocation->json) : result;
}

int
subcommand_events(struct invocation *invocation, int argc, char **argv)
{
	struct events_options options = { 0 };
	const GOptionEntry entries[] = {
		{ "since", 0, 0, G_OPTION_ARG_STRING, &options.since,
		  "Only later ones: 10m, 2h, 3d, or a date", "TIME" },
		{ "host", 0, 0, G_OPTION_ARG_STRING, &options.host, "Only those of one host",
		  "HOST" },
		{ "limit", 0, 0, G_OPTION_ARG_INT64, &options.limit, "Only the newest so many",
		  "COUNT" },
		{ "follow", 0, 0, G_OPTION_ARG_NONE, &options.follow,
		  "Go on and print new ones as they come", NULL },
		{ NULL, 0, 0, 0, NULL, NULL, NULL },
	};
	char address[HOST_ADDRESS_TEXT_SIZE];
	int result = EXIT_CODE_USAGE;
	int64_t unused;

	if (!subcommand_parse(invocation, entries, 0, &argc, &argv))
		goto end;
	if (options.since != NULL && !text_parse_time(options.since, 0, &unused)) {
		subcommand_complain(
			"events: --since \"%s\": it is a time such as 10m, 2h, 3d or 2026-03-02 10:15",
			options.since);
		goto end;
	}
	if (options.host != NULL && !subcommand_host("events: --host", options.host, address))
		goto end;
	result = list_events(invocation, &options, options.host == NULL ? NULL : address);
end:
	g_free(options.since);
	g_free(options.host);
	return result;
}
