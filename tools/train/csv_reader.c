#include "tools/train/csv_reader.h"

#include <string.h>

#include "tools/train/gzip_text.h"

enum { COLUMNS_MAX = 32 };

struct CsvReader {
	char *text;
	char *next; /* line */
	size_t line;
	char *fields[COLUMNS_MAX];
	size_t field_count;
	size_t column[COLUMNS_MAX]; /* of the file, for each column asked for */
};

/* Is this the quote that ends a field?  Two of them stand for one. */
static bool
is_last_quote(const char *at)
{
	return at[0] == '"' && at[1] != '"';
}

/* Cuts one field off in place, quotes taken away, and moves `*text` behind it. */
static char *
cut_field(char **text)
{
	char *from = *text, *to = *text, *start = *text;
	bool quoted = *from == '"';

	if (quoted)
		from++;
	for (; *from != '\0' && (quoted || *from != ','); from++) {
		if (quoted && is_last_quote(from)) {
			quoted = false;
			continue;
		}
		if (quoted && *from == '"')
			from++;
		*to++ = *from;
	}
	*text = *from == ',' ? from + 1 : NULL;
	*to = '\0';
	return start;
}

bool
csv_next(CsvReader *reader)
{
	char *line;

	do {
		if (reader->next == NULL || *reader->next == '\0')
			return false;
		line = reader->next;
		reader->next = strchr(line, '\n');
		if (reader->next != NULL)
			*reader->next++ = '\0';
		reader->line++;
		g_strchomp(line);
	} while (*line == '\0');
	for (reader->field_count = 0; line != NULL && reader->field_count < COLUMNS_MAX;
	     reader->field_count++)
		reader->fields[reader->field_count] = cut_field(&line);
	return true;
}

CsvReader *
csv_open(const char *path, const char *const *columns, size_t count, GError **error)
{
	g_autoptr(CsvReader) reader = g_new0(CsvReader, 1);

	reader->text = gzip_text_read(path, error);
	if (reader->text == NULL)
		return NULL;
	reader->next = reader->text;
	csv_next(reader);
	for (size_t i = 0; i < count; i++) {
		size_t at = 0;

		while (at < reader->field_count && strcmp(reader->fields[at], columns[i]) != 0)
			at++;
		if (at == reader->field_count) {
			g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
			            "%s: line 1: no column '%s'", path, columns[i]);
			return NULL;
		}
		reader->column[i] = at;
	}
	return g_steal_pointer(&reader);
}

void
csv_close(CsvReader *reader)
{
	if (reader == NULL)
		return;
	g_free(reader->text);
	g_free(reader);
}

const char *
csv_field(const CsvReader *reader, size_t index)
{
	size_t column = reader->column[index];

	return column < reader->field_count ? reader->fields[column] : "";
}

size_t
csv_line(const CsvReader *reader)
{
	return reader->line;
}
