/*
 * Comma-separated files with a head line (RFC 4180, without line breaks inside fields), plain or
 * with .gz behind the name that is given.
 *
 * Errors:  a GError that names the file and the line or the missing column.
 * Threads: one.
 */
#ifndef TOOLS_TRAIN_CSV_READER_H
#define TOOLS_TRAIN_CSV_READER_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct CsvReader CsvReader;

/* Opens a file and checks that its head line has the `count` columns. */
CsvReader *csv_open(const char *path, const char *const *columns, size_t count, GError **error);
void csv_close(CsvReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsvReader, csv_close)

/* Reads the next line that is not empty; false at the end. */
bool csv_next(CsvReader *reader);

/* The field of the column that stands at `index` of csv_open()'s `columns`; empty when the line is
 * too short. */
const char *csv_field(const CsvReader *reader, size_t index);

size_t csv_line(const CsvReader *reader);

#endif
