#include <glib.h>
#include <stdlib.h>
#include <time.h>

#include "tools/kenchi/table.h"
#include "tools/kenchi/text.h"

static void
assert_text(char *text, const char *expected)
{
	g_assert_cmpstr(text, ==, expected);
	g_free(text);
}

static void
escapes_what_could_drive_a_terminal(void)
{
	assert_text(text_escape("plain 検知 é"), "plain 検知 é");
	assert_text(text_escape("\x1b[2J\n\t\x7f"), "\\x1b[2J\\x0a\\x09\\x7f");
	assert_text(text_escape("a\xff\xc3"), "a\\xff\\xc3");
	assert_text(text_escape("\xe2\x80\xae"),
	            "\\xe2\\x80\\xae"); /* U+202E: right to left from here */
	assert_text(text_escape("\xc2\x9b"),
	            "\\xc2\\x9b"); /* U+009B: control sequence introducer */
}

static void
writes_times_and_amounts_as_people_do(void)
{
	assert_text(text_time(INT64_C(1772445600000)), "2026-03-02 10:00:00");
	assert_text(text_time(-1), "-");
	assert_text(text_duration(1999), "1 s");
	assert_text(text_duration(180000), "3 min");
	assert_text(text_duration(INT64_C(5) * 3600000), "5 h");
	assert_text(text_duration(INT64_C(3) * 86400000), "3 d");
	assert_text(text_amount(812), "812");
	assert_text(text_amount(12400), "12.4 k");
	assert_text(text_amount(999999), "1.0 M");
	assert_text(text_number(812), "812");
	assert_text(text_number(0.123456), "0.1235");
	assert_text(text_number(123456.7), "123457");
}

static void
reads_times_in_several_ways(void)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{ "45s", INT64_C(1772445600000) - 45000 },
		{ "10m", INT64_C(1772445600000) - 600000 },
		{ "2h", INT64_C(1772445600000) - 7200000 },
		{ "1d", INT64_C(1772445600000) - 86400000 },
		{ "2026-03-02", INT64_C(1772409600000) },
		{ "2026-03-02 10:00", INT64_C(1772445600000) },
		{ "2026-03-02T10:00:01Z", INT64_C(1772445601000) },
		{ "1772445600000", INT64_C(1772445600000) },
	};
	static const char *const wrong[] = {
		"", "m", "10x", "10 m", "-5m", "2026-13-02", "yesterday", "99999999999999999999"
	};
	int64_t ms;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_assert_true(text_parse_time(cases[i].text, INT64_C(1772445600000), &ms));
		g_assert_cmpint(ms, ==, cases[i].ms);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
		g_assert_false(text_parse_time(wrong[i], 0, &ms));
}

static void
aligns_columns_by_what_a_terminal_shows(void)
{
	static const char *const titles[] = { "NAME", ">COUNT", "NOTE", NULL };
	g_autoptr(Table) table = table_new(titles);
	char *printed = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&printed, &size);

	table_print(table, 0, stream);
	fflush(stream);
	g_assert_cmpuint(size, ==, 0);
	table_add(table, "検知");
	table_add(table, "5");
	table_add(table, NULL);
	table_add(table, "a\nb");
	table_take(table, g_strdup("123456"));
	table_add(table, "x");
	table_print(table, 1, stream);
	fclose(stream);
	g_assert_cmpstr(printed, ==,
	                " NAME     COUNT  NOTE\n"
	                " 検知         5  -\n"
	                " a\\x0ab  123456  x\n");
	free(printed);
}

int
main(int argc, char **argv)
{
	g_setenv("TZ", "UTC", TRUE);
	tzset();
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/text/escapes_what_could_drive_a_terminal",
	                escapes_what_could_drive_a_terminal);
	g_test_add_func("/text/writes_times_and_amounts_as_people_do",
	                writes_times_and_amounts_as_people_do);
	g_test_add_func("/text/reads_times_in_several_ways", reads_times_in_several_ways);
	g_test_add_func("/table/aligns_columns_by_what_a_terminal_shows",
	                aligns_columns_by_what_a_terminal_shows);
	return g_test_run();
}
