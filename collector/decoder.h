/*
 * Export datagrams to flow records: tells NetFlow v5, v9 and IPFIX apart and keeps what each needs
 * of its Exporter (Templates, sampling, clocks, sequence numbers).
 *
 * Pure: octets, the exporter's state and the arrival time in; records and counters out.  No clock,
 * socket or log.
 *
 * Law: of each datagram, every record is either given out or counted in exactly one counter of
 * schemas/counters.def.
 *
 * Bounds:  every table that a stranger can fill has a limit in struct exporter_limits and a counter
 *          for what it refused.
 * Threads: one, that of the exporter table, which is borrowed.
 */
#ifndef COLLECTOR_DECODER_H
#define COLLECTOR_DECODER_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/datagram.h"
#include "collector/exporter_table.h"
#include "collector/flow_record.h"

typedef struct Decoder Decoder;

Decoder *decoder_new(ExporterTable *exporters);
void decoder_free(Decoder *decoder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Decoder, decoder_free)

/* Takes a datagram.  Its records are then got with decoder_next(); `datagram->octets` must stay
 * until that is false. */
void decoder_take(Decoder *decoder, const struct datagram *datagram);

/*
 * Fills `batch` with the next records; false: the datagram is used up.  Records that waited for
 * their Template and became decodable come out here too, in batches of their own with their own
 * export time.
 */
bool decoder_next(Decoder *decoder, struct flow_batch *batch);

#endif
