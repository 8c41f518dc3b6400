/*
 * All the collector's counters in one place: a plain value that workers fill and that adds up over
 * workers, what became faster or slower in the last seconds, and both as one JSON object.
 *
 * Laws: a live collector's datagrams_received, or a capture's datagrams, = decode.datagrams_taken
 *       decode.records_decoded = bins.records
 *       bins.parts = parts_pushed + parts_dropped, where bins go to the ring
 * Those of the structs that it holds are told where these are declared.
 * Threads: values.
 */
#ifndef COLLECTOR_COLLECTOR_STATS_H
#define COLLECTOR_COLLECTOR_STATS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "collector/bin_table.h"
#include "collector/capture_reader.h"
#include "collector/conversation_table.h"
#include "collector/decode_counters.h"
#include "common/mono_time.h"

struct collector_counts {
	uint64_t datagrams_received; /* from sockets */
	uint64_t octets_received;
	uint64_t kernel_dropped; /* datagrams, at full sockets: udp_listener.h */
	struct capture_counters capture;
	struct decode_counters decode;
	struct conversation_counters conversations;
	struct bin_table_counters bins;
	struct share_log_room shares;
	uint64_t exporters;       /* known */
	uint64_t exporters_alive; /* heard of in the last ten minutes */
	uint64_t parts_pushed;    /* onto the ring, or into the bin file */
	uint64_t parts_dropped;   /* at the full ring */
	uint64_t ring_octets_used;
	uint64_t ring_octets;
	uint64_t ring_readers;
	uint64_t memory_octets;   /* of the tables */
	int64_t newest_export_ms; /* 0: none */
};

void collector_counts_add(struct collector_counts *into, const struct collector_counts *other);

/* Counts of some seconds ago, to tell rates by. */
enum { COLLECTOR_RATES_KEPT = 10 };
struct collector_rates {
	struct {
		struct mono_time at;
		uint64_t datagrams;
		uint64_t octets;
		uint64_t records;
		uint64_t parts;
	} kept[COLLECTOR_RATES_KEPT];
	unsigned count; /* ever kept */
};

/* Call every second or so. */
void collector_rates_keep(struct collector_rates *rates, const struct collector_counts *counts,
                          struct mono_time now);

/* Appends members of an object that is open: the counters. */
void collector_counts_format(const struct collector_counts *counts, bool live, GString *json);

/* Appends the member `rates`: datagrams_per_s, octets_per_s, records_per_s, parts_per_s over the
 * seconds kept. */
void collector_rates_format(const struct collector_rates *rates, GString *json);

#endif
