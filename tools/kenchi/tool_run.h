/*
 * Runs another program of kenchi over a capture and waits for it.
 *
 * Errors:  a GError that names the capture; what the program itself has to say is on stderr, when
 * it failed.
 */
#ifndef TOOLS_KENCHI_TOOL_RUN_H
#define TOOLS_KENCHI_TOOL_RUN_H

#include <glib.h>

/*
 * `program` by its name, `options` NULL-terminated.  What it prints, free with g_free(); or, with
 * `out`, an empty text: it is written to that file.
 */
char *tool_run(const char *capture, const char *program, const char *const *options,
               const char *out, GError **error);

#endif
