/* Flow records of a test, built from values. */
#ifndef TESTS_SUPPORT_FLOW_RECORDS_H
#define TESTS_SUPPORT_FLOW_RECORDS_H

#include <string.h>

#include "collector/flow_record.h"

enum { FIN = 0x01, SYN = 0x02, RST = 0x04, PSH = 0x08, ACK = 0x10 };

/* What of a record tests mostly differ in; times are relative to FLOW_EPOCH_MS. */
struct flow_values {
	uint32_t source; /* IPv4 */
	uint32_t destination;
	uint16_t source_port;
	uint16_t destination_port;
	uint8_t protocol;
	uint16_t flags;
	uint64_t packets;
	uint64_t octets;
	int64_t start_ms;
	int64_t end_ms;
};

/* The start of a minute. */
#define FLOW_EPOCH_MS     (INT64_C(29000000) * 60000)
#define FLOW_EPOCH_MINUTE 29000000u

static inline struct flow_record
flow_record_from(const struct flow_values *values)
{
	return (struct flow_record){
		.source = host_address_from_ipv4(values->source),
		.destination = host_address_from_ipv4(values->destination),
		.start = { FLOW_EPOCH_MS + values->start_ms },
		.end = { FLOW_EPOCH_MS + values->end_ms },
		.octets = values->octets,
		.packets = values->packets,
		.marks = FLOW_HAS_FLAGS | FLOW_HAS_TIMES | FLOW_HAS_OCTETS | FLOW_HAS_PACKETS,
		.source_port = values->source_port,
		.destination_port = values->destination_port,
		.protocol = values->protocol,
		.tcp_flags = values->flags,
		.flow_direction = 255,
	};
}

/* The other direction of the same flow. */
static inline struct flow_values
flow_values_back(const struct flow_values *values, uint16_t flags, uint64_t packets,
                 uint64_t octets)
{
	struct flow_values back = *values;

	back.source = values->destination;
	back.destination = values->source;
	back.source_port = values->destination_port;
	back.destination_port = values->source_port;
	back.flags = flags;
	back.packets = packets;
	back.octets = octets;
	return back;
}

#endif
