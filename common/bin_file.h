/*
 * Host bins in a file: how they are archived, and what training and evaluation read.
 *
 * An IPFIX File (RFC 5655) with elements of our own under the enterprise number 32473, which is
 * kept for documentation (RFC 5612), until one is assigned.  The first Message holds the Templates
 * and one record with the layout of the bins (host_bin_layout()) and the key of their sketches;
 * each later record is one part of a host's bin, in the order in which it was appended.  The fields
 * of the base are numbers, one Information Element for each row of schemas/host_bin.def, repeated
 * for arrays; touches and extension are octets in host byte order.
 *
 * Trust:   a file is checked, Message by Message, before libfixbuf sees it: nothing but what a
 *          writer of the same layout writes is let through.  Sets, records and bins are checked
 *          against their bounds.
 * Errors:  a GError that names the file.
 * Threads: one for each reader and writer.
 */
#ifndef COMMON_BIN_FILE_H
#define COMMON_BIN_FILE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/host_bin.h"
#include "common/ring.h"

typedef struct BinFileWriter BinFileWriter;
typedef struct BinFileReader BinFileReader;

/* Makes the file anew. */
BinFileWriter *bin_file_open_writer(const char *path, uint64_t sketch_key, GError **error);

/* `extension` is read only when the bin is extended.  After a failure nothing more can be written.
 */
bool bin_file_append(BinFileWriter *writer, int64_t export_ms, const struct host_bin *bin,
                     const struct host_bin_extension *extension, GError **error);

/* Writes what is left; false: the file is not complete.  The writer is gone in any case. */
bool bin_file_finish(BinFileWriter *writer, GError **error);

/* For when the file does not matter any more: what is left is not written.  NULL is allowed. */
void bin_file_close_writer(BinFileWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BinFileWriter, bin_file_close_writer)

BinFileReader *bin_file_open_reader(const char *path, GError **error);
void bin_file_close_reader(BinFileReader *reader); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BinFileReader, bin_file_close_reader)

/* The key that the bins' sketches were made with. */
uint64_t bin_file_sketch_key(const BinFileReader *reader);

/* Reads the next part (`dropped` is 0).  False: the file is at its end, or damaged, and then
 * `error` is set. */
bool bin_file_read(BinFileReader *reader, struct ring_bin *part, GError **error);

#endif
