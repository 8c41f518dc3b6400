#include "common/json_writer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* After a value a comma is due; the last octet tells, since no value ends in one of these. */
static void
add_comma(GString *json)
{
	if (json->len > 0 && strchr("{[:\n", json->str[json->len - 1]) == NULL)
		g_string_append_c(json, ',');
}

/* Appends one character, or U+FFFD for an octet that begins none; returns what follows it. */
static const char *
add_character(GString *json, const char *text)
{
	static const char short_escapes[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	gunichar character = g_utf8_get_char_validated(text, -1);

	if (character == (gunichar)-1 || character == (gunichar)-2) {
		g_string_append(json, "\xef\xbf\xbd");
		return text + 1;
	}
	if (character >= 0x20 && character != '"' && character != '\\') {
		const char *next = g_utf8_next_char(text);
		g_string_append_len(json, text, next - text);
		return next;
	}
	for (const char *escape = short_escapes; *escape != '\0'; escape += 2) {
		if ((gunichar)*escape == character) {
			g_string_append_c(json, '\\');
			g_string_append_c(json, escape[1]);
			return text + 1;
		}
	}
	g_string_append_printf(json, "\\u%04x", character);
	return text + 1;
}

static void
add_text(GString *json, const char *text)
{
	g_string_append_c(json, '"');
	while (*text != '\0')
		text = add_character(json, text);
	g_string_append_c(json, '"');
}

static void
begin_value(GString *json, const char *name)
{
	add_comma(json);
	if (name == NULL)
		return;
	add_text(json, name);
	g_string_append_c(json, ':');
}

void
json_open_object(GString *json, const char *name)
{
	begin_value(json, name);
	g_string_append_c(json, '{');
}

void
json_close_object(GString *json)
{
	g_string_append_c(json, '}');
}

void
json_open_array(GString *json, const char *name)
{
	begin_value(json, name);
	g_string_append_c(json, '[');
}

void
json_close_array(GString *json)
{
	g_string_append_c(json, ']');
}

void
json_end_line(GString *json)
{
	g_string_append_c(json, '\n');
}

void
json_add_json(GString *json, const char *name, const char *value)
{
	begin_value(json, name);
	g_string_append(json, value);
}

void
json_add_string(GString *json, const char *name, const char *value)
{
	if (value == NULL) {
		json_add_null(json, name);
		return;
	}
	begin_value(json, name);
	add_text(json, value);
}

/* printf() is too slow for the dump of every record. */
static void
add_digits(GString *json, uint64_t value)
{
	char digits[20];
	size_t first = sizeof(digits);

	do {
		digits[--first] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	g_string_append_len(json, digits + first, (gssize)(sizeof(digits) - first));
}

void
json_add_unsigned(GString *json, const char *name, uint64_t value)
{
	begin_value(json, name);
	add_digits(json, value);
}

void
json_add_integer(GString *json, const char *name, int64_t value)
{
	begin_value(json, name);
	if (value < 0)
		g_string_append_c(json, '-');
	add_digits(json, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void
json_add_double(GString *json, const char *name, double value)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];

	if (!isfinite(value)) {
		json_add_null(json, name);
		return;
	}
	g_ascii_formatd(text, sizeof(text), "%.15g", value);
	if (g_ascii_strtod(text, NULL) != value)
		g_ascii_formatd(text, sizeof(text), "%.17g", value);
	json_add_json(json, name, text);
}

void
json_add_boolean(GString *json, const char *name, bool value)
{
	json_add_json(json, name, value ? "true" : "false");
}

void
json_add_null(GString *json, const char *name)
{
	json_add_json(json, name, "null");
}
