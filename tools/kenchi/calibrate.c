/*
 * kenchi calibrate: what is usual on this site, for the detector to weigh its evidence by.
 */
#include <stdio.h>
#include <string.h>

#include "common/bin_file.h"
#include "common/json_writer.h"
#include "common/state_folder.h"
#include "detector/assessor.h"
#include "detector/shipped_file.h"
#include "tools/kenchi/daemon_status.h"
#include "tools/kenchi/json_text.h"
#include "tools/kenchi/subcommand.h"
#include "tools/kenchi/table.h"
#include "tools/kenchi/text.h"

enum { HOSTS_MAX = 1000000, HOURS_MAX = 24 * 31 };

struct calibrate_options {
	char **from;
	char *model;
	char *output;
	gboolean live;
	gboolean show;
	double hours;
	double alarms;
};

static int
complain_too_little(uint64_t windows, size_t hosts)
{
	subcommand_complain("calibrate: too little data: %" G_GUINT64_FORMAT
	                    " windows of %zu hosts; %d windows of %d "
	                    "hosts are needed",
	                    windows, hosts, SITE_CALIBRATION_WINDOWS_LEAST,
	                    SITE_CALIBRATION_HOSTS_LEAST);
	return EXIT_CODE_NO_DATA;
}

static void
drain(Assessor *assessor)
{
	while (assessor_next(assessor) != NULL)
		;
}

/* Judges a bin file as the detector would; its windows stay in the assessor. */
static bool
play(Assessor *assessor, BinFileReader *file, GError **error)
{
	struct ring_watermark watermark = { .exporters = 1 };
	struct ring_bin part;
	GError *damage = NULL;

	while (bin_file_read(file, &part, &damage)) {
		if (part.export_ms > watermark.export_ms) {
			if (watermark.export_ms > 0)
				assessor_advance(assessor, &watermark, false);
			drain(assessor);
			watermark.export_ms = watermark.least_ms = part.export_ms;
		}
		assessor_add(assessor, &part);
	}
	if (damage != NULL) {
		g_propagate_error(error, damage);
		return false;
	}
	assessor_advance(assessor, &watermark, true);
	drain(assessor);
	return true;
}

static Assessor *
judge_file(const char *path, const char *model, GError **error)
{
	g_autoptr(BinFileReader) file = bin_file_open_reader(path, error);
	struct assessor_config config = { .model_path = model,
		                          .hosts_max = HOSTS_MAX,
		                          .alarms_per_1000_host_days = ALARM_TAIL_WISHED };
	g_autoptr(Assessor) assessor = NULL;

	if (file == NULL)
		return NULL;
	config.sketch_key = bin_file_sketch_key(file);
	assessor = assessor_new(&config, error);
	if (assessor == NULL || !play(assessor, file, error))
		return NULL;
	return g_steal_pointer(&assessor);
}

/* The text of a calibration into its place: all of it or nothing. */
static int
save(const struct calibrate_options *options, const char *text, uint64_t windows, size_t hosts)
{
	g_autofree char *folder = g_path_get_dirname(options->output);
	g_autoptr(GError) error = NULL;

	if (!state_folder_make(folder, &error) ||
	    !g_file_set_contents(options->output, text, -1, &error)) {
		subcommand_complain("calibrate: %s", error->message);
		return EXIT_CODE_USAGE;
	}
	printf("%s: %" G_GUINT64_FORMAT
	       " windows of %zu hosts; the detector takes it up when it is started\n",
	       options->output, windows, hosts);
	return EXIT_CODE_OK;
}

static int
calibrate_from(const struct calibrate_options *options)
{
	struct calibration calibration = { 0 };
	g_autoptr(GError) error = NULL;
	g_autoptr(Assessor) assessor = judge_file(options->from[0], options->model, &error);
	g_autofree char *name = g_path_get_basename(options->from[0]);
	g_autofree char *text = NULL;
	SiteCalibration *site;

	if (assessor == NULL) {
		subcommand_complain("calibrate: %s", error->message);
		return EXIT_CODE_USAGE;
	}
	site = assessor_site(assessor);
	if (!assessor_calibrate(assessor, &calibration))
		return complain_too_little(site_calibration_windows(site),
		                           site_calibration_hosts(site));
	calibration.source = g_strdup_printf("windows of this site, from %s", name);
	calibration.model = g_strdup(assessor_model_name(assessor));
	text = calibration_text(&calibration);
	calibration_clear(&calibration);
	return save(options, text, site_calibration_windows(site), site_calibration_hosts(site));
}

static JsonNode *
ask_detector(const struct invocation *invocation, const char *command)
{
	JsonNode *answer = daemon_status_ask(invocation->state, "detector", command);

	if (answer == NULL)
		subcommand_complain("calibrate: --live: no detector answers in %s",
		                    invocation->state);
	return answer;
}

/* The running detector watches; this program only waits. */
static int
calibrate_live(const struct invocation *invocation, const struct calibrate_options *options)
{
	g_autoptr(JsonNode) begun = ask_detector(invocation, "calibration begin");
	g_autoptr(JsonNode) answer = NULL;
	const char *text;
	uint64_t windows;
	size_t hosts;

	if (begun == NULL)
		return EXIT_CODE_NO_DATA;
	g_usleep((gulong)(options->hours * 3600 * G_USEC_PER_SEC));
	answer = ask_detector(invocation, "calibration");
	if (answer == NULL)
		return EXIT_CODE_NO_DATA;
	windows = (uint64_t)daemon_status_number(answer, "windows");
	hosts = (size_t)daemon_status_number(answer, "hosts");
	text = json_text_string(json_node_get_object(answer), "calibration", NULL);
	return text == NULL ? complain_too_little(windows, hosts)
	                    : save(options, text, windows, hosts);
}

static void
print_row(const struct tail *tail, enum behaviour behaviour, double limit, GString *json,
          Table *table)
{
	const double *quantiles = tail->quantiles;
	bool pattern = behaviour == BEHAVIOUR_traffic_pattern;

	if (json != NULL) {
		json_open_object(json, NULL);
		json_add_string(json, "behaviour", behaviour_name(behaviour));
		json_add_unsigned(json, "windows", tail->count);
		json_add_double(json, "median", quantiles[TAIL_QUANTILES / 2]);
		json_add_double(json, "usual", quantiles[TAIL_QUANTILES - 1]);
		if (pattern)
			json_add_double(json, "threshold", tail_value(tail, limit));
		json_close_object(json);
		return;
	}
	table_add(table, behaviour_title(behaviour));
	table_take(table, g_strdup_printf("%" G_GUINT64_FORMAT, tail->count));
	table_take(table, text_number(quantiles[TAIL_QUANTILES / 2]));
	table_take(table, text_number(quantiles[TAIL_QUANTILES - 1]));
	table_take(table, pattern ? text_number(tail_value(tail, limit)) : NULL);
	table_add(table, behaviour_unit(behaviour));
}

static void
print_calibration(const struct calibration *calibration, const char *path, double alarms,
                  bool as_json)
{
	static const char *const titles[] = { "BEHAVIOUR",  ">WINDOWS", ">MEDIAN", ">95 %",
		                              ">THRESHOLD", "UNIT",     NULL };
	g_autoptr(Table) table = as_json ? NULL : table_new(titles);
	g_autoptr(GString) json = as_json ? g_string_new(NULL) : NULL;
	const char *source = calibration->source != NULL ? calibration->source : "";
	const struct alarm_range range = alarm_tail_range(&calibration->alarms, alarms);

	if (json != NULL) {
		json_open_object(json, NULL);
		json_add_string(json, "file", path);
		json_add_string(json, "source", source);
		json_add_double(json, "alarms", alarms);
		if (range.greatest > 0) {
			json_add_double(json, "alarms_least", range.least);
			json_add_double(json, "alarms_most", range.greatest);
		}
		json_open_array(json, "behaviours");
	}
	for (int i = 0; i < BEHAVIOUR_COUNT; i++) {
		if (calibration->tails[i].count > 0)
			print_row(&calibration->tails[i], (enum behaviour)i,
			          alarm_tail_limit(&calibration->alarms, alarms), json, table);
	}
	if (json == NULL) {
		printf("%s\n%s\n\n", path, source);
		table_print(table, 0, stdout);
		printf("\nTHRESHOLD for %g wished false alarms in 1000 hosts and days", alarms);
		if (range.greatest > 0)
			printf(", which stand for %.0f to %.0f", range.least, range.greatest);
		printf("\n");
		return;
	}
	json_close_array(json);
	json_close_object(json);
	json_end_line(json);
	json_text_print(json);
}

static int
show(const struct calibrate_options *options, bool json)
{
	bool own = g_file_test(options->output, G_FILE_TEST_EXISTS);
	g_autoptr(GError) error = NULL;
	g_autofree char *shipped = own ? NULL : shipped_file("default.calibration", &error);
	const char *path = own ? options->output : shipped;
	struct calibration calibration;

	if (!own && shipped == NULL) {
		subcommand_complain("calibrate: %s", error->message);
		return EXIT_CODE_NO_DATA;
	}
	if (!calibration_load(&calibration, path, &error)) {
		subcommand_complain("calibrate: %s", error->message);
		return EXIT_CODE_USAGE;
	}
	print_calibration(&calibration, path, options->alarms, json);
	calibration_clear(&calibration);
	return EXIT_CODE_OK;
}

static bool
check(const struct calibrate_options *options)
{
	int ways = (options->from != NULL) + options->live + options->show;

	if (ways != 1 || (options->from != NULL && g_strv_length(options->from) != 1)) {
		subcommand_complain(
			"calibrate: one of --from BINFILE, --live --hours N and --show");
		return false;
	}
	if (options->live != (options->hours != 0) || options->hours < 0 ||
	    options->hours > HOURS_MAX) {
		subcommand_complain("calibrate: --hours: with --live, above 0 and at most %d",
		                    HOURS_MAX);
		return false;
	}
	if (options->model != NULL && options->from == NULL) {
		subcommand_complain("calibrate: --model is of no use without --from");
		return false;
	}
	if (options->alarms > 0)
		return true;
	subcommand_complain("calibrate: --alarms must be above 0");
	return false;
}

static int
calibrate(const struct invocation *invocation, const struct calibrate_options *options)
{
	if (!check(options))
		return EXIT_CODE_USAGE;
	if (options->show)
		return show(options, invocation->json);
	return options->live ? calibrate_live(invocation, options) : calibrate_from(options);
}

int
subcommand_calibrate(struct invocation *invocation, int argc, char **argv)
{
	struct calibrate_options options = { .alarms = ALARM_TAIL_WISHED };
	const GOptionEntry entries[] = {
		{ "from", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.from,
		  "From a bin file of this site", "BINFILE" },
		{ "live", 0, 0, G_OPTION_ARG_NONE, &options.live,
		  "From what the running detector sees", NULL },
		{ "hours", 0, 0, G_OPTION_ARG_DOUBLE, &options.hours, "With --live: how long",
		  "N" },
		{ "show", 0, 0, G_OPTION_ARG_NONE, &options.show, "Print the calibration in use",
		  NULL },
		{ "model", 0, 0, G_OPTION_ARG_FILENAME, &options.model,
		  "With --from: of another model than the shipped one", "FILE" },
		{ "output", 0, 0, G_OPTION_ARG_FILENAME, &options.output,
		  "The calibration's file (default: site.calibration in the state folder)",
		  "FILE" },
		{ "alarms", 0, 0, G_OPTION_ARG_DOUBLE, &options.alarms,
		  "With --show: wished false alarms in 1000 hosts and days (default: " G_STRINGIFY(
			  ALARM_TAIL_WISHED) ")",
		  "N" },
		{ NULL, 0, 0, 0, NULL, NULL, NULL },
	};
	int result = EXIT_CODE_USAGE;

	if (subcommand_parse(invocation, entries, 0, &argc, &argv)) {
		if (options.output == NULL)
			options.output =
				g_build_filename(invocation->state, "site.calibration", NULL);
		result = calibrate(invocation, &options);
	}
	g_strfreev(options.from);
	g_free(options.model);
	g_free(options.output);
	return result;
}
