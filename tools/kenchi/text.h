/*
 * Text for people: what came from outside is made printable, times and amounts are written as
 * people read them. All strings that are returned are free with g_free().
 */
#ifndef TOOLS_KENCHI_TEXT_H
#define TOOLS_KENCHI_TEXT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `text` with control characters, marks of writing direction and octets that are no UTF-8 as \xNN.
 */
char *text_escape(const char *text);

/* Columns that printable UTF-8 takes on a terminal. */
size_t text_width(const char *text);

/* "2026-03-02 10:15:12" in local time; "-" for a time that is none (negative). */
char *text_time(int64_t ms);

/* "12 s", "3 min", "5 h", "2 d". */
char *text_duration(int64_t ms);

/* "812", "12.4 k", "3.1 M": at most one decimal. */
char *text_amount(double value);

/* At most four significant digits, no exponent below a million. */
char *text_number(double value);

/*
 * Reads a time: "10m", "2h", "3d", "45s" before `now_ms`, "2026-03-02", "2026-03-02 10:15[:12]"
 * (also with T; local time, or UTC with a Z behind), or milliseconds since the epoch.
 */
bool text_parse_time(const char *text, int64_t now_ms, int64_t *ms);

/* A score as it is printed: six decimals are enough, and the same on every machine. */
double text_round_score(double score);

/* "tcp", "udp", "icmp" or the number. */
char *text_protocol(int protocol);

#endif
