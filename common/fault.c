#include "common/fault.h"

#include <errno.h>
#include <gio/gio.h>

bool
fault_input(GError **error, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, text);
	return false;
}

bool
fault_system(GError **error, const char *format, ...)
{
	int number = errno;
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error(error, G_IO_ERROR, (int)g_io_error_from_errno(number), "%s: %s", text,
	            g_strerror(number));
	return false;
}
