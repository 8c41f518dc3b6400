/*
 * What an exporter table is made of, for its two files: exporter_table.c has who exports,
 * exporter_domains.c what they have told of their Observation Domains.  Nobody else includes this.
 */
#ifndef COLLECTOR_EXPORTER_TABLE_PARTS_H
#define COLLECTOR_EXPORTER_TABLE_PARTS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/exporter_state.h"
#include "collector/octet_budget.h"

struct ExporterTable {
	struct exporter_limits limits;
	const PrefixSet *allowed;
	GArray *overrides;             /* struct override */
	GPtrArray *exporters;          /* struct exporter, by number */
	GHashTable *by_address;        /* struct exporter_key -> struct exporter */
	struct decode_counters others; /* of datagrams that belong to no exporter, and of exporters
	                                  that made room */
	/* Of all domains: */
	size_t domain_count;
	struct octet_budget template_budget;
	struct waiting_sets waiting;
	GPtrArray *unsettled; /* domains that have something to free */
	struct wall_time settled;
	bool is_unsaved;
};

/* The key of its hashes, one for the whole process (common/keyed_hash.h). */
uint64_t exporter_table_key(void);

/* Domains of a new Exporter. */
GHashTable *exporter_domains_new(void);

/* Before an Exporter goes: what its domains hold is taken off the table's sums. */
void exporter_domains_forget(ExporterTable *table, struct exporter *exporter);

#endif
