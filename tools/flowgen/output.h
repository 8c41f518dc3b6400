/*
 * Where the datagrams of kenchi-flowgen go: a capture, a collector at the records' pace, or a
 * collector as load.
 *
 * Errors:  a message on standard error.
 * Threads: one.
 */
#ifndef TOOLS_FLOWGEN_OUTPUT_H
#define TOOLS_FLOWGEN_OUTPUT_H

#include <glib.h>
#include <stdbool.h>

#include "tools/flowgen/exporter.h"
#include "tools/flowgen/options.h"

/* Exports the records (struct export_record) to where `options` says. */
bool output_export(const struct options *options, const struct exporter_config *config,
                   GArray *records, struct exporter_totals *totals);

#endif
