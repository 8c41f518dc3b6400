/*
 * Writes UDP datagrams as a packet capture (pcap, Ethernet), as tcpdump would have taken them on
 * their way.
 *
 * Source: the pcap file format; RFC 791, RFC 768.
 */
#ifndef TOOLS_FLOWGEN_CAPTURE_WRITER_H
#define TOOLS_FLOWGEN_CAPTURE_WRITER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct capture_datagram {
	int64_t time_ms;
	uint32_t source; /* IPv4 */
	uint32_t destination;
	uint16_t source_port;
	uint16_t destination_port;
	const GByteArray *octets;
};

/* False: the stream refused (errno). */
bool capture_write_head(FILE *stream);
bool capture_write(FILE *stream, const struct capture_datagram *datagram);

#endif
