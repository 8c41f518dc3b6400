/*
 * kenchi evaluate behaviours: how often each behaviour is told of infected hosts and of others.
 */
#ifndef TOOLS_KENCHI_BEHAVIOUR_REPORT_H
#define TOOLS_KENCHI_BEHAVIOUR_REPORT_H

#include <stdbool.h>

/* One of `labels` for each of `bins`; an exit code, problems are told on stderr. */
int behaviour_report(char **labels, char **bins, bool json);

#endif
