#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "common/bin_file.h"

enum { KEY = 4711, PARTS = 100 };

typedef struct {
	char *folder;
	char *path;
} fixture;

static void
set_up(fixture *f, const void *data)
{
	(void)data;
	f->folder = g_dir_make_tmp("bin-file-XXXXXX", NULL);
	g_assert_nonnull(f->folder);
	f->path = g_build_filename(f->folder, "bins.ipfix", NULL);
}

static void
tear_down(fixture *f, const void *data)
{
	(void)data;
	g_unlink(f->path);
	g_rmdir(f->folder);
	g_free(f->path);
	g_free(f->folder);
}

static void
put(const fixture *f, const char *contents, size_t length)
{
	FILE *file;

	g_unlink(f->path);
	file = fopen(f->path, "wb");
	g_assert_nonnull(file);
	g_assert_cmpuint(fwrite(contents, 1, length, file), ==, length);
	g_assert_cmpint(fclose(file), ==, 0);
}

/* Part `number`: every third is extended; all fields hold something. */
static void
make_part(struct ring_bin *part, uint32_t number)
{
	struct host_address host = host_address_from_ipv4(0x0a000000u + number);

	host_bin_init(&part->bin, &host, 29000000 + number / 10);
	host_bin_extension_init(&part->extension);
	part->dropped = 0;
	part->export_ms = 1740000000000 + number * 1000;
#define BASE(type, name, count, unit, merge, meaning)                                              \
	for (size_t i = 0; i < count; i++)                                                         \
		part->bin.name[i] = (type)(number * 2654435761u + i);
#define EXTENSION(type, name, count, unit, merge, meaning)
#include "schemas/host_bin.def"
#undef BASE
#undef EXTENSION
	part->bin.latest_ms[0] = 59999;
	part->bin.directions[0] = 3;
	for (uint32_t i = 0; i < number % 3 * 3; i++) {
		struct host_touch touch = {
			.peer = host, .octets = i, .port = (uint16_t)i, .last_quarter = 20
		};

		if (!host_bin_touch(&part->bin, NULL, &touch, KEY))
			g_assert_true(host_bin_touch(&part->bin, &part->extension, &touch, KEY));
	}
}

static void
write_parts(const fixture *f, uint32_t count)
{
	g_autoptr(GError) error = NULL;
	BinFileWriter *writer = bin_file_open_writer(f->path, KEY, &error);

	g_assert_no_error(error);
	for (uint32_t i = 0; i < count; i++) {
		struct ring_bin part;

		make_part(&part, i);
		g_assert_true(bin_file_append(writer, part.export_ms, &part.bin, &part.extension,
		                              &error));
	}
	g_assert_true(bin_file_finish(writer, &error));
	g_assert_no_error(error);
}

static void
reads_what_was_written(fixture *f, const void *data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(BinFileReader) reader = NULL;
	struct ring_bin part;

	(void)data;
	write_parts(f, PARTS);
	reader = bin_file_open_reader(f->path, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(bin_file_sketch_key(reader), ==, KEY);
	for (uint32_t i = 0; i < PARTS; i++) {
		struct ring_bin expected;

		make_part(&expected, i);
		g_assert_true(bin_file_read(reader, &part, &error));
		g_assert_cmpint(part.export_ms, ==, expected.export_ms);
		g_assert_cmpmem(&part.bin, sizeof(part.bin), &expected.bin, sizeof(expected.bin));
		if (part.bin.touch_count == HOST_BIN_EXTENDED)
			g_assert_cmpmem(&part.extension, sizeof(part.extension),
			                &expected.extension, sizeof(expected.extension));
	}
	g_assert_false(bin_file_read(reader, &part, &error));
	g_assert_no_error(error);
}

static void
reads_a_file_without_bins(fixture *f, const void *data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(BinFileReader) reader = NULL;
	struct ring_bin part;

	(void)data;
	write_parts(f, 0);
	reader = bin_file_open_reader(f->path, &error);
	g_assert_no_error(error);
	g_assert_false(bin_file_read(reader, &part, &error));
	g_assert_no_error(error);
}

static void
writes_the_same_bins_to_the_same_octets(fixture *f, const void *data)
{
	g_autofree char *first = NULL;
	g_autofree char *second = NULL;
	size_t first_length;
	size_t second_length;

	(void)data;
	write_parts(f, PARTS);
	g_assert_true(g_file_get_contents(f->path, &first, &first_length, NULL));
	g_usleep(1100000); /* past the next second of any clock */
	write_parts(f, PARTS);
	g_assert_true(g_file_get_contents(f->path, &second, &second_length, NULL));
	g_assert_cmpuint(first_length, ==, second_length);
	g_assert_true(memcmp(first, second, first_length) == 0);
}

/* Reads all there is; returns the number of parts, and the error of the end if there is one. */
static uint32_t
read_all(const fixture *f, GError **error)
{
	g_autoptr(BinFileReader) reader = bin_file_open_reader(f->path, error);
	struct ring_bin part;
	uint32_t parts = 0;

	while (reader != NULL && bin_file_read(reader, &part, error)) {
		g_assert_true(host_bin_valid(&part.bin, part.bin.touch_count == HOST_BIN_EXTENDED
		                                                ? &part.extension
		                                                : NULL));
		parts++;
	}
	return parts;
}

static void
refuses_every_truncation(fixture *f, const void *data)
{
	g_autofree char *whole = NULL;
	size_t length;

	(void)data;
	write_parts(f, 10);
	g_assert_true(g_file_get_contents(f->path, &whole, &length, NULL));
	for (size_t cut = 0; cut < length; cut += cut < 1200 ? 1 : 97) {
		g_autoptr(GError) error = NULL;
		uint32_t parts;

		put(f, whole, cut);
		parts = read_all(f, &error);
		/* Behind the first Message, a file may end: there are no bins in it then. */
		g_assert_true(error != NULL || parts == 0);
		if (error != NULL)
			g_assert_nonnull(strstr(error->message, f->path));
	}
}

static void
survives_any_damage(fixture *f, const void *data)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(50);
	g_autofree char *whole = NULL;
	size_t length;

	(void)data;
	write_parts(f, 10);
	g_assert_true(g_file_get_contents(f->path, &whole, &length, NULL));
	for (int trial = 0; trial < 1500; trial++) {
		g_autofree char *damaged = g_memdup2(whole, length);
		g_autoptr(GError) error = NULL;
		gint32 reach = trial % 2 == 0 ? 1300 : (gint32)length;

		for (int i = 0; i <= trial % 3; i++)
			damaged[g_rand_int_range(random, 0, reach)] = (char)g_rand_int(random);
		put(f, damaged, length);
		g_assert_cmpuint(read_all(f, &error), <=, 10);
	}
}

static void
refuses_what_is_no_bin_file(fixture *f, const void *data)
{
	static const char *const contents[] = {
		"", "x", "not an IPFIX file at all, but long enough to be one",
		"\0\012\0\020\0\0\0\0\0\0\0\0\0\0\0\0"
	};
	static const size_t lengths[] = { 0, 1, 51, 16 };

	(void)data;
	for (size_t i = 0; i < G_N_ELEMENTS(contents); i++) {
		g_autoptr(GError) error = NULL;

		put(f, contents[i], lengths[i]);
		g_assert_null(bin_file_open_reader(f->path, &error));
		g_assert_nonnull(error);
		g_assert_nonnull(strstr(error->message, f->path));
	}
}

static void
refuses_bins_of_another_version(fixture *f, const void *data)
{
	const uint64_t layout = GUINT64_TO_BE(host_bin_layout());
	g_autoptr(GError) error = NULL;
	g_autofree char *whole = NULL;
	size_t length;
	char *at;

	(void)data;
	write_parts(f, 10);
	g_assert_true(g_file_get_contents(f->path, &whole, &length, NULL));
	at = memmem(whole, length, &layout, sizeof(layout));
	g_assert_nonnull(at);
	at[sizeof(layout) - 1] ^= 1;
	put(f, whole, length);
	g_assert_null(bin_file_open_reader(f->path, &error));
	g_assert_nonnull(strstr(error->message, f->path));
	g_assert_nonnull(strstr(error->message, "another version"));
}

static void
names_a_file_that_cannot_be_opened(fixture *f, const void *data)
{
	g_autoptr(GError) reading = NULL;
	g_autoptr(GError) writing = NULL;
	g_autofree char *path = g_build_filename(f->path, "below", NULL);

	(void)data;
	g_assert_null(bin_file_open_reader(path, &reading));
	g_assert_nonnull(strstr(reading->message, path));
	g_assert_null(bin_file_open_writer(path, KEY, &writing));
	g_assert_nonnull(strstr(writing->message, path));
}

static void
tells_when_the_disk_is_full(fixture *f, const void *data)
{
	g_autoptr(GError) error = NULL;
	BinFileWriter *writer = bin_file_open_writer("/dev/full", KEY, &error);
	struct ring_bin part;

	(void)f;
	(void)data;
	make_part(&part, 2);
	for (int i = 0; i < PARTS && writer != NULL; i++)
		if (!bin_file_append(writer, part.export_ms, &part.bin, &part.extension, NULL))
			break;
	if (writer != NULL)
		g_assert_false(bin_file_finish(writer, &error));
	g_assert_nonnull(error);
	g_assert_nonnull(strstr(error->message, "/dev/full"));
}

#define ADD(test) g_test_add("/bin_file/" #test, fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(reads_what_was_written);
	ADD(reads_a_file_without_bins);
	ADD(writes_the_same_bins_to_the_same_octets);
	ADD(refuses_every_truncation);
	ADD(survives_any_damage);
	ADD(refuses_what_is_no_bin_file);
	ADD(refuses_bins_of_another_version);
	ADD(names_a_file_that_cannot_be_opened);
	ADD(tells_when_the_disk_is_full);
	return g_test_run();
}
