/*
 * IPFIX (RFC 7011): walks the Sets of a Message and hands them on.
 *
 * Threads: one, that of the decoder.
 */
#ifndef COLLECTOR_IPFIX_H
#define COLLECTOR_IPFIX_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/message.h"
#include "common/wall_time.h"
#include "common/wire_reader.h"

enum {
	IPFIX_VERSION = 10,
	IPFIX_HEADER_OCTETS = 16,
};

struct ipfix_header {
	uint16_t length; /* of the Message, header included */
	struct wall_time export_time;
	uint32_t sequence; /* Data Records before this Message */
	uint32_t observation_domain;
};

/* Reads a header from the version on; false: it is cut. */
bool ipfix_read_header(struct wire_reader *reader, struct ipfix_header *header);

void ipfix_walk(struct message *message, struct wire_reader reader);

#endif
