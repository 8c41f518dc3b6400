/*
 * Which captures are to be evaluated against which truth: pairs that were named, or a collection.
 *
 * A collection is a folder with a file of columns capture and part; each capture is a folder beside
 * it that holds the export datagrams and the truth.  labels.csv in a truth's folder (column label),
 * or captures.csv beside the file of parts (columns capture, label, source_set), tell more of them.
 *
 * Errors:  a GError that names the file and the line or the missing column.
 */
#ifndef TOOLS_KENCHI_EVALUATION_TASKS_H
#define TOOLS_KENCHI_EVALUATION_TASKS_H

#include <glib.h>
#include <stdbool.h>

#include "tools/kenchi/capture_evaluation.h"

typedef struct EvaluationTasks EvaluationTasks;

EvaluationTasks *evaluation_tasks_new(void);
void evaluation_tasks_free(EvaluationTasks *tasks);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvaluationTasks, evaluation_tasks_free)

bool evaluation_tasks_add(EvaluationTasks *tasks, const char *capture, const char *truth,
                          GError **error);

/* Those of `part` (NULL: all).  `export_name` is the name of the datagrams' file in each folder. */
bool evaluation_tasks_add_collection(EvaluationTasks *tasks, const char *split, const char *part,
                                     const char *export_name, GError **error);

size_t evaluation_tasks_count(const EvaluationTasks *tasks);
const struct capture_task *evaluation_tasks_at(const EvaluationTasks *tasks, size_t index);

#endif
