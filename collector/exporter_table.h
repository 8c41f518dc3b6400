/*
 * What is known of each Exporter: its Observation Domains with their Templates, sampling, clocks
 * and sequence numbers, and counters of what it sent.
 *
 * Everything is bounded by struct exporter_limits; what found no room is counted
 * (schemas/counters.def).  When the table is full, the Exporter that has been silent for longest
 * makes room if that is longer than the lifetime of Templates, else the newcomer is refused.
 *
 * Time is the datagrams' arrival time; no clock is read.
 * Threads: one.  A collector with several workers has one table each.
 * Errors:  a GError where an operator gave the text or the file; else counted.
 */
#ifndef COLLECTOR_EXPORTER_TABLE_H
#define COLLECTOR_EXPORTER_TABLE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/decode_counters.h"
#include "common/host_address.h"
#include "common/prefix_set.h"
#include "common/wall_time.h"

typedef struct ExporterTable ExporterTable;

struct exporter_limits {
	size_t exporters_max;
	size_t domains_max;           /* Observation Domains of one Exporter */
	size_t templates_max;         /* Templates of one Observation Domain */
	size_t fields_max;            /* fields of one Template, at most 1024 */
	size_t template_octets_max;   /* memory of Templates, all Exporters together, */
	size_t waiting_octets_max;    /* and of Data Sets that wait for their Template: no Exporter
	                                 can take them from the others (octet_budget.h) */
	int64_t waiting_ms;           /* and for how long */
	int64_t template_lifetime_ms; /* RFC 7011, section 8.4: 30 minutes; 0: for ever.  Of a
	                               * domain that goes on sending without repeating the Template;
	                               * silence of more than a day does not count. */
	int64_t clock_tolerance_ms;   /* an exporter's clock that is off by more is corrected; 0:
	                                 never */
	int64_t clock_ahead_ms;       /* the same of one that is ahead: its times would pass for the
	                                 newest until they are there; 0: never */
	bool by_source_port; /* exporters behind one address are told apart by their source port */
};

ExporterTable *exporter_table_new(const struct exporter_limits *limits);
void exporter_table_free(ExporterTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ExporterTable, exporter_table_free)

/* Datagrams of other Exporters are refused and counted.  Borrowed; NULL (the default) allows
 * everybody. */
void exporter_table_allow_only(ExporterTable *table, const PrefixSet *allowed);

/*
 * Exporters of a prefix sample one packet in `interval`, whatever they announce.  Of several
 * prefixes that hold an Exporter the one given last wins.  False, with a message that names the
 * text: no prefix, or interval 0.
 */
bool exporter_table_override_sampling(ExporterTable *table, const char *prefix, uint32_t interval,
                                      GError **error);

/* 0: none. */
uint32_t exporter_table_sampling_override(const ExporterTable *table, uint32_t exporter);

/* Exporters are numbered from 0 to count - 1, in the order of their first datagram (who takes the
 * room of another gets its number); struct flow_batch has the number. */
size_t exporter_table_count(const ExporterTable *table);
struct wall_time exporter_table_last_arrival(const ExporterTable *table, uint32_t exporter);

/* Of every Exporter that was ever there, and of the datagrams that belong to none. */
struct decode_counters exporter_table_counters(const ExporterTable *table);

/*
 * Appends one JSON object (one line, without its end) about an Exporter: address, protocols,
 * domains with their Templates, rates, losses, clock offset, sampling, counters, and `cannotTell`:
 * what no Template of its flows has. `silent_after_ms`: it is called silent when its last datagram
 * is longer ago than that.
 */
void exporter_table_describe(const ExporterTable *table, uint32_t number, struct wall_time now,
                             int64_t silent_after_ms, GString *line);

/*
 * Drops what is out of date (Templates, waiting Sets); call every minute or so, when decoder_next()
 * has returned false. Also done as datagrams come.
 */
void exporter_table_expire(ExporterTable *table, struct wall_time now);

/*
 * Templates, sampling and boot times survive a restart in a file, written to a temporary file
 * beside it and renamed. exporter_table_load(): a file that is not there is no error; one that is
 * damaged leaves the table as it was and says so in `error`: warn and go on.
 */
bool exporter_table_save(ExporterTable *table, const char *path, GError **error);
bool exporter_table_load(ExporterTable *table, const char *path, struct wall_time now,
                         GError **error);

/* Has a Template come, changed or gone since the last save, or has other sampling been told? */
bool exporter_table_is_unsaved(const ExporterTable *table);

#endif
