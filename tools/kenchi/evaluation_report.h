/*
 * Prints evaluations: a line for each capture, then one for each group of captures (all; by label;
 * TCP-heavy or not; by source).
 */
#ifndef TOOLS_KENCHI_EVALUATION_REPORT_H
#define TOOLS_KENCHI_EVALUATION_REPORT_H

#include <stdbool.h>

#include "tools/kenchi/capture_evaluation.h"

typedef struct EvaluationReport EvaluationReport;

EvaluationReport *evaluation_report_new(bool json);
void evaluation_report_free(EvaluationReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvaluationReport, evaluation_report_free)

void evaluation_report_add(EvaluationReport *report, const struct capture_task *task,
                           const struct capture_evaluation *evaluation);

void evaluation_report_print(const EvaluationReport *report);

#endif
