/*
 * Runs kenchi-collector over a capture and waits for it.
 *
 * Errors:  a GError that names the capture; what the collector itself has to say is on stderr.
 */
#ifndef TOOLS_KENCHI_COLLECTOR_RUN_H
#define TOOLS_KENCHI_COLLECTOR_RUN_H

#include <glib.h>
#include <stdbool.h>

#include "common/host_address.h"
#include "tools/kenchi/host_traffic.h"

/* What the bins of `host` tell, by way of a temporary bin file. */
HostTraffic *collector_run_traffic(const char *capture, const struct host_address *host,
                                   GError **error);

/* Writes the bins of `monitored` hosts (prefixes; NULL: the collector's default). */
bool collector_run_bins(const char *capture, char *const *monitored, const char *bins,
                        GError **error);

/* The flow records, one JSON object a line; free with g_free().  With `out` they are written to
 * that file instead. */
char *collector_run_flows(const char *capture, const char *out, GError **error);

#endif
