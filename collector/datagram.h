/*
 * One export datagram, wherever it came from: a socket, a capture, an IPFIX file.
 *
 * Threads: a value.
 */
#ifndef COLLECTOR_DATAGRAM_H
#define COLLECTOR_DATAGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/host_address.h"
#include "common/wall_time.h"

/* Valid until the next receive. */
struct datagram {
	struct host_address exporter;
	uint16_t exporter_port;
	struct wall_time arrival;
	const uint8_t *octets;
	size_t length;
	bool from_file; /* an IPFIX File: its Templates are good until withdrawn (RFC 5655) */
};

#endif
