/*
 * One packet of a capture, of either file format.
 *
 * Threads: a value; its octets are its reader's.
 */
#ifndef COLLECTOR_CAPTURED_PACKET_H
#define COLLECTOR_CAPTURED_PACKET_H

#include <stddef.h>
#include <stdint.h>

#include "common/wall_time.h"

/* Valid until the next one is read. */
struct captured_packet {
	const uint8_t *octets;
	size_t length; /* captured, */
	size_t sent;   /* and on the wire */
	struct wall_time time;
	uint16_t link_type; /* LINKTYPE_... */
};

#endif
