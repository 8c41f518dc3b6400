/*
 * Where the files lie that come with the programs: beside the sources when the program runs from
 * its build folder; else in the data folder beside the program's own, or in that of the
 * installation.
 *
 * Errors:  a GError that names the file.
 * Threads: any.
 */
#ifndef DETECTOR_SHIPPED_FILE_H
#define DETECTOR_SHIPPED_FILE_H

#include <glib.h>

/* The path of detector/models/`name`, to be freed with g_free(); NULL: there is no such file. */
char *shipped_file(const char *name, GError **error);

#endif
