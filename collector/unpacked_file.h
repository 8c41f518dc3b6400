/*
 * The octets of a file, unpacked where they are compressed with gzip.  The only file that knows
 * zlib.
 *
 * Ownership: what unpacked_file_stream() gives is the caller's to close, before the file.
 * Threads:   one object each.
 * Errors:    what cannot be opened is an error that names it; damage ends the octets, and
 *            unpacked_file_damaged() tells it from the file's end.
 */
#ifndef COLLECTOR_UNPACKED_FILE_H
#define COLLECTOR_UNPACKED_FILE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/wire_reader.h"

enum { UNPACKED_HEAD_OCTETS = 16 };

typedef struct UnpackedFile UnpackedFile;

/* Opens `path`; "-" is standard input. */
UnpackedFile *unpacked_file_open(const char *path, GError **error);
void unpacked_file_close(UnpackedFile *file); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UnpackedFile, unpacked_file_close)

/* The first octets, at most UNPACKED_HEAD_OCTETS, by which to tell what the file is; they are read
 * again with the others. */
struct wire_reader unpacked_file_head(const UnpackedFile *file);

/* Reads `length` octets.  False: there were only `*got`. */
bool unpacked_file_read(UnpackedFile *file, uint8_t *octets, size_t length, size_t *got);

/* At the end: was it damage? */
bool unpacked_file_damaged(UnpackedFile *file);

/* All octets as a stream, for who reads in no other way.  NULL: `errno` tells why. */
FILE *unpacked_file_stream(UnpackedFile *file);

/* The file itself, from its first octet on, to be mapped; it stays this object's.  -1: it is
 * compressed, was opened in its midst, or can be read only once. */
int unpacked_file_descriptor(const UnpackedFile *file);

#endif
