/*
 * Was all written that was to be written?  A stream that could not be written for a moment, as on a
 * full disk, has lost a part, however well its last octets went.
 *
 * Errors:  a GError that names the file.
 * Threads: the stream's.
 */
#ifndef COMMON_WRITTEN_H
#define COMMON_WRITTEN_H

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

/* Flushes.  False: something was lost since the stream was opened. */
bool written_whole(FILE *stream, const char *name, GError **error);

#endif
