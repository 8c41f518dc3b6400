#include "tools/kenchi/evaluate_detection.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "tools/kenchi/detection_page.h"
#include "tools/kenchi/detection_report.h"
#include "tools/kenchi/gnuplot.h"
#include "tools/kenchi/roc_figure.h"
#include "tools/kenchi/site_report.h"
#include "tools/kenchi/subcommand.h"

static bool
draw(const Detection *detection, const char *folder, enum detection_kind kind)
{
	static const char *const files[KINDS] = { "roc.svg", "roc-scan.svg", "roc-noscan.svg" };
	g_autofree char *path = g_build_filename(folder, files[kind], NULL);
	g_autoptr(GError) error = NULL;
	g_autofree char *picture = NULL;
	GString *script = roc_figure_script(detection, kind);

	picture = gnuplot_run(script->str, &error);
	g_string_free(script, TRUE);
	if (picture != NULL && g_file_set_contents(path, picture, -1, &error))
		return true;
	subcommand_complain("evaluate: --svg: %s", error->message);
	return false;
}

static bool
check(const struct detection_task *task, size_t count)
{
	size_t labels = task->source.labels == NULL ? 0 : g_strv_length(task->source.labels);

	if (count == 0 || labels != count) {
		subcommand_complain(
			"evaluate: --labels: there must be one for each bin file, in the same order");
		return false;
	}
	if (task->sites != NULL &&
	    (g_strv_length(task->sites) != count || task->options.model != NULL)) {
		subcommand_complain(
			"evaluate: --site: there must be one for each bin file, and no --model");
		return false;
	}
	if (task->options.model == NULL && task->options.calibration != NULL) {
		subcommand_complain("evaluate: --calibration is of no use without --model");
		return false;
	}
	if (task->options.only_fold < FOLD_NONE || task->options.only_fold >= FOLDS) {
		subcommand_complain("evaluate: --only-fold: 0 to %d", FOLDS - 1);
		return false;
	}
	if (!(task->options.alarms > 0) || !(task->options.c > 0) || !(task->options.gamma > 0)) {
		subcommand_complain("evaluate: --alarms, --c and --gamma must be above 0");
		return false;
	}
	if (!(task->options.target > 0) || task->options.target >= 1) {
		subcommand_complain("evaluate: --target: above 0 and below 100");
		return false;
	}
	if (task->svg == NULL || g_mkdir_with_parents(task->svg, 0777) == 0)
		return true;
	subcommand_complain("evaluate: --svg: %s: %s", task->svg, g_strerror(errno));
	return false;
}

int
evaluate_detection(struct detection_task *task)
{
	size_t count = task->source.files == NULL ? 0 : g_strv_length(task->source.files);
	g_autoptr(BinInputs) inputs = NULL;
	g_autoptr(Detection) detection = NULL;
	g_autoptr(GError) error = NULL;

	if (!check(task, count))
		return EXIT_CODE_USAGE;
	inputs = bin_inputs_open(&task->source, &error);
	task->options.inputs = inputs != NULL ? bin_inputs_all(inputs) : NULL;
	task->options.input_count = count;
	task->options.sites = (const char *const *)task->sites;
	if (inputs != NULL)
		detection = detection_run(&task->options, &error);
	if (detection == NULL) {
		subcommand_complain("evaluate: %s", error->message);
		return EXIT_CODE_USAGE;
	}
	if (task->options.site_thresholds)
		site_report_print(detection, task->json);
	else
		detection_report_print(detection, task->json);
	if (task->page != NULL &&
	    !detection_page_write(detection, "Hosts told apart", task->page, &error)) {
		subcommand_complain("evaluate: --page: %s", error->message);
		return EXIT_CODE_FAILED;
	}
	if (task->svg != NULL &&
	    (!draw(detection, task->svg, KIND_ALL) || !draw(detection, task->svg, KIND_QUIET)))
		return EXIT_CODE_FAILED;
	return EXIT_CODE_OK;
}
