#include "tools/kenchi/table.h"

#include "tools/kenchi/text.h"

struct Table {
	size_t columns;
	bool *right;
	size_t *widths;
	GPtrArray *cells; /* the titles first */
};

Table *
table_new(const char *const *titles)
{
	Table *table = g_new0(Table, 1);

	table->cells = g_ptr_array_new_with_free_func(g_free);
	while (titles[table->columns] != NULL)
		table->columns++;
	table->right = g_new0(bool, table->columns);
	table->widths = g_new0(size_t, table->columns);
	for (size_t i = 0; i < table->columns; i++) {
		table->right[i] = titles[i][0] == '>';
		table_add(table, titles[i] + (table->right[i] ? 1 : 0));
	}
	return table;
}

void
table_free(Table *table)
{
	if (table == NULL)
		return;
	g_ptr_array_unref(table->cells);
	g_free(table->right);
	g_free(table->widths);
	g_free(table);
}

void
table_add(Table *table, const char *cell)
{
	char *printable = text_escape(cell == NULL ? "-" : cell);
	size_t *width = &table->widths[table->cells->len % table->columns];

	*width = MAX(*width, text_width(printable));
	g_ptr_array_add(table->cells, printable);
}

void
table_take(Table *table, char *cell)
{
	table_add(table, cell);
	g_free(cell);
}

size_t
table_rows(const Table *table)
{
	return table->cells->len / table->columns - 1;
}

void
table_print(const Table *table, int indent, FILE *stream)
{
	if (table_rows(table) == 0)
		return;
	for (size_t i = 0; i < table->cells->len; i++) {
		const char *cell = g_ptr_array_index(table->cells, i);
		size_t column = i % table->columns;
		int padding = (int)(table->widths[column] - text_width(cell));
		bool last = column + 1 == table->columns;

		if (column == 0)
			fprintf(stream, "%*s", indent, "");
		if (table->right[column])
			fprintf(stream, "%*s", padding, "");
		fputs(cell, stream);
		if (!table->right[column] && !last)
			fprintf(stream, "%*s", padding, "");
		fputs(last ? "\n" : "  ", stream);
	}
}
