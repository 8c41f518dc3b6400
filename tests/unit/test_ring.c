#include "common/ring.h"

#include <gio/gio.h>

#include "common/ring_layout.h"
#include "tests/support/ring_pair.h"

static void
carries_a_bin_as_it_was(struct ring_pair *pair, const void *unused)
{
	struct host_bin bin = ring_pair_bin(7);
	struct ring_entry entry;

	(void)unused;
	bin.touch_count = 2;
	for (int i = 0; i < 2; i++) {
		bin.touches[i].peer = host_address_from_ipv4(0xc0000201 + (uint32_t)i);
		bin.touches[i].octets = 40;
		bin.touches[i].port = 445;
		bin.touches[i].kinds = TOUCH_SENT;
		bin.touches[i].protocol = 6;
	}
	ring_count_dropped(pair->writer, 3);
	g_assert_true(ring_push_bin(pair->writer, 1234, &bin, NULL));
	ring_publish(pair->writer);

	g_assert_true(ring_pop(pair->reader, &entry));
	g_assert_cmpint(entry.type, ==, RING_BIN);
	g_assert_cmpint(entry.bin->export_ms, ==, 1234);
	g_assert_cmpuint(entry.bin->dropped, ==, 3);
	g_assert_cmpmem(&entry.bin->bin, sizeof(bin), &bin, sizeof(bin));
}

static void
carries_an_extension(struct ring_pair *pair, const void *unused)
{
	struct host_bin bin = ring_pair_bin(7);
	struct host_bin_extension extension;
	struct ring_entry entry;

	(void)unused;
	host_bin_extension_init(&extension);
	bin.touch_count = HOST_BIN_EXTENDED;
	extension.sent[3] = 0x1234567890abcdef;
	extension.second_octets[119] = 99;
	g_assert_true(ring_push_bin(pair->writer, 1, &bin, &extension));
	ring_publish(pair->writer);

	g_assert_true(ring_pop(pair->reader, &entry));
	g_assert_cmpmem(&entry.bin->bin, sizeof(bin), &bin, sizeof(bin));
	g_assert_cmpmem(&entry.bin->extension, sizeof(extension), &extension, sizeof(extension));
}

/* Shares of which only the marks and the octets tell anything. */
static struct host_shares
make_shares(union host_cell *cells, size_t count)
{
	for (size_t i = 0; i < count; i++)
		cells[i] = (union host_cell){ .share = { .octets = (uint32_t)i + 1 } };
	return (struct host_shares){ .host = host_address_from_ipv4(0x0a000007),
		                     .minute = 29000000,
		                     .lost = 3,
		                     .count = (uint16_t)count,
		                     .cells = cells };
}

static void
carries_shares(struct ring_pair *pair, const void *unused)
{
	union host_cell cells[HOST_SHARES_CELLS_MOST];

	(void)unused;
	for (size_t count = 0; count <= HOST_SHARES_CELLS_MOST; count++) {
		struct host_shares shares = make_shares(cells, count);
		struct ring_entry entry;

		g_assert_true(ring_push_shares(pair->writer, 1234, &shares));
		ring_publish(pair->writer);
		g_assert_true(ring_pop(pair->reader, &entry));
		g_assert_cmpint(entry.type, ==, RING_SHARES);
		g_assert_cmpint(entry.shares.export_ms, ==, 1234);
		g_assert_cmpuint(entry.shares.part.lost, ==, 3);
		g_assert_cmpuint(entry.shares.part.minute, ==, 29000000);
		g_assert_true(host_address_equal(&entry.shares.part.host, &shares.host));
		g_assert_cmpmem(entry.shares.part.cells, entry.shares.part.count * sizeof(*cells),
		                cells, (int)(count * sizeof(*cells)));
		ring_commit(pair->reader, entry.position);
	}
}

static void
refuses_shares_that_are_not_valid(struct ring_pair *pair, const void *unused)
{
	union host_cell cells[2];
	struct host_shares shares = make_shares(cells, 2);
	struct ring_entry entry;

	(void)unused;
	cells[1].share.marks = SHARE_WIDE; /* and nothing follows */
	g_assert_true(ring_push_shares(pair->writer, 1, &shares));
	ring_publish(pair->writer);
	g_assert_false(ring_pop(pair->reader, &entry));
	g_assert_cmpuint(ring_reader_refused(pair->reader), ==, 1);
}

static void
carries_the_other_entries_in_order(struct ring_pair *pair, const void *unused)
{
	struct ring_watermark watermark = {
		.export_ms = 5, .least_ms = 4, .exporters = 3, .records = 2
	};
	struct ring_entry entry;

	(void)unused;
	g_assert_true(ring_push_watermark(pair->writer, &watermark));
	g_assert_true(ring_push_counters(pair->writer, "{\"records\":2}"));
	g_assert_true(ring_push_end(pair->writer));
	ring_publish(pair->writer);

	g_assert_true(ring_pop(pair->reader, &entry));
	g_assert_cmpint(entry.type, ==, RING_WATERMARK);
	g_assert_cmpmem(&entry.watermark, sizeof(watermark), &watermark, sizeof(watermark));
	g_assert_true(ring_pop(pair->reader, &entry));
	g_assert_cmpint(entry.type, ==, RING_COUNTERS);
	g_assert_cmpstr(entry.counters, ==, "{\"records\":2}");
	g_assert_true(ring_pop(pair->reader, &entry));
	g_assert_cmpint(entry.type, ==, RING_END);
	g_assert_cmpuint(entry.position.sequence, ==, 3);
	ring_pair_expect_nothing(pair->reader);
}

static void
refuses_counters_that_are_too_long(struct ring_pair *pair, const void *unused)
{
	g_autofree char *most = g_strnfill(RING_TEXT_MAX - 1, 'x');
	g_autofree char *more = g_strnfill(RING_TEXT_MAX, 'x');
	struct ring_entry entry;

	(void)unused;
	g_assert_true(ring_push_counters(pair->writer, most));
	g_assert_false(ring_push_counters(pair->writer, more));
	ring_publish(pair->writer);
	g_assert_true(ring_pop(pair->reader, &entry));
	g_assert_cmpstr(entry.counters, ==, most);
}

static void
shows_nothing_before_it_is_published(struct ring_pair *pair, const void *unused)
{
	(void)unused;
	g_assert_true(ring_pair_push(pair->writer, 1));
	ring_pair_expect_nothing(pair->reader);
	ring_publish(pair->writer);
	ring_pair_expect(pair->reader, 1);
}

static void
goes_round_many_times(struct ring_pair *pair, const void *unused)
{
	uint64_t next = 1;

	(void)unused;
	for (unsigned round = 0; round < 200; round++) {
		uint64_t first = next;
		struct ring_position position = ring_pair_oldest;

		/* Of changing numbers, with texts of changing lengths, so that the end is met in
		 * many ways. */
		for (unsigned i = 0; i < 50 + round % 37; i++)
			g_assert_true(ring_pair_push(pair->writer, next++));
		ring_publish(pair->writer);
		while (first < next)
			position = ring_pair_expect(pair->reader, first++);
		ring_commit(pair->reader, position);
	}
	g_assert_cmpuint(ring_reader_missed(pair->reader), ==, 0);
	g_assert_cmpuint(ring_reader_refused(pair->reader), ==, 0);
}

static void
refuses_bins_when_full_and_still_takes_a_watermark(struct ring_pair *pair, const void *unused)
{
	struct ring_watermark watermark = { .export_ms = 5 };
	uint64_t pushed = ring_pair_fill(pair->writer);
	struct ring_position position = ring_pair_oldest;

	(void)unused;
	g_assert_cmpuint(pushed, >, 200);
	g_assert_cmpuint(ring_writer_used(pair->writer), <=, RING_PAIR_OCTETS);
	g_assert_true(ring_push_watermark(pair->writer, &watermark));
	g_assert_false(ring_wait_room(pair->writer, 0));

	for (uint64_t i = 1; i <= pushed; i++)
		position = ring_pair_expect(pair->reader, i);
	g_assert_false(ring_pair_push(pair->writer, 0)); /* read is not dealt with */
	ring_commit(pair->reader, position);
	g_assert_true(ring_wait_room(pair->writer, 0));
	g_assert_true(ring_pair_push(pair->writer, 0));
}

static void
commits_a_part_of_what_was_read(struct ring_pair *pair, const void *unused)
{
	struct ring_position third;

	(void)unused;
	ring_pair_push_all(pair->writer, 1, 5);
	ring_pair_expect(pair->reader, 1);
	ring_pair_expect(pair->reader, 2);
	third = ring_pair_expect(pair->reader, 3);
	ring_pair_expect(pair->reader, 4);
	ring_commit(pair->reader, third);
	ring_pair_close_reader(pair);
	ring_pair_open_reader(pair, ring_pair_oldest);
	ring_pair_expect(pair->reader, 4);
}

static void
goes_on_behind_the_position_that_was_kept(struct ring_pair *pair, const void *unused)
{
	struct ring_position second;

	(void)unused;
	ring_pair_push_all(pair->writer, 1, 5);
	ring_pair_expect(pair->reader, 1);
	second = ring_pair_expect(pair->reader, 2);
	ring_pair_expect(pair->reader, 3);
	ring_pair_close_reader(pair); /* before it could commit */
	ring_pair_open_reader(pair, second);
	ring_pair_expect(pair->reader, 3);
	g_assert_cmpuint(ring_reader_missed(pair->reader), ==, 0);
}

static void
counts_what_is_gone_for_a_position_that_is_too_old(struct ring_pair *pair, const void *unused)
{
	struct ring_position first, fourth;

	(void)unused;
	ring_pair_push_all(pair->writer, 1, 5);
	first = ring_pair_expect(pair->reader, 1);
	ring_pair_expect(pair->reader, 2);
	ring_pair_expect(pair->reader, 3);
	fourth = ring_pair_expect(pair->reader, 4);
	ring_commit(pair->reader, fourth);
	ring_pair_close_reader(pair);
	ring_pair_open_reader(pair, first);
	ring_pair_expect(pair->reader, 5);
	g_assert_cmpuint(ring_reader_missed(pair->reader), ==, 3);
}

static void
keeps_unread_entries_over_a_restart_of_the_writer(struct ring_pair *pair, const void *unused)
{
	struct ring_position before, after;

	(void)unused;
	ring_pair_push_all(pair->writer, 1, 2);
	ring_pair_close_writer(pair);
	ring_pair_open_writer(pair);
	ring_pair_push_all(pair->writer, 3, 3);
	ring_pair_expect(pair->reader, 1);
	before = ring_pair_expect(pair->reader, 2);
	after = ring_pair_expect(pair->reader, 3);
	g_assert_cmpuint(after.epoch, ==, before.epoch + 1);
	g_assert_cmpuint(after.sequence, ==, before.sequence + 1);
}

static void
reads_a_new_ring_from_its_start_whatever_was_kept(struct ring_pair *pair, const void *unused)
{
	g_autoptr(GError) error = NULL;
	struct ring_position kept;

	(void)unused;
	ring_pair_push_all(pair->writer, 1, 3);
	ring_pair_expect(pair->reader, 1);
	ring_pair_expect(pair->reader, 2);
	kept = ring_pair_expect(pair->reader, 3);
	g_assert_false(ring_reader_stale(pair->reader));
	ring_pair_close_writer(pair);
	pair->writer = ring_open_writer(pair->folder, 0, 2 * RING_PAIR_OCTETS, &error);
	g_assert_no_error(error);
	g_assert_true(ring_reader_stale(pair->reader));
	g_assert_cmpuint(ring_writer_used(pair->writer), ==, 0);

	ring_pair_push_all(pair->writer, 11, 12);
	ring_pair_close_reader(pair);
	ring_pair_open_reader(pair, kept);
	ring_pair_expect(pair->reader, 11);
	ring_pair_expect(pair->reader, 12);
	g_assert_cmpuint(ring_reader_missed(pair->reader), ==, 0);
}

enum { THREAD_ENTRIES = 60000 };

static void *
write_in_thread(void *data)
{
	RingWriter *writer = data;

	for (uint64_t i = 1; i <= THREAD_ENTRIES; i++) {
		while (!ring_pair_push(writer, i))
			ring_wait_room(writer, 100);
		if (i % 32 == 0)
			ring_publish(writer);
	}
	while (!ring_push_end(writer))
		ring_wait_room(writer, 100);
	ring_publish(writer);
	return NULL;
}

static void
two_threads_share_one_mapping(struct ring_pair *pair, const void *unused)
{
	struct ring_entry entry = { 0 };
	uint64_t next = 1;
	GThread *thread;

	(void)unused;
	ring_files_share(ring_writer_files(pair->writer), ring_reader_files(pair->reader));
	thread = g_thread_new("writer", write_in_thread, pair->writer);
	while (entry.type != RING_END) {
		if (!ring_pop(pair->reader, &entry)) {
			ring_wait_entry(pair->reader, 100);
			continue;
		}
		if (entry.type == RING_BIN)
			g_assert_cmpuint(entry.bin->bin.octets[HOST_OUT], ==, next++);
		if (entry.position.sequence % 64 == 0)
			ring_commit(pair->reader, entry.position);
	}
	g_thread_join(thread);
	g_assert_cmpuint(next, ==, THREAD_ENTRIES + 1);
	g_assert_cmpuint(ring_reader_missed(pair->reader), ==, 0);
}

#define ADD(function)                                                                              \
	g_test_add("/ring/" #function, struct ring_pair, NULL, ring_pair_set_up, function,         \
	           ring_pair_tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(carries_a_bin_as_it_was);
	ADD(carries_an_extension);
	ADD(carries_shares);
	ADD(refuses_shares_that_are_not_valid);
	ADD(carries_the_other_entries_in_order);
	ADD(refuses_counters_that_are_too_long);
	ADD(shows_nothing_before_it_is_published);
	ADD(goes_round_many_times);
	ADD(refuses_bins_when_full_and_still_takes_a_watermark);
	ADD(commits_a_part_of_what_was_read);
	ADD(goes_on_behind_the_position_that_was_kept);
	ADD(counts_what_is_gone_for_a_position_that_is_too_old);
	ADD(keeps_unread_entries_over_a_restart_of_the_writer);
	ADD(reads_a_new_ring_from_its_start_whatever_was_kept);
	ADD(two_threads_share_one_mapping);
	return g_test_run();
}
