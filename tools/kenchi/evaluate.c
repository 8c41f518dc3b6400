/*
 * kenchi evaluate: what the collector's approximations are worth, measured on captures whose
 * packets are known, and how well hosts are told apart, measured on labelled bin files.
 */
#include <string.h>

#include "detector/alarm_tail.h"
#include "tools/kenchi/behaviour_report.h"
#include "tools/kenchi/capture_evaluation.h"
#include "tools/kenchi/evaluate_detection.h"
#include "tools/kenchi/evaluation_report.h"
#include "tools/kenchi/evaluation_tasks.h"
#include "tools/kenchi/flood_report.h"
#include "tools/kenchi/subcommand.h"

struct evaluate_options {
	char **truth;
	char *split;
	char *part;
	char *export_name;
	char **labels;
	char **bins;
	char *folds;
	char *model;
	char *calibration;
	char *features;
	char *without;
	char *svg;
	char *page;
	double c;
	double gamma;
	double alarms;
	int only_fold;
	int seed;
	gboolean site_thresholds;
	double target;
	char **sites;
	char **monitored;
	char *as_if;
};

static void
clear_options(struct evaluate_options *options)
{
	g_strfreev(options->truth);
	g_free(options->split);
	g_free(options->part);
	g_free(options->export_name);
	g_strfreev(options->labels);
	g_strfreev(options->bins);
	g_strfreev(options->sites);
	g_strfreev(options->monitored);
	g_free(options->as_if);
	g_free(options->folds);
	g_free(options->model);
	g_free(options->calibration);
	g_free(options->features);
	g_free(options->without);
	g_free(options->svg);
	g_free(options->page);
}

static bool
check_options(const struct evaluate_options *options, size_t captures)
{
	size_t truths = options->truth == NULL ? 0 : g_strv_length(options->truth);

	if (captures == 0 && options->split == NULL) {
		subcommand_complain(
			"evaluate: which CAPTURE... with --truth DIR for each, or which "
			"--split FILE?");
		return false;
	}
	if (captures != truths) {
		subcommand_complain("evaluate: --truth: there must be one for each CAPTURE, in the "
		                    "same order");
		return false;
	}
	if (options->split == NULL && (options->part != NULL || options->export_name != NULL)) {
		subcommand_complain("evaluate: --%s is of no use without --split",
		                    options->part != NULL ? "part" : "export");
		return false;
	}
	return true;
}

static bool
gather(EvaluationTasks *tasks, const struct evaluate_options *options, char **captures,
       GError **error)
{
	const char *export_name =
		options->export_name != NULL ? options->export_name : "export.v9.pcap.gz";

	for (size_t i = 0; captures[i] != NULL; i++) {
		if (!evaluation_tasks_add(tasks, captures[i], options->truth[i], error))
			return false;
	}
	return options->split == NULL ||
	       evaluation_tasks_add_collection(tasks, options->split, options->part, export_name,
	                                       error);
}

static int
evaluate(const EvaluationTasks *tasks, bool json)
{
	g_autoptr(EvaluationReport) report = evaluation_report_new(json);
	g_autoptr(GError) error = NULL;

	for (size_t i = 0; i < evaluation_tasks_count(tasks); i++) {
		const struct capture_task *task = evaluation_tasks_at(tasks, i);
		struct capture_evaluation evaluation;

		if (!capture_evaluate(task, &evaluation, &error)) {
			subcommand_complain("evaluate: %s", error->message);
			return EXIT_CODE_USAGE;
		}
		evaluation_report_add(report, task, &evaluation);
	}
	evaluation_report_print(report);
	return EXIT_CODE_OK;
}

static int
evaluate_approximations(const struct evaluate_options *options, char **captures, bool json)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(EvaluationTasks) tasks = evaluation_tasks_new();

	if (!check_options(options, g_strv_length(captures)))
		return EXIT_CODE_USAGE;
	if (!gather(tasks, options, captures, &error)) {
		subcommand_complain("evaluate: %s", error->message);
		return EXIT_CODE_USAGE;
	}
	return evaluate(tasks, json);
}

static int
evaluate_hosts(const struct evaluate_options *options, char **arguments, bool json)
{
	struct detection_task task = {
		.source = { options->labels, options->bins != NULL ? options->bins : arguments,
		            options->monitored, options->as_if },
		.sites = options->sites,
		.svg = options->svg,
		.page = options->page,
		.json = json,
		.options = { .folds = options->folds,
		             .model = options->model,
		             .calibration = options->calibration,
		             .features = options->features,
		             .c = options->c,
		             .gamma = options->gamma,
		             .only_fold = options->only_fold,
		             .seed = (unsigned)MAX(options->seed, 0),
		             .site_thresholds = options->site_thresholds,
		             .target = options->target / 100,
		             .alarms = options->alarms }
	};

	if (options->bins != NULL && *arguments != NULL) {
		subcommand_complain("evaluate: %s: bin files stand either behind --bins or alone",
		                    *arguments);
		return EXIT_CODE_USAGE;
	}
	if (!train_read_needs(options->without, &task.options.without)) {
		subcommand_complain("evaluate: --without: sampling, flags, direction or sizes");
		return EXIT_CODE_USAGE;
	}
	return evaluate_detection(&task);
}

typedef int (*labelled_report)(const struct train_input *inputs, size_t count, bool json);

/* One file of labels for each bin file, in the same order. */
static int
report_labelled(const struct evaluate_options *options, char **arguments, bool json,
                labelled_report report)
{
	char **bins = options->bins != NULL ? options->bins : arguments;
	size_t count = g_strv_length(bins);
	g_autofree struct train_input *inputs = g_new0(struct train_input, count + 1);

	if (count == 0 || options->labels == NULL || g_strv_length(options->labels) != count) {
		subcommand_complain(
			"evaluate: --labels: there must be one for each bin file, in the same order");
		return EXIT_CODE_USAGE;
	}
	for (size_t i = 0; i < count; i++)
		inputs[i] = (struct train_input){ bins[i], options->labels[i] };
	return report(inputs, count, json);
}

static int
evaluate_what(const struct evaluate_options *options, int argc, char **argv, bool json)
{
	if (argc > 1 && strcmp(argv[1], "approximations") == 0)
		return evaluate_approximations(options, argv + 2, json);
	if (argc > 1 && strcmp(argv[1], "detection") == 0)
		return evaluate_hosts(options, argv + 2, json);
	if (argc > 1 && strcmp(argv[1], "behaviours") == 0)
		return report_labelled(options, argv + 2, json, behaviour_report);
	if (argc > 1 && strcmp(argv[1], "floods") == 0)
		return report_labelled(options, argv + 2, json, flood_report);
	subcommand_complain(
		"evaluate: what? approximations, detection, behaviours or floods (see kenchi help evaluate)");
	return EXIT_CODE_USAGE;
}

static bool
parse(struct invocation *invocation, struct evaluate_options *options, int *argc, char ***argv)
{
	const GOptionEntry entries[] = {
		{ "truth", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->truth,
		  "Where the true packets of a CAPTURE are told; one for each", "DIR" },
		{ "split", 0, 0, G_OPTION_ARG_FILENAME, &options->split,
		  "A collection: a file of captures and their parts, their folders beside it",
		  "FILE" },
		{ "part", 0, 0, G_OPTION_ARG_STRING, &options->part, "Only this part of it",
		  "PART" },
		{ "export", 0, 0, G_OPTION_ARG_FILENAME, &options->export_name,
		  "The captures' name in those folders (default: export.v9.pcap.gz)", "NAME" },
		{ "labels", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->labels,
		  "detection: the labels of a bin file; one for each", "FILE" },
		{ "bins", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->bins,
		  "detection: a bin file, or a capture of export datagrams", "FILE" },
		{ "monitored", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->monitored,
		  "detection: which hosts of captures, as of kenchi-collector", "PREFIX" },
		{ "as-if", 0, 0, G_OPTION_ARG_STRING, &options->as_if,
		  "detection: captures as a worse exporter would have sent them: sampled=N, no-flags, out or in",
		  "HOW,..." },
		{ "folds", 0, 0, G_OPTION_ARG_FILENAME, &options->folds,
		  "detection: the folds of the hosts (default: folds.csv beside the labels)",
		  "FILE" },
		{ "only-fold", 0, 0, G_OPTION_ARG_INT, &options->only_fold,
		  "detection: judge only hosts of it", "0-4" },
		{ "model", 0, 0, G_OPTION_ARG_FILENAME, &options->model,
		  "detection: judge with this model (default: train without each fold in turn)",
		  "FILE" },
		{ "calibration", 0, 0, G_OPTION_ARG_FILENAME, &options->calibration,
		  "detection: the model's calibration (default: the shipped one)", "FILE" },
		{ "features", 0, 0, G_OPTION_ARG_STRING, &options->features,
		  "detection: as of kenchi train", "PATTERN,..." },
		{ "without", 0, 0, G_OPTION_ARG_STRING, &options->without,
		  "detection: as of kenchi train", "NEED,..." },
		{ "c", 0, 0, G_OPTION_ARG_DOUBLE, &options->c,
		  "detection: C of the training (default: 0.3)", "C" },
		{ "gamma", 0, 0, G_OPTION_ARG_DOUBLE, &options->gamma,
		  "detection: gamma, times 1 / features (default: 0.5)", "G" },
		{ "seed", 0, 0, G_OPTION_ARG_INT, &options->seed,
		  "detection: another choice of windows to train on", "N" },
		{ "alarms", 0, 0, G_OPTION_ARG_DOUBLE, &options->alarms,
		  "detection: wished false alarms in 1000 hosts and days (default: " G_STRINGIFY(
			  ALARM_TAIL_WISHED) ")",
		  "N" },
		{ "site", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->sites,
		  "detection: the network of a bin file, one for each: train without it", "NAME" },
		{ "site-thresholds", 0, 0, G_OPTION_ARG_NONE, &options->site_thresholds,
		  "detection: thresholds from each bin file's own first part, and false positives on its rest",
		  NULL },
		{ "target", 0, 0, G_OPTION_ARG_DOUBLE, &options->target,
		  "detection: with --site-thresholds, the wished share of windows above them (default: 1)",
		  "PER-CENT" },
		{ "page", 0, 0, G_OPTION_ARG_FILENAME, &options->page,
		  "detection: write figures and curves as HTML", "FILE" },
		{ "svg", 0, 0, G_OPTION_ARG_FILENAME, &options->svg,
		  "detection: draw curves into this folder", "DIR" },
		{ NULL, 0, 0, 0, NULL, NULL, NULL },
	};

	return subcommand_parse(invocation, entries, G_MAXINT, argc, argv);
}

int
subcommand_evaluate(struct invocation *invocation, int argc, char **argv)
{
	struct evaluate_options options = { .c = 0.3,
		                            .gamma = 0.5,
		                            .alarms = ALARM_TAIL_WISHED,
		                            .target = 1,
		                            .only_fold = FOLD_NONE };
	int result = EXIT_CODE_USAGE;

	if (parse(invocation, &options, &argc, &argv))
		result = evaluate_what(&options, argc, argv, invocation->json);
	clear_options(&options);
	return result;
}
