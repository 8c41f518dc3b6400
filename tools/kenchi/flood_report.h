/*
 * kenchi evaluate floods: how much labelled hosts send without an answer, beside the thresholds of
 * the flood expert.
 */
#ifndef TOOLS_KENCHI_FLOOD_REPORT_H
#define TOOLS_KENCHI_FLOOD_REPORT_H

#include <stdbool.h>

/* One of `labels` for each of `bins`; an exit code, problems are told on stderr. */
int flood_report(char **labels, char **bins, bool json);

#endif
