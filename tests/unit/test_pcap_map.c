#include "collector/pcap_map.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

enum { SNAPSHOT = 100, HEADER = 24, RECORD = 16, LINK_TYPE = 276 };

/* How a file is written. */
struct dialect {
	uint32_t magic;
	bool is_little;
	uint16_t minor;
};

static void
add_number(GByteArray *file, const struct dialect *dialect, uint32_t value, guint width)
{
	for (guint i = 0; i < width; i++) {
		guint shift = 8 * (dialect->is_little ? i : width - 1 - i);
		uint8_t octet = (uint8_t)(value >> shift);

		g_byte_array_append(file, &octet, 1);
	}
}

static GByteArray *
begin_file(const struct dialect *dialect)
{
	static const uint8_t unread[HEADER - 12];
	GByteArray *file = g_byte_array_new();

	add_number(file, dialect, dialect->magic, 4);
	add_number(file, dialect, 2, 2);
	add_number(file, dialect, dialect->minor, 2);
	g_byte_array_append(file, unread, sizeof(unread));
	add_number(file, dialect, LINK_TYPE, 4);
	return file;
}

static void
add_packet(GByteArray *file, const struct dialect *dialect, uint32_t fraction, uint32_t length)
{
	add_number(file, dialect, 1700000000, 4);
	add_number(file, dialect, fraction, 4);
	add_number(file, dialect, length, 4);
	add_number(file, dialect, length + 1, 4);
	for (uint32_t i = 0; i < length; i++)
		add_number(file, dialect, length + i, 1);
}

static PcapMap *
map_file(const GByteArray *file)
{
	g_autofree char *path = NULL;
	int descriptor = g_file_open_tmp("pcap-map.XXXXXX", &path, NULL);
	PcapMap *map;

	g_assert_cmpint(write(descriptor, file->data, file->len), ==, file->len);
	map = pcap_map_new(descriptor, path, SNAPSHOT);
	close(descriptor);
	g_unlink(path);
	return map;
}

static void
expect_packet(PcapMap *map, int64_t ms, size_t length, size_t sent)
{
	struct captured_packet packet;

	g_assert_true(pcap_map_next(map, &packet, NULL));
	g_assert_cmpint(packet.time.ms, ==, ms);
	g_assert_cmpuint(packet.length, ==, length);
	g_assert_cmpuint(packet.sent, ==, sent);
	g_assert_cmpuint(packet.link_type, ==, LINK_TYPE);
	for (size_t i = 0; i < length; i++)
		g_assert_cmpuint(packet.octets[i], ==, (uint8_t)(sent - 1 + i));
}

static void
expect_end(PcapMap *map, bool whole)
{
	g_autoptr(GError) error = NULL;
	struct captured_packet packet;

	g_assert_false(pcap_map_next(map, &packet, &error));
	g_assert_true((error == NULL) == whole);
}

static void
reads_both_byte_orders_and_units(void)
{
	static const struct dialect dialects[] = {
		{ 0xa1b2c3d4, false, 4 },
		{ 0xa1b2c3d4, true, 4 },
		{ 0xa1b23c4d, false, 4 },
		{ 0xa1b23c4d, true, 4 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(dialects); i++) {
		bool is_nano = dialects[i].magic == 0xa1b23c4d;
		g_autoptr(GByteArray) file = begin_file(&dialects[i]);
		g_autoptr(PcapMap) map = NULL;

		add_packet(file, &dialects[i], is_nano ? 250999999 : 250999, 3);
		add_packet(file, &dialects[i], 0, 0);
		add_packet(file, &dialects[i], 0, SNAPSHOT + 20);
		add_packet(file, &dialects[i], 0, 5);
		map = map_file(file);
		g_assert_nonnull(map);
		expect_packet(map, 1700000000250, 3, 4);
		expect_packet(map, 1700000000000, 0, 1);
		expect_packet(map, 1700000000000, SNAPSHOT, SNAPSHOT + 21);
		expect_packet(map, 1700000000000, 5, 6);
		expect_end(map, true);
	}
}

static void
leaves_other_files_alone(void)
{
	static const struct dialect dialects[] = {
		{ 0xa1b2cd34, false, 4 },
		{ 0xa1b2c3d4, false, 3 },
		{ 0x0a0d0d0a, false, 4 },
	};
	g_autoptr(GByteArray) empty = g_byte_array_new();

	g_assert_null(map_file(empty));
	for (size_t i = 0; i < G_N_ELEMENTS(dialects); i++) {
		g_autoptr(GByteArray) file = begin_file(&dialects[i]);

		add_packet(file, &dialects[i], 0, 5);
		g_assert_null(map_file(file));
	}
}

static void
tells_of_a_packet_that_is_cut_short_or_too_long(void)
{
	static const struct dialect dialect = { 0xa1b2c3d4, true, 4 };
	enum { LENGTH = 20 };

	for (guint cut = 1; cut < RECORD + LENGTH; cut++) {
		g_autoptr(GByteArray) file = begin_file(&dialect);
		g_autoptr(PcapMap) map = NULL;

		add_packet(file, &dialect, 0, LENGTH);
		add_packet(file, &dialect, 0, LENGTH);
		g_byte_array_set_size(file, file->len - cut);
		map = map_file(file);
		expect_packet(map, 1700000000000, LENGTH, LENGTH + 1);
		expect_end(map, false);
	}
	for (int is_over = 0; is_over < 2; is_over++) {
		g_autoptr(GByteArray) file = begin_file(&dialect);
		g_autoptr(PcapMap) map = NULL;

		add_packet(file, &dialect, 0, is_over ? 262145 : 262144);
		map = map_file(file);
		if (!is_over)
			expect_packet(map, 1700000000000, SNAPSHOT, 262145);
		expect_end(map, !is_over);
	}
}

/* More than stays resident at once. */
static void
goes_through_a_large_file(void)
{
	static const struct dialect dialect = { 0xa1b2c3d4, true, 4 };
	enum { PACKETS = 300, LENGTH = 200000 };
	g_autoptr(GByteArray) file = begin_file(&dialect);
	g_autoptr(GByteArray) packet = g_byte_array_new();
	g_autoptr(PcapMap) map = NULL;

	add_packet(packet, &dialect, 0, LENGTH);
	for (int i = 0; i < PACKETS; i++)
		g_byte_array_append(file, packet->data, packet->len);
	map = map_file(file);
	for (int i = 0; i < PACKETS; i++)
		expect_packet(map, 1700000000000, SNAPSHOT, LENGTH + 1);
	expect_end(map, true);
}

#define TEST(name) g_test_add_func("/pcap_map/" #name, name)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	TEST(reads_both_byte_orders_and_units);
	TEST(leaves_other_files_alone);
	TEST(tells_of_a_packet_that_is_cut_short_or_too_long);
	TEST(goes_through_a_large_file);
	return g_test_run();
}
