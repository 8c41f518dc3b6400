/*
 * How host bins lie in a bin file, for its two sides: the Templates, as libfixbuf and as a file's
 * octets have them, and the records that libfixbuf reads and writes.  Who has bins uses
 * common/bin_file.h.
 *
 * Errors:  those of libfixbuf about Templates are our bugs and end the program: all that it is
 *          given was made here.
 * Threads: one for each reader and writer.
 */
#ifndef COMMON_BIN_FILE_LAYOUT_H
#define COMMON_BIN_FILE_LAYOUT_H

#include <fixbuf/public.h>
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/host_bin.h"

/* Template ids, and ids of the Sets of their records. */
enum { BIN_HEADER_TEMPLATE = 256, BIN_PART_TEMPLATE = 257 };

/* Fields in the order of the Templates. */
struct bin_header_record {
	uint64_t layout;
	uint64_t sketch_key;
};

struct bin_part_record {
	struct host_bin bin;
	int64_t export_ms;
	fbVarfield_t extension;
};

_Static_assert(offsetof(struct bin_part_record, extension) == sizeof(struct host_bin) + 8,
               "no padding");

fbInfoModel_t *bin_file_model_new(void); /* free with fbInfoModelFree(), after the session */

/* A session that knows the Templates, of which nothing depends on what is read. */
fbSession_t *bin_file_session_new(fbInfoModel_t *model);

/* Appends the Templates as they lie in a file, made without libfixbuf.  The octets of a part's
 * record, without its extension. */
size_t bin_file_append_templates(GByteArray *octets);

#endif
