#include "common/written.h"

#include <gio/gio.h>

#include "common/fault.h"

bool
written_whole(FILE *stream, const char *name, GError **error)
{
	bool lost = ferror(stream) != 0;

	if (fflush(stream) != 0)
		return fault_system(error, "cannot write to %s", name);
	if (!lost)
		return true;
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
	            "cannot write to %s: a part of what was to be written is lost", name);
	return false;
}
