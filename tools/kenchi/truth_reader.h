/*
 * The true packets of one host, as counted from a packet capture: the files truth_1s.csv (columns
 * host, second, octets_in, octets_out) and truth_sizes.csv (host, bin60, direction "in" or "out",
 * and packets by size class: c0_49, c50_99, c100_199, c200_499, c500_999, c1000_1399, c1400_1499,
 * c1500up) of a folder, plain or with .gz behind their names.
 *
 * Errors:  a GError that names the file and the line.
 */
#ifndef TOOLS_KENCHI_TRUTH_READER_H
#define TOOLS_KENCHI_TRUTH_READER_H

#include <glib.h>

#include "common/host_address.h"
#include "tools/kenchi/host_traffic.h"

/* NULL: refused.  `*host` is the one host that the files are about. */
HostTraffic *truth_read(const char *folder, struct host_address *host, GError **error);

#endif
