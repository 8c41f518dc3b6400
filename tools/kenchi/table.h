/*
 * A table for people: columns as wide as their content, two blanks between them, no blanks at the
 * end of a line. Cells are made printable (text_escape()), so that what strangers wrote cannot
 * drive a terminal.
 */
#ifndef TOOLS_KENCHI_TABLE_H
#define TOOLS_KENCHI_TABLE_H

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

typedef struct Table Table;

/* `titles` ends with NULL; a title that begins with '>' stands, as its column does, to the right.
 */
Table *table_new(const char *const *titles);
void table_free(Table *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Table, table_free)

/* Adds the next cell, row by row; NULL is "-".  table_take() also frees it. */
void table_add(Table *table, const char *cell);
void table_take(Table *table, char *cell);

size_t table_rows(const Table *table); /* without the titles */

/* Prints `indent` blanks before every line; with titles only when there is a row. */
void table_print(const Table *table, int indent, FILE *stream);

#endif
