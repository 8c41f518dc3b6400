#include "tests/support/capture_builder.h"

#include <glib/gstdio.h>
#include <inttypes.h>
#include <string.h>

void
capture_add_u8(GByteArray *octets, unsigned value)
{
	guint8 octet = (guint8)value;

	g_byte_array_append(octets, &octet, 1);
}

void
capture_add_u16(GByteArray *octets, unsigned value)
{
	capture_add_u8(octets, value >> 8);
	capture_add_u8(octets, value & 0xff);
}

void
capture_add_u32(GByteArray *octets, guint32 value)
{
	capture_add_u16(octets, value >> 16);
	capture_add_u16(octets, value & 0xffff);
}

void
capture_add_zeros(GByteArray *octets, guint count)
{
	for (guint i = 0; i < count; i++)
		capture_add_u8(octets, 0);
}

void
capture_add_udp(GByteArray *octets, unsigned port, const char *payload)
{
	capture_add_u16(octets, port);
	capture_add_u16(octets, 2055);
	capture_add_u16(octets, (unsigned)strlen(payload) + 8);
	capture_add_u16(octets, 0);
	g_byte_array_append(octets, (const guint8 *)payload, (guint)strlen(payload));
}

void
capture_add_ipv4(GByteArray *octets, const struct ipv4_packet *packet)
{
	capture_add_u8(octets, 0x45);
	capture_add_u8(octets, 0);
	capture_add_u16(octets, 28 + (unsigned)strlen(packet->payload));
	capture_add_u16(octets, 1);
	capture_add_u16(octets, packet->fragment);
	capture_add_u8(octets, 64);
	capture_add_u8(octets, packet->protocol);
	capture_add_u16(octets, 0);
	capture_add_u32(octets, packet->source);
	capture_add_u32(octets, 0x0a000001);
	capture_add_udp(octets, packet->port, packet->payload);
}

void
capture_add_ipv6(GByteArray *octets, const char *payload)
{
	capture_add_u32(octets, 0x60000000);
	capture_add_u16(octets, 16 + (unsigned)strlen(payload));
	capture_add_u8(octets, 0);
	capture_add_u8(octets, 64);
	capture_add_u32(octets, 0x20010db8);
	capture_add_zeros(octets, 11);
	capture_add_u8(octets, 7);
	capture_add_zeros(octets, 16);
	capture_add_u8(octets, 17);
	capture_add_zeros(octets, 7);
	capture_add_udp(octets, 4739, payload);
}

GByteArray *
capture_begin_pcap(guint32 link_type)
{
	GByteArray *file = g_byte_array_new();

	capture_add_u32(file, 0xa1b2c3d4);
	capture_add_u16(file, 2);
	capture_add_u16(file, 4);
	capture_add_u32(file, 0);
	capture_add_u32(file, 0);
	capture_add_u32(file, 65535);
	capture_add_u32(file, link_type);
	return file;
}

void
capture_add_packet(GByteArray *file, GByteArray *packet, guint cut)
{
	capture_add_u32(file, 1700000000);
	capture_add_u32(file, 250999);
	capture_add_u32(file, packet->len - cut);
	capture_add_u32(file, packet->len);
	g_byte_array_append(file, packet->data, packet->len - cut);
	g_byte_array_unref(packet);
}

GByteArray *
capture_ethernet_ipv4(const struct ipv4_packet *packet)
{
	GByteArray *octets = g_byte_array_new();

	capture_add_zeros(octets, 12);
	capture_add_u16(octets, 0x0800);
	capture_add_ipv4(octets, packet);
	return octets;
}

const struct ipv4_packet capture_plain = { 0xc0000201, 3000, 0, 17, "hello" };

void
capture_file_set_up(struct capture_file *kept, gconstpointer data)
{
	int descriptor = g_file_open_tmp("capture.XXXXXX", &kept->path, NULL);

	g_assert_null(data);
	g_assert_true(g_close(descriptor, NULL));
}

void
capture_file_tear_down(struct capture_file *kept, gconstpointer data)
{
	g_assert_null(data);
	g_unlink(kept->path);
	g_free(kept->path);
}

static void
write_file(const struct capture_file *kept, GByteArray *file)
{
	(void)g_unlink(kept->path); /* GLib leaves the end of a longer file before */
	g_assert_true(g_file_set_contents_full(kept->path, (const char *)file->data, file->len,
	                                       G_FILE_SET_CONTENTS_NONE, 0600, NULL));
	g_byte_array_unref(file);
}

CaptureReader *
capture_file_open(const struct capture_file *kept, GByteArray *file)
{
	g_autoptr(GError) error = NULL;
	CaptureReader *reader;

	write_file(kept, file);
	g_assert_true(capture_check(kept->path, NULL));
	reader = capture_open(kept->path, &error);
	g_assert_no_error(error);
	return reader;
}

void
capture_assert_next(CaptureReader *reader, const char *exporter, unsigned port, const char *payload)
{
	g_autoptr(GError) error = NULL;
	char text[HOST_ADDRESS_TEXT_SIZE];
	struct datagram datagram;

	g_assert_true(capture_next(reader, &datagram, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(host_address_format(&datagram.exporter, text), ==, exporter);
	g_assert_cmpuint(datagram.exporter_port, ==, port);
	g_assert_cmpuint(datagram.length, ==, strlen(payload));
	g_assert_cmpint(memcmp(datagram.octets, payload, datagram.length), ==, 0);
	g_assert_cmpint(datagram.arrival.ms, ==, 1700000000250);
}

void
capture_assert_end(CaptureReader *reader)
{
	g_autoptr(GError) error = NULL;
	struct datagram datagram;

	g_assert_false(capture_next(reader, &datagram, &error));
	g_assert_no_error(error);
}

char *
capture_file_describe(const struct capture_file *kept, GByteArray *file)
{
	g_autoptr(CaptureReader) reader = NULL;
	g_autoptr(GError) error = NULL;
	GString *text = g_string_new(NULL);
	struct datagram datagram;
	struct capture_counters counters;

	write_file(kept, file);
	reader = capture_open(kept->path, NULL);
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

GError *
capture_read_to_error(CaptureReader *reader)
{
	GError *error = NULL;
	struct datagram datagram;

	while (capture_next(reader, &datagram, &error))
		;
	return error;
}
