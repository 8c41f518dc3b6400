/*
 * One Flow Record (RFC 7011) in the only form the rest of the collector knows.  Every decoder
 * produces it; nothing behind the decoders asks which protocol it came from.
 *
 * Counters are as the exporter sent them until sampling_scale() has been called on the batch.
 *
 * Threads: values.
 */
#ifndef COLLECTOR_FLOW_RECORD_H
#define COLLECTOR_FLOW_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "common/host_address.h"
#include "common/wall_time.h"

/* What the record is, and what its exporter told: absent is not the same as zero. */
enum flow_record_marks {
	/* set by the decoders */
	FLOW_EVENT = 1 << 0,     /* NSEL, NAT, firewall event without counters: no flow */
	FLOW_HAS_FLAGS = 1 << 1, /* tcpControlBits is in the Template */
	FLOW_HAS_TIMES =
		1 << 2, /* start and end come from the record; else they are the export time */
	FLOW_HAS_OCTETS = 1 << 3,
	FLOW_HAS_PACKETS = 1 << 4,
	FLOW_HAS_REVERSE = 1 << 5,      /* a biflow (RFC 5103): the reverse counters are valid */
	FLOW_HAS_SIZES = 1 << 6,        /* `sizes` is valid: packets by size class were exported */
	FLOW_HAS_SIZE_RANGE = 1 << 7,   /* packet_octets_least and _greatest are valid */
	FLOW_TIMES_IMPOSSIBLE = 1 << 8, /* out of every bound: not to be binned at these times */
	FLOW_SCALED = 1 << 9, /* the exporter, or sampling_scale(), has undone the sampling */
	FLOW_UPTIME_TIMES = 1 << 15, /* times are uptime of NetFlow v5 or v9: see uptime_clock.h */
	FLOW_PACKET_SECTION = 1 << 16, /* addresses and counters come from a section of a packet */
	FLOW_STRUCTURED_REFUSED =
		1 << 17, /* part of it, structured data or a packet section, could not be read */
	FLOW_HAS_DIRECTION =
		1 << 18, /* flowDirection is in the Template; its value may be 255 all the same */
	FLOW_START_GUESSED = 1 << 19, /* only the end was told: the start is the same */
	FLOW_END_GUESSED = 1 << 20,   /* only the start was told */
	FLOW_IPV4_MAPPED = 1 << 21,   /* its IPv4 addresses came as IPv4-mapped IPv6 addresses */
	FLOW_SIZES_PLACED = 1 << 22, /* of `sizes`, some packets are placed between the edges of the
	                                exporter's histogram */
	/* set by the conversation table */
	FLOW_CONTINUES = 1 << 10, /* goes on with a flow that an active timeout cut: begins none */
	FLOW_COPY = 1 << 11,      /* another exporter has reported this flow: counted once */
	FLOW_KNOWN_REVERSE = 1 << 12,  /* other_* tell of the other direction */
	FLOW_SOURCE_BEGAN = 1 << 13,   /* the source is known to be the client */
	FLOW_SOURCE_ANSWERS = 1 << 14, /* the source is known to be the server */
};

struct flow_record {
	struct host_address source;
	struct host_address destination;
	struct wall_time start; /* first packet */
	struct wall_time end;   /* last packet; never before start */
	uint64_t octets;
	uint64_t packets;
	uint64_t reverse_octets; /* of a biflow */
	uint64_t reverse_packets;
	uint32_t sampling_interval; /* one packet in n; 0: not told, 1: every one */
	uint32_t ingress_interface;
	uint32_t egress_interface;
	uint32_t marks; /* enum flow_record_marks */
	uint16_t source_port;
	uint16_t destination_port; /* ICMP: 0; the type and code are in icmp_type_code */
	uint16_t icmp_type_code;   /* type << 8 | code */
	uint16_t tcp_flags;        /* tcpControlBits */
	uint16_t reverse_tcp_flags;
	uint16_t template_id;         /* 0 in NetFlow v5 */
	uint8_t protocol;             /* protocolIdentifier */
	uint8_t flow_direction;       /* 0 ingress, 1 egress, 255 not told */
	uint8_t flow_end_reason;      /* flowEndReason, 0 not told */
	uint8_t firewall_event;       /* firewallEvent, 0 none */
	uint8_t nat_event;            /* natEvent, 0 none */
	uint16_t packet_octets_least; /* minimumIpTotalLength, saturating */
	uint16_t packet_octets_greatest;
	uint32_t other_octets; /* FLOW_KNOWN_REVERSE: of the other direction's last record,
	                          saturating */
	uint32_t other_packets;
	uint16_t other_tcp_flags; /* of all its records so far */
	uint32_t sizes[8]; /* FLOW_HAS_SIZES: packets by the size classes of schemas/host_bin.def */
	uint32_t reverse_sizes[8];
};

/* The records of one datagram, or of the part of it that fits; decode again for the rest. */
enum { FLOW_BATCH_RECORDS = 1024 };

struct flow_batch {
	size_t count;
	struct wall_time export_time; /* of the Message's header */
	uint32_t exporter;            /* index in the exporter table */
	uint32_t observation_domain;
	int64_t clock_offset_ms; /* exporter's clock minus ours, where it is to be corrected; else 0
	                          */
	int32_t clock_correction_ms; /* for records with FLOW_UPTIME_TIMES: see uptime_clock.h */
	uint8_t version;             /* 5, 9 or 10 */
	struct flow_record records[FLOW_BATCH_RECORDS];
};

#endif
