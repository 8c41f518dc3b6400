/* kenchi status: both daemons and the store, from their control sockets and the store itself. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/control.h"
#include "common/json_writer.h"
#include "common/wall_clock.h"
#include "tools/kenchi/daemon_status.h"
#include "tools/kenchi/json_text.h"
#include "tools/kenchi/store_access.h"
#include "tools/kenchi/subcommand.h"
#include "tools/kenchi/table.h"
#include "tools/kenchi/text.h"

/* Everything that is known at one moment. */
struct situation {
	JsonNode *collector; /* NULL: does not run */
	JsonNode *detector;
	JsonNode *detector_counters;
	GError *fault; /* the store is there and cannot be read; NULL: none is */
	bool stored;   /* the members below are valid */
	struct store_counts counts;
	int64_t clock_ms; /* newest export time dealt with; STORE_NEVER */
	int64_t age_ms;   /* STORE_NEVER: nothing was stored yet */
	bool ended;       /* a capture, read to its end */
	char *model;
};

static void
read_store(const char *folder, struct situation *situation)
{
	g_autoptr(StoreReader) store = store_open(folder, &situation->fault);

	if (store == NULL || !store_count(store, &situation->counts, &situation->fault))
		return;
	situation->stored = true;
	situation->clock_ms = store_state_number(store, "clock_ms", STORE_NEVER);
	situation->age_ms = store_age_ms(store, wall_clock_now().ms);
	situation->ended = store_state_number(store, "ended", 0) != 0;
	situation->model = g_strdup(store_state(store, "model"));
}

static void
read_situation(const char *folder, struct situation *situation)
{
	*situation = (struct situation){
		.collector = daemon_status_ask(folder, "collector", "status"),
		.detector = daemon_status_ask(folder, "detector", "status"),
		.detector_counters = daemon_status_ask(folder, "detector", "counters"),
	};
	read_store(folder, situation);
}

static void
clear_situation(struct situation *situation)
{
	g_clear_pointer(&situation->collector, json_node_unref);
	g_clear_pointer(&situation->detector, json_node_unref);
	g_clear_pointer(&situation->detector_counters, json_node_unref);
	g_clear_pointer(&situation->model, g_free);
	g_clear_error(&situation->fault);
}

/* Stopped daemons have data all the same; it is the age of it that counts. */
static int
judge(const struct situation *situation, const struct invocation *invocation)
{
	if (!situation->stored)
		return store_exit_code(situation->fault);
	if (situation->age_ms < 0)
		return EXIT_CODE_NO_DATA;
	return invocation->max_age_s == 0 || situation->age_ms / 1000 <= invocation->max_age_s
	               ? EXIT_CODE_OK
	               : EXIT_CODE_NO_DATA;
}

static void
add_daemon(GString *json, const char *name, JsonNode *status, JsonNode *counters)
{
	json_open_object(json, name);
	json_add_boolean(json, "running", status != NULL);
	if (status != NULL)
		json_text_copy(json, "status", status);
	if (counters != NULL)
		json_text_copy(json, "counters", counters);
	json_close_object(json);
}

static void
print_json(const char *folder, const struct situation *situation)
{
	g_autoptr(GString) json = g_string_new(NULL);

	json_open_object(json, NULL);
	json_add_string(json, "state", folder);
	add_daemon(json, "collector", situation->collector, NULL);
	add_daemon(json, "detector", situation->detector, situation->detector_counters);
	if (situation->stored) {
		json_open_object(json, "store");
		json_add_integer(json, "hosts", situation->counts.hosts);
		json_add_integer(json, "infected", situation->counts.infected);
		json_add_integer(json, "unknown", situation->counts.unknown);
		json_add_integer(json, "events", situation->counts.events);
		json_add_integer(json, "clock_ms", situation->clock_ms);
		json_add_integer(json, "age_ms", situation->age_ms);
		json_add_boolean(json, "ended", situation->ended);
		json_add_string(json, "model", situation->model);
		json_close_object(json);
	} else {
		json_add_null(json, "store");
	}
	json_close_object(json);
	json_end_line(json);
	json_text_print(json);
}

static void
print_store(const struct situation *situation)
{
	g_autofree char *age = text_duration(situation->age_ms);
	g_autofree char *clock = text_time(situation->clock_ms);

	if (!situation->stored) {
		puts(store_exit_code(situation->fault) == EXIT_CODE_NO_DATA
		             ? "store      none yet"
		             : "store      cannot be read");
		return;
	}
	if (situation->ended)
		puts("store      a capture, read to its end");
	else if (situation->age_ms < 0)
		puts("store      nothing stored yet");
	else
		printf("store      written %s ago\n", age);
	printf("           %" G_GINT64_FORMAT " hosts: %" G_GINT64_FORMAT
	       " infected, %" G_GINT64_FORMAT " normal, %" G_GINT64_FORMAT
	       " unknown; %" G_GINT64_FORMAT " events\n",
	       situation->counts.hosts, situation->counts.infected,
	       situation->counts.hosts - situation->counts.infected - situation->counts.unknown,
	       situation->counts.unknown, situation->counts.events);
	printf("           newest export time %s\n", clock);
}

static void
print_situation(const char *folder, const struct situation *situation, bool counters)
{
	g_autofree char *state = text_escape(folder);

	printf("state      %s\n", state);
	daemon_status_print_collector(folder, situation->collector, counters);
	daemon_status_print_detector(folder, situation->detector, situation->detector_counters,
	                             counters);
	print_store(situation);
}

/* What has come in since the line before. */
struct arrivals {
	gint64 at_us;
	double datagrams;
	double records;
	bool known;
};

static double
rate(double now, double before, double seconds)
{
	return now >= before && seconds > 0 ? (now - before) / seconds : 0;
}

static struct arrivals
count_arrivals(const struct situation *situation)
{
	return (struct arrivals){
		.at_us = g_get_monotonic_time(),
		.datagrams = daemon_status_number(situation->collector, "datagrams_taken"),
		.records = daemon_status_number(situation->collector, "records_decoded"),
		.known = situation->collector != NULL,
	};
}

static void
print_arrivals(const struct situation *situation, const struct arrivals *before,
               const struct arrivals *now)
{
	double seconds = before->known && now->known
	                         ? (double)(now->at_us - before->at_us) / G_USEC_PER_SEC
	                         : 0;
	double exporters = daemon_status_number(situation->collector, "exporters_alive");
	g_autofree char *time = text_time(wall_clock_now().ms);

	printf("%s  %6.0f datagrams/s  %7.0f records/s  %3.0f %s  %5" G_GINT64_FORMAT
	       " hosts  %3" G_GINT64_FORMAT " infected%s%s\n",
	       time, rate(now->datagrams, before->datagrams, seconds),
	       rate(now->records, before->records, seconds), exporters,
	       exporters > 0.5 && exporters < 1.5 ? "exporter " : "exporters",
	       situation->counts.hosts, situation->counts.infected,
	       situation->collector == NULL ? "  (no collector)" : "",
	       situation->detector == NULL ? "  (no detector)" : "");
}

/* The first look prints nothing: there is nothing yet to tell rates by. */
static int
watch(const struct invocation *invocation, int64_t interval_s, int64_t count)
{
	struct arrivals before = { 0 };
	int result = EXIT_CODE_OK;

	for (int64_t i = 0; count == 0 || i <= count; i++) {
		struct situation situation;
		struct arrivals now;

		if (i > 0)
			g_usleep((gulong)interval_s * G_USEC_PER_SEC);
		read_situation(invocation->state, &situation);
		now = count_arrivals(&situation);
		result = judge(&situation, invocation);
		if (i > 0 && invocation->json)
			print_json(invocation->state, &situation);
		else if (i > 0)
			print_arrivals(&situation, &before, &now);
		before = now;
		clear_situation(&situation);
		if (fflush(stdout) != 0)
			return EXIT_CODE_FAILED;
	}
	return result;
}

static bool
check_number(const char *option, int64_t value)
{
	if (value >= 0 && value <= 86400)
		return true;
	subcommand_complain("status: %s %" G_GINT64_FORMAT ": it is 0 to 86400", option, value);
	return false;
}

int
subcommand_status(struct invocation *invocation, int argc, char **argv)
{
	gboolean counters = FALSE;
	gint64 interval_s = 0;
	gint64 count = 0;
	const GOptionEntry entries[] = {
		{ "watch", 0, 0, G_OPTION_ARG_INT64, &interval_s,
		  "A line every so often, with what arrives", "SECONDS" },
		{ "count", 0, 0, G_OPTION_ARG_INT64, &count, "With --watch: only so many lines",
		  "COUNT" },
		{ "counters", 0, 0, G_OPTION_ARG_NONE, &counters, "Every counter of the daemons",
		  NULL },
		{ NULL, 0, 0, 0, NULL, NULL, NULL },
	};
	struct situation situation;
	int result;

	if (!subcommand_parse(invocation, entries, 0, &argc, &argv) ||
	    !check_number("--watch", interval_s) || !check_number("--count", count))
		return EXIT_CODE_USAGE;
	if (interval_s > 0)
		return watch(invocation, interval_s, count);
	read_situation(invocation->state, &situation);
	if (invocation->json)
		print_json(invocation->state, &situation);
	else
		print_situation(invocation->state, &situation, counters);
	if (!situation.stored && store_exit_code(situation.fault) == EXIT_CODE_USAGE)
		subcommand_complain("%s", situation.fault->message);
	result = judge(&situation, invocation);
	clear_situation(&situation);
	return result;
}
