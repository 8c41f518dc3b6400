#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/ring_layout.h"
#include "tests/support/ring_pair.h"

static void
writer_notices_that_its_file_is_gone(struct ring_pair *pair, const void *unused)
{
	g_autofree char *path = ring_path(pair->folder, 0);

	(void)unused;
	g_assert_false(ring_writer_stale(pair->writer));
	g_assert_cmpint(g_unlink(path), ==, 0);
	g_assert_true(ring_writer_stale(pair->writer));
	ring_pair_close_writer(pair);
	ring_pair_open_writer(pair);
	ring_pair_push_all(pair->writer, 1, 1);
	ring_pair_close_reader(pair);
	ring_pair_open_reader(pair, ring_pair_oldest);
	ring_pair_expect(pair->reader, 1);
}

static void
sides_notice_that_a_file_was_cut_short(struct ring_pair *pair, const void *unused)
{
	g_autofree char *path = ring_path(pair->folder, 0);
	g_autofree char *page = ring_page_path(path);

	(void)unused;
	g_assert_cmpint(truncate(path, RING_PAGE), ==, 0);
	g_assert_true(ring_writer_stale(pair->writer));
	g_assert_true(ring_reader_stale(pair->reader));
	ring_pair_close_writer(pair);
	ring_pair_close_reader(pair);
	ring_pair_open_writer(pair);
	ring_pair_open_reader(pair, ring_pair_oldest);
	ring_pair_push_all(pair->writer, 1, 1);
	ring_pair_expect(pair->reader, 1);
	g_assert_cmpint(truncate(page, 0), ==, 0);
	g_assert_true(ring_writer_stale(pair->writer));
	g_assert_true(ring_reader_stale(pair->reader));
}

static void
refuses_a_second_writer_and_a_second_reader(struct ring_pair *pair, const void *unused)
{
	g_autoptr(GError) writer_error = NULL;
	g_autoptr(GError) reader_error = NULL;

	(void)unused;
	g_assert_null(ring_open_writer(pair->folder, 0, RING_PAIR_OCTETS, &writer_error));
	g_assert_error(writer_error, G_IO_ERROR, G_IO_ERROR_BUSY);
	g_assert_nonnull(strstr(writer_error->message, "ring.0"));
	g_assert_null(ring_open_reader(pair->folder, 0, ring_pair_oldest, &reader_error));
	g_assert_error(reader_error, G_IO_ERROR, G_IO_ERROR_BUSY);
}

static void
each_side_knows_whether_the_other_is_there(struct ring_pair *pair, const void *unused)
{
	(void)unused;
	g_assert_true(ring_writer_has_reader(pair->writer));
	g_assert_true(ring_reader_has_writer(pair->reader));
	ring_pair_close_reader(pair);
	g_assert_false(ring_writer_has_reader(pair->writer));
	ring_pair_open_reader(pair, ring_pair_oldest);
	ring_pair_close_writer(pair);
	g_assert_false(ring_reader_has_writer(pair->reader));
	ring_pair_open_writer(pair);
}

static void
expect_no_hole(const struct ring_pair *pair, const char *name)
{
	g_autofree char *path = g_build_filename(pair->folder, name, NULL);
	struct stat status;

	g_assert_cmpint(stat(path, &status), ==, 0);
	g_assert_cmpint(status.st_size, >, 0);
	g_assert_cmpint(status.st_blocks * 512, >=, status.st_size);
}

/* A hole in a mapped file is a SIGBUS to come, when the folder has filled up. */
static void
files_set_aside_have_no_holes(struct ring_pair *pair, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;

	(void)unused;
	g_assert_true(ring_set_aside(pair->writer, &error));
	g_assert_no_error(error);
	expect_no_hole(pair, "ring.0");
	expect_no_hole(pair, "ring.0.reader");
}

static void
takes_room_of_its_file_as_it_is_written(struct ring_pair *pair, gconstpointer unused)
{
	enum { LARGE = 32 << 20, ENTRIES = 10000 };
	g_autofree char *path = ring_path(pair->folder, 0);
	g_autoptr(GError) error = NULL;
	struct stat status;

	(void)unused;
	ring_pair_close_reader(pair);
	ring_pair_close_writer(pair);
	pair->writer = ring_open_writer(pair->folder, 0, LARGE, &error);
	g_assert_no_error(error);
	ring_pair_push_all(pair->writer, 1, ENTRIES);
	g_assert_cmpint(stat(path, &status), ==, 0);
	g_assert_cmpint(status.st_blocks * 512, <, LARGE / 2);
	/* A restarted writer goes on where that one had come to. */
	ring_pair_close_writer(pair);
	pair->writer = ring_open_writer(pair->folder, 0, LARGE, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(ring_pair_fill(pair->writer), >, ENTRIES);
	ring_pair_open_reader(pair, ring_pair_oldest);
	for (uint64_t i = 1; i <= ENTRIES; i++)
		ring_pair_expect(pair->reader, i);
	ring_pair_expect(pair->reader, 1);
}

static void
pushes_nothing_where_its_file_finds_no_room(struct ring_pair *pair, gconstpointer unused)
{
	g_autofree char *path = ring_path(pair->folder, 0);
	g_autoptr(GError) error = NULL;
	struct ring_files *files = ring_writer_files(pair->writer);
	int writable = files->ring_fd;

	(void)unused;
	g_assert_true(ring_check(pair->writer, &error));
	files->ring_fd = open(path, O_RDONLY | O_CLOEXEC); /* of which no room can be had */
	g_assert_false(ring_pair_push(pair->writer, 1));
	close(files->ring_fd);
	files->ring_fd = writable;
	g_assert_false(ring_pair_push(pair->writer, 1));
	g_assert_false(ring_check(pair->writer, &error));
	g_assert_nonnull(error);
	ring_pair_expect_nothing(pair->reader);
}

static void
files_are_for_their_owner_alone(struct ring_pair *pair, const void *unused)
{
	g_autofree char *path = ring_path(pair->folder, 0);
	g_autofree char *page = ring_page_path(path);
	struct stat status;

	(void)unused;
	g_assert_cmpint(stat(path, &status), ==, 0);
	g_assert_cmpint(status.st_mode & 0777, ==, 0600);
	g_assert_cmpint(stat(page, &status), ==, 0);
	g_assert_cmpint(status.st_mode & 0777, ==, 0600);
}

static void
reader_names_the_file_that_is_no_ring(struct ring_pair *pair, const void *unused)
{
	g_autofree char *path = ring_path(pair->folder, 1);
	g_autoptr(GError) missing = NULL;
	g_autoptr(GError) empty = NULL;
	g_autoptr(GError) foreign = NULL;

	(void)unused;
	g_assert_null(ring_open_reader(pair->folder, 1, ring_pair_oldest, &missing));
	g_assert_error(missing, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
	g_assert_true(g_file_set_contents(path, "", 0, NULL));
	g_assert_null(ring_open_reader(pair->folder, 1, ring_pair_oldest, &empty));
	g_assert_error(empty, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
	g_assert_true(g_file_set_contents(path, "what is this?", -1, NULL));
	g_assert_null(ring_open_reader(pair->folder, 1, ring_pair_oldest, &foreign));
	g_assert_error(foreign, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
	g_assert_nonnull(strstr(foreign->message, path));
	g_unlink(path);
}

static void
makes_anew_what_is_no_ring(struct ring_pair *pair, const void *unused)
{
	g_autofree char *path = ring_path(pair->folder, 0);

	(void)unused;
	ring_pair_close_writer(pair);
	ring_pair_close_reader(pair);
	g_assert_true(g_file_set_contents(path, "what is this?", -1, NULL));
	ring_pair_open_writer(pair);
	ring_pair_open_reader(pair, ring_pair_oldest);
	ring_pair_push_all(pair->writer, 1, 1);
	ring_pair_expect(pair->reader, 1);
}

#define ADD(function)                                                                              \
	g_test_add("/ring_file/" #function, struct ring_pair, NULL, ring_pair_set_up, function,    \
	           ring_pair_tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(writer_notices_that_its_file_is_gone);
	ADD(sides_notice_that_a_file_was_cut_short);
	ADD(refuses_a_second_writer_and_a_second_reader);
	ADD(each_side_knows_whether_the_other_is_there);
	ADD(files_set_aside_have_no_holes);
	ADD(takes_room_of_its_file_as_it_is_written);
	ADD(pushes_nothing_where_its_file_finds_no_room);
	ADD(files_are_for_their_owner_alone);
	ADD(reader_names_the_file_that_is_no_ring);
	ADD(makes_anew_what_is_no_ring);
	return g_test_run();
}
