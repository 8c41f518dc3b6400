/*
 * Writes JSON (RFC 8259) into a GString, such as one object a line (NDJSON).  Commas come by
 * themselves; whoever writes sees to it that what is opened is closed.  The same values always give
 * the same octets: no locale, no spaces.
 *
 * `name` is the member's name inside an object, and NULL inside an array or at the top.
 *
 * Threads: any, one for each GString.
 */
#ifndef COMMON_JSON_WRITER_H
#define COMMON_JSON_WRITER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

void json_open_object(GString *json, const char *name);
void json_close_object(GString *json);
void json_open_array(GString *json, const char *name);
void json_close_array(GString *json);
void json_end_line(GString *json);

/* Octets that are not UTF-8 become U+FFFD.  NULL is null. */
void json_add_string(GString *json, const char *name, const char *value);
void json_add_integer(GString *json, const char *name, int64_t value);
void json_add_unsigned(GString *json, const char *name, uint64_t value);
/* The shortest of 15 or 17 digits that reads back as the same number; infinite or not a number:
 * null. */
void json_add_double(GString *json, const char *name, double value);
void json_add_boolean(GString *json, const char *name, bool value);
void json_add_null(GString *json, const char *name);
/* `value` is JSON already. */
void json_add_json(GString *json, const char *name, const char *value);

#endif
