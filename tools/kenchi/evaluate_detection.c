#include "tools/kenchi/evaluate_detection.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "tools/kenchi/collector_run.h"
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
	size_t labels = task->labels == NULL ? 0 : g_strv_length(task->labels);

	if (count == 0 || labels != count) {
		subcommand_complain("evaluate: --labels: there must be one for each bin file, in the same order");
		return false;
	}
	if (task->sites != NULL && (g_strv_length(task->sites) != count || task->options.model != NULL)) {
		subcommand_complain("evaluate: --site: there must be one for each bin file, and no --model");
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

/* Bin files begin as IPFIX Messages do, captures do not. */
static bool
is_capture(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned char start[2] = { 0, 10 };

	if (file == NULL)
		return false;
	if (fread(start, sizeof(start), 1, file) != 1)
		start[0] = 0;
	fclose(file);
	return start[0] != 0 || start[1] != 10;
}

/* The bins of a capture in `folder`, named after the capture and the folder that it is in. */
static char *
make_bins(const struct detection_task *task, const char *capture, const char *folder, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(capture);
	g_autofree char *site = g_path_get_basename(parent);
	g_autofree char *base = g_path_get_basename(capture);
	g_autofree char *name = g_strdup_printf("%s-%s", site, base);
	char *bins = g_build_filename(folder, name, NULL);

	if (collector_run_bins(capture, task->monitored, bins, error))
		return bins;
	g_free(bins);
	return NULL;
}

/* Bin files in place of captures; those that are made lie in `folder`. */
static bool
gather(struct detection_task *task, struct train_input *inputs, const char *folder, GError **error)
{
	for (size_t i = 0; task->bins[i] != NULL; i++) {
		if (is_capture(task->bins[i])) {
			char *bins = make_bins(task, task->bins[i], folder, error);

			if (bins == NULL)
				return false;
			g_free(task->bins[i]);
			task->bins[i] = bins;
		}
		inputs[i] = (struct train_input){ task->bins[i], task->labels[i] };
	}
	return true;
}

static void
remove_folder(const char *folder)
{
	g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);
	const char *name;

	while (entries != NULL && (name = g_dir_read_name(entries)) != NULL) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		g_unlink(path);
	}
	g_rmdir(folder);
}

/* The bins are read when this comes back. */
static Detection *
run_detection(struct detection_task *task, struct train_input *inputs, GError **error)
{
	g_autofree char *folder = g_dir_make_tmp("kenchi-bins-XXXXXX", error);
	Detection *detection = NULL;

	if (folder == NULL)
		return NULL;
	if (gather(task, inputs, folder, error))
		detection = detection_run(&task->options, error);
	remove_folder(folder);
	return detection;
}

int
evaluate_detection(struct detection_task *task)
{
	size_t count = task->bins == NULL ? 0 : g_strv_length(task->bins);
	g_autofree struct train_input *inputs = g_new0(struct train_input, count + 1);
	g_autoptr(Detection) detection = NULL;
	g_autoptr(GError) error = NULL;

	if (!check(task, count))
		return EXIT_CODE_USAGE;
	task->options.inputs = inputs;
	task->options.input_count = count;
	task->options.sites = (const char *const *)task->sites;
	detection = run_detection(task, inputs, &error);
	if (detection == NULL) {
		subcommand_complain("evaluate: %s", error->message);
		return EXIT_CODE_USAGE;
	}
	if (task->options.site_thresholds)
		site_report_print(detection, task->json);
	else
		detection_report_print(detection, task->json);
	if (task->page != NULL && !detection_page_write(detection, "Hosts told apart", task->page, &error)) {
		subcommand_complain("evaluate: --page: %s", error->message);
		return EXIT_CODE_FAILED;
	}
	if (task->svg != NULL && (!draw(detection, task->svg, KIND_ALL) || !draw(detection, task->svg, KIND_QUIET)))
		return EXIT_CODE_FAILED;
	return EXIT_CODE_OK;
}
