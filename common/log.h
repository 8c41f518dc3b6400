/*
 * Log lines for operators, to stderr.  Only programs log: everything below main.c and the files
 * that it calls directly returns a result and lets its caller decide.
 *
 * Under systemd (JOURNAL_STREAM is set and stderr is no terminal) lines begin with the "<N>" that
 * the journal reads a priority from; else with the program's name.
 *
 * Threads: any, after log_open().
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <glib.h>
#include <stddef.h>

/* `program` must outlive the last line. */
void log_open(const char *program);

void log_error(const char *format, ...) G_GNUC_PRINTF(1, 2);
void log_warning(const char *format, ...) G_GNUC_PRINTF(1, 2);
void log_notice(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* What log_error() puts before its text, for who may only write(2). */
void log_error_begin(char *begin, size_t size);

#endif
