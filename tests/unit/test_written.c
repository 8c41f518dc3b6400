#include "common/written.h"

#include <string.h>

static FILE *
open_full(void)
{
	FILE *stream = fopen("/dev/full", "we");

	if (stream == NULL)
		g_test_skip("there is no /dev/full");
	return stream;
}

static void
a_stream_that_takes_all_is_whole(void)
{
	g_autoptr(GError) error = NULL;
	FILE *stream = tmpfile();

	fputs("text", stream);
	g_assert_true(written_whole(stream, "a file", &error));
	g_assert_no_error(error);
	fclose(stream);
}

static void
what_is_still_to_be_written_is_lost_too(void)
{
	g_autoptr(GError) error = NULL;
	FILE *stream = open_full();

	if (stream == NULL)
		return;
	fputs("text", stream);
	g_assert_false(written_whole(stream, "a file", &error));
	g_assert_nonnull(strstr(error->message, "a file"));
	fclose(stream);
}

static void
what_was_lost_long_before_the_end_is_not_forgotten(void)
{
	g_autoptr(GError) error = NULL;
	FILE *stream = open_full();
	static char much[1 << 20];

	if (stream == NULL)
		return;
	fwrite(much, 1, sizeof(much), stream);
	g_assert_cmpint(fflush(stream), ==, 0); /* nothing is left to be written */
	g_assert_false(written_whole(stream, "a file", &error));
	g_assert_nonnull(strstr(error->message, "a file"));
	fclose(stream);
}

int
main(int argc, char **argv)
{
#define TEST(name) g_test_add_func("/written/" #name, name)
	g_test_init(&argc, &argv, NULL);
	TEST(a_stream_that_takes_all_is_whole);
	TEST(what_is_still_to_be_written_is_lost_too);
	TEST(what_was_lost_long_before_the_end_is_not_forgotten);
	return g_test_run();
}
