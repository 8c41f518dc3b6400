/*
 * gnuplot, a program that need not be there, as a process.
 *
 * Errors:  a GError that says what is missing, or what gnuplot said.
 */
#ifndef TOOLS_KENCHI_GNUPLOT_H
#define TOOLS_KENCHI_GNUPLOT_H

#include <glib.h>

/* What the script prints; free with g_free(). */
char *gnuplot_run(const char *script, GError **error);

#endif
