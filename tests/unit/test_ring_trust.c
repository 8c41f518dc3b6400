#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "common/ring_layout.h"
#include "tests/support/ring_pair.h"

static struct ring_head *
writers_head(struct ring_pair *pair)
{
	return ring_writer_files(pair->writer)->head;
}

/* After a broken entry the reader must find the next honest one. */
static void
expect_recovery(struct ring_pair *pair, uint64_t refused)
{
	ring_pair_expect_nothing(pair->reader);
	g_assert_cmpuint(ring_reader_refused(pair->reader), ==, refused);
	ring_pair_push_all(pair->writer, 42, 42);
	ring_pair_expect(pair->reader, 42);
}

static void
corrupt_entry(struct ring_pair *pair, const struct ring_entry_head *entry)
{
	ring_pair_push_all(pair->writer, 1, 1);
	memcpy(ring_writer_files(pair->writer)->data, entry, sizeof(*entry));
	expect_recovery(pair, 1);
}

static void
reader_survives_a_length_beyond_the_head(struct ring_pair *pair, const void *unused)
{
	struct ring_entry_head entry = { UINT32_MAX, RING_BIN, 0, 1 };

	(void)unused;
	entry.epoch = atomic_load(&writers_head(pair)->epoch);
	corrupt_entry(pair, &entry);
}

static void
reader_survives_a_bin_that_is_too_short(struct ring_pair *pair, const void *unused)
{
	struct ring_entry_head entry = { 8, RING_BIN, 0, 1 };

	(void)unused;
	entry.epoch = atomic_load(&writers_head(pair)->epoch);
	ring_pair_push_all(pair->writer, 1, 1);
	memcpy(ring_writer_files(pair->writer)->data, &entry, sizeof(entry));
	ring_pair_expect_nothing(pair->reader);
	g_assert_cmpuint(ring_reader_refused(pair->reader), >, 0);
	ring_pair_push_all(pair->writer, 42, 42);
	ring_pair_expect(pair->reader, 42);
}

static void
reader_survives_an_entry_of_another_ring(struct ring_pair *pair, const void *unused)
{
	struct ring_entry_head entry = { 8, RING_BIN, UINT64_C(7) << 32, 1 };

	(void)unused;
	corrupt_entry(pair, &entry);
}

static void
reader_survives_a_touch_count_out_of_range(struct ring_pair *pair, const void *unused)
{
	uint8_t *data = ring_writer_files(pair->writer)->data;
	uint16_t count = HOST_BIN_TOUCHES + 1;

	(void)unused;
	ring_pair_push_all(pair->writer, 1, 2);
	memcpy(data + sizeof(struct ring_entry_head) + sizeof(struct ring_bin_head) +
	               offsetof(struct host_bin, touch_count),
	       &count, sizeof(count));
	ring_pair_expect(pair->reader, 2);
	g_assert_cmpuint(ring_reader_refused(pair->reader), ==, 1);
}

static void
reader_survives_a_head_that_jumps(struct ring_pair *pair, const void *unused)
{
	struct ring_head *head = writers_head(pair);
	uint64_t honest;

	(void)unused;
	ring_pair_push_all(pair->writer, 1, 3);
	ring_pair_expect(pair->reader, 1);
	honest = atomic_load(&head->head);
	atomic_store(&head->head, honest + 64 * (uint64_t)RING_PAIR_OCTETS);
	ring_pair_expect(pair->reader, 2);
	ring_pair_expect(pair->reader, 3);
	ring_pair_expect_nothing(pair->reader); /* now it looks at the head again */
	g_assert_cmpuint(ring_reader_refused(pair->reader), ==, 1);
	atomic_store(&head->head, honest + 1);
	ring_pair_expect_nothing(pair->reader);
	ring_pair_expect_nothing(pair->reader);
	g_assert_cmpuint(ring_reader_refused(pair->reader), ==, 2);
	atomic_store(&head->head, honest);
	expect_recovery(pair, 3);
}

static void
reader_survives_random_octets(struct ring_pair *pair, const void *unused)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(1);
	uint8_t *data = ring_writer_files(pair->writer)->data;
	struct ring_position position = ring_pair_oldest;
	struct ring_entry entry;

	(void)unused;
	for (unsigned round = 0; round < 2000; round++) {
		uint64_t begin = writers_head(pair)->head % RING_PAIR_OCTETS;

		for (uint64_t i = 0; i < 20; i++)
			g_assert_true(ring_pair_push(pair->writer, i));
		for (unsigned i = 0; i < 1 + round % 50; i++)
			data[(begin + (uint64_t)g_rand_int_range(rand, 0, 8000)) %
			     RING_PAIR_OCTETS] = (uint8_t)g_rand_int(rand);
		ring_publish(pair->writer);
		for (unsigned pops = 0; ring_pop(pair->reader, &entry); pops++) {
			g_assert_cmpuint(pops, <, 100);
			position = entry.position;
		}
		ring_commit(pair->reader, position);
	}
	g_assert_cmpuint(ring_reader_refused(pair->reader), >, 0);
}

static void
writer_does_not_believe_an_impossible_tail(struct ring_pair *pair, const void *unused)
{
	struct ring_page *page = ring_reader_files(pair->reader)->page;
	static const uint64_t tails[] = { UINT64_MAX, 17, 1 << 30, UINT64_MAX - 31 };

	(void)unused;
	ring_pair_fill(pair->writer);
	for (size_t i = 0; i < G_N_ELEMENTS(tails); i++) {
		atomic_store(&page->tail, tails[i]);
		g_assert_false(ring_pair_push(pair->writer, 1));
		g_assert_false(ring_wait_room(pair->writer, 0));
	}
}

static void
restarted_writer_makes_anew_a_ring_whose_head_is_wrong(struct ring_pair *pair, const void *unused)
{
	(void)unused;
	ring_pair_push_all(pair->writer, 1, 3);
	atomic_store(&writers_head(pair)->head,
	             96); /* in the middle of an entry: no mark tells of it */
	ring_pair_close_writer(pair);
	ring_pair_open_writer(pair);
	g_assert_true(ring_reader_stale(pair->reader));
	ring_pair_close_reader(pair);
	ring_pair_open_reader(pair, ring_pair_oldest);
	ring_pair_push_all(pair->writer, 5, 5);
	ring_pair_expect(pair->reader, 5);
}

static void
restarted_reader_does_not_believe_its_page_blindly(struct ring_pair *pair, const void *unused)
{
	struct ring_page *page = ring_reader_files(pair->reader)->page;

	(void)unused;
	ring_pair_push_all(pair->writer, 1, 3);
	ring_pair_expect(pair->reader, 1);
	atomic_store(&page->tail, 64); /* in the middle of an entry */
	ring_pair_close_reader(pair);
	ring_pair_open_reader(pair, ring_pair_oldest);
	expect_recovery(pair, 1);
}

#define ADD(function)                                                                              \
	g_test_add("/ring_trust/" #function, struct ring_pair, NULL, ring_pair_set_up, function,   \
	           ring_pair_tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(reader_survives_a_length_beyond_the_head);
	ADD(reader_survives_a_bin_that_is_too_short);
	ADD(reader_survives_an_entry_of_another_ring);
	ADD(reader_survives_a_touch_count_out_of_range);
	ADD(reader_survives_a_head_that_jumps);
	ADD(reader_survives_random_octets);
	ADD(writer_does_not_believe_an_impossible_tail);
	ADD(restarted_writer_makes_anew_a_ring_whose_head_is_wrong);
	ADD(restarted_reader_does_not_believe_its_page_blindly);
	return g_test_run();
}
