/*
 * One Exporter as the decoders see it.  Owned by the exporter table.
 *
 * Threads: one, that of the exporter table.
 */
#ifndef COLLECTOR_EXPORTER_H
#define COLLECTOR_EXPORTER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "collector/decode_counters.h"
#include "common/host_address.h"
#include "common/wall_time.h"

/*
 * How far the Exporter's clock is ahead of the collector's: the greatest of (export time - arrival
 * time) of the last minutes, since delays on the way only lower it; by more than a minute the clock
 * itself went back.
 */
struct clock_offset {
	bool known;
	int64_t ms;        /* of this window and the one before */
	int64_t window_ms; /* of this window so far */
	int64_t last_window_ms;
	struct wall_time window_begin;
};

struct rates {
	double datagrams_per_s;
	double records_per_s;
};

/* Datagrams and records of the last whole minute or so, and what they are counted from now. */
struct exporter_rate {
	struct wall_time begin;
	uint64_t datagrams_at_begin; /* before the first one of the window */
	uint64_t records_at_begin;
	bool is_whole; /* `last` is valid */
	struct rates last;
};

struct exporter {
	struct host_address address;
	uint16_t port; /* 0 unless exporters are told apart by it */
	uint32_t number;
	uint32_t sampling_override; /* 0: none */
	struct wall_time first_arrival;
	struct wall_time
		last_arrival;   /* of one that was restored, until it is heard: the restart */
	struct wall_time heard; /* when its last datagram came, restarts or not; 0: not known */
	bool is_heard;          /* since the start of this collector */
	size_t template_octets; /* of the table's budgets */
	size_t waiting_octets;
	struct clock_offset clock;
	struct exporter_rate rate;
	struct decode_counters counters;
	GHashTable *domains; /* version << 32 | id -> struct observation_domain */
};

void clock_offset_take(struct clock_offset *offset, struct wall_time export_time,
                       struct wall_time arrival);

/* Counts go on: call for each datagram, after its arrival was noted. */
void exporter_rate_take(struct exporter *exporter);

/* Of the last whole minute; of the time there is, when that is less; of all the time since its last
 * datagrams, when it has fallen silent. */
struct rates exporter_rates(const struct exporter *exporter, struct wall_time now);

#endif
