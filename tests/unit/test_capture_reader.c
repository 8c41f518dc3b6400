#include <glib.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <string.h>
#include <zlib.h>

#include "collector/capture_reader.h"
#include "collector/fragment_table.h"

/* Captures are built from values, octet by octet. */

enum {
	ETHERNET = 1,
	NULL_LINK = 0,
	PPP = 9,
	PPP_HDLC = 50,
	RAW = 101,
	C_HDLC = 104,
	SLL = 113,
	SLL2 = 276
};

static void
add_u8(GByteArray *octets, unsigned value)
{
	guint8 octet = (guint8)value;

	g_byte_array_append(octets, &octet, 1);
}

static void
add_u16(GByteArray *octets, unsigned value)
{
	add_u8(octets, value >> 8);
	add_u8(octets, value & 0xff);
}

static void
add_u32(GByteArray *octets, guint32 value)
{
	add_u16(octets, value >> 16);
	add_u16(octets, value & 0xffff);
}

static void
add_zeros(GByteArray *octets, guint count)
{
	for (guint i = 0; i < count; i++)
		add_u8(octets, 0);
}

static void
add_udp(GByteArray *octets, unsigned port, const char *payload)
{
	add_u16(octets, port);
	add_u16(octets, 2055);
	add_u16(octets, (unsigned)strlen(payload) + 8);
	add_u16(octets, 0);
	g_byte_array_append(octets, (const guint8 *)payload, (guint)strlen(payload));
}

struct ipv4_packet {
	guint32 source;
	unsigned port;
	unsigned fragment; /* flags and offset */
	unsigned protocol;
	const char *payload;
};

static void
add_ipv4(GByteArray *octets, const struct ipv4_packet *packet)
{
	add_u8(octets, 0x45);
	add_u8(octets, 0);
	add_u16(octets, 28 + (unsigned)strlen(packet->payload));
	add_u16(octets, 1);
	add_u16(octets, packet->fragment);
	add_u8(octets, 64);
	add_u8(octets, packet->protocol);
	add_u16(octets, 0);
	add_u32(octets, packet->source);
	add_u32(octets, 0x0a000001);
	add_udp(octets, packet->port, packet->payload);
}

/* With a hop-by-hop header before UDP. */
static void
add_ipv6(GByteArray *octets, const char *payload)
{
	add_u32(octets, 0x60000000);
	add_u16(octets, 16 + (unsigned)strlen(payload));
	add_u8(octets, 0);
	add_u8(octets, 64);
	add_u32(octets, 0x20010db8);
	add_zeros(octets, 11);
	add_u8(octets, 7);
	add_zeros(octets, 16);
	add_u8(octets, 17);
	add_zeros(octets, 7);
	add_udp(octets, 4739, payload);
}

static GByteArray *
begin_pcap(guint32 link_type)
{
	GByteArray *file = g_byte_array_new();

	add_u32(file, 0xa1b2c3d4);
	add_u16(file, 2);
	add_u16(file, 4);
	add_u32(file, 0);
	add_u32(file, 0);
	add_u32(file, 65535);
	add_u32(file, link_type);
	return file;
}

/* `cut` octets are missing at the packet's end. */
static void
add_packet(GByteArray *file, GByteArray *packet, guint cut)
{
	add_u32(file, 1700000000);
	add_u32(file, 250999);
	add_u32(file, packet->len - cut);
	add_u32(file, packet->len);
	g_byte_array_append(file, packet->data, packet->len - cut);
	g_byte_array_unref(packet);
}

static GByteArray *
ethernet_ipv4(const struct ipv4_packet *packet)
{
	GByteArray *octets = g_byte_array_new();

	add_zeros(octets, 12);
	add_u16(octets, 0x0800);
	add_ipv4(octets, packet);
	return octets;
}

static const struct ipv4_packet plain = { 0xc0000201, 3000, 0, 17, "hello" };

struct fixture {
	char *path;
};

static void
set_up(struct fixture *fixture, gconstpointer data)
{
	int descriptor = g_file_open_tmp("capture.XXXXXX", &fixture->path, NULL);

	g_assert_null(data);
	g_assert_true(g_close(descriptor, NULL));
}

static void
tear_down(struct fixture *fixture, gconstpointer data)
{
	g_assert_null(data);
	g_unlink(fixture->path);
	g_free(fixture->path);
}

static CaptureReader *
open_file(const struct fixture *fixture, GByteArray *file)
{
	g_autoptr(GError) error = NULL;
	CaptureReader *reader;

	(void)g_unlink(fixture->path); /* GLib leaves the end of a longer file before */
	g_assert_true(g_file_set_contents_full(fixture->path, (const char *)file->data, file->len,
	                                       G_FILE_SET_CONTENTS_NONE, 0600, NULL));
	g_byte_array_unref(file);
	g_assert_true(capture_check(fixture->path, NULL));
	reader = capture_open(fixture->path, &error);
	g_assert_no_error(error);
	return reader;
}

static void
assert_next(CaptureReader *reader, const char *exporter, unsigned port, const char *payload)
{
	g_autoptr(GError) error = NULL;
	char text[HOST_ADDRESS_TEXT_SIZE];
	struct datagram datagram;

	g_assert_true(capture_next(reader, &datagram, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(host_address_format(&datagram.exporter, text), ==, exporter);
	g_assert_cmpuint(datagram.exporter_port, ==, port);
	g_assert_cmpmem(datagram.octets, (int)datagram.length, payload, (int)strlen(payload));
	g_assert_cmpint(datagram.arrival.ms, ==, 1700000000250);
}

static void
assert_end(CaptureReader *reader)
{
	g_autoptr(GError) error = NULL;
	struct datagram datagram;

	g_assert_false(capture_next(reader, &datagram, &error));
	g_assert_no_error(error);
}

/* What is read, as text. */
static char *
describe_file(const struct fixture *fixture, GByteArray *file)
{
	g_autoptr(CaptureReader) reader = NULL;
	g_autoptr(GError) error = NULL;
	GString *text = g_string_new(NULL);
	struct datagram datagram;
	struct capture_counters counters;

	g_assert_true(g_file_set_contents_full(fixture->path, (const char *)file->data, file->len,
	                                       G_FILE_SET_CONTENTS_NONE, 0600, NULL));
	g_byte_array_unref(file);
	reader = capture_open(fixture->path, NULL);
	if (reader == NULL)
		return g_string_free(text, FALSE);
	while (capture_next(reader, &datagram, &error))
		g_string_append_printf(text, "%zu octets from port %u at %" PRId64 "\n",
		                       datagram.length, datagram.exporter_port,
		                       datagram.arrival.ms);
	counters = capture_counters(reader);
	g_string_append_printf(text, "%" PRIu64 " packets, %" PRIu64 " cut, %s", counters.packets,
	                       counters.cut, error != NULL ? "damaged" : "whole");
	return g_string_free(text, FALSE);
}

/* Reads to the end; the error that it ends with. */
static GError *
read_to_error(CaptureReader *reader)
{
	GError *error = NULL;
	struct datagram datagram;

	while (capture_next(reader, &datagram, &error))
		;
	return error;
}

static void
gives_the_payload_of_udp_over_ethernet(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(CaptureReader) reader = NULL;
	GByteArray *file = begin_pcap(ETHERNET);
	GByteArray *six = g_byte_array_new();

	g_assert_null(data);
	add_packet(file, ethernet_ipv4(&plain), 0);
	add_zeros(six, 12);
	add_u16(six, 0x86dd);
	add_ipv6(six, "six");
	add_packet(file, six, 0);
	reader = open_file(fixture, file);
	assert_next(reader, "192.0.2.1", 3000, "hello");
	assert_next(reader, "2001:db8::7", 4739, "six");
	assert_end(reader);
	g_assert_cmpuint(capture_counters(reader).datagrams, ==, 2);
}

static void
passes_over_vlan_tags(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(CaptureReader) reader = NULL;
	GByteArray *file = begin_pcap(ETHERNET);
	GByteArray *packet = g_byte_array_new();

	g_assert_null(data);
	add_zeros(packet, 12);
	add_u16(packet, 0x88a8);
	add_u16(packet, 10);
	add_u16(packet, 0x8100);
	add_u16(packet, 20);
	add_u16(packet, 0x0800);
	add_ipv4(packet, &plain);
	add_packet(file, packet, 0);
	reader = open_file(fixture, file);
	assert_next(reader, "192.0.2.1", 3000, "hello");
}

/* Of a capture of Ethernet: what stands before `inner`. */
static GByteArray *
begin_frame(const guint16 *header, guint count)
{
	GByteArray *octets = g_byte_array_new();

	add_zeros(octets, 12);
	for (guint i = 0; i < count; i++)
		add_u16(octets, header[i]);
	return octets;
}

static void
passes_over_pppoe_and_mpls(struct fixture *fixture, gconstpointer data)
{
	static const guint16 session[] = { 0x8100, 5, 0x8864, 0x1100, 1, 35, 0x0021 };
	static const guint16 session_six[] = { 0x8864, 0x1100, 1, 61, 0x0057 };
	static const guint16 control[] = { 0x8864, 0x1100, 1, 6, 0xc021, 0x0901, 4 };
	static const guint16 labels[] = { 0x8847, 1, 0x0040, 2, 0x0140 };
	g_autoptr(CaptureReader) reader = NULL;
	GByteArray *file = begin_pcap(ETHERNET);
	GByteArray *frame = begin_frame(session, G_N_ELEMENTS(session));

	g_assert_null(data);
	add_ipv4(frame, &plain);
	add_packet(file, frame, 0);
	frame = begin_frame(session_six, G_N_ELEMENTS(session_six));
	add_ipv6(frame, "six");
	add_packet(file, frame, 0);
	add_packet(file, begin_frame(control, G_N_ELEMENTS(control)), 0);
	frame = begin_frame(labels, G_N_ELEMENTS(labels));
	add_ipv4(frame, &plain);
	add_packet(file, frame, 0);
	reader = open_file(fixture, file);
	assert_next(reader, "192.0.2.1", 3000, "hello");
	assert_next(reader, "2001:db8::7", 4739, "six");
	assert_next(reader, "192.0.2.1", 3000, "hello");
	assert_end(reader);
	g_assert_cmpuint(capture_counters(reader).not_ip, ==, 1);
}

static void
padding_behind_the_packet_is_left_out(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(CaptureReader) reader = NULL;
	GByteArray *file = begin_pcap(ETHERNET);
	GByteArray *packet = ethernet_ipv4(&plain);

	g_assert_null(data);
	add_zeros(packet, 13);
	add_packet(file, packet, 0);
	reader = open_file(fixture, file);
	assert_next(reader, "192.0.2.1", 3000, "hello");
}

static void
reads_other_link_types(struct fixture *fixture, gconstpointer data)
{
	static const struct {
		guint32 link_type;
		guint before;
		guint16 type; /* 0: none */
		guint16 more; /* the same */
		guint behind;
	} cases[] = { { RAW, 0, 0, 0, 0 },
		      { NULL_LINK, 4, 0, 0, 0 },
		      { SLL, 14, 0x0800, 0, 0 },
		      { SLL2, 0, 0x0800, 0, 18 },
		      { PPP, 0, 0x0021, 0, 0 },
		      { PPP, 0, 0xff03, 0x0021, 0 },
		      { PPP_HDLC, 0, 0xff03, 0x0021, 0 },
		      { C_HDLC, 0, 0x0f00, 0x0800, 0 } };

	g_assert_null(data);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(CaptureReader) reader = NULL;
		GByteArray *file = begin_pcap(cases[i].link_type);
		GByteArray *packet = g_byte_array_new();

		add_zeros(packet, cases[i].before);
		if (cases[i].type != 0)
			add_u16(packet, cases[i].type);
		if (cases[i].more != 0)
			add_u16(packet, cases[i].more);
		add_zeros(packet, cases[i].behind);
		add_ipv4(packet, &plain);
		add_packet(file, packet, 0);
		reader = open_file(fixture, file);
		assert_next(reader, "192.0.2.1", 3000, "hello");
		assert_end(reader);
	}
}

static void
every_packet_is_given_or_counted_by_reason(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(CaptureReader) reader = NULL;
	GByteArray *file = begin_pcap(ETHERNET);
	GByteArray *arp = g_byte_array_new();
	GByteArray *wrong = ethernet_ipv4(&plain);
	struct capture_counters counters;

	g_assert_null(data);
	add_zeros(arp, 12);
	add_u16(arp, 0x0806);
	add_zeros(arp, 28);
	add_packet(file, arp, 0);
	add_packet(file, ethernet_ipv4(&(struct ipv4_packet){ 1, 1, 0, 6, "tcp" }), 0);
	add_packet(file, ethernet_ipv4(&(struct ipv4_packet){ 1, 1, 0x2000, 17, "8 octets" }), 0);
	add_packet(file, ethernet_ipv4(&(struct ipv4_packet){ 1, 1, 0x0007, 17, "last" }), 0);
	add_packet(file, ethernet_ipv4(&plain), 2);
	add_packet(file, ethernet_ipv4(&plain), 30);
	wrong->data[38] = 0xff; /* UDP length beyond the packet, which is whole */
	add_packet(file, wrong, 0);
	add_packet(file, ethernet_ipv4(&plain), 0);
	reader = open_file(fixture, file);
	assert_next(reader, "192.0.2.1", 3000, "hello");
	assert_end(reader);
	counters = capture_counters(reader);
	g_assert_cmpuint(counters.packets, ==, 8);
	g_assert_cmpuint(counters.datagrams, ==, 1);
	g_assert_cmpuint(counters.not_ip, ==, 1);
	g_assert_cmpuint(counters.not_udp, ==, 1);
	g_assert_cmpuint(counters.fragments, ==, 2);
	g_assert_cmpuint(counters.cut, ==, 2);
	g_assert_cmpuint(counters.malformed, ==, 1);
}

/* A UDP datagram as it stands behind the IP header. */
static GByteArray *
udp_octets(unsigned port, const char *payload)
{
	GByteArray *octets = g_byte_array_new();

	add_udp(octets, port, payload);
	return octets;
}

/* The part of `whole` that begins at `offset`, of an IPv4 packet with this identification. */
static void
add_ipv4_part(GByteArray *file, const GByteArray *whole, guint offset, guint length, unsigned id)
{
	GByteArray *octets = g_byte_array_new();
	bool is_last = offset + length >= whole->len;

	length = is_last ? whole->len - offset : length;
	add_zeros(octets, 12);
	add_u16(octets, 0x0800);
	add_u16(octets, 0x4500);
	add_u16(octets, 20 + length);
	add_u16(octets, id);
	add_u16(octets, (is_last ? 0 : 0x2000) | offset / 8);
	add_u16(octets, 0x4011);
	add_u16(octets, 0);
	add_u32(octets, 0xc0000201);
	add_u32(octets, 0x0a000001);
	g_byte_array_append(octets, whole->data + offset, length);
	add_packet(file, octets, 0);
}

static const char long_payload[] = "export datagrams longer than a link takes come in parts";

static void
fragments_are_put_together_in_any_order(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(CaptureReader) reader = NULL;
	g_autoptr(GByteArray) one = udp_octets(3000, long_payload);
	g_autoptr(GByteArray) other = udp_octets(3001, "another packet, in two parts");
	GByteArray *file = begin_pcap(ETHERNET);
	struct capture_counters counters;

	g_assert_null(data);
	add_ipv4_part(file, one, 48, 24, 7);
	add_ipv4_part(file, other, 0, 16, 8);
	add_ipv4_part(file, one, 0, 24, 7);
	add_ipv4_part(file, one, 0, 24, 7); /* twice */
	add_ipv4_part(file, one, 24, 24, 7);
	add_ipv4_part(file, other, 16, 24, 8);
	add_ipv4_part(file, one, 24, 24, 9); /* nothing else of it comes */
	reader = open_file(fixture, file);
	assert_next(reader, "192.0.2.1", 3000, long_payload);
	assert_next(reader, "192.0.2.1", 3001, "another packet, in two parts");
	assert_end(reader);
	counters = capture_counters(reader);
	g_assert_cmpuint(counters.packets, ==, 7);
	g_assert_cmpuint(counters.datagrams, ==, 2);
	g_assert_cmpuint(counters.joined, ==, 4);
	g_assert_cmpuint(counters.fragments, ==, 1);
}

static void
add_ipv6_part(GByteArray *file, const GByteArray *whole, guint offset, guint length)
{
	GByteArray *octets = g_byte_array_new();
	bool is_last = offset + length >= whole->len;

	length = is_last ? whole->len - offset : length;
	add_u32(octets, 0x60000000);
	add_u16(octets, 8 + length);
	add_u16(octets, 44 << 8 | 64);
	add_u32(octets, 0x20010db8);
	add_zeros(octets, 11);
	add_u8(octets, 7);
	add_zeros(octets, 16);
	add_u16(octets, 17 << 8);
	add_u16(octets, offset | !is_last);
	add_u32(octets, 0xdeadbeef);
	g_byte_array_append(octets, whole->data + offset, length);
	add_packet(file, octets, 0);
}

static void
fragments_of_ipv6_are_put_together(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(CaptureReader) reader = NULL;
	g_autoptr(GByteArray) whole = udp_octets(4739, long_payload);
	GByteArray *file = begin_pcap(RAW);

	g_assert_null(data);
	add_ipv6_part(file, whole, 0, 40);
	add_ipv6_part(file, whole, 40, 40);
	reader = open_file(fixture, file);
	assert_next(reader, "2001:db8::7", 4739, long_payload);
	assert_end(reader);
	g_assert_cmpuint(capture_counters(reader).joined, ==, 1);
}

static void
fragments_are_kept_within_a_bound(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(CaptureReader) reader = NULL;
	g_autoptr(GByteArray) whole = udp_octets(3000, long_payload);
	GByteArray *file = begin_pcap(ETHERNET);

	g_assert_null(data);
	for (unsigned id = 0; id <= FRAGMENT_PACKETS_MAX; id++)
		add_ipv4_part(file, whole, 0, 40, id);
	add_ipv4_part(file, whole, 40, 40, 0); /* had to make room */
	add_ipv4_part(file, whole, 40, 40, 5);
	reader = open_file(fixture, file);
	assert_next(reader, "192.0.2.1", 3000, long_payload);
	assert_end(reader);
	g_assert_cmpuint(capture_counters(reader).fragments, ==, FRAGMENT_PACKETS_MAX + 1);
}

static void
fragments_that_cannot_be_are_malformed(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(CaptureReader) reader = NULL;
	g_autoptr(GByteArray) whole = udp_octets(3000, long_payload);
	GByteArray *file = begin_pcap(ETHERNET);

	g_assert_null(data);
	add_ipv4_part(file, whole, 0, 41, 1);
	add_packet(file, ethernet_ipv4(&(struct ipv4_packet){ 1, 1, 0x1fff, 17, "beyond the end" }),
	           0);
	reader = open_file(fixture, file);
	assert_end(reader);
	g_assert_cmpuint(capture_counters(reader).malformed, ==, 2);
}

static GByteArray *
compress_file(GByteArray *file)
{
	GByteArray *packed = g_byte_array_sized_new(4096);
	z_stream stream = { .next_in = file->data, .avail_in = file->len };

	g_byte_array_set_size(packed, 4096);
	g_assert_cmpint(deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), ==, Z_OK);
	stream.next_out = packed->data;
	stream.avail_out = packed->len;
	g_assert_cmpint(deflate(&stream, Z_FINISH), ==, Z_STREAM_END);
	g_byte_array_set_size(packed, (guint)stream.total_out);
	deflateEnd(&stream);
	g_byte_array_unref(file);
	return packed;
}

static void
reads_what_gzip_packed(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(CaptureReader) reader = NULL;
	GByteArray *file = begin_pcap(ETHERNET);

	g_assert_null(data);
	add_packet(file, ethernet_ipv4(&plain), 0);
	add_packet(file, ethernet_ipv4(&plain), 0);
	reader = open_file(fixture, compress_file(file));
	assert_next(reader, "192.0.2.1", 3000, "hello");
	assert_next(reader, "192.0.2.1", 3000, "hello");
	assert_end(reader);
}

/* A plain file is mapped, a packed one libpcap's: they tell the same of any octets. */
static void
damaged_files_are_read_alike_plain_and_packed(struct fixture *fixture, gconstpointer data)
{
	enum { FILES = 100, PACKETS = 4, CHANGES = 3 };

	g_assert_null(data);
	for (int i = 0; i < FILES; i++) {
		GByteArray *file = begin_pcap(ETHERNET);
		g_autofree char *plain_end = NULL;
		g_autofree char *packed_end = NULL;
		GByteArray *packed;

		for (int j = 0; j < PACKETS; j++)
			add_packet(file, ethernet_ipv4(&plain), (guint)j);
		for (int j = 0; j < CHANGES; j++)
			file->data[g_test_rand_int_range(4, (gint32)file->len)] =
				(uint8_t)g_test_rand_int_range(0, 256);
		packed = g_byte_array_new();
		g_byte_array_append(packed, file->data, file->len);
		plain_end = describe_file(fixture, file);
		packed_end = describe_file(fixture, compress_file(packed));
		g_assert_cmpstr(plain_end, ==, packed_end);
	}
}

static void
a_packed_file_cut_short_is_damaged(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(CaptureReader) reader = NULL;
	g_autoptr(GError) error = NULL;
	GByteArray *file = begin_pcap(ETHERNET);

	g_assert_null(data);
	add_packet(file, ethernet_ipv4(&plain), 0);
	file = compress_file(file);
	g_byte_array_set_size(file, file->len - 9);
	reader = open_file(fixture, file);
	error = read_to_error(reader);
	g_assert_nonnull(error);
	g_assert_nonnull(strstr(error->message, fixture->path));
}

static void
a_capture_cut_short_gives_what_it_has_and_names_itself(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(CaptureReader) reader = NULL;
	g_autoptr(GError) error = NULL;
	GByteArray *file = begin_pcap(ETHERNET);

	g_assert_null(data);
	add_packet(file, ethernet_ipv4(&plain), 0);
	add_packet(file, ethernet_ipv4(&plain), 0);
	g_byte_array_set_size(file, file->len - 1);
	reader = open_file(fixture, file);
	assert_next(reader, "192.0.2.1", 3000, "hello");
	error = read_to_error(reader);
	g_assert_nonnull(error);
	g_assert_nonnull(strstr(error->message, fixture->path));
}

static GByteArray *
pcapng_block(guint32 type, GByteArray *body)
{
	GByteArray *block = g_byte_array_new();

	add_zeros(body, (4 - body->len % 4) % 4);
	add_u32(block, type);
	add_u32(block, body->len + 12);
	g_byte_array_append(block, body->data, body->len);
	add_u32(block, body->len + 12);
	g_byte_array_unref(body);
	return block;
}

static void
add_block(GByteArray *file, guint32 type, GByteArray *body)
{
	GByteArray *block = pcapng_block(type, body);

	g_byte_array_append(file, block->data, block->len);
	g_byte_array_unref(block);
}

static void
reads_pcapng(struct fixture *fixture, gconstpointer data)
{
	const guint64 time_us = G_GUINT64_CONSTANT(1700000000250999);
	g_autoptr(CaptureReader) reader = NULL;
	GByteArray *file = g_byte_array_new();
	GByteArray *section = g_byte_array_new();
	GByteArray *interface = g_byte_array_new();
	GByteArray *body = g_byte_array_new();
	g_autoptr(GByteArray) packet = ethernet_ipv4(&plain);

	g_assert_null(data);
	add_u32(section, 0x1a2b3c4d);
	add_u16(section, 1);
	add_u16(section, 0);
	add_u32(section, 0xffffffff);
	add_u32(section, 0xffffffff);
	add_block(file, 0x0a0d0d0a, section);
	add_u16(interface, ETHERNET);
	add_u16(interface, 0);
	add_u32(interface, 65535);
	add_block(file, 1, interface);
	add_u32(body, 0);
	add_u32(body, (guint32)(time_us >> 32));
	add_u32(body, (guint32)time_us);
	add_u32(body, packet->len);
	add_u32(body, packet->len);
	g_byte_array_append(body, packet->data, packet->len);
	add_block(file, 6, body);
	reader = open_file(fixture, file);
	assert_next(reader, "192.0.2.1", 3000, "hello");
	assert_end(reader);
}

static GByteArray *
ipfix_message(guint32 export_time, guint length)
{
	GByteArray *message = g_byte_array_new();

	add_u16(message, 10);
	add_u16(message, length);
	add_u32(message, export_time);
	add_zeros(message, length - 8);
	return message;
}

static void
gives_each_message_of_an_ipfix_file(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(CaptureReader) reader = NULL;
	g_autoptr(GByteArray) second = ipfix_message(1700000001, 40);
	GByteArray *file = ipfix_message(1700000000, 16);
	struct datagram datagram;

	g_assert_null(data);
	g_byte_array_append(file, second->data, second->len);
	reader = open_file(fixture, file);
	g_assert_true(capture_next(reader, &datagram, NULL));
	g_assert_cmpuint(datagram.length, ==, 16);
	g_assert_true(datagram.from_file);
	g_assert_cmpint(datagram.arrival.ms, ==, 1700000000000);
	g_assert_true(capture_next(reader, &datagram, NULL));
	g_assert_cmpmem(datagram.octets, (int)datagram.length, second->data, (int)second->len);
	assert_end(reader);
}

static void
an_ipfix_file_that_is_damaged_or_cut_names_itself(struct fixture *fixture, gconstpointer data)
{
	g_assert_null(data);
	for (guint cut = 1; cut < 40; cut++) {
		g_autoptr(CaptureReader) reader = NULL;
		g_autoptr(GByteArray) second = ipfix_message(1, 40);
		g_autoptr(GError) error = NULL;
		GByteArray *file = ipfix_message(1, 16);

		g_byte_array_append(file, second->data, second->len - cut);
		reader = open_file(fixture, file);
		error = read_to_error(reader);
		g_assert_nonnull(error);
		g_assert_nonnull(strstr(error->message, fixture->path));
	}
}

static void
refuses_what_is_no_capture_and_names_it(struct fixture *fixture, gconstpointer data)
{
	static const char *const contents[] = { "", "x", "no capture at all, but a text",
		                                "\x1f\x8b\x08\x01\x02\x03" };

	g_assert_null(data);
	for (size_t i = 0; i < G_N_ELEMENTS(contents); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_true(g_file_set_contents(fixture->path, contents[i], -1, NULL));
		g_assert_null(capture_open(fixture->path, &error));
		g_assert_nonnull(strstr(error->message, fixture->path));
		g_assert_false(capture_check(fixture->path, NULL));
	}
}

static void
refuses_a_link_type_that_it_cannot_read(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GByteArray) file = begin_pcap(105);

	g_assert_null(data);
	g_assert_true(g_file_set_contents_full(fixture->path, (const char *)file->data, file->len,
	                                       G_FILE_SET_CONTENTS_NONE, 0600, NULL));
	g_assert_null(capture_open(fixture->path, &error));
	g_assert_nonnull(strstr(error->message, "IEEE802_11"));
}

static void
a_file_that_is_not_there_and_a_folder_are_named(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) missing = NULL;
	g_autoptr(GError) folder = NULL;

	g_assert_null(data);
	g_assert_nonnull(fixture->path);
	g_assert_false(capture_check("/nonexistent/a.pcap", &missing));
	g_assert_nonnull(strstr(missing->message, "/nonexistent/a.pcap"));
	g_assert_false(capture_check(g_get_tmp_dir(), &folder));
	g_assert_nonnull(strstr(folder->message, g_get_tmp_dir()));
}

#define ADD(test)                                                                                  \
	g_test_add("/capture_reader/" #test, struct fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(gives_the_payload_of_udp_over_ethernet);
	ADD(passes_over_vlan_tags);
	ADD(passes_over_pppoe_and_mpls);
	ADD(padding_behind_the_packet_is_left_out);
	ADD(reads_other_link_types);
	ADD(every_packet_is_given_or_counted_by_reason);
	ADD(fragments_are_put_together_in_any_order);
	ADD(fragments_of_ipv6_are_put_together);
	ADD(fragments_are_kept_within_a_bound);
	ADD(fragments_that_cannot_be_are_malformed);
	ADD(reads_what_gzip_packed);
	ADD(damaged_files_are_read_alike_plain_and_packed);
	ADD(a_packed_file_cut_short_is_damaged);
	ADD(a_capture_cut_short_gives_what_it_has_and_names_itself);
	ADD(reads_pcapng);
	ADD(gives_each_message_of_an_ipfix_file);
	ADD(an_ipfix_file_that_is_damaged_or_cut_names_itself);
	ADD(refuses_what_is_no_capture_and_names_it);
	ADD(refuses_a_link_type_that_it_cannot_read);
	ADD(a_file_that_is_not_there_and_a_folder_are_named);
	return g_test_run();
}
