#include "tests/support/ring_pair.h"

#include <glib/gstdio.h>

const struct ring_position ring_pair_oldest = { 0, 0 };

void
ring_pair_open_writer(struct ring_pair *pair)
{
	g_autoptr(GError) error = NULL;

	pair->writer = ring_open_writer(pair->folder, 0, RING_PAIR_OCTETS, &error);
	g_assert_no_error(error);
}

void
ring_pair_open_reader(struct ring_pair *pair, struct ring_position from)
{
	g_autoptr(GError) error = NULL;

	pair->reader = ring_open_reader(pair->folder, 0, from, &error);
	g_assert_no_error(error);
}

void
ring_pair_close_writer(struct ring_pair *pair)
{
	g_clear_pointer(&pair->writer, ring_close_writer);
}

void
ring_pair_close_reader(struct ring_pair *pair)
{
	g_clear_pointer(&pair->reader, ring_close_reader);
}

void
ring_pair_set_up(struct ring_pair *pair, const void *unused)
{
	(void)unused;
	pair->folder = g_dir_make_tmp("ring-XXXXXX", NULL);
	ring_pair_open_writer(pair);
	ring_pair_open_reader(pair, ring_pair_oldest);
}

void
ring_pair_tear_down(struct ring_pair *pair, const void *unused)
{
	static const char *const names[] = { "ring.0", "ring.0.reader" };

	(void)unused;
	ring_pair_close_writer(pair);
	ring_pair_close_reader(pair);
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(pair->folder, names[i], NULL);

		g_unlink(path);
	}
	g_assert_cmpint(g_rmdir(pair->folder), ==, 0);
	g_free(pair->folder);
}

struct host_bin
ring_pair_bin(uint64_t number)
{
	struct host_address host = host_address_from_ipv4(0x0a000000 + (uint32_t)number);
	struct host_bin bin;

	host_bin_init(&bin, &host, 29000000);
	bin.octets[HOST_OUT] = number;
	return bin;
}

bool
ring_pair_push(RingWriter *writer, uint64_t number)
{
	struct host_bin bin = ring_pair_bin(number);

	return ring_push_bin(writer, (int64_t)number * 1000, &bin, NULL);
}

void
ring_pair_push_all(RingWriter *writer, uint64_t first, uint64_t last)
{
	for (uint64_t i = first; i <= last; i++)
		g_assert_true(ring_pair_push(writer, i));
	ring_publish(writer);
}

struct ring_position
ring_pair_expect(RingReader *reader, uint64_t number)
{
	struct ring_entry entry;

	g_assert_true(ring_pop(reader, &entry));
	g_assert_cmpint(entry.type, ==, RING_BIN);
	g_assert_cmpuint(entry.bin->bin.octets[HOST_OUT], ==, number);
	return entry.position;
}

void
ring_pair_expect_nothing(RingReader *reader)
{
	struct ring_entry entry;

	g_assert_false(ring_pop(reader, &entry));
}

uint64_t
ring_pair_fill(RingWriter *writer)
{
	uint64_t pushed = 0;

	while (ring_pair_push(writer, pushed + 1))
		pushed++;
	ring_publish(writer);
	return pushed;
}
