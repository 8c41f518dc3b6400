/*
 * The exporter table as the decoders use it.  Other parts of the collector use exporter_table.h
 * alone.
 *
 * Ownership: the table owns Exporters, domains and waiting Sets.  Pointers stay valid until the
 * next exporter_table_settle().
 * Threads:   one, that of the table.
 */
#ifndef COLLECTOR_EXPORTER_STATE_H
#define COLLECTOR_EXPORTER_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/exporter.h"
#include "collector/exporter_table.h"
#include "collector/observation_domain.h"
#include "collector/waiting_sets.h"

/* Between two datagrams: frees what was replaced and drops what is out of date. */
void exporter_table_settle(ExporterTable *table, struct wall_time now);

/* Finds or makes the Exporter, and counts the datagram as taken; NULL: refused and counted. */
struct exporter *exporter_table_take(ExporterTable *table, const struct host_address *address,
                                     uint16_t port, struct wall_time arrival);

/* Where to count what is refused of an address: its Exporter's counters if it has any, else those
 * of nobody. */
struct decode_counters *
exporter_table_counters_of(ExporterTable *table, const struct host_address *address, uint16_t port);

/* Finds or makes a domain that something is told of; NULL: there is no room. */
struct observation_domain *exporter_table_name_domain(ExporterTable *table,
                                                      struct exporter *exporter, uint8_t version,
                                                      uint32_t id);

/* The same of a datagram's domain, which has arrived then; NULL: refused and counted. */
struct observation_domain *exporter_table_domain(ExporterTable *table, struct exporter *exporter,
                                                 uint8_t version, uint32_t id);

const struct exporter_limits *exporter_table_limits(const ExporterTable *table);

/* Learns a Template within the limits, counts what became of it, and makes the Sets ready that
 * waited for it. */
void exporter_table_learn(ExporterTable *table, struct exporter *exporter,
                          struct observation_domain *domain, const struct template_draft *draft);

/* Withdraws one Template. */
void exporter_table_withdraw(ExporterTable *table, struct exporter *exporter,
                             struct observation_domain *domain, uint16_t id);
void exporter_table_withdraw_all(ExporterTable *table, struct exporter *exporter,
                                 struct observation_domain *domain, bool options);

/* Takes what was announced of a sampler, or counts that there is no room for it. */
void exporter_table_announce(ExporterTable *table, struct exporter *exporter,
                             struct observation_domain *domain, const struct sampler *sampler);

/* Takes systemInitTimeMilliseconds as it was announced. */
void exporter_table_note_boot(ExporterTable *table, struct observation_domain *domain,
                              struct wall_time boot);

/* Data Sets that wait for their Template. */
struct waiting_sets *exporter_table_waiting(ExporterTable *table);

/* For iteration: number from 0 to count - 1. */
struct exporter *exporter_table_get(const ExporterTable *table, size_t number);

/* Makes an Exporter as the state file names it; NULL: no room. */
struct exporter *exporter_table_restore(ExporterTable *table, const struct host_address *address,
                                        uint16_t port, struct wall_time now);

void exporter_table_mark_saved(ExporterTable *table);

#endif
