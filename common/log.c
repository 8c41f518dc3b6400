#include "common/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *name = "kenchi";
static bool for_journal = false;

void
log_open(const char *program)
{
	name = program;
	for_journal = getenv("JOURNAL_STREAM") != NULL && isatty(STDERR_FILENO) == 0;
}

/* One write for each line, so that lines of several programs on one terminal do not mix. */
G_GNUC_PRINTF(2, 0)
static void
print_line(int priority, const char *format, va_list arguments)
{
	g_autofree char *text = g_strdup_vprintf(format, arguments);

	if (for_journal)
		fprintf(stderr, "<%d>%s\n", priority, text);
	else
		fprintf(stderr, "%s: %s\n", name, text);
}

#define LOG_FUNCTION(function, priority)                                                           \
	void function(const char *format, ...)                                                     \
	{                                                                                          \
		va_list arguments;                                                                 \
		va_start(arguments, format);                                                       \
		print_line(priority, format, arguments);                                           \
		va_end(arguments);                                                                 \
	}

LOG_FUNCTION(log_error, 3)
LOG_FUNCTION(log_warning, 4)
LOG_FUNCTION(log_notice, 5)
