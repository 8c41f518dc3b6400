#include <gio/gio.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/map_fault.h"
#include "common/privileges.h"
#include "common/written.h"
#include "detector/detector.h"
#include "detector/detector_config.h"

enum exit_code { EXIT_OK, EXIT_RUNTIME, EXIT_USAGE, EXIT_NO_DATA };

static struct detector_requests requests;

static char *config_path;
static char *scores_path;
static gboolean check_only;
static gboolean print_config;
static gboolean version_only;
static gboolean once;
static gboolean cef_stdout;

static const GOptionEntry own_options[] = {
	{ "config", 'c', 0, G_OPTION_ARG_FILENAME, &config_path, "Configuration file", "FILE" },
	{ "check", 'n', 0, G_OPTION_ARG_NONE, &check_only,
	  "Check configuration, model and outputs, and exit", NULL },
	{ "print-config", 0, 0, G_OPTION_ARG_NONE, &print_config,
	  "Print a configuration file with all defaults", NULL },
	{ "once", 0, 0, G_OPTION_ARG_NONE, &once,
	  "End when the collector has read its captures to the end", NULL },
	{ "cef-stdout", 0, 0, G_OPTION_ARG_NONE, &cef_stdout,
	  "Alerts to standard output as CEF lines", NULL },
	{ "scores", 0, 0, G_OPTION_ARG_FILENAME, &scores_path,
	  "Write a JSON line for each host and minute to FILE", "FILE" },
	{ "version", 'V', 0, G_OPTION_ARG_NONE, &version_only, "Print the version and exit", NULL },
	G_OPTION_ENTRY_NULL,
};

static void
take_signal(int signal)
{
	if (signal == SIGHUP)
		requests.reopen = 1;
	else
		requests.stop = 1;
}

static void
catch_signals(void)
{
	struct sigaction action = { .sa_handler = take_signal };

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* Options over file over defaults.  False: wrong use. */
static bool
read_options(int argc, char **argv, struct detector_config *config, GError **error)
{
	g_autoptr(GOptionContext) context =
		g_option_context_new("- judge hosts by what the collector saw");
	g_autoptr(ConfigOptions) options = config_options_new(&detector_config_table);

	g_option_context_set_summary(
		context,
		"Reads what kenchi-collector put on the ring, keeps a verdict for each host, and\n"
		"tells of infected ones.");
	g_option_context_set_description(context, "kenchi-detector(8) tells more.");
	g_option_context_add_main_entries(context, own_options, NULL);
	g_option_context_add_main_entries(context, config_options_entries(options), NULL);
	if (!g_option_context_parse(context, &argc, &argv, error))
		return false;
	if (argc > 1) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
		            "unexpected argument \"%s\"", argv[1]);
		return false;
	}
	return detector_config_load(config, config_path, error) &&
	       config_options_apply(options, config, error);
}

static enum exit_code
run(const struct detector_config *config, GError **error)
{
	const struct detector_mode mode = {
		.once = once,
		.cef_stdout = cef_stdout,
		.scores_path = scores_path,
	};
	g_autoptr(Detector) detector = NULL;

	if (check_only)
		return detector_check(config, error) ? EXIT_OK : EXIT_USAGE;
	if (!privileges_drop(*config->user != '\0' ? config->user : NULL, error))
		return EXIT_USAGE;
	detector = detector_open(config, &mode, error);
	if (detector == NULL)
		return EXIT_USAGE;
	catch_signals();
	if (detector_run(detector, &requests, error))
		return EXIT_OK;
	return g_error_matches(*error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) ? EXIT_NO_DATA
	                                                                 : EXIT_RUNTIME;
}

static enum exit_code
start(int argc, char **argv, struct detector_config *config, GError **error)
{
	if (!read_options(argc, argv, config, error))
		return EXIT_USAGE;
	if (version_only) {
		printf("kenchi-detector %s\n", KENCHI_VERSION);
		return EXIT_OK;
	}
	if (print_config) {
		g_autofree char *text = config_describe(&detector_config_table);

		fputs(text, stdout);
		return EXIT_OK;
	}
	return run(config, error);
}

int
main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	struct detector_config config = { 0 };
	enum exit_code code;

	setlocale(LC_CTYPE, ""); /* NOLINT(concurrency-mt-unsafe): there is one thread yet */
	log_open("kenchi-detector");
	map_fault_catch();
	code = start(argc, argv, &config, &error);
	if (code == EXIT_OK && !written_whole(stdout, "the standard output", &error))
		code = EXIT_RUNTIME;
	if (error != NULL)
		log_error("%s", error->message);
	detector_config_clear(&config);
	g_free(config_path);
	g_free(scores_path);
	return (int)code;
}
