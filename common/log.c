#include "common/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static const char *name = "kenchi";
static bool for_journal = false;

void
log_open(const char *program)
{
	name = program;
	for_journal = g_getenv("JOURNAL_STREAM") != NULL && isatty(STDERR_FILENO) == 0;
}

static void
begin_line(int priority, char *begin, size_t size)
{
	if (for_journal)
		g_snprintf(begin, size, "<%d>", priority);
	else
		g_snprintf(begin, size, "%s: ", name);
}

/* One write for each line, so that lines of several programs on one terminal do not mix. */
G_GNUC_PRINTF(2, 0)
static void
print_line(int priority, const char *format, va_list arguments)
{
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	char begin[64];

	begin_line(priority, begin, sizeof(begin));
	fprintf(stderr, "%s%s\n", begin, text);
}

#define LOG_FUNCTION(function, priority)                                                           \
	void function(const char *format, ...)                                                     \
	{                                                                                          \
		va_list arguments;                                                                 \
		va_start(arguments, format);                                                       \
		print_line(priority, format, arguments);                                           \
		va_end(arguments);                                                                 \
	}

enum { ERROR = 3, WARNING = 4, NOTICE = 5 };

LOG_FUNCTION(log_error, ERROR)
LOG_FUNCTION(log_warning, WARNING)
LOG_FUNCTION(log_notice, NOTICE)

void
log_error_begin(char *begin, size_t size)
{
	begin_line(ERROR, begin, size);
}
