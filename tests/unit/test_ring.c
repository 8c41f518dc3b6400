#include "common/ring.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/ring_layout.h"

enum { SMALL = RING_SIZE_LEAST };

static const struct ring_position oldest = { 0, 0 };

struct fixture {
	char *folder;
	RingWriter *writer;
	RingReader *reader;
};

static void
open_writer(struct fixture *fixture)
{
	g_autoptr(GError) error = NULL;

	fixture->writer = ring_open_writer(fixture->folder, 0, SMALL, &error);
	g_assert_no_error(error);
}

static void
open_reader(struct fixture *fixture, struct ring_position from)
{
	g_autoptr(GError) error = NULL;

	fixture->reader = ring_open_reader(fixture->folder, 0, from, &error);
	g_assert_no_error(error);
}

static void
close_writer(struct fixture *fixture)
{
	g_clear_pointer(&fixture->writer, ring_close_writer);
}

static void
close_reader(struct fixture *fixture)
{
	g_clear_pointer(&fixture->reader, ring_close_reader);
}

static void
set_up(struct fixture *fixture, const void *unused)
{
	(void)unused;
	fixture->folder = g_dir_make_tmp("ring-XXXXXX", NULL);
	open_writer(fixture);
	open_reader(fixture, oldest);
}

static void
tear_down(struct fixture *fixture, const void *unused)
{
	static const char *const names[] = { "ring.0", "ring.0.reader" };

	(void)unused;
	close_writer(fixture);
	close_reader(fixture);
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(fixture->folder, names[i], NULL);

		g_unlink(path);
	}
	g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
	g_free(fixture->folder);
}

/* A bin that tells its number. */
static struct host_bin
numbered_bin(uint64_t number)
{
	struct host_address host = host_address_from_ipv4(0x0a000000 + (uint32_t)number);
	struct host_bin bin;

	host_bin_init(&bin, &host, 29000000);
	bin.octets[HOST_OUT] = number;
	return bin;
}

static bool
push_number(RingWriter *writer, uint64_t number)
{
	struct host_bin bin = numbered_bin(number);

	return ring_push_bin(writer, (int64_t)number * 1000, &bin, NULL);
}

static void
push_numbers(RingWriter *writer, uint64_t first, uint64_t last)
{
	for (uint64_t i = first; i <= last; i++)
		g_assert_true(push_number(writer, i));
	ring_publish(writer);
}

/* Pops one bin, which must be of that number. */
static struct ring_position
expect_number(RingReader *reader, uint64_t number)
{
	struct ring_entry entry;

	g_assert_true(ring_pop(reader, &entry));
	g_assert_cmpint(entry.type, ==, RING_BIN);
	g_assert_cmpuint(entry.bin->bin.octets[HOST_OUT], ==, number);
	return entry.position;
}

static void
expect_nothing(RingReader *reader)
{
	struct ring_entry entry;

	g_assert_false(ring_pop(reader, &entry));
}

static uint64_t
fill(RingWriter *writer)
{
	uint64_t pushed = 0;

	while (push_number(writer, pushed + 1))
		pushed++;
	ring_publish(writer);
	return pushed;
}

static void
carries_a_bin_as_it_was(struct fixture *fixture, const void *unused)
{
	struct host_bin bin = numbered_bin(7);
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
	ring_count_dropped(fixture->writer, 3);
	g_assert_true(ring_push_bin(fixture->writer, 1234, &bin, NULL));
	ring_publish(fixture->writer);

	g_assert_true(ring_pop(fixture->reader, &entry));
	g_assert_cmpint(entry.type, ==, RING_BIN);
	g_assert_cmpint(entry.bin->export_ms, ==, 1234);
	g_assert_cmpuint(entry.bin->dropped, ==, 3);
	g_assert_cmpmem(&entry.bin->bin, sizeof(bin), &bin, sizeof(bin));
}

static void
carries_an_extension(struct fixture *fixture, const void *unused)
{
	struct host_bin bin = numbered_bin(7);
	struct host_bin_extension extension;
	struct ring_entry entry;

	(void)unused;
	host_bin_extension_init(&extension);
	bin.touch_count = HOST_BIN_EXTENDED;
	extension.sent[3] = 0x1234567890abcdef;
	extension.second_octets[119] = 99;
	g_assert_true(ring_push_bin(fixture->writer, 1, &bin, &extension));
	ring_publish(fixture->writer);

	g_assert_true(ring_pop(fixture->reader, &entry));
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
carries_shares(struct fixture *fixture, const void *unused)
{
	union host_cell cells[HOST_SHARES_CELLS_MOST];

	(void)unused;
	for (size_t count = 0; count <= HOST_SHARES_CELLS_MOST; count++) {
		struct host_shares shares = make_shares(cells, count);
		struct ring_entry entry;

		g_assert_true(ring_push_shares(fixture->writer, 1234, &shares));
		ring_publish(fixture->writer);
		g_assert_true(ring_pop(fixture->reader, &entry));
		g_assert_cmpint(entry.type, ==, RING_SHARES);
		g_assert_cmpint(entry.shares.export_ms, ==, 1234);
		g_assert_cmpuint(entry.shares.part.lost, ==, 3);
		g_assert_cmpuint(entry.shares.part.minute, ==, 29000000);
		g_assert_true(host_address_equal(&entry.shares.part.host, &shares.host));
		g_assert_cmpmem(entry.shares.part.cells,
		                entry.shares.part.count * sizeof(*cells), cells,
		                (int)(count * sizeof(*cells)));
		ring_commit(fixture->reader, entry.position);
	}
}

static void
refuses_shares_that_are_not_valid(struct fixture *fixture, const void *unused)
{
	union host_cell cells[2];
	struct host_shares shares = make_shares(cells, 2);
	struct ring_entry entry;

	(void)unused;
	cells[1].share.marks = SHARE_WIDE; /* and nothing follows */
	g_assert_true(ring_push_shares(fixture->writer, 1, &shares));
	ring_publish(fixture->writer);
	g_assert_false(ring_pop(fixture->reader, &entry));
	g_assert_cmpuint(ring_reader_refused(fixture->reader), ==, 1);
}

static void
carries_the_other_entries_in_order(struct fixture *fixture, const void *unused)
{
	struct ring_watermark watermark = { .export_ms = 5, .least_ms = 4, .exporters = 3, .records = 2 };
	struct ring_entry entry;

	(void)unused;
	g_assert_true(ring_push_watermark(fixture->writer, &watermark));
	g_assert_true(ring_push_counters(fixture->writer, "{\"records\":2}"));
	g_assert_true(ring_push_end(fixture->writer));
	ring_publish(fixture->writer);

	g_assert_true(ring_pop(fixture->reader, &entry));
	g_assert_cmpint(entry.type, ==, RING_WATERMARK);
	g_assert_cmpmem(&entry.watermark, sizeof(watermark), &watermark, sizeof(watermark));
	g_assert_true(ring_pop(fixture->reader, &entry));
	g_assert_cmpint(entry.type, ==, RING_COUNTERS);
	g_assert_cmpstr(entry.counters, ==, "{\"records\":2}");
	g_assert_true(ring_pop(fixture->reader, &entry));
	g_assert_cmpint(entry.type, ==, RING_END);
	g_assert_cmpuint(entry.position.sequence, ==, 3);
	expect_nothing(fixture->reader);
}

static void
refuses_counters_that_are_too_long(struct fixture *fixture, const void *unused)
{
	g_autofree char *most = g_strnfill(RING_TEXT_MAX - 1, 'x');
	g_autofree char *more = g_strnfill(RING_TEXT_MAX, 'x');
	struct ring_entry entry;

	(void)unused;
	g_assert_true(ring_push_counters(fixture->writer, most));
	g_assert_false(ring_push_counters(fixture->writer, more));
	ring_publish(fixture->writer);
	g_assert_true(ring_pop(fixture->reader, &entry));
	g_assert_cmpstr(entry.counters, ==, most);
}

static void
shows_nothing_before_it_is_published(struct fixture *fixture, const void *unused)
{
	(void)unused;
	g_assert_true(push_number(fixture->writer, 1));
	expect_nothing(fixture->reader);
	ring_publish(fixture->writer);
	expect_number(fixture->reader, 1);
}

static void
goes_round_many_times(struct fixture *fixture, const void *unused)
{
	uint64_t next = 1;

	(void)unused;
	for (unsigned round = 0; round < 200; round++) {
		uint64_t first = next;
		struct ring_position position = oldest;

		/* Of changing numbers, with texts of changing lengths, so that the end is met in many ways. */
		for (unsigned i = 0; i < 50 + round % 37; i++)
			g_assert_true(push_number(fixture->writer, next++));
		ring_publish(fixture->writer);
		while (first < next)
			position = expect_number(fixture->reader, first++);
		ring_commit(fixture->reader, position);
	}
	g_assert_cmpuint(ring_reader_missed(fixture->reader), ==, 0);
	g_assert_cmpuint(ring_reader_refused(fixture->reader), ==, 0);
}

static void
refuses_bins_when_full_and_still_takes_a_watermark(struct fixture *fixture, const void *unused)
{
	struct ring_watermark watermark = { .export_ms = 5 };
	uint64_t pushed = fill(fixture->writer);
	struct ring_position position = oldest;

	(void)unused;
	g_assert_cmpuint(pushed, >, 200);
	g_assert_cmpuint(ring_writer_used(fixture->writer), <=, SMALL);
	g_assert_true(ring_push_watermark(fixture->writer, &watermark));
	g_assert_false(ring_wait_room(fixture->writer, 0));

	for (uint64_t i = 1; i <= pushed; i++)
		position = expect_number(fixture->reader, i);
	g_assert_false(push_number(fixture->writer, 0)); /* read is not dealt with */
	ring_commit(fixture->reader, position);
	g_assert_true(ring_wait_room(fixture->writer, 0));
	g_assert_true(push_number(fixture->writer, 0));
}

static void
commits_a_part_of_what_was_read(struct fixture *fixture, const void *unused)
{
	struct ring_position third;

	(void)unused;
	push_numbers(fixture->writer, 1, 5);
	expect_number(fixture->reader, 1);
	expect_number(fixture->reader, 2);
	third = expect_number(fixture->reader, 3);
	expect_number(fixture->reader, 4);
	ring_commit(fixture->reader, third);
	close_reader(fixture);
	open_reader(fixture, oldest);
	expect_number(fixture->reader, 4);
}

static void
goes_on_behind_the_position_that_was_kept(struct fixture *fixture, const void *unused)
{
	struct ring_position second;

	(void)unused;
	push_numbers(fixture->writer, 1, 5);
	expect_number(fixture->reader, 1);
	second = expect_number(fixture->reader, 2);
	expect_number(fixture->reader, 3);
	close_reader(fixture); /* before it could commit */
	open_reader(fixture, second);
	expect_number(fixture->reader, 3);
	g_assert_cmpuint(ring_reader_missed(fixture->reader), ==, 0);
}

static void
counts_what_is_gone_for_a_position_that_is_too_old(struct fixture *fixture, const void *unused)
{
	struct ring_position first, fourth;

	(void)unused;
	push_numbers(fixture->writer, 1, 5);
	first = expect_number(fixture->reader, 1);
	expect_number(fixture->reader, 2);
	expect_number(fixture->reader, 3);
	fourth = expect_number(fixture->reader, 4);
	ring_commit(fixture->reader, fourth);
	close_reader(fixture);
	open_reader(fixture, first);
	expect_number(fixture->reader, 5);
	g_assert_cmpuint(ring_reader_missed(fixture->reader), ==, 3);
}

static void
keeps_unread_entries_over_a_restart_of_the_writer(struct fixture *fixture, const void *unused)
{
	struct ring_position before, after;

	(void)unused;
	push_numbers(fixture->writer, 1, 2);
	close_writer(fixture);
	open_writer(fixture);
	push_numbers(fixture->writer, 3, 3);
	expect_number(fixture->reader, 1);
	before = expect_number(fixture->reader, 2);
	after = expect_number(fixture->reader, 3);
	g_assert_cmpuint(after.epoch, ==, before.epoch + 1);
	g_assert_cmpuint(after.sequence, ==, before.sequence + 1);
}

static void
reads_a_new_ring_from_its_start_whatever_was_kept(struct fixture *fixture, const void *unused)
{
	g_autoptr(GError) error = NULL;
	struct ring_position kept;

	(void)unused;
	push_numbers(fixture->writer, 1, 3);
	expect_number(fixture->reader, 1);
	expect_number(fixture->reader, 2);
	kept = expect_number(fixture->reader, 3);
	g_assert_false(ring_reader_stale(fixture->reader));
	close_writer(fixture);
	fixture->writer = ring_open_writer(fixture->folder, 0, 2 * SMALL, &error);
	g_assert_no_error(error);
	g_assert_true(ring_reader_stale(fixture->reader));
	g_assert_cmpuint(ring_writer_used(fixture->writer), ==, 0);

	push_numbers(fixture->writer, 11, 12);
	close_reader(fixture);
	open_reader(fixture, kept);
	expect_number(fixture->reader, 11);
	expect_number(fixture->reader, 12);
	g_assert_cmpuint(ring_reader_missed(fixture->reader), ==, 0);
}

static void
writer_notices_that_its_file_is_gone(struct fixture *fixture, const void *unused)
{
	g_autofree char *path = ring_path(fixture->folder, 0);

	(void)unused;
	g_assert_false(ring_writer_stale(fixture->writer));
	g_assert_cmpint(g_unlink(path), ==, 0);
	g_assert_true(ring_writer_stale(fixture->writer));
	close_writer(fixture);
	open_writer(fixture);
	push_numbers(fixture->writer, 1, 1);
	close_reader(fixture);
	open_reader(fixture, oldest);
	expect_number(fixture->reader, 1);
}

static void
refuses_a_second_writer_and_a_second_reader(struct fixture *fixture, const void *unused)
{
	g_autoptr(GError) writer_error = NULL;
	g_autoptr(GError) reader_error = NULL;

	(void)unused;
	g_assert_null(ring_open_writer(fixture->folder, 0, SMALL, &writer_error));
	g_assert_error(writer_error, G_IO_ERROR, G_IO_ERROR_BUSY);
	g_assert_nonnull(strstr(writer_error->message, "ring.0"));
	g_assert_null(ring_open_reader(fixture->folder, 0, oldest, &reader_error));
	g_assert_error(reader_error, G_IO_ERROR, G_IO_ERROR_BUSY);
}

static void
each_side_knows_whether_the_other_is_there(struct fixture *fixture, const void *unused)
{
	(void)unused;
	g_assert_true(ring_writer_has_reader(fixture->writer));
	g_assert_true(ring_reader_has_writer(fixture->reader));
	close_reader(fixture);
	g_assert_false(ring_writer_has_reader(fixture->writer));
	open_reader(fixture, oldest);
	close_writer(fixture);
	g_assert_false(ring_reader_has_writer(fixture->reader));
	open_writer(fixture);
}

static void
expect_no_hole(const struct fixture *fixture, const char *name)
{
	g_autofree char *path = g_build_filename(fixture->folder, name, NULL);
	struct stat status;

	g_assert_cmpint(stat(path, &status), ==, 0);
	g_assert_cmpint(status.st_size, >, 0);
	g_assert_cmpint(status.st_blocks * 512, >=, status.st_size);
}

/* A hole in a mapped file is a SIGBUS to come, when the folder has filled up. */
static void
files_set_aside_have_no_holes(struct fixture *fixture, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;

	(void)unused;
	g_assert_true(ring_set_aside(fixture->writer, &error));
	g_assert_no_error(error);
	expect_no_hole(fixture, "ring.0");
	expect_no_hole(fixture, "ring.0.reader");
}

static void
takes_room_of_its_file_as_it_is_written(struct fixture *fixture, gconstpointer unused)
{
	enum { LARGE = 32 << 20, ENTRIES = 10000 };
	g_autofree char *path = ring_path(fixture->folder, 0);
	g_autoptr(GError) error = NULL;
	struct stat status;

	(void)unused;
	close_reader(fixture);
	close_writer(fixture);
	fixture->writer = ring_open_writer(fixture->folder, 0, LARGE, &error);
	g_assert_no_error(error);
	push_numbers(fixture->writer, 1, ENTRIES);
	g_assert_cmpint(stat(path, &status), ==, 0);
	g_assert_cmpint(status.st_blocks * 512, <, LARGE / 2);
	/* A restarted writer goes on where that one had come to. */
	close_writer(fixture);
	fixture->writer = ring_open_writer(fixture->folder, 0, LARGE, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(fill(fixture->writer), >, ENTRIES);
	open_reader(fixture, oldest);
	for (uint64_t i = 1; i <= ENTRIES; i++)
		expect_number(fixture->reader, i);
	expect_number(fixture->reader, 1);
}

static void
pushes_nothing_where_its_file_finds_no_room(struct fixture *fixture, gconstpointer unused)
{
	g_autofree char *path = ring_path(fixture->folder, 0);
	g_autoptr(GError) error = NULL;
	struct ring_files *files = ring_writer_files(fixture->writer);
	int writable = files->ring_fd;

	(void)unused;
	g_assert_true(ring_check(fixture->writer, &error));
	files->ring_fd = open(path, O_RDONLY | O_CLOEXEC); /* of which no room can be had */
	g_assert_false(push_number(fixture->writer, 1));
	close(files->ring_fd);
	files->ring_fd = writable;
	g_assert_false(push_number(fixture->writer, 1));
	g_assert_false(ring_check(fixture->writer, &error));
	g_assert_nonnull(error);
	expect_nothing(fixture->reader);
}

static void
files_are_for_their_owner_alone(struct fixture *fixture, const void *unused)
{
	g_autofree char *path = ring_path(fixture->folder, 0);
	g_autofree char *page = ring_page_path(path);
	struct stat status;

	(void)unused;
	g_assert_cmpint(stat(path, &status), ==, 0);
	g_assert_cmpint(status.st_mode & 0777, ==, 0600);
	g_assert_cmpint(stat(page, &status), ==, 0);
	g_assert_cmpint(status.st_mode & 0777, ==, 0600);
}

static void
reader_names_the_file_that_is_no_ring(struct fixture *fixture, const void *unused)
{
	g_autofree char *path = ring_path(fixture->folder, 1);
	g_autoptr(GError) missing = NULL;
	g_autoptr(GError) empty = NULL;
	g_autoptr(GError) foreign = NULL;

	(void)unused;
	g_assert_null(ring_open_reader(fixture->folder, 1, oldest, &missing));
	g_assert_error(missing, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
	g_assert_true(g_file_set_contents(path, "", 0, NULL));
	g_assert_null(ring_open_reader(fixture->folder, 1, oldest, &empty));
	g_assert_error(empty, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
	g_assert_true(g_file_set_contents(path, "what is this?", -1, NULL));
	g_assert_null(ring_open_reader(fixture->folder, 1, oldest, &foreign));
	g_assert_error(foreign, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
	g_assert_nonnull(strstr(foreign->message, path));
	g_unlink(path);
}

static void
makes_anew_what_is_no_ring(struct fixture *fixture, const void *unused)
{
	g_autofree char *path = ring_path(fixture->folder, 0);

	(void)unused;
	close_writer(fixture);
	close_reader(fixture);
	g_assert_true(g_file_set_contents(path, "what is this?", -1, NULL));
	open_writer(fixture);
	open_reader(fixture, oldest);
	push_numbers(fixture->writer, 1, 1);
	expect_number(fixture->reader, 1);
}

/* Hostile peers */

static struct ring_head *
writers_head(struct fixture *fixture)
{
	return ring_writer_files(fixture->writer)->head;
}

/* After a broken entry the reader must find the next honest one. */
static void
expect_recovery(struct fixture *fixture, uint64_t refused)
{
	expect_nothing(fixture->reader);
	g_assert_cmpuint(ring_reader_refused(fixture->reader), ==, refused);
	push_numbers(fixture->writer, 42, 42);
	expect_number(fixture->reader, 42);
}

static void
corrupt_entry(struct fixture *fixture, const struct ring_entry_head *entry)
{
	push_numbers(fixture->writer, 1, 1);
	memcpy(ring_writer_files(fixture->writer)->data, entry, sizeof(*entry));
	expect_recovery(fixture, 1);
}

static void
reader_survives_a_length_beyond_the_head(struct fixture *fixture, const void *unused)
{
	struct ring_entry_head entry = { UINT32_MAX, RING_BIN, 0, 1 };

	(void)unused;
	entry.epoch = atomic_load(&writers_head(fixture)->epoch);
	corrupt_entry(fixture, &entry);
}

static void
reader_survives_a_bin_that_is_too_short(struct fixture *fixture, const void *unused)
{
	struct ring_entry_head entry = { 8, RING_BIN, 0, 1 };

	(void)unused;
	entry.epoch = atomic_load(&writers_head(fixture)->epoch);
	push_numbers(fixture->writer, 1, 1);
	memcpy(ring_writer_files(fixture->writer)->data, &entry, sizeof(entry));
	expect_nothing(fixture->reader);
	g_assert_cmpuint(ring_reader_refused(fixture->reader), >, 0);
	push_numbers(fixture->writer, 42, 42);
	expect_number(fixture->reader, 42);
}

static void
reader_survives_an_entry_of_another_ring(struct fixture *fixture, const void *unused)
{
	struct ring_entry_head entry = { 8, RING_BIN, UINT64_C(7) << 32, 1 };

	(void)unused;
	corrupt_entry(fixture, &entry);
}

static void
reader_survives_a_touch_count_out_of_range(struct fixture *fixture, const void *unused)
{
	uint8_t *data = ring_writer_files(fixture->writer)->data;
	uint16_t count = HOST_BIN_TOUCHES + 1;

	(void)unused;
	push_numbers(fixture->writer, 1, 2);
	memcpy(data + sizeof(struct ring_entry_head) + sizeof(struct ring_bin_head) +
	               offsetof(struct host_bin, touch_count),
	       &count, sizeof(count));
	expect_number(fixture->reader, 2);
	g_assert_cmpuint(ring_reader_refused(fixture->reader), ==, 1);
}

static void
reader_survives_a_head_that_jumps(struct fixture *fixture, const void *unused)
{
	struct ring_head *head = writers_head(fixture);
	uint64_t honest;

	(void)unused;
	push_numbers(fixture->writer, 1, 3);
	expect_number(fixture->reader, 1);
	honest = atomic_load(&head->head);
	atomic_store(&head->head, honest + 64 * (uint64_t)SMALL);
	expect_number(fixture->reader, 2);
	expect_number(fixture->reader, 3);
	expect_nothing(fixture->reader); /* now it looks at the head again */
	g_assert_cmpuint(ring_reader_refused(fixture->reader), ==, 1);
	atomic_store(&head->head, honest + 1);
	expect_nothing(fixture->reader);
	expect_nothing(fixture->reader);
	g_assert_cmpuint(ring_reader_refused(fixture->reader), ==, 2);
	atomic_store(&head->head, honest);
	expect_recovery(fixture, 3);
}

static void
reader_survives_random_octets(struct fixture *fixture, const void *unused)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(1);
	uint8_t *data = ring_writer_files(fixture->writer)->data;
	struct ring_position position = oldest;
	struct ring_entry entry;

	(void)unused;
	for (unsigned round = 0; round < 2000; round++) {
		uint64_t begin = writers_head(fixture)->head % SMALL;

		for (uint64_t i = 0; i < 20; i++)
			g_assert_true(push_number(fixture->writer, i));
		for (unsigned i = 0; i < 1 + round % 50; i++)
			data[(begin + (uint64_t)g_rand_int_range(rand, 0, 8000)) % SMALL] =
			        (uint8_t)g_rand_int(rand);
		ring_publish(fixture->writer);
		for (unsigned pops = 0; ring_pop(fixture->reader, &entry); pops++) {
			g_assert_cmpuint(pops, <, 100);
			position = entry.position;
		}
		ring_commit(fixture->reader, position);
	}
	g_assert_cmpuint(ring_reader_refused(fixture->reader), >, 0);
}

static void
writer_does_not_believe_an_impossible_tail(struct fixture *fixture, const void *unused)
{
	struct ring_page *page = ring_reader_files(fixture->reader)->page;
	static const uint64_t tails[] = { UINT64_MAX, 17, 1 << 30, UINT64_MAX - 31 };

	(void)unused;
	fill(fixture->writer);
	for (size_t i = 0; i < G_N_ELEMENTS(tails); i++) {
		atomic_store(&page->tail, tails[i]);
		g_assert_false(push_number(fixture->writer, 1));
		g_assert_false(ring_wait_room(fixture->writer, 0));
	}
}

static void
restarted_writer_makes_anew_a_ring_whose_head_is_wrong(struct fixture *fixture, const void *unused)
{
	(void)unused;
	push_numbers(fixture->writer, 1, 3);
	atomic_store(&writers_head(fixture)->head, 96); /* in the middle of an entry: no mark tells of it */
	close_writer(fixture);
	open_writer(fixture);
	g_assert_true(ring_reader_stale(fixture->reader));
	close_reader(fixture);
	open_reader(fixture, oldest);
	push_numbers(fixture->writer, 5, 5);
	expect_number(fixture->reader, 5);
}

static void
restarted_reader_does_not_believe_its_page_blindly(struct fixture *fixture, const void *unused)
{
	struct ring_page *page = ring_reader_files(fixture->reader)->page;

	(void)unused;
	push_numbers(fixture->writer, 1, 3);
	expect_number(fixture->reader, 1);
	atomic_store(&page->tail, 64); /* in the middle of an entry */
	close_reader(fixture);
	open_reader(fixture, oldest);
	expect_recovery(fixture, 1);
}

/* Threads over one mapping */

enum { THREAD_ENTRIES = 60000 };

static void *
write_in_thread(void *data)
{
	RingWriter *writer = data;

	for (uint64_t i = 1; i <= THREAD_ENTRIES; i++) {
		while (!push_number(writer, i))
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
two_threads_share_one_mapping(struct fixture *fixture, const void *unused)
{
	struct ring_entry entry = { 0 };
	uint64_t next = 1;
	GThread *thread;

	(void)unused;
	ring_files_share(ring_writer_files(fixture->writer), ring_reader_files(fixture->reader));
	thread = g_thread_new("writer", write_in_thread, fixture->writer);
	while (entry.type != RING_END) {
		if (!ring_pop(fixture->reader, &entry)) {
			ring_wait_entry(fixture->reader, 100);
			continue;
		}
		if (entry.type == RING_BIN)
			g_assert_cmpuint(entry.bin->bin.octets[HOST_OUT], ==, next++);
		if (entry.position.sequence % 64 == 0)
			ring_commit(fixture->reader, entry.position);
	}
	g_thread_join(thread);
	g_assert_cmpuint(next, ==, THREAD_ENTRIES + 1);
	g_assert_cmpuint(ring_reader_missed(fixture->reader), ==, 0);
}

#define ADD(function)                                                                              \
	g_test_add("/ring/" #function, struct fixture, NULL, set_up, function, tear_down)

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
	ADD(writer_notices_that_its_file_is_gone);
	ADD(refuses_a_second_writer_and_a_second_reader);
	ADD(each_side_knows_whether_the_other_is_there);
	ADD(files_set_aside_have_no_holes);
	ADD(takes_room_of_its_file_as_it_is_written);
	ADD(pushes_nothing_where_its_file_finds_no_room);
	ADD(files_are_for_their_owner_alone);
	ADD(reader_names_the_file_that_is_no_ring);
	ADD(makes_anew_what_is_no_ring);
	ADD(reader_survives_a_length_beyond_the_head);
	ADD(reader_survives_a_bin_that_is_too_short);
	ADD(reader_survives_an_entry_of_another_ring);
	ADD(reader_survives_a_touch_count_out_of_range);
	ADD(reader_survives_a_head_that_jumps);
	ADD(reader_survives_random_octets);
	ADD(writer_does_not_believe_an_impossible_tail);
	ADD(restarted_writer_makes_anew_a_ring_whose_head_is_wrong);
	ADD(restarted_reader_does_not_believe_its_page_blindly);
	ADD(two_threads_share_one_mapping);
	return g_test_run();
}
