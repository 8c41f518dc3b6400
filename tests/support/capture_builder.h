/*
 * Captures built from values, octet by octet, and what a CaptureReader makes of them.  GByteArrays
 * that are given to a function as a packet or as a file are freed by it.
 */
#ifndef TESTS_SUPPORT_CAPTURE_BUILDER_H
#define TESTS_SUPPORT_CAPTURE_BUILDER_H

#include <glib.h>

#include "collector/capture_reader.h"

enum {
	LINK_NULL = 0,
	LINK_ETHERNET = 1,
	LINK_PPP = 9,
	LINK_RAW_OLD = 12,
	LINK_PPP_HDLC = 50,
	LINK_RAW = 101,
	LINK_C_HDLC = 104,
	LINK_LOOP = 108,
	LINK_SLL = 113,
	LINK_IPV4 = 228,
	LINK_SLL2 = 276,
};

struct ipv4_packet {
	guint32 source;
	unsigned port;
	unsigned fragment; /* flags and offset */
	unsigned protocol;
	const char *payload;
};

/* "hello" over UDP from port 3000 of 192.0.2.1. */
extern const struct ipv4_packet capture_plain;

void capture_add_u8(GByteArray *octets, unsigned value);
void capture_add_u16(GByteArray *octets, unsigned value);
void capture_add_u32(GByteArray *octets, guint32 value);
void capture_add_zeros(GByteArray *octets, guint count);
void capture_add_udp(GByteArray *octets, unsigned port, const char *payload);
void capture_add_ipv4(GByteArray *octets, const struct ipv4_packet *packet);

/* UDP from port 4739 of 2001:db8::7, with a hop-by-hop header before it. */
void capture_add_ipv6(GByteArray *octets, const char *payload);
GByteArray *capture_ethernet_ipv4(const struct ipv4_packet *packet);

GByteArray *capture_begin_pcap(guint32 link_type);

/* `cut` octets are missing at the packet's end. */
void capture_add_packet(GByteArray *file, GByteArray *packet, guint cut);

/* For g_test_add(): a file's name. */
struct capture_file {
	char *path;
};

void capture_file_set_up(struct capture_file *kept, gconstpointer data);
void capture_file_tear_down(struct capture_file *kept, gconstpointer data);

/* Writes a capture to the file and opens it, which must work. */
CaptureReader *capture_file_open(const struct capture_file *kept, GByteArray *file);

/* What is read from a capture, as text. */
char *capture_file_describe(const struct capture_file *kept, GByteArray *file);

void capture_assert_next(CaptureReader *reader, const char *exporter, unsigned port,
                         const char *payload);
void capture_assert_end(CaptureReader *reader);

/* Reads to the end; the error that it ends with. */
GError *capture_read_to_error(CaptureReader *reader);

#endif
