#include "tools/kenchi/gnuplot.h"

#include <gio/gio.h>

#include "common/fault.h"

char *
gnuplot_run(const char *script, GError **error)
{
	g_autofree char *program = g_find_program_in_path("gnuplot");
	g_autoptr(GSubprocess) process = NULL;
	g_autofree char *picture = NULL;
	g_autofree char *messages = NULL;

	if (program == NULL) {
		fault_input(error, "figures are drawn by gnuplot, which is not on PATH "
		                   "(Debian: apt install gnuplot-nox)");
		return NULL;
	}
	process = g_subprocess_new(G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
	                                   G_SUBPROCESS_FLAGS_STDERR_PIPE,
	                           error, program, "-d", "-", NULL);
	if (process == NULL ||
	    !g_subprocess_communicate_utf8(process, script, NULL, &picture, &messages, error))
		return NULL;
	if (!g_subprocess_get_successful(process) || picture[0] == '\0') {
		fault_input(error, "gnuplot has failed: %s", g_strstrip(messages));
		return NULL;
	}
	return g_steal_pointer(&picture);
}
