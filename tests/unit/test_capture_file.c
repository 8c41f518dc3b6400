#include <glib.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <string.h>
#include <zlib.h>

#include "collector/capture_reader.h"
#include "tests/support/capture_builder.h"

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
reads_what_gzip_packed(struct capture_file *kept, gconstpointer data)
{
	g_autoptr(CaptureReader) reader = NULL;
	GByteArray *file = capture_begin_pcap(LINK_ETHERNET);

	g_assert_null(data);
	capture_add_packet(file, capture_ethernet_ipv4(&capture_plain), 0);
	capture_add_packet(file, capture_ethernet_ipv4(&capture_plain), 0);
	reader = capture_file_open(kept, compress_file(file));
	capture_assert_next(reader, "192.0.2.1", 3000, "hello");
	capture_assert_next(reader, "192.0.2.1", 3000, "hello");
	capture_assert_end(reader);
}

/* A plain file is mapped, a packed one libpcap's: they tell the same of any octets. */
static void
damaged_files_are_read_alike_plain_and_packed(struct capture_file *kept, gconstpointer data)
{
	enum { FILES = 100, PACKETS = 4, CHANGES = 3 };

	g_assert_null(data);
	for (int i = 0; i < FILES; i++) {
		GByteArray *file = capture_begin_pcap(LINK_ETHERNET);
		g_autofree char *plain_end = NULL;
		g_autofree char *packed_end = NULL;
		GByteArray *packed;

		for (int j = 0; j < PACKETS; j++)
			capture_add_packet(file, capture_ethernet_ipv4(&capture_plain), (guint)j);
		for (int j = 0; j < CHANGES; j++)
			file->data[g_test_rand_int_range(4, (gint32)file->len)] =
				(uint8_t)g_test_rand_int_range(0, 256);
		packed = g_byte_array_new();
		g_byte_array_append(packed, file->data, file->len);
		plain_end = capture_file_describe(kept, file);
		packed_end = capture_file_describe(kept, compress_file(packed));
		g_assert_cmpstr(plain_end, ==, packed_end);
	}
}

static void
a_packed_file_cut_short_is_damaged(struct capture_file *kept, gconstpointer data)
{
	g_autoptr(CaptureReader) reader = NULL;
	g_autoptr(GError) error = NULL;
	GByteArray *file = capture_begin_pcap(LINK_ETHERNET);

	g_assert_null(data);
	capture_add_packet(file, capture_ethernet_ipv4(&capture_plain), 0);
	file = compress_file(file);
	g_byte_array_set_size(file, file->len - 9);
	reader = capture_file_open(kept, file);
	error = capture_read_to_error(reader);
	g_assert_nonnull(error);
	g_assert_nonnull(strstr(error->message, kept->path));
}

static void
a_capture_cut_short_gives_what_it_has_and_names_itself(struct capture_file *kept,
                                                       gconstpointer data)
{
	g_autoptr(CaptureReader) reader = NULL;
	g_autoptr(GError) error = NULL;
	GByteArray *file = capture_begin_pcap(LINK_ETHERNET);

	g_assert_null(data);
	capture_add_packet(file, capture_ethernet_ipv4(&capture_plain), 0);
	capture_add_packet(file, capture_ethernet_ipv4(&capture_plain), 0);
	g_byte_array_set_size(file, file->len - 1);
	reader = capture_file_open(kept, file);
	capture_assert_next(reader, "192.0.2.1", 3000, "hello");
	error = capture_read_to_error(reader);
	g_assert_nonnull(error);
	g_assert_nonnull(strstr(error->message, kept->path));
}

static GByteArray *
pcapng_block(guint32 type, GByteArray *body)
{
	GByteArray *block = g_byte_array_new();

	capture_add_zeros(body, (4 - body->len % 4) % 4);
	capture_add_u32(block, type);
	capture_add_u32(block, body->len + 12);
	g_byte_array_append(block, body->data, body->len);
	capture_add_u32(block, body->len + 12);
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
reads_pcapng(struct capture_file *kept, gconstpointer data)
{
	const guint64 time_us = G_GUINT64_CONSTANT(1700000000250999);
	g_autoptr(CaptureReader) reader = NULL;
	GByteArray *file = g_byte_array_new();
	GByteArray *section = g_byte_array_new();
	GByteArray *interface = g_byte_array_new();
	GByteArray *body = g_byte_array_new();
	g_autoptr(GByteArray) packet = capture_ethernet_ipv4(&capture_plain);

	g_assert_null(data);
	capture_add_u32(section, 0x1a2b3c4d);
	capture_add_u16(section, 1);
	capture_add_u16(section, 0);
	capture_add_u32(section, 0xffffffff);
	capture_add_u32(section, 0xffffffff);
	add_block(file, 0x0a0d0d0a, section);
	capture_add_u16(interface, LINK_ETHERNET);
	capture_add_u16(interface, 0);
	capture_add_u32(interface, 65535);
	add_block(file, 1, interface);
	capture_add_u32(body, 0);
	capture_add_u32(body, (guint32)(time_us >> 32));
	capture_add_u32(body, (guint32)time_us);
	capture_add_u32(body, packet->len);
	capture_add_u32(body, packet->len);
	g_byte_array_append(body, packet->data, packet->len);
	add_block(file, 6, body);
	reader = capture_file_open(kept, file);
	capture_assert_next(reader, "192.0.2.1", 3000, "hello");
	capture_assert_end(reader);
}

static GByteArray *
ipfix_message(guint32 export_time, guint length)
{
	GByteArray *message = g_byte_array_new();

	capture_add_u16(message, 10);
	capture_add_u16(message, length);
	capture_add_u32(message, export_time);
	capture_add_zeros(message, length - 8);
	return message;
}

static void
gives_each_message_of_an_ipfix_file(struct capture_file *kept, gconstpointer data)
{
	g_autoptr(CaptureReader) reader = NULL;
	g_autoptr(GByteArray) second = ipfix_message(1700000001, 40);
	GByteArray *file = ipfix_message(1700000000, 16);
	struct datagram datagram;

	g_assert_null(data);
	g_byte_array_append(file, second->data, second->len);
	reader = capture_file_open(kept, file);
	g_assert_true(capture_next(reader, &datagram, NULL));
	g_assert_cmpuint(datagram.length, ==, 16);
	g_assert_true(datagram.from_file);
	g_assert_cmpint(datagram.arrival.ms, ==, 1700000000000);
	g_assert_true(capture_next(reader, &datagram, NULL));
	g_assert_cmpmem(datagram.octets, (int)datagram.length, second->data, (int)second->len);
	capture_assert_end(reader);
}

static void
an_ipfix_file_that_is_damaged_or_cut_names_itself(struct capture_file *kept, gconstpointer data)
{
	g_assert_null(data);
	for (guint cut = 1; cut < 40; cut++) {
		g_autoptr(CaptureReader) reader = NULL;
		g_autoptr(GByteArray) second = ipfix_message(1, 40);
		g_autoptr(GError) error = NULL;
		GByteArray *file = ipfix_message(1, 16);

		g_byte_array_append(file, second->data, second->len - cut);
		reader = capture_file_open(kept, file);
		error = capture_read_to_error(reader);
		g_assert_nonnull(error);
		g_assert_nonnull(strstr(error->message, kept->path));
	}
}

static void
refuses_what_is_no_capture_and_names_it(struct capture_file *kept, gconstpointer data)
{
	static const char *const contents[] = { "", "x", "no capture at all, but a text",
		                                "\x1f\x8b\x08\x01\x02\x03" };

	g_assert_null(data);
	for (size_t i = 0; i < G_N_ELEMENTS(contents); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_true(g_file_set_contents(kept->path, contents[i], -1, NULL));
		g_assert_null(capture_open(kept->path, &error));
		g_assert_nonnull(strstr(error->message, kept->path));
		g_assert_false(capture_check(kept->path, NULL));
	}
}

static void
refuses_a_link_type_that_it_cannot_read(struct capture_file *kept, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GByteArray) file = capture_begin_pcap(105);

	g_assert_null(data);
	g_assert_true(g_file_set_contents_full(kept->path, (const char *)file->data, file->len,
	                                       G_FILE_SET_CONTENTS_NONE, 0600, NULL));
	g_assert_null(capture_open(kept->path, &error));
	g_assert_nonnull(strstr(error->message, "IEEE802_11"));
}

static void
a_file_that_is_not_there_and_a_folder_are_named(struct capture_file *kept, gconstpointer data)
{
	g_autoptr(GError) missing = NULL;
	g_autoptr(GError) folder = NULL;

	g_assert_null(data);
	g_assert_nonnull(kept->path);
	g_assert_false(capture_check("/nonexistent/a.pcap", &missing));
	g_assert_nonnull(strstr(missing->message, "/nonexistent/a.pcap"));
	g_assert_false(capture_check(g_get_tmp_dir(), &folder));
	g_assert_nonnull(strstr(folder->message, g_get_tmp_dir()));
}

#define ADD(test)                                                                                  \
	g_test_add("/capture_file/" #test, struct capture_file, NULL, capture_file_set_up, test,   \
	           capture_file_tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
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
