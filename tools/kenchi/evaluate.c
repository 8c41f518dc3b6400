/*
 * kenchi evaluate: what the collector's approximations are worth, measured on captures whose
 * packets are known.
 */
#include <string.h>

#include "tools/kenchi/capture_evaluation.h"
#include "tools/kenchi/evaluation_report.h"
#include "tools/kenchi/evaluation_tasks.h"
#include "tools/kenchi/subcommand.h"

struct evaluate_options {
	char **truth;
	char *split;
	char *part;
	char *export_name;
};

static void
clear_options(struct evaluate_options *options)
{
	g_strfreev(options->truth);
	g_free(options->split);
	g_free(options->part);
	g_free(options->export_name);
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

static EvaluationTasks *
gather(const struct evaluate_options *options, char **captures, GError **error)
{
	g_autoptr(EvaluationTasks) tasks = evaluation_tasks_new();
	const char *export_name =
		options->export_name != NULL ? options->export_name : "export.v9.pcap.gz";

	for (size_t i = 0; captures[i] != NULL; i++) {
		if (!evaluation_tasks_add(tasks, captures[i], options->truth[i], error))
			return NULL;
	}
	if (options->split != NULL &&
	    !evaluation_tasks_add_collection(tasks, options->split, options->part, export_name,
	                                     error))
		return NULL;
	return g_steal_pointer(&tasks);
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
	g_autoptr(EvaluationTasks) tasks = NULL;

	if (!check_options(options, g_strv_length(captures)))
		return EXIT_CODE_USAGE;
	tasks = gather(options, captures, &error);
	if (tasks == NULL) {
		subcommand_complain("evaluate: %s", error->message);
		return EXIT_CODE_USAGE;
	}
	return evaluate(tasks, json);
}

int
subcommand_evaluate(struct invocation *invocation, int argc, char **argv)
{
	struct evaluate_options options = { 0 };
	const GOptionEntry entries[] = {
		{ "truth", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.truth,
		  "Where the true packets of a CAPTURE are told; one for each", "DIR" },
		{ "split", 0, 0, G_OPTION_ARG_FILENAME, &options.split,
		  "A collection: a file of captures and their parts, their folders beside it",
		  "FILE" },
		{ "part", 0, 0, G_OPTION_ARG_STRING, &options.part, "Only this part of it",
		  "PART" },
		{ "export", 0, 0, G_OPTION_ARG_FILENAME, &options.export_name,
		  "The captures' name in those folders (default: export.v9.pcap.gz)", "NAME" },
		{ NULL, 0, 0, 0, NULL, NULL, NULL },
	};
	int result = EXIT_CODE_USAGE;

	if (subcommand_parse(invocation, entries, G_MAXINT, &argc, &argv)) {
		if (argc > 1 && strcmp(argv[1], "approximations") == 0)
			result = evaluate_approximations(&options, argv + 2, invocation->json);
		else
			subcommand_complain(
				"evaluate: what? approximations (see kenchi help evaluate)");
	}
	clear_options(&options);
	return result;
}
