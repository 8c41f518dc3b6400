#include "tools/kenchi/evaluation_tasks.h"

#include <string.h>

#include "common/fault.h"
#include "tools/train/csv_reader.h"

struct EvaluationTasks {
	GArray *tasks; /* of struct capture_task */
};

static void
clear_task(gpointer data)
{
	struct capture_task *task = data;

	g_free(task->name);
	g_free(task->capture);
	g_free(task->truth);
	g_free(task->label);
	g_free(task->source);
}

EvaluationTasks *
evaluation_tasks_new(void)
{
	EvaluationTasks *tasks = g_new0(EvaluationTasks, 1);

	tasks->tasks = g_array_new(FALSE, TRUE, sizeof(struct capture_task));
	g_array_set_clear_func(tasks->tasks, clear_task);
	return tasks;
}

void
evaluation_tasks_free(EvaluationTasks *tasks)
{
	if (tasks == NULL)
		return;
	g_array_unref(tasks->tasks);
	g_free(tasks);
}

size_t
evaluation_tasks_count(const EvaluationTasks *tasks)
{
	return tasks->tasks->len;
}

const struct capture_task *
evaluation_tasks_at(const EvaluationTasks *tasks, size_t index)
{
	return &g_array_index(tasks->tasks, struct capture_task, index);
}

/* The label of a truth's folder, when labels.csv there has one for the whole capture. */
static bool
read_label(const char *folder, char **label, GError **error)
{
	static const char *const columns[] = { "label" };
	g_autofree char *path = g_build_filename(folder, "labels.csv", NULL);
	g_autoptr(CsvReader) csv = NULL;

	*label = NULL;
	if (g_file_test(path, G_FILE_TEST_EXISTS)) {
		csv = csv_open(path, columns, G_N_ELEMENTS(columns), error);
		if (csv == NULL)
			return false;
		if (csv_next(csv))
			*label = g_strdup(csv_field(csv, 0));
	}
	if (*label == NULL)
		*label = g_strdup("");
	return true;
}

bool
evaluation_tasks_add(EvaluationTasks *tasks, const char *capture, const char *truth, GError **error)
{
	struct capture_task task = { 0 };

	if (!read_label(truth, &task.label, error))
		return false;
	task.name = g_path_get_basename(truth);
	task.capture = g_strdup(capture);
	task.truth = g_strdup(truth);
	task.source = g_strdup("");
	g_array_append_val(tasks->tasks, task);
	return true;
}

static bool
add_part(EvaluationTasks *tasks, CsvReader *csv, const char *part, const char *export_name,
         const char *folder)
{
	size_t before = tasks->tasks->len;

	while (csv_next(csv)) {
		struct capture_task task = { 0 };

		if (part != NULL && strcmp(csv_field(csv, 1), part) != 0)
			continue;
		task.name = g_strdup(csv_field(csv, 0));
		task.truth = g_build_filename(folder, task.name, NULL);
		task.capture = g_build_filename(task.truth, export_name, NULL);
		task.label = g_strdup("");
		task.source = g_strdup("");
		g_array_append_val(tasks->tasks, task);
	}
	return tasks->tasks->len > before;
}

static void
label_task(EvaluationTasks *tasks, const CsvReader *csv)
{
	for (guint i = 0; i < tasks->tasks->len; i++) {
		struct capture_task *task = &g_array_index(tasks->tasks, struct capture_task, i);

		if (strcmp(task->name, csv_field(csv, 0)) != 0)
			continue;
		g_free(task->label);
		g_free(task->source);
		task->label = g_strdup(csv_field(csv, 1));
		task->source = g_strdup(csv_field(csv, 2));
	}
}

static bool
label_tasks(EvaluationTasks *tasks, const char *folder, GError **error)
{
	static const char *const columns[] = { "capture", "label", "source_set" };
	g_autofree char *path = g_build_filename(folder, "captures.csv", NULL);
	g_autoptr(CsvReader) csv = NULL;

	if (!g_file_test(path, G_FILE_TEST_EXISTS))
		return true;
	csv = csv_open(path, columns, G_N_ELEMENTS(columns), error);
	while (csv != NULL && csv_next(csv))
		label_task(tasks, csv);
	return csv != NULL;
}

bool
evaluation_tasks_add_collection(EvaluationTasks *tasks, const char *split, const char *part,
                                const char *export_name, GError **error)
{
	static const char *const columns[] = { "capture", "part" };
	g_autofree char *folder = g_path_get_dirname(split);
	g_autoptr(CsvReader) csv = csv_open(split, columns, G_N_ELEMENTS(columns), error);

	if (csv == NULL)
		return false;
	if (!add_part(tasks, csv, part, export_name, folder))
		return fault_input(error, "%s: no capture of the part \"%s\"", split,
		                   part == NULL ? "" : part);
	return label_tasks(tasks, folder, error);
}
