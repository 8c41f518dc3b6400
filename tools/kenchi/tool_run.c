#include "tools/kenchi/tool_run.h"

#include <gio/gio.h>
#include <stdint.h>

#include "common/fault.h"
#include "tools/kenchi/daemons.h"

static GSubprocess *
start(const char *program, const char *const *options, const char *out, GError **error)
{
	g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
		G_SUBPROCESS_FLAGS_STDERR_PIPE |
		(out == NULL ? G_SUBPROCESS_FLAGS_STDOUT_PIPE : G_SUBPROCESS_FLAGS_NONE));
	g_autofree char *path = daemons_find(program, error);
	g_autoptr(GPtrArray) arguments = g_ptr_array_new();

	if (path == NULL)
		return NULL;
	if (out != NULL)
		g_subprocess_launcher_set_stdout_file_path(launcher, out);
	g_ptr_array_add(arguments, path);
	for (; *options != NULL; options++)
		g_ptr_array_add(arguments, (gpointer)(uintptr_t)*options);
	g_ptr_array_add(arguments, NULL);
	return g_subprocess_launcher_spawnv(launcher, (const char *const *)arguments->pdata, error);
}

/* Its messages go to stderr only when it fails: of a capture that is read well they tell nothing
 * new. */
char *
tool_run(const char *capture, const char *program, const char *const *options, const char *out,
         GError **error)
{
	g_autoptr(GSubprocess) process = start(program, options, out, error);
	g_autoptr(GBytes) printed = NULL;
	g_autoptr(GBytes) messages = NULL;
	const char *text = NULL;
	gsize length = 0;

	if (process == NULL ||
	    !g_subprocess_communicate(process, NULL, NULL, out == NULL ? &printed : NULL, &messages,
	                              error))
		return NULL;
	if (!g_subprocess_get_successful(process)) {
		g_printerr("%.*s", (int)g_bytes_get_size(messages),
		           (const char *)g_bytes_get_data(messages, NULL));
		fault_input(error, "%s: %s has not read it", capture, program);
		return NULL;
	}
	if (printed != NULL)
		text = g_bytes_get_data(printed, &length);
	return g_strndup(text != NULL ? text : "", length);
}
