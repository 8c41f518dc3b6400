/*
 * IP packets that a capture holds in fragments, put together.
 *
 * Bounded: FRAGMENT_PACKETS_MAX packets at a time and each for 30 seconds of the capture's time
 * (RFC 791, RFC 8200); the oldest makes room.  Where fragments overlap, the octets that came first
 * stay.
 *
 * Time:      that of the capture.
 * Ownership: a packet that was put together is the table's, valid until the next call.
 * Threads:   one.
 */
#ifndef COLLECTOR_FRAGMENT_TABLE_H
#define COLLECTOR_FRAGMENT_TABLE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/host_address.h"
#include "common/wall_time.h"

enum { FRAGMENT_PACKETS_MAX = 64 };

typedef struct FragmentTable FragmentTable;

struct fragment {
	struct host_address source, destination;
	uint32_t identification;
	uint8_t protocol;
	bool more; /* false: the last of its packet */
	size_t offset;
	const uint8_t *octets; /* behind the IP headers */
	size_t length;
	struct wall_time arrival;
};

/* A packet that was put together, behind its IP headers. */
struct whole_packet {
	const uint8_t *octets; /* NULL: it is not whole yet */
	size_t length;
};

FragmentTable *fragment_table_new(void);
void fragment_table_free(FragmentTable *table); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FragmentTable, fragment_table_free)

/* False: the fragment cannot be, by its offset and length. */
bool fragment_table_take(FragmentTable *table, const struct fragment *fragment,
                         struct whole_packet *whole);

/* Fragments so far that others made whole: of each whole packet all but the last to come. */
uint64_t fragment_table_joined(const FragmentTable *table);

#endif
