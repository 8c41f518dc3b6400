#include <glib.h>
#include <locale.h>
#include <math.h>

#include "common/json_writer.h"

static void
writes_objects_and_arrays_with_commas_between_values(void)
{
	g_autoptr(GString) json = g_string_new(NULL);

	json_open_object(json, NULL);
	json_add_integer(json, "a", -5);
	json_open_array(json, "list");
	json_add_unsigned(json, NULL, 1);
	json_add_unsigned(json, NULL, UINT64_MAX);
	json_open_object(json, NULL);
	json_close_object(json);
	json_close_array(json);
	json_add_boolean(json, "yes", true);
	json_add_null(json, "none");
	json_add_json(json, "more", "{\"x\":1}");
	json_close_object(json);
	json_end_line(json);
	json_open_object(json, NULL);
	json_close_object(json);
	json_end_line(json);
	g_assert_cmpstr(
		json->str, ==,
		"{\"a\":-5,\"list\":[1,18446744073709551615,{}],\"yes\":true,\"none\":null,\"more\":{\"x\":1}}\n"
		"{}\n");
}

static void
separates_strings_that_end_like_structure(void)
{
	g_autoptr(GString) json = g_string_new(NULL);

	json_open_array(json, NULL);
	json_add_string(json, NULL, "{");
	json_add_string(json, NULL, "\n");
	json_add_string(json, NULL, ":");
	json_close_array(json);
	g_assert_cmpstr(json->str, ==, "[\"{\",\"\\n\",\":\"]");
}

static void
escapes_what_the_rfc_wants_escaped(void)
{
	g_autoptr(GString) json = g_string_new(NULL);

	json_add_string(json, NULL, "a\"b\\c\b\f\n\r\t\x01\x1f/\x7f é");
	g_assert_cmpstr(json->str, ==, "\"a\\\"b\\\\c\\b\\f\\n\\r\\t\\u0001\\u001f/\x7f é\"");
}

static void
replaces_octets_that_are_no_utf8(void)
{
	g_autoptr(GString) json = g_string_new(NULL);

	json_add_string(json, NULL, "x\xff\xc3");
	g_assert_cmpstr(json->str, ==, "\"x\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void
writes_the_least_integer(void)
{
	g_autoptr(GString) json = g_string_new(NULL);

	json_add_integer(json, NULL, INT64_MIN);
	g_assert_cmpstr(json->str, ==, "-9223372036854775808");
}

static void
doubles_read_back_as_the_same_number(void)
{
	static const double values[] = { 0.0, 0.1, 1.0 / 3.0, -2.5e-300, 123456789.25, 1e22 };

	for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
		g_autoptr(GString) json = g_string_new(NULL);
		json_add_double(json, NULL, values[i]);
		g_assert_true(g_ascii_strtod(json->str, NULL) == values[i]);
	}
}

static void
doubles_are_short_where_they_can_be(void)
{
	g_autoptr(GString) json = g_string_new(NULL);

	json_add_double(json, NULL, 0.1);
	g_assert_cmpstr(json->str, ==, "0.1");
}

static void
never_writes_what_is_no_number(void)
{
	g_autoptr(GString) json = g_string_new(NULL);

	json_open_array(json, NULL);
	json_add_double(json, NULL, (double)INFINITY);
	json_add_double(json, NULL, (double)-INFINITY);
	json_add_double(json, NULL, (double)NAN);
	json_close_array(json);
	g_assert_cmpstr(json->str, ==, "[null,null,null]");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/json_writer/writes_objects_and_arrays_with_commas_between_values",
	                writes_objects_and_arrays_with_commas_between_values);
	g_test_add_func("/json_writer/separates_strings_that_end_like_structure",
	                separates_strings_that_end_like_structure);
	g_test_add_func("/json_writer/escapes_what_the_rfc_wants_escaped",
	                escapes_what_the_rfc_wants_escaped);
	g_test_add_func("/json_writer/replaces_octets_that_are_no_utf8",
	                replaces_octets_that_are_no_utf8);
	g_test_add_func("/json_writer/writes_the_least_integer", writes_the_least_integer);
	g_test_add_func("/json_writer/doubles_read_back_as_the_same_number",
	                doubles_read_back_as_the_same_number);
	g_test_add_func("/json_writer/doubles_are_short_where_they_can_be",
	                doubles_are_short_where_they_can_be);
	g_test_add_func("/json_writer/never_writes_what_is_no_number",
	                never_writes_what_is_no_number);
	return g_test_run();
}
