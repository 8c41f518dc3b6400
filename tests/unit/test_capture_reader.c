#include <glib.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <string.h>

#include "collector/capture_reader.h"
#include "collector/fragment_table.h"
#include "tests/support/capture_builder.h"

static void
gives_the_payload_of_udp_over_ethernet(struct capture_file *kept, gconstpointer data)
{
	g_autoptr(CaptureReader) reader = NULL;
	GByteArray *file = capture_begin_pcap(LINK_ETHERNET);
	GByteArray *six = g_byte_array_new();

	g_assert_null(data);
	capture_add_packet(file, capture_ethernet_ipv4(&capture_plain), 0);
	capture_add_zeros(six, 12);
	capture_add_u16(six, 0x86dd);
	capture_add_ipv6(six, "six");
	capture_add_packet(file, six, 0);
	reader = capture_file_open(kept, file);
	capture_assert_next(reader, "192.0.2.1", 3000, "hello");
	capture_assert_next(reader, "2001:db8::7", 4739, "six");
	capture_assert_end(reader);
	g_assert_cmpuint(capture_counters(reader).datagrams, ==, 2);
}

static void
passes_over_vlan_tags(struct capture_file *kept, gconstpointer data)
{
	g_autoptr(CaptureReader) reader = NULL;
	GByteArray *file = capture_begin_pcap(LINK_ETHERNET);
	GByteArray *packet = g_byte_array_new();

	g_assert_null(data);
	capture_add_zeros(packet, 12);
	capture_add_u16(packet, 0x88a8);
	capture_add_u16(packet, 10);
	capture_add_u16(packet, 0x8100);
	capture_add_u16(packet, 20);
	capture_add_u16(packet, 0x0800);
	capture_add_ipv4(packet, &capture_plain);
	capture_add_packet(file, packet, 0);
	reader = capture_file_open(kept, file);
	capture_assert_next(reader, "192.0.2.1", 3000, "hello");
}

/* Of a capture of Ethernet: what stands before `inner`. */
static GByteArray *
begin_frame(const guint16 *header, guint count)
{
	GByteArray *octets = g_byte_array_new();

	capture_add_zeros(octets, 12);
	for (guint i = 0; i < count; i++)
		capture_add_u16(octets, header[i]);
	return octets;
}

static void
passes_over_pppoe_and_mpls(struct capture_file *kept, gconstpointer data)
{
	static const guint16 session[] = { 0x8100, 5, 0x8864, 0x1100, 1, 35, 0x0021 };
	static const guint16 session_six[] = { 0x8864, 0x1100, 1, 61, 0x0057 };
	static const guint16 control[] = { 0x8864, 0x1100, 1, 6, 0xc021, 0x0901, 4 };
	static const guint16 labels[] = { 0x8847, 1, 0x0040, 2, 0x0140 };
	g_autoptr(CaptureReader) reader = NULL;
	GByteArray *file = capture_begin_pcap(LINK_ETHERNET);
	GByteArray *frame = begin_frame(session, G_N_ELEMENTS(session));

	g_assert_null(data);
	capture_add_ipv4(frame, &capture_plain);
	capture_add_packet(file, frame, 0);
	frame = begin_frame(session_six, G_N_ELEMENTS(session_six));
	capture_add_ipv6(frame, "six");
	capture_add_packet(file, frame, 0);
	capture_add_packet(file, begin_frame(control, G_N_ELEMENTS(control)), 0);
	frame = begin_frame(labels, G_N_ELEMENTS(labels));
	capture_add_ipv4(frame, &capture_plain);
	capture_add_packet(file, frame, 0);
	reader = capture_file_open(kept, file);
	capture_assert_next(reader, "192.0.2.1", 3000, "hello");
	capture_assert_next(reader, "2001:db8::7", 4739, "six");
	capture_assert_next(reader, "192.0.2.1", 3000, "hello");
	capture_assert_end(reader);
	g_assert_cmpuint(capture_counters(reader).not_ip, ==, 1);
}

static void
padding_behind_the_packet_is_left_out(struct capture_file *kept, gconstpointer data)
{
	g_autoptr(CaptureReader) reader = NULL;
	GByteArray *file = capture_begin_pcap(LINK_ETHERNET);
	GByteArray *packet = capture_ethernet_ipv4(&capture_plain);

	g_assert_null(data);
	capture_add_zeros(packet, 13);
	capture_add_packet(file, packet, 0);
	reader = capture_file_open(kept, file);
	capture_assert_next(reader, "192.0.2.1", 3000, "hello");
}

static void
reads_other_link_types(struct capture_file *kept, gconstpointer data)
{
	static const struct {
		guint32 link_type;
		guint before;
		guint16 type; /* 0: none */
		guint16 more; /* the same */
		guint behind;
	} cases[] = { { LINK_RAW, 0, 0, 0, 0 },
		      { LINK_RAW_OLD, 0, 0, 0, 0 },
		      { LINK_IPV4, 0, 0, 0, 0 },
		      { LINK_NULL, 4, 0, 0, 0 },
		      { LINK_LOOP, 4, 0, 0, 0 },
		      { LINK_SLL, 14, 0x0800, 0, 0 },
		      { LINK_SLL2, 0, 0x0800, 0, 18 },
		      { LINK_PPP, 0, 0x0021, 0, 0 },
		      { LINK_PPP, 0, 0xff03, 0x0021, 0 },
		      { LINK_PPP_HDLC, 0, 0xff03, 0x0021, 0 },
		      { LINK_C_HDLC, 0, 0x0f00, 0x0800, 0 } };

	g_assert_null(data);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(CaptureReader) reader = NULL;
		GByteArray *file = capture_begin_pcap(cases[i].link_type);
		GByteArray *packet = g_byte_array_new();

		capture_add_zeros(packet, cases[i].before);
		if (cases[i].type != 0)
			capture_add_u16(packet, cases[i].type);
		if (cases[i].more != 0)
			capture_add_u16(packet, cases[i].more);
		capture_add_zeros(packet, cases[i].behind);
		capture_add_ipv4(packet, &capture_plain);
		capture_add_packet(file, packet, 0);
		reader = capture_file_open(kept, file);
		capture_assert_next(reader, "192.0.2.1", 3000, "hello");
		capture_assert_end(reader);
	}
}

static void
every_packet_is_given_or_counted_by_reason(struct capture_file *kept, gconstpointer data)
{
	g_autoptr(CaptureReader) reader = NULL;
	GByteArray *file = capture_begin_pcap(LINK_ETHERNET);
	GByteArray *arp = g_byte_array_new();
	GByteArray *wrong = capture_ethernet_ipv4(&capture_plain);
	struct capture_counters counters;

	g_assert_null(data);
	capture_add_zeros(arp, 12);
	capture_add_u16(arp, 0x0806);
	capture_add_zeros(arp, 28);
	capture_add_packet(file, arp, 0);
	capture_add_packet(file, capture_ethernet_ipv4(&(struct ipv4_packet){ 1, 1, 0, 6, "tcp" }),
	                   0);
	capture_add_packet(
		file, capture_ethernet_ipv4(&(struct ipv4_packet){ 1, 1, 0x2000, 17, "8 octets" }),
		0);
	capture_add_packet(
		file, capture_ethernet_ipv4(&(struct ipv4_packet){ 1, 1, 0x0007, 17, "last" }), 0);
	capture_add_packet(file, capture_ethernet_ipv4(&capture_plain), 2);
	capture_add_packet(file, capture_ethernet_ipv4(&capture_plain), 30);
	wrong->data[38] = 0xff; /* UDP length beyond the packet, which is whole */
	capture_add_packet(file, wrong, 0);
	capture_add_packet(file, capture_ethernet_ipv4(&capture_plain), 0);
	reader = capture_file_open(kept, file);
	capture_assert_next(reader, "192.0.2.1", 3000, "hello");
	capture_assert_end(reader);
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

	capture_add_udp(octets, port, payload);
	return octets;
}

/* The part of `whole` that begins at `offset`, of an IPv4 packet with this identification. */
static void
add_ipv4_part(GByteArray *file, const GByteArray *whole, guint offset, guint length, unsigned id)
{
	GByteArray *octets = g_byte_array_new();
	bool is_last = offset + length >= whole->len;

	length = is_last ? whole->len - offset : length;
	capture_add_zeros(octets, 12);
	capture_add_u16(octets, 0x0800);
	capture_add_u16(octets, 0x4500);
	capture_add_u16(octets, 20 + length);
	capture_add_u16(octets, id);
	capture_add_u16(octets, (is_last ? 0 : 0x2000) | offset / 8);
	capture_add_u16(octets, 0x4011);
	capture_add_u16(octets, 0);
	capture_add_u32(octets, 0xc0000201);
	capture_add_u32(octets, 0x0a000001);
	g_byte_array_append(octets, whole->data + offset, length);
	capture_add_packet(file, octets, 0);
}

static const char long_payload[] = "export datagrams longer than a link takes come in parts";

static void
fragments_are_put_together_in_any_order(struct capture_file *kept, gconstpointer data)
{
	g_autoptr(CaptureReader) reader = NULL;
	g_autoptr(GByteArray) one = udp_octets(3000, long_payload);
	g_autoptr(GByteArray) other = udp_octets(3001, "another packet, in two parts");
	GByteArray *file = capture_begin_pcap(LINK_ETHERNET);
	struct capture_counters counters;

	g_assert_null(data);
	add_ipv4_part(file, one, 48, 24, 7);
	add_ipv4_part(file, other, 0, 16, 8);
	add_ipv4_part(file, one, 0, 24, 7);
	add_ipv4_part(file, one, 0, 24, 7); /* twice */
	add_ipv4_part(file, one, 24, 24, 7);
	add_ipv4_part(file, other, 16, 24, 8);
	add_ipv4_part(file, one, 24, 24, 9); /* nothing else of it comes */
	reader = capture_file_open(kept, file);
	capture_assert_next(reader, "192.0.2.1", 3000, long_payload);
	capture_assert_next(reader, "192.0.2.1", 3001, "another packet, in two parts");
	capture_assert_end(reader);
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
	capture_add_u32(octets, 0x60000000);
	capture_add_u16(octets, 8 + length);
	capture_add_u16(octets, 44 << 8 | 64);
	capture_add_u32(octets, 0x20010db8);
	capture_add_zeros(octets, 11);
	capture_add_u8(octets, 7);
	capture_add_zeros(octets, 16);
	capture_add_u16(octets, 17 << 8);
	capture_add_u16(octets, offset | !is_last);
	capture_add_u32(octets, 0xdeadbeef);
	g_byte_array_append(octets, whole->data + offset, length);
	capture_add_packet(file, octets, 0);
}

static void
fragments_of_ipv6_are_put_together(struct capture_file *kept, gconstpointer data)
{
	g_autoptr(CaptureReader) reader = NULL;
	g_autoptr(GByteArray) whole = udp_octets(4739, long_payload);
	GByteArray *file = capture_begin_pcap(LINK_RAW);

	g_assert_null(data);
	add_ipv6_part(file, whole, 0, 40);
	add_ipv6_part(file, whole, 40, 40);
	reader = capture_file_open(kept, file);
	capture_assert_next(reader, "2001:db8::7", 4739, long_payload);
	capture_assert_end(reader);
	g_assert_cmpuint(capture_counters(reader).joined, ==, 1);
}

static void
fragments_are_kept_within_a_bound(struct capture_file *kept, gconstpointer data)
{
	g_autoptr(CaptureReader) reader = NULL;
	g_autoptr(GByteArray) whole = udp_octets(3000, long_payload);
	GByteArray *file = capture_begin_pcap(LINK_ETHERNET);

	g_assert_null(data);
	for (unsigned id = 0; id <= FRAGMENT_PACKETS_MAX; id++)
		add_ipv4_part(file, whole, 0, 40, id);
	add_ipv4_part(file, whole, 40, 40, 0); /* had to make room */
	add_ipv4_part(file, whole, 40, 40, 5);
	reader = capture_file_open(kept, file);
	capture_assert_next(reader, "192.0.2.1", 3000, long_payload);
	capture_assert_end(reader);
	g_assert_cmpuint(capture_counters(reader).fragments, ==, FRAGMENT_PACKETS_MAX + 1);
}

static void
fragments_that_cannot_be_are_malformed(struct capture_file *kept, gconstpointer data)
{
	g_autoptr(CaptureReader) reader = NULL;
	g_autoptr(GByteArray) whole = udp_octets(3000, long_payload);
	GByteArray *file = capture_begin_pcap(LINK_ETHERNET);

	g_assert_null(data);
	add_ipv4_part(file, whole, 0, 41, 1);
	capture_add_packet(
		file,
		capture_ethernet_ipv4(&(struct ipv4_packet){ 1, 1, 0x1fff, 17, "beyond the end" }),
		0);
	reader = capture_file_open(kept, file);
	capture_assert_end(reader);
	g_assert_cmpuint(capture_counters(reader).malformed, ==, 2);
}

#define ADD(test)                                                                                  \
	g_test_add("/capture_reader/" #test, struct capture_file, NULL, capture_file_set_up, test, \
	           capture_file_tear_down)

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
	return g_test_run();
}
