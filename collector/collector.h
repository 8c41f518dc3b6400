/*
 * The Collecting Process (RFC 5470): owns the sockets or the capture, the workers' data paths and
 * the control socket, and moves datagrams from the ones to the others.
 *
 * Control commands: status (one JSON object), counters (the same without what never changes),
 * exporters (one object a line).
 *
 * Threads: one; those of the workers are started and joined inside.
 * Errors:  a GError that names the option, address or file.
 */
#ifndef COLLECTOR_COLLECTOR_H
#define COLLECTOR_COLLECTOR_H

#include <glib.h>
#include <stdbool.h>

#include "collector/collector_config.h"

typedef struct Collector Collector;

/* Are addresses and captures such as can be opened?  Opens and makes nothing for good. */
bool collector_check(const CollectorConfig *config, GError **error);

/*
 * Opens everything, or nothing.  The sockets come first; folders and files are made as the user
 * that the configuration names.  `config` must outlive the collector.
 */
Collector *collector_open(const CollectorConfig *config, GError **error);
void collector_close(Collector *collector); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Collector, collector_close)

/*
 * Live: runs until SIGTERM or SIGINT, then takes what the sockets still hold and sends the open
 * bins.  Of captures: runs to their end, or up to what is damaged.
 */
bool collector_run(Collector *collector, GError **error);

/* The counters as they are now, one JSON object with its line end; free with g_free(). */
char *collector_counters(Collector *collector);

#endif
