/*
 * What one host sent and received, minute by minute: packets by size class and octets by second.
 * The same type holds the truth of a packet capture and each approximation of it, so that any two
 * can be compared and drawn.
 *
 * Size classes are those of schemas/host_bin.def: IP length below 50, 100, 200, 500, 1000, 1400,
 * 1500, and above.  Directions are those of enum host_direction.
 *
 * Threads: one.
 */
#ifndef TOOLS_KENCHI_HOST_TRAFFIC_H
#define TOOLS_KENCHI_HOST_TRAFFIC_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#include "common/host_bin.h"

struct host_minute {
	int64_t minute; /* since 1970-01-01T00:00:00Z */
	uint64_t packets[2][HOST_BIN_SIZE_CLASSES];
	uint64_t octets[2][HOST_BIN_SECONDS];
};

typedef struct HostTraffic HostTraffic;

HostTraffic *host_traffic_new(void);
void host_traffic_free(HostTraffic *traffic);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostTraffic, host_traffic_free)

/* The minute, made if there is none yet.  Valid until the next call. */
struct host_minute *host_traffic_minute(HostTraffic *traffic, int64_t minute);

/* The minute, or NULL. */
const struct host_minute *host_traffic_find(const HostTraffic *traffic, int64_t minute);

/* Minutes that something was added to, earliest first. */
size_t host_traffic_count(const HostTraffic *traffic);
const struct host_minute *host_traffic_at(const HostTraffic *traffic, size_t index);

void host_traffic_add_octets(HostTraffic *traffic, int64_t second, enum host_direction direction,
                             uint64_t octets);

/* Octets of one second; 0 where nothing is known. */
uint64_t host_traffic_octets(const HostTraffic *traffic, int64_t second,
                             enum host_direction direction);

/* The class of packets of this IP length. */
unsigned host_traffic_size_class(uint64_t octets);

#endif
