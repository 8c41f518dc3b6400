/*
 * Several captures read as one: always the datagram that came first of those that are next in each
 * file, of the same time that of the file given first.
 *
 * An IPFIX File is read to its end once its first Message is next: its Templates are its own.  At
 * most CAPTURES_OPEN_MAX files are open at a time; of more, one is opened when another has ended.
 *
 * Ownership: a datagram's octets are valid until the next call.
 * Errors:    a file that cannot be opened, or is damaged, ends there; the others are read on, and
 * the first error is told at the end.
 * Threads:   one.
 */
#ifndef COLLECTOR_CAPTURE_MERGE_H
#define COLLECTOR_CAPTURE_MERGE_H

#include <glib.h>
#include <stdbool.h>

#include "collector/capture_reader.h"

enum { CAPTURES_OPEN_MAX = 64 };

typedef struct CaptureMerge CaptureMerge;

/* `paths` end with NULL and must outlive it.  Opens nothing yet. */
CaptureMerge *capture_merge_new(char *const *paths);
void capture_merge_free(CaptureMerge *merge); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CaptureMerge, capture_merge_free)

/* False: the end of all, or, when `error` is set, there was an error. */
bool capture_merge_next(CaptureMerge *merge, struct datagram *datagram, GError **error);

/* Of all files so far. */
struct capture_counters capture_merge_counters(const CaptureMerge *merge);

#endif
