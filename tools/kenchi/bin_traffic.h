/*
 * What the bins of a file tell of one host: its packets by size class and its octets by second.
 *
 * Errors:  a GError that names the file.
 */
#ifndef TOOLS_KENCHI_BIN_TRAFFIC_H
#define TOOLS_KENCHI_BIN_TRAFFIC_H

#include <glib.h>

#include "common/host_bin.h"
#include "tools/kenchi/host_traffic.h"

/* Adds a bin; `extension` is NULL when it is not extended. */
void bin_traffic_add(HostTraffic *traffic, const struct host_bin *bin,
                     const struct host_bin_extension *extension);

/* All bins of `host` in the bin file; none are no error. */
HostTraffic *bin_traffic_read(const char *path, const struct host_address *host, GError **error);

#endif
