/*
 * Packet sizes of many records at once: what packet_sizes_split() tells of each.  Where the
 * processor can (AVX2), records with few packets, as nearly all are, are split by vectors and
 * without branches, for what a record is nobody could guess.  Pure.
 */
#ifndef COLLECTOR_RECORD_SIZES_H
#define COLLECTOR_RECORD_SIZES_H

#include <stddef.h>

#include "collector/flow_record.h"
#include "collector/packet_sizes.h"

/* Writes to sizes[i] what records[i] tells. */
void record_sizes_of(const struct flow_record *const *records, size_t count,
                     struct packet_sizes *const *sizes);

#endif
