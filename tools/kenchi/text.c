#include "tools/kenchi/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool
is_printable(gunichar character)
{
	GUnicodeType type = g_unichar_type(character);

	return g_unichar_isprint(character) && type != G_UNICODE_LINE_SEPARATOR &&
	       type != G_UNICODE_PARAGRAPH_SEPARATOR;
}

char *
text_escape(const char *text)
{
	GString *printable = g_string_new(NULL);

	while (*text != '\0') {
		gunichar character = g_utf8_get_char_validated(text, -1);
		bool valid = character != (gunichar)-1 && character != (gunichar)-2;
		size_t length = valid ? (size_t)g_unichar_to_utf8(character, NULL) : 1;

		if (valid && is_printable(character)) {
			g_string_append_len(printable, text, (gssize)length);
		} else {
			for (size_t i = 0; i < length; i++)
				g_string_append_printf(printable, "\\x%02x",
				                       (unsigned)(guchar)text[i]);
		}
		text += length;
	}
	return g_string_free(printable, FALSE);
}

size_t
text_width(const char *text)
{
	size_t width = 0;

	for (; *text != '\0'; text = g_utf8_next_char(text)) {
		gunichar character = g_utf8_get_char(text);

		if (!g_unichar_iszerowidth(character))
			width += g_unichar_iswide(character) ? 2 : 1;
	}
	return width;
}

char *
text_time(int64_t ms)
{
	g_autoptr(GDateTime) time = ms < 0 ? NULL : g_date_time_new_from_unix_local(ms / 1000);

	return time == NULL ? g_strdup("-") : g_date_time_format(time, "%Y-%m-%d %H:%M:%S");
}

char *
text_duration(int64_t ms)
{
	int64_t seconds = ms / 1000;

	if (seconds < 120)
		return g_strdup_printf("%" G_GINT64_FORMAT " s", seconds);
	if (seconds < 7200)
		return g_strdup_printf("%" G_GINT64_FORMAT " min", seconds / 60);
	if (seconds < 172800)
		return g_strdup_printf("%" G_GINT64_FORMAT " h", seconds / 3600);
	return g_strdup_printf("%" G_GINT64_FORMAT " d", seconds / 86400);
}

char *
text_amount(double value)
{
	static const char *const units[] = { "", " k", " M", " G", " T", " P" };
	size_t unit = 0;

	while (value >= 999.95 && unit + 1 < G_N_ELEMENTS(units)) {
		value /= 1000;
		unit++;
	}
	return g_strdup_printf(unit == 0 && value == floor(value) ? "%.0f%s" : "%.1f%s", value,
	                       units[unit]);
}

char *
text_number(double value)
{
	if (!isfinite(value))
		return g_strdup("-");
	if (fabs(value) >= 1000 && fabs(value) < 1e15)
		return g_strdup_printf("%.0f", value);
	return g_strdup_printf("%.4g", value);
}

static bool
parse_age(const char *text, int64_t now_ms, int64_t *ms)
{
	static const struct {
		char suffix;
		int64_t ms;
	} units[] = { { 's', 1000 }, { 'm', 60000 }, { 'h', 3600000 }, { 'd', 86400000 } };
	char *end;
	guint64 count = g_ascii_strtoull(text, &end, 10);

	if (end == text || *end == '\0' || end[1] != '\0' || count > 1000000)
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		if (units[i].suffix == *end) {
			*ms = now_ms - (int64_t)count * units[i].ms;
			return true;
		}
	}
	return false;
}

static bool
parse_date(const char *text, int64_t *ms)
{
	static const char *const formats[] = { "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S",
		                               "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S" };

	for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
		struct tm fields = { .tm_isdst = -1 };
		const char *end = strptime(text, formats[i], &fields);
		bool utc = end != NULL && strcmp(end, "Z") == 0;

		if (end == NULL || (*end != '\0' && !utc))
			continue;
		*ms = (int64_t)(utc ? timegm(&fields) : mktime(&fields)) * 1000;
		return true;
	}
	return false;
}

bool
text_parse_time(const char *text, int64_t now_ms, int64_t *ms)
{
	char *end;
	guint64 number;

	/* strtoull would take a sign and blanks. */
	if (!g_ascii_isdigit(*text))
		return false;
	if (parse_age(text, now_ms, ms) || parse_date(text, ms))
		return true;
	number = g_ascii_strtoull(text, &end, 10);
	if (*end != '\0' || number > G_MAXINT64)
		return false;
	*ms = (int64_t)number;
	return true;
}

double
text_round_score(double score)
{
	return round(score * 1e6) / 1e6;
}

char *
text_protocol(int protocol)
{
	switch (protocol) {
	case 1:
		return g_strdup("icmp");
	case 6:
		return g_strdup("tcp");
	case 17:
		return g_strdup("udp");
	case 58:
		return g_strdup("icmp6");
	default:
		return g_strdup_printf("%d", protocol);
	}
}
