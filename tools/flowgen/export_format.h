/*
 * Writes Export Packets: NetFlow v5, NetFlow v9 (RFC 3954) and IPFIX (RFC 7011).  Made from the
 * documents alone and not with the collector's code, so that it can test it.
 */
#ifndef TOOLS_FLOWGEN_EXPORT_FORMAT_H
#define TOOLS_FLOWGEN_EXPORT_FORMAT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/host_address.h"

enum export_version { EXPORT_V5 = 5, EXPORT_V9 = 9, EXPORT_IPFIX = 10 };

/* One direction of a conversation, or a part of it. */
struct export_record {
	int64_t export_ms;
	int64_t start_ms;
	int64_t end_ms;
	uint64_t octets;
	struct host_address source;
	struct host_address destination;
	uint32_t packets;
	unsigned host; /* of the traffic, to choose an exporter by */
	uint16_t source_port;
	uint16_t destination_port;
	uint8_t protocol;
	uint8_t flags;
};

enum { EXPORT_RECORDS = 24 }; /* at most in a datagram: with IPv6 it stays below 1500 octets */

/* An Exporter's state. */
struct export_stream {
	enum export_version version;
	int64_t boot_ms; /* its uptime counts from here */
	uint32_t domain; /* Observation Domain, Source ID or engine */
	uint32_t sequence;
	unsigned datagrams;
	unsigned templates; /* pairs of Templates that datagrams use in turn; 0: one */
	uint32_t sample;    /* sampling interval that the records tell; 0: none */
	bool no_flags; /* the Templates have no tcpControlBits; not in version 5, which always has
	                */
};

/* Appends one datagram that is sent at `now_ms` to the (empty) buffer. */
void export_write(struct export_stream *stream, int64_t now_ms, const struct export_record *records,
                  size_t count, GByteArray *datagram);

#endif
