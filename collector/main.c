#include <glib.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "collector/collector.h"
#include "collector/collector_config.h"
#include "common/fault.h"
#include "common/log.h"
#include "common/map_fault.h"
#include "common/stop_signal.h"
#include "common/written.h"

enum { EXIT_FAULT = 1, EXIT_WRONG_USE = 2 };

/* The options that are no keys of the configuration. */
struct arguments {
	char *config_path;
	char **captures;
	gboolean dump_flows;
	char *write_bins;
	char *final_counters;
	gboolean check;
	gboolean print_config;
	gboolean version;
};

static void
clear_arguments(struct arguments *arguments)
{
	g_free(arguments->config_path);
	g_strfreev(arguments->captures);
	g_free(arguments->write_bins);
	g_free(arguments->final_counters);
}

static bool
parse(struct arguments *arguments, const ConfigOptions *keys, char ***argv, GError **error)
{
	const GOptionEntry entries[] = {
		{ "config", 'c', 0, G_OPTION_ARG_FILENAME, &arguments->config_path,
		  "Configuration file", "FILE" },
		{ "read", 'r', 0, G_OPTION_ARG_FILENAME_ARRAY, &arguments->captures,
		  "Read a capture (pcap, pcapng) or IPFIX File instead of sockets; - is standard input",
		  "FILE" },
		{ "dump-flows", 0, 0, G_OPTION_ARG_NONE, &arguments->dump_flows,
		  "Print every flow record as a line of JSON, and make no bins", NULL },
		{ "write-bins", 0, 0, G_OPTION_ARG_FILENAME, &arguments->write_bins,
		  "Write host bins to a file", "FILE" },
		{ "final-counters", 0, 0, G_OPTION_ARG_STRING, &arguments->final_counters,
		  "Print the counters at the end", "json" },
		{ "check", 'n', 0, G_OPTION_ARG_NONE, &arguments->check,
		  "Check options and configuration, and exit", NULL },
		{ "print-config", 0, 0, G_OPTION_ARG_NONE, &arguments->print_config,
		  "Print a configuration file with all defaults", NULL },
		{ "version", 'V', 0, G_OPTION_ARG_NONE, &arguments->version, "Print the version",
		  NULL },
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GOptionContext) context =
		g_option_context_new("- from flow exports to host bins");

	g_option_context_set_summary(
		context,
		"Collects NetFlow v5, v9 and IPFIX over UDP, and puts what each monitored\n"
		"host did on the ring that kenchi-detector reads.");
	g_option_context_set_description(context, "kenchi-collector(8) tells more.");
	g_option_context_add_main_entries(context, entries, NULL);
	g_option_context_add_main_entries(context, config_options_entries(keys), NULL);
	if (!g_option_context_parse_strv(context, argv, error))
		return false;
	if ((*argv)[1] != NULL)
		return fault_input(error, "\"%s\": captures are given with --read", (*argv)[1]);
	if (arguments->final_counters != NULL && strcmp(arguments->final_counters, "json") != 0)
		return fault_input(error, "--final-counters: the only form is json, not \"%s\"",
		                   arguments->final_counters);
	return true;
}

/* File first, then options over it. */
static CollectorConfig *
configure(struct arguments *arguments, const ConfigOptions *keys, GError **error)
{
	g_autoptr(CollectorConfig) config = collector_config_new();
	const struct config_table *table = collector_config_table();

	if (arguments->config_path != NULL &&
	    !config_read(table, arguments->config_path, config, error))
		return NULL;
	if (!config_options_apply(keys, config, error))
		return NULL;
	if (arguments->captures != NULL && config_options_are_set(keys, "listen")) {
		fault_input(error, "--listen and --read exclude each other");
		return NULL;
	}
	config->captures = g_steal_pointer(&arguments->captures);
	config->dump_flows = arguments->dump_flows;
	config->write_bins = g_steal_pointer(&arguments->write_bins);
	config->final_counters = arguments->final_counters != NULL;
	if (!collector_config_finish(config, error))
		return NULL;
	return g_steal_pointer(&config);
}

static int
fail(const GError *error, int status)
{
	log_error("%s", error->message);
	return status;
}

static int
collect(const CollectorConfig *config)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Collector) collector = NULL;
	g_autofree char *counters = NULL;
	bool ended;

	if (!stop_signal_watch(&error))
		return fail(error, EXIT_FAULT);
	if (config->captures != NULL)
		stop_signal_interrupt_reads();
	collector = collector_open(config, &error);
	if (collector == NULL)
		return fail(error, EXIT_WRONG_USE);
	ended = collector_run(collector, &error);
	counters = collector_counters(collector);
	if (config->final_counters)
		fputs(counters, stdout);
	if (!ended)
		return fail(error, config->captures != NULL && !stop_signal_came() ? EXIT_WRONG_USE
		                                                                   : EXIT_FAULT);
	return 0;
}

static int
run(struct arguments *arguments, char ***argv)
{
	g_autoptr(ConfigOptions) keys = config_options_new(collector_config_table());
	g_autoptr(GError) error = NULL;
	g_autoptr(CollectorConfig) config = NULL;
	g_autofree char *description = NULL;

	if (!parse(arguments, keys, argv, &error))
		return fail(error, EXIT_WRONG_USE);
	if (arguments->version) {
		puts("kenchi-collector " KENCHI_VERSION);
		return 0;
	}
	if (arguments->print_config) {
		description = config_describe(collector_config_table());
		fputs(description, stdout);
		return 0;
	}
	config = configure(arguments, keys, &error);
	if (config == NULL)
		return fail(error, EXIT_WRONG_USE);
	if (!arguments->check)
		return collect(config);
	return collector_check(config, &error) ? 0 : fail(error, EXIT_WRONG_USE);
}

int
main(int argc, char **argv)
{
	struct arguments arguments = { 0 };
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) copies = g_strdupv(argv); /* parsing takes out what it understands */
	int status;

	(void)argc;
	setlocale(LC_CTYPE, ""); /* NOLINT(concurrency-mt-unsafe): there is one thread yet */
	log_open("kenchi-collector");
	map_fault_catch();
	status = run(&arguments, &copies);
	clear_arguments(&arguments);
	if (status == 0 && !written_whole(stdout, "the standard output", &error))
		status = fail(error, EXIT_FAULT);
	return status;
}
