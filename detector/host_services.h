/*
 * The services (peer, port, protocol) that a host began flows to, over the minutes that are open,
 * as far as the bins' samples name them; and of all of them, bitmaps.  Made once for a judgement,
 * since much of it looks at them.
 *
 * Threads: values.
 */
#ifndef DETECTOR_HOST_SERVICES_H
#define DETECTOR_HOST_SERVICES_H

#include <stddef.h>
#include <stdint.h>

#include "common/host_bin.h"
#include "detector/host_history.h"

enum {
	SERVICE_MINUTES = 30, /* the newest ones, whose samples are looked at */
	SERVICE_ROWS = SERVICE_MINUTES * HOST_BIN_SAMPLED_PEERS,
	SERVICE_SLOTS = 1024,
	SERVICE_NONE = UINT16_MAX,
	SERVICE_SENT_WORDS = 16,
};

/* A service in one minute. */
struct service_row {
	struct host_peer peer;
	uint32_t minute;
	uint16_t next; /* row of the same service in a newer minute, or SERVICE_NONE */
};

struct host_service {
	uint64_t hash;
	uint16_t first;  /* row, the oldest */
	uint16_t last;   /* row, the newest in which a flow began, or SERVICE_NONE */
	uint16_t starts; /* seconds in which a flow began */
};

/* How regular the flow starts to one service are. */
struct service_rhythm {
	double regularity;        /* 1 - sd / mean of the intervals, not below 0 */
	double interval_s;        /* mean */
	unsigned intervals;       /* 0: no service has enough of them, and the rest is zero */
	struct host_peer service; /* as the newest minute's sample has it */
};

double
service_rhythm_rank(const struct service_rhythm *rhythm); /* regularity * min(1, intervals / 8) */

/* Ages in minutes at which bitmaps are parted. */
enum service_age { AGE_0, AGE_1, AGE_5, AGE_15, AGE_30, SERVICE_AGES };

struct host_services {
	uint32_t minute;
	size_t row_count;
	size_t count;
	uint64_t sent[SERVICE_AGES]
		     [SERVICE_SENT_WORDS]; /* begun to at that age, like those of the bins */
	struct service_rhythm rhythm;      /* the most regular one, by rank */
	unsigned regular;                  /* how many have a rank of 0.6 */
	struct service_row rows[SERVICE_ROWS];
	struct host_service services[SERVICE_ROWS];
	uint16_t slots[SERVICE_SLOTS];
};

/* From the host's open minutes up to `minute`. */
void host_services_collect(struct host_services *services, const struct known_host *host,
                           uint32_t minute, uint64_t sketch_key);

/* Bitmap of what was begun to at ages from `from` to before `until`. */
void host_services_sent(const struct host_services *services, enum service_age from,
                        enum service_age until, uint64_t sent[static SERVICE_SENT_WORDS]);

/* Of one service's starts; without intervals when they are too few. */
struct service_rhythm service_rhythm_of(const struct host_services *services,
                                        const struct host_service *service);

#endif
