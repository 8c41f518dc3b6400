#include "collector/pcapng_file.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

/* Files are built from values, octet by octet, in either byte order. */

enum { ETHERNET = 1, RAW = 101, SECONDS = 1700000000 };

struct builder {
	GByteArray *file;
	bool is_little;
};

static void
put(const struct builder *builder, GByteArray *octets, guint64 value, guint width)
{
	for (guint i = 0; i < width; i++) {
		guint8 octet = (guint8)(value >> 8 * (builder->is_little ? i : width - 1 - i));

		g_byte_array_append(octets, &octet, 1);
	}
}

static void
pad(GByteArray *octets)
{
	static const guint8 zeros[4];

	g_byte_array_append(octets, zeros, (4 - octets->len % 4) % 4);
}

/* Takes `body`. */
static void
put_block(const struct builder *builder, guint32 type, GByteArray *body)
{
	pad(body);
	put(builder, builder->file, type, 4);
	put(builder, builder->file, body->len + 12, 4);
	g_byte_array_append(builder->file, body->data, body->len);
	put(builder, builder->file, body->len + 12, 4);
	g_byte_array_unref(body);
}

static void
put_section(const struct builder *builder)
{
	GByteArray *body = g_byte_array_new();

	put(builder, body, 0x1a2b3c4d, 4);
	put(builder, body, 1, 2);
	put(builder, body, 0, 2);
	put(builder, body, G_MAXUINT64, 8);
	put_block(builder, 0x0a0d0d0a, body);
}

struct interface {
	guint16 link_type;
	guint32 snapshot_octets;
	int resolution; /* -1: not told */
	gint64 offset_s;
};

static void
put_interface(const struct builder *builder, const struct interface *interface)
{
	GByteArray *body = g_byte_array_new();

	put(builder, body, interface->link_type, 2);
	put(builder, body, 0, 2);
	put(builder, body, interface->snapshot_octets, 4);
	put(builder, body, 2, 2); /* its name */
	put(builder, body, 4, 2);
	g_byte_array_append(body, (const guint8 *)"eth0", 4);
	if (interface->resolution >= 0) {
		put(builder, body, 9, 2);
		put(builder, body, 1, 2);
		put(builder, body, (guint64)interface->resolution, 1);
		pad(body);
	}
	put(builder, body, 14, 2);
	put(builder, body, 8, 2);
	put(builder, body, (guint64)interface->offset_s, 8);
	put(builder, body, 0, 4);
	put_block(builder, 1, body);
}

static void
put_packet(const struct builder *builder, guint32 interface, guint64 stamp, const char *octets)
{
	GByteArray *body = g_byte_array_new();

	put(builder, body, interface, 4);
	put(builder, body, stamp >> 32, 4);
	put(builder, body, stamp & G_MAXUINT32, 4);
	put(builder, body, strlen(octets), 4);
	put(builder, body, strlen(octets) + 1, 4);
	g_byte_array_append(body, (const guint8 *)octets, (guint)strlen(octets));
	put_block(builder, 6, body);
}

static FILE *
open_built(const GByteArray *file)
{
	FILE *opened = fmemopen(file->data, file->len, "rb");

	g_assert_nonnull(opened);
	return opened;
}

static void
assert_packet(PcapngFile *pcapng, guint16 link_type, gint64 ms, const char *octets)
{
	g_autoptr(GError) error = NULL;
	struct captured_packet packet;

	g_assert_true(pcapng_file_next(pcapng, &packet, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(packet.link_type, ==, link_type);
	g_assert_cmpint(packet.time.ms, ==, ms);
	g_assert_cmpmem(packet.octets, (int)packet.length, octets, (int)strlen(octets));
}

static void
assert_end(PcapngFile *pcapng)
{
	g_autoptr(GError) error = NULL;
	struct captured_packet packet;

	g_assert_false(pcapng_file_next(pcapng, &packet, &error));
	g_assert_no_error(error);
}

static void
assert_damaged(const GByteArray *file)
{
	g_autoptr(GError) error = NULL;
	FILE *opened = open_built(file);
	g_autoptr(PcapngFile) pcapng = pcapng_file_new(opened);
	struct captured_packet packet;

	while (pcapng_file_next(pcapng, &packet, &error))
		continue;
	g_assert_nonnull(error);
	fclose(opened);
}

/* Interfaces that differ in all that they may. */
static void
put_unlike_interfaces(const struct builder *builder)
{
	static const struct interface interfaces[] = {
		{ ETHERNET, 262144, -1, 0 }, /* microseconds */
		{ RAW, 96, 9, 0 },           /* nanoseconds */
		{ RAW, 0, 3, 0 },            /* milliseconds */
		{ RAW, 0, 0, 0 },            /* seconds */
		{ RAW, 0, 0x80 | 20, 0 },    /* 2^-20 s */
		{ RAW, 0, 6, SECONDS - 100 },
	};

	put_section(builder);
	for (gsize i = 0; i < G_N_ELEMENTS(interfaces); i++)
		put_interface(builder, &interfaces[i]);
	put_block(builder, 0x0bad, g_byte_array_new());
	put_packet(builder, 0, SECONDS * G_GUINT64_CONSTANT(1000000) + 250999, "micro");
	put_packet(builder, 1, SECONDS * G_GUINT64_CONSTANT(1000000000) + 250999999, "nano");
	put_packet(builder, 2, SECONDS * G_GUINT64_CONSTANT(1000) + 250, "milli");
	put_packet(builder, 3, SECONDS, "whole");
	put_packet(builder, 4, ((guint64)SECONDS << 20) + (1 << 18), "binary");
	put_packet(builder, 5, 100250999, "shifted");
}

static void
assert_unlike_interfaces(PcapngFile *pcapng)
{
	static const gint64 ms = SECONDS * G_GINT64_CONSTANT(1000);

	assert_packet(pcapng, ETHERNET, ms + 250, "micro");
	assert_packet(pcapng, RAW, ms + 250, "nano");
	assert_packet(pcapng, RAW, ms + 250, "milli");
	assert_packet(pcapng, RAW, ms, "whole");
	assert_packet(pcapng, RAW, ms + 250, "binary");
	assert_packet(pcapng, RAW, ms + 250, "shifted");
}

static void
sections_and_interfaces_need_not_be_alike(void)
{
	struct builder builder = { g_byte_array_new(), false };
	g_autoptr(PcapngFile) pcapng = NULL;
	g_autoptr(GError) error = NULL;
	uint16_t link_type;
	FILE *file;

	put_unlike_interfaces(&builder);
	builder.is_little = true;
	put_unlike_interfaces(&builder);
	g_assert_true(pcapng_begins(builder.file->data));
	file = open_built(builder.file);
	pcapng = pcapng_file_new(file);
	g_assert_true(pcapng_file_link_type(pcapng, &link_type, &error));
	g_assert_cmpuint(link_type, ==, ETHERNET);
	assert_unlike_interfaces(pcapng);
	assert_unlike_interfaces(pcapng);
	assert_end(pcapng);
	fclose(file);
	g_byte_array_unref(builder.file);
}

static void
simple_and_obsolete_packets_are_read(void)
{
	const struct builder builder = { g_byte_array_new(), true };
	GByteArray *old = g_byte_array_new();
	GByteArray *simple = g_byte_array_new();
	g_autoptr(PcapngFile) pcapng = NULL;
	FILE *file;

	put_section(&builder);
	put_interface(&builder, &(struct interface){ ETHERNET, 5, -1, 0 });
	put(&builder, old, 0, 4);
	put(&builder, old, 1, 4); /* 2^32 us */
	put(&builder, old, 0, 4);
	put(&builder, old, 3, 4);
	put(&builder, old, 3, 4);
	g_byte_array_append(old, (const guint8 *)"old", 3);
	put_block(&builder, 2, old);
	put(&builder, simple, 9, 4);
	g_byte_array_append(simple, (const guint8 *)"cut s", 5);
	put_block(&builder, 3, simple);
	file = open_built(builder.file);
	pcapng = pcapng_file_new(file);
	assert_packet(pcapng, ETHERNET, 4294967, "old");
	assert_packet(pcapng, ETHERNET, 4294967, "cut s");
	assert_end(pcapng);
	fclose(file);
	g_byte_array_unref(builder.file);
}

static void
what_is_cut_short_anywhere_is_damaged_or_ends_there(void)
{
	const struct builder builder = { g_byte_array_new(), false };
	guint end_of_header;

	put_section(&builder);
	put_interface(&builder, &(struct interface){ ETHERNET, 0, -1, 0 });
	end_of_header = builder.file->len;
	put_packet(&builder, 0, 0, "hello");
	for (guint length = builder.file->len - 1; length > end_of_header; length--) {
		g_byte_array_set_size(builder.file, length);
		assert_damaged(builder.file);
	}
	g_byte_array_unref(builder.file);
}

static void
what_cannot_be_is_damaged(void)
{
	static const struct {
		guint at; /* in the interface's block or the packet's behind it */
		guint8 octet;
	} rows[] = {
		{ 28 + 7, 11 },       /* a block shorter than its frame, */
		{ 28 + 7, 53 },       /* no multiple of four, */
		{ 28 + 4, 0x7f },     /* or too long */
		{ 28 + 51, 1 },       /* two lengths */
		{ 28 + 28, 20 },      /* 10^-20 s, */
		{ 28 + 28, 0xff },    /* 2^-127 s */
		{ 28 + 52 + 11, 1 },  /* of an interface that is not there */
		{ 28 + 52 + 23, 99 }, /* past its block */
		{ 8, 0x77 },          /* neither byte order */
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		const struct builder builder = { g_byte_array_new(), false };

		put_section(&builder);
		put_interface(&builder, &(struct interface){ ETHERNET, 0, 6, 0 });
		g_assert_cmpuint(builder.file->len, ==, 28 + 52);
		put_packet(&builder, 0, 0, "hello");
		builder.file->data[rows[i].at] = rows[i].octet;
		assert_damaged(builder.file);
		g_byte_array_unref(builder.file);
	}
}

int
main(int argc, char **argv)
{
#define TEST(name) g_test_add_func("/pcapng_file/" #name, name)
	g_test_init(&argc, &argv, NULL);
	TEST(sections_and_interfaces_need_not_be_alike);
	TEST(simple_and_obsolete_packets_are_read);
	TEST(what_is_cut_short_anywhere_is_damaged_or_ends_there);
	TEST(what_cannot_be_is_damaged);
	return g_test_run();
}
