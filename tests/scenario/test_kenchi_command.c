/* kenchi as a process over a store: what it prints where, and its exit codes. */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "common/wall_clock.h"
#include "tests/support/store_builder.h"

struct outcome {
	char *out;
	char *err;
	int exit_code;
};

static void
run_kenchi(const char *folder, const char *arguments, struct outcome *outcome)
{
	g_autofree char *line = g_strdup_printf("%s %s", g_getenv("KENCHI"), arguments);
	g_auto(GStrv) argv = NULL;
	g_auto(GStrv) environment = g_environ_setenv(g_get_environ(), "KENCHI_STATE", folder, TRUE);
	int status;

	g_assert_true(g_shell_parse_argv(line, NULL, &argv, NULL));
	g_assert_true(g_spawn_sync(NULL, argv, environment, G_SPAWN_DEFAULT, NULL, NULL,
	                           &outcome->out, &outcome->err, &status, NULL));
	g_assert_true(WIFEXITED(status));
	outcome->exit_code = WEXITSTATUS(status);
}

/* `out` and `err`: what must be in the two streams; NULL: the stream must be empty. */
struct call {
	const char *arguments;
	int exit_code;
	const char *out;
	const char *err;
};

static void
check_stream(const struct call *call, const char *stream, const char *wanted)
{
	bool right = wanted == NULL ? stream[0] == '\0' : strstr(stream, wanted) != NULL;

	if (!right)
		g_test_message("kenchi %s: \"%s\" is not \"%s\"", call->arguments, stream,
		               wanted == NULL ? "" : wanted);
	g_assert_true(right);
}

static void
check_calls(const char *folder, const struct call *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct outcome outcome;

		run_kenchi(folder, calls[i].arguments, &outcome);
		g_test_message("kenchi %s -> %d %s", calls[i].arguments, outcome.exit_code,
		               outcome.err);
		g_assert_cmpint(outcome.exit_code, ==, calls[i].exit_code);
		check_stream(&calls[i], outcome.out, calls[i].out);
		check_stream(&calls[i], outcome.err, calls[i].err);
		g_free(outcome.out);
		g_free(outcome.err);
	}
}

static void
names_what_was_wrong(void)
{
	static const struct call calls[] = {
		{ "", 2, NULL, "which sub-command" },
		{ "infect", 2, NULL, "\"infect\"" },
		{ "--frobnicate", 2, NULL, "which sub-command" },
		{ "--state", 2, NULL, "--state wants a value" },
		{ "infected --frobnicate", 2, NULL, "--frobnicate" },
		{ "infected now", 2, NULL, "\"now\"" },
		{ "infected --max-age soon", 2, NULL, "--max-age" },
		{ "infected --max-age -1", 2, NULL, "--max-age" },
		{ "hosts --verdict sick", 2, NULL, "\"sick\"" },
		{ "hosts --limit -3", 2, NULL, "--limit" },
		{ "show", 2, NULL, "HOST" },
		{ "show 10.0.0", 2, NULL, "\"10.0.0\"" },
		{ "show 10.0.0.5 10.0.0.9", 2, NULL, "\"10.0.0.9\"" },
		{ "events --since yesterday", 2, NULL, "\"yesterday\"" },
		{ "events --host nobody", 2, NULL, "\"nobody\"" },
		{ "help nothing", 2, NULL, "\"nothing\"" },
		{ "status --watch soon", 2, NULL, "--watch" },
		{ "status --watch -1", 2, NULL, "--watch" },
		{ "exporters all", 2, NULL, "\"all\"" },
		{ "analyze", 2, NULL, "CAPTURE" },
		{ "analyze /nowhere/export.pcap", 2, NULL, "/nowhere/export.pcap" },
		{ "analyze - -", 2, NULL, "- may stand once" },
		{ "show '\x1b[2J'", 2, NULL, "\\x1b[2J" },
	};

	check_calls("/nowhere", calls, G_N_ELEMENTS(calls));
}

/* A store that is there and cannot be read is bad input, and not the same as none. */
static void
names_a_damaged_store(void)
{
	static const struct call calls[] = {
		{ "infected", 2, NULL, "verdicts.db" },
		{ "hosts --json", 2, NULL, "verdicts.db" },
		{ "show 10.0.0.5", 2, NULL, "verdicts.db" },
		{ "events", 2, NULL, "verdicts.db" },
		{ "status", 2, "store      cannot be read", "verdicts.db" },
	};
	g_autofree char *folder = g_dir_make_tmp("kenchi-command-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "verdicts.db", NULL);

	g_assert_true(g_file_set_contents(path, "this is no store", -1, NULL));
	check_calls(folder, calls, G_N_ELEMENTS(calls));
	g_assert_cmpint(g_remove(path), ==, 0);
	g_assert_cmpint(g_rmdir(folder), ==, 0);
}

static void
tells_that_there_is_no_data(void)
{
	static const struct call calls[] = {
		{ "infected", 3, NULL, "/nowhere" },
		{ "--state /elsewhere infected", 3, NULL, "/elsewhere" },
		{ "hosts --state /elsewhere", 3, NULL, "/elsewhere" },
		{ "show 10.0.0.5", 3, NULL, "/nowhere" },
		{ "events --json", 3, NULL, "/nowhere" },
		{ "status", 3, "collector  not running", NULL },
		{ "status --json", 3, "\"store\":null", NULL },
		{ "exporters", 3, NULL, "collector of /nowhere: not running" },
		{ "version", 0, "kenchi 0.", NULL },
		{ "--version", 0, "kenchi 0.", NULL },
		{ "help", 0, "infected", NULL },
		{ "--help", 0, "Exit code", NULL },
		{ "help hosts", 0, "--verdict", NULL },
	};

	check_calls("/nowhere", calls, G_N_ELEMENTS(calls));
}

static void
answers_from_a_fresh_store(void)
{
	static const struct call calls[] = {
		{ "infected", 0,
		  "HOST      VERDICT   SCORE  SINCE                LAST SEEN            WHY\n"
		  "10.0.0.5  infected   0.98  2026-03-02 10:01:00  2026-03-02 10:05:00  horizontal scan\n",
		  NULL },
		{ "infected --exit-code", 1, "10.0.0.5", NULL },
		{ "infected --json", 0,
		  "{\"host\":\"10.0.0.5\",\"verdict\":\"infected\",\"score\":0.98,\"latest_score\":0.93,"
		  "\"first_detected_ms\":1772445660000,\"since_ms\":1772445660000,\"behaviours\":[\"horizontal_scan\"],",
		  NULL },
		{ "hosts --verdict normal --json", 0, "\"first_detected_ms\":null", NULL },
		{ "hosts --verdict unknown", 0, "too little traffic", NULL },
		{ "hosts --near", 0, "10.0.0.9", NULL },
		{ "hosts --limit 1", 0, "10.0.0.5", NULL },
		{ "show 10.0.0.5", 0, "192.0.2.7:445/tcp, 2 flows, 96 octets out, 0 in", NULL },
		{ "show 10.0.0.5", 0,
		  "  horizontal scan       812         30           4  peers/min       0.93",
		  NULL },
		{ "show ::ffff:10.0.0.5 --features", 0, "fan_out  812.5", NULL },
		{ "show 10.0.0.9", 0, "packets were sampled", NULL },
		{ "show 10.0.0.5 --json", 0,
		  "\"evidence\":[{\"behaviour\":\"horizontal_scan\",\"measured\":812,", NULL },
		{ "show 10.0.0.6", 3, NULL, "10.0.0.6" },
		{ "events", 0, "2026-03-02 10:01:00  10.0.0.5  detected", NULL },
		{ "events --since 2m --json", 0, "{\"id\":2,", NULL },
		{ "events --since 1m", 0, NULL, NULL },
		{ "status", 0, "3 hosts: 1 infected, 1 normal, 1 unknown; 2 events", NULL },
	};
	g_autofree char *folder = store_builder_make(wall_clock_now().ms);

	check_calls(folder, calls, G_N_ELEMENTS(calls));
	store_builder_remove(folder);
}

static void
tells_that_data_are_stale(void)
{
	static const struct call calls[] = {
		{ "infected", 3, "10.0.0.5", "stale data: the detector stored last 2 h ago" },
		{ "infected --exit-code", 1, "10.0.0.5", "stale" },
		{ "infected --max-age 0", 0, "10.0.0.5", NULL },
		{ "infected --max-age 9000", 0, "10.0.0.5", NULL },
		{ "show 10.0.0.5", 3, "10.0.0.5", "stale" },
	};
	g_autofree char *folder = store_builder_make(wall_clock_now().ms - 2 * 3600 * 1000);

	check_calls(folder, calls, G_N_ELEMENTS(calls));
	store_builder_remove(folder);
}

static void
lets_no_capture_grow_stale(void)
{
	static const struct call calls[] = {
		{ "infected", 0, NULL, "no infected host among 2 (1 cannot be judged yet)" },
		{ "infected --exit-code", 0, NULL, "no infected host" },
	};
	g_autofree char *folder = store_builder_make(5);

	store_builder_run(
		folder,
		"INSERT INTO state VALUES ('ended', '1'); DELETE FROM verdict WHERE verdict = 'infected'");
	check_calls(folder, calls, G_N_ELEMENTS(calls));
	store_builder_remove(folder);
}

static void
escapes_what_strangers_wrote(void)
{
	static const struct call calls[] = {
		{ "infected", 0, "\\x1b]0;owned\\x07", NULL },
		{ "infected --json", 0, "\\u001b]0;owned", NULL },
	};
	g_autofree char *folder = store_builder_make(wall_clock_now().ms);

	store_builder_run(folder, "UPDATE verdict SET reason = char(27) || ']0;owned' || char(7)");
	check_calls(folder, calls, G_N_ELEMENTS(calls));
	store_builder_remove(folder);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kenchi/names_what_was_wrong", names_what_was_wrong);
	g_test_add_func("/kenchi/names_a_damaged_store", names_a_damaged_store);
	g_test_add_func("/kenchi/tells_that_there_is_no_data", tells_that_there_is_no_data);
	g_test_add_func("/kenchi/answers_from_a_fresh_store", answers_from_a_fresh_store);
	g_test_add_func("/kenchi/tells_that_data_are_stale", tells_that_data_are_stale);
	g_test_add_func("/kenchi/lets_no_capture_grow_stale", lets_no_capture_grow_stale);
	g_test_add_func("/kenchi/escapes_what_strangers_wrote", escapes_what_strangers_wrote);
	return g_test_run();
}
