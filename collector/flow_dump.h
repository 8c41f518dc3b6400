/*
 * Flow records as text: one JSON object a line, with the names of IANA's IPFIX registry.
 *
 * Fields that the Exporter did not tell are left out.  Counters are raw when the batch has not been
 * scaled; with samplingInterval beside them.  What was read from inside a section of a packet
 * stands in `packetSection`.  Times are as the datagram alone tells them; where the Exporter's
 * clock is known better (uptime_clock.h), clockCorrectionMilliseconds is to be added to both.
 *
 * Threads: pure functions.
 */
#ifndef COLLECTOR_FLOW_DUMP_H
#define COLLECTOR_FLOW_DUMP_H

#include <glib.h>

#include "collector/exporter_table.h"
#include "collector/flow_record.h"

/* Appends a line for the record, with its end. */
void flow_dump_record(const struct flow_batch *batch, const struct flow_record *record,
                      GString *text);

/* Appends a line for each record of the batch. */
void flow_dump_batch(const struct flow_batch *batch, GString *text);

/* Appends the last line: {"stats":{...}}: datagrams, records, datagramsRejected,
 * setsWithoutTemplate and all counters. */
void flow_dump_stats(const ExporterTable *exporters, GString *text);

#endif
