/*
 * Text files that may be compressed: FILE, or FILE.gz when there is no FILE.
 *
 * Errors:  a GError that names the file.
 */
#ifndef TOOLS_TRAIN_GZIP_TEXT_H
#define TOOLS_TRAIN_GZIP_TEXT_H

#include <glib.h>

/* The whole text, uncompressed; NULL: refused.  Free with g_free(). */
char *gzip_text_read(const char *path, GError **error);

#endif
