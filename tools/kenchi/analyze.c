/*
 * kenchi analyze: verdicts from captures of export datagrams.  Runs the daemons themselves over a
 * state folder of its own, so that a capture is judged as live traffic would be.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "detector/alarm_tail.h"
#include "tools/kenchi/daemons.h"
#include "tools/kenchi/host_lines.h"
#include "tools/kenchi/store_access.h"
#include "tools/kenchi/subcommand.h"

struct analysis {
	char *folder; /* the state */
	bool temporary;
	char *scores_path;
	gboolean scores;
	gboolean exit_code;
	char **monitored;
	char *model;
	char *calibration;
	char *alarms;
};

/* Files that the daemons leave in a state folder; nothing else is ever removed. */
static bool
is_state_file(const char *name)
{
	return g_str_has_prefix(name, "ring.") || g_str_has_prefix(name, "verdicts.db") ||
	       g_str_has_suffix(name, ".sock") || g_str_has_suffix(name, ".lock") ||
	       g_str_has_prefix(name, "templates") || strcmp(name, "scores.ndjson") == 0 ||
	       strcmp(name, "site.key") == 0;
}

static void
clear_folder(const char *folder)
{
	g_autoptr(GDir) names = g_dir_open(folder, 0, NULL);
	const char *name;

	while (names != NULL && (name = g_dir_read_name(names)) != NULL) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		if (is_state_file(name))
			g_unlink(path);
	}
}

/* A folder may be used again when what is in it came from a capture, never when it belongs to
 * running daemons. */
static bool
clear_given_folder(const char *folder)
{
	g_autofree char *path = g_build_filename(folder, "verdicts.db", NULL);
	g_autoptr(StoreReader) store = NULL;
	bool ended;

	if (!g_file_test(path, G_FILE_TEST_EXISTS))
		return true;
	store = store_open(folder, NULL);
	ended = store != NULL && store_state_number(store, "ended", 0) != 0;
	g_clear_pointer(&store, store_close);
	if (ended)
		clear_folder(folder);
	else
		subcommand_complain(
			"analyze: --state %s: the folder holds a store that came from no capture; give another",
			folder);
	return ended;
}

static bool
open_folder(struct analysis *analysis, const struct invocation *invocation)
{
	g_autoptr(GError) error = NULL;

	analysis->temporary = !invocation->state_given;
	if (!analysis->temporary) {
		analysis->folder = g_strdup(invocation->state);
		if (g_mkdir_with_parents(analysis->folder, 0700) != 0) {
			subcommand_complain("analyze: --state %s: %s", analysis->folder,
			                    g_strerror(errno));
			return false;
		}
		if (!clear_given_folder(analysis->folder))
			return false;
	} else {
		analysis->folder = g_dir_make_tmp("kenchi-analyze-XXXXXX", &error);
		if (analysis->folder == NULL) {
			subcommand_complain("analyze: %s", error->message);
			return false;
		}
	}
	analysis->scores_path = g_build_filename(analysis->folder, "scores.ndjson", NULL);
	return true;
}

static void
close_folder(struct analysis *analysis)
{
	if (analysis->scores_path != NULL)
		g_unlink(analysis->scores_path);
	if (analysis->temporary && analysis->folder != NULL) {
		clear_folder(analysis->folder);
		g_rmdir(analysis->folder);
	}
	g_free(analysis->folder);
	g_free(analysis->scores_path);
	g_strfreev(analysis->monitored);
	g_free(analysis->model);
	g_free(analysis->calibration);
	g_free(analysis->alarms);
}

static bool
check_captures(int count, char **captures)
{
	int inputs = 0;

	if (count == 0) {
		subcommand_complain(
			"analyze: which CAPTURE? (pcap or pcapng, gzip allowed; - is the standard input)");
		return false;
	}
	for (int i = 0; i < count; i++) {
		if (strcmp(captures[i], "-") == 0) {
			inputs++;
		} else if (access(captures[i], R_OK) != 0) {
			subcommand_complain("analyze: %s: %s", captures[i], g_strerror(errno));
			return false;
		}
	}
	if (inputs > 1)
		subcommand_complain("analyze: - may stand once");
	return inputs <= 1;
}

static void
add_option(GPtrArray *arguments, const char *name, const char *value)
{
	if (value == NULL)
		return;
	g_ptr_array_add(arguments, g_strdup(name));
	g_ptr_array_add(arguments, g_strdup(value));
}

static GPtrArray *
collector_arguments(const struct analysis *analysis, char *program, char **captures)
{
	GPtrArray *arguments = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(arguments, program);
	add_option(arguments, "--state", analysis->folder);
	for (; *captures != NULL; captures++)
		add_option(arguments, "--read", *captures);
	for (char **prefix = analysis->monitored; prefix != NULL && *prefix != NULL; prefix++)
		add_option(arguments, "--monitored", *prefix);
	g_ptr_array_add(arguments, NULL);
	return arguments;
}

static GPtrArray *
detector_arguments(const struct analysis *analysis, char *program)
{
	GPtrArray *arguments = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(arguments, program);
	g_ptr_array_add(arguments, g_strdup("--once"));
	add_option(arguments, "--state", analysis->folder);
	add_option(arguments, "--scores", analysis->scores ? analysis->scores_path : NULL);
	add_option(arguments, "--model", analysis->model);
	add_option(arguments, "--calibration", analysis->calibration);
	add_option(arguments, "--alarms", analysis->alarms);
	g_ptr_array_add(arguments, NULL);
	return arguments;
}

static enum daemons_result
run_daemons(const struct analysis *analysis, char **captures)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) collector = NULL;
	g_autoptr(GPtrArray) detector = NULL;
	char *collector_program = daemons_find("kenchi-collector", &error);
	char *detector_program =
		collector_program == NULL ? NULL : daemons_find("kenchi-detector", &error);
	enum daemons_result result = DAEMONS_FAILED;

	collector = collector_arguments(analysis, collector_program, captures);
	detector = detector_arguments(analysis, detector_program);
	if (detector_program != NULL)
		result = daemons_run(analysis->folder, (char **)collector->pdata,
		                     (char **)detector->pdata, &error);
	if (error != NULL)
		subcommand_complain("analyze: %s", error->message);
	return result;
}

static int
print_scores(const struct analysis *analysis)
{
	FILE *scores = fopen(analysis->scores_path, "re");
	char block[65536];
	size_t length;

	if (scores == NULL) {
		subcommand_complain("analyze: the detector wrote no scores: %s", g_strerror(errno));
		return EXIT_CODE_FAILED;
	}
	while ((length = fread(block, 1, sizeof(block), scores)) > 0)
		fwrite(block, 1, length, stdout);
	fclose(scores);
	return EXIT_CODE_OK;
}

/* What a capture of the traffic itself, instead of exports, looks like too. */
static bool
was_without_exports(StoreReader *store)
{
	static const char *const none[] = { "\"datagrams_netflow5\":0,",
		                            "\"datagrams_netflow9\":0,", "\"datagrams_ipfix\":0," };
	const char *counters = store_state(store, "collector_0");
	bool without = counters != NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(none) && without; i++)
		without = strstr(counters, none[i]) != NULL;
	return without;
}

static void
complain_of_nothing(StoreReader *store)
{
	if (was_without_exports(store))
		subcommand_complain(
			"analyze: no data: the captures hold no NetFlow v5, v9 or IPFIX: they must be of "
			"what exporters send, not of the traffic itself");
	else
		subcommand_complain(
			"analyze: no data: the captures tell of no monitored host (--monitored PREFIX)");
}

/* As JSON every monitored host, in the order of addresses; for people the infected ones and a
 * summary. */
static int
print_verdicts(const struct analysis *analysis, const struct invocation *invocation)
{
	const struct invocation own = { .state = analysis->folder };
	const struct store_filter all = { .by_host = true };
	const struct store_filter infected = { .verdict = "infected" };
	struct store_counts counts = { 0 };
	g_autoptr(StoreReader) store = NULL;
	int result = EXIT_CODE_OK;
	int ended;

	store = store_access(&own, &result);
	if (store == NULL)
		return result;
	if (analysis->scores) {
		result = print_scores(analysis);
	} else {
		store_select_hosts(store, invocation->json ? &all : &infected);
		host_lines_print(store, invocation->json);
	}
	if (store_count(store, &counts, NULL) && counts.hosts > 0 && !invocation->json &&
	    !analysis->scores)
		subcommand_complain("%" G_GINT64_FORMAT " hosts: %" G_GINT64_FORMAT
		                    " infected, %" G_GINT64_FORMAT " normal, %" G_GINT64_FORMAT
		                    " cannot be judged",
		                    counts.hosts, counts.infected,
		                    counts.hosts - counts.infected - counts.unknown,
		                    counts.unknown);
	ended = store_access_end(store);
	if (result != EXIT_CODE_OK || ended != EXIT_CODE_OK)
		return result != EXIT_CODE_OK ? result : ended;
	if (counts.hosts == 0) {
		complain_of_nothing(store);
		return EXIT_CODE_NO_DATA;
	}
	return analysis->exit_code && counts.infected > 0 ? EXIT_CODE_INFECTED : EXIT_CODE_OK;
}

/* Of a capture that ends inside a packet, as one that is still written does, the rest is worth
 * knowing. */
static void
print_damaged(const struct analysis *analysis, const struct invocation *invocation)
{
	subcommand_complain("analyze: only what came before the damage is judged");
	(void)print_verdicts(analysis, invocation);
}

int
subcommand_analyze(struct invocation *invocation, int argc, char **argv)
{
	struct analysis analysis = { 0 };
	const GOptionEntry entries[] = {
		{ "scores", 0, 0, G_OPTION_ARG_NONE, &analysis.scores,
		  "Instead a line for each host and bin, in time order", NULL },
		{ "monitored", 0, 0, G_OPTION_ARG_STRING_ARRAY, &analysis.monitored,
		  "Hosts to judge, repeatable, or all (default: private addresses)", "PREFIX" },
		{ "model", 0, 0, G_OPTION_ARG_FILENAME, &analysis.model,
		  "Instead of the shipped model", "FILE" },
		{ "calibration", 0, 0, G_OPTION_ARG_FILENAME, &analysis.calibration,
		  "Instead of the shipped calibration", "FILE" },
		{ "alarms", 0, 0, G_OPTION_ARG_STRING, &analysis.alarms,
		  "Wished false alarms in 1000 hosts and days (default: " G_STRINGIFY(
			  ALARM_TAIL_WISHED) ")",
		  "N" },
		{ "exit-code", 0, 0, G_OPTION_ARG_NONE, &analysis.exit_code,
		  "Exit with 1 when a host is infected", NULL },
		{ NULL, 0, 0, 0, NULL, NULL, NULL },
	};
	static const int exit_codes[] = { [DAEMONS_DONE] = EXIT_CODE_OK,
		                          [DAEMONS_REFUSED] = EXIT_CODE_USAGE,
		                          [DAEMONS_DAMAGED] = EXIT_CODE_USAGE,
		                          [DAEMONS_FAILED] = EXIT_CODE_FAILED,
		                          [DAEMONS_STOPPED] = EXIT_CODE_FAILED };
	int result = EXIT_CODE_USAGE;

	if (subcommand_parse(invocation, entries, G_MAXINT, &argc, &argv) &&
	    check_captures(argc - 1, argv + 1) && open_folder(&analysis, invocation)) {
		enum daemons_result ended = run_daemons(&analysis, argv + 1);

		result = exit_codes[ended];
		if (ended == DAEMONS_DONE)
			result = print_verdicts(&analysis, invocation);
		else if (ended == DAEMONS_DAMAGED)
			print_damaged(&analysis, invocation);
	}
	close_folder(&analysis);
	return result;
}
