/*
 * All rings of a folder (ring.0, ring.1, ...: one for each worker of the collector) read as one
 * stream.
 *
 * Live, entries are taken where there are some.  In lockstep (captures) always from the ring whose
 * watermark is behind, so that the order does not depend on the speed of the workers. What was
 * popped stays on its ring for RING_SET_PAST_MS of export time more (ring_set_settle()): after a
 * start those entries come again (ring_set_comes_again()), so that the minutes that were under way
 * are judged from all of their parts, and windows have a past.  A ring that fills up holds less:
 * above a quarter RING_SET_HOLD_MS, above a half nothing; and so does one in lockstep, after which
 * nobody starts again.  Whoever takes entries sees to it that the same part twice, before and after
 * a start, counts once. A ring that was made anew is read to its end and opened again; new rings
 * are found by ring_set_look().
 *
 * Bound: RING_SET_MAX rings.
 * Errors:  a GError that names the ring; rings that can be read are read all the same.
 * Threads: one.
 */
#ifndef DETECTOR_RING_SET_H
#define DETECTOR_RING_SET_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/ring.h"

enum {
	RING_SET_MAX = 64,
	RING_SET_HOLD_MS = 120000, /* a minute may be under way for so long */
	RING_SET_PAST_MS = 900000, /* the longest window */
};

typedef struct RingSet RingSet;

struct ring_set_counters {
	uint64_t missed;  /* entries that were gone before they could be read */
	uint64_t refused; /* entries that were not valid */
	uint64_t dropped; /* parts for which the rings had no room, as far as entries told */
};

RingSet *ring_set_new(const char *folder, bool lockstep);
void ring_set_free(RingSet *set); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RingSet, ring_set_free)

/* Where reading goes on in a ring that is not open yet, and what had been popped of it. */
void ring_set_restore(RingSet *set, unsigned worker, struct ring_position settled,
                      struct ring_position popped);

/* Finds new rings, opens replaced ones again.  False: one could not be opened; said once, until it
 * changes. */
bool ring_set_look(RingSet *set, GError **error);

/* The next entry, valid until the next call. */
bool ring_set_pop(RingSet *set, struct ring_entry *entry);

/* The entry that was popped last had been popped before the start. */
bool ring_set_comes_again(const RingSet *set);

/* The least of the newest watermarks of the rings that are alive; never goes back.  False: there is
 * none yet. */
bool ring_set_watermark(RingSet *set, struct ring_watermark *watermark);

/*
 * What was popped has been dealt with: moves the positions to watermarks that are so far behind the
 * newest as is said above.  With `all`, and in a ring that is more than half full, to what was
 * popped last.
 */
void ring_set_settle(RingSet *set, bool all);

/* A ring is more than half full of what was popped: settle, store the positions and commit soon. */
bool ring_set_crowded(const RingSet *set);

/* The positions that ring_set_position() tells are stored: their room is the collector's again. */
void ring_set_commit(RingSet *set);

/* Sleeps until a ring has something, in lockstep the one that is behind, or `timeout_ms` has
 * passed. */
void ring_set_wait(RingSet *set, int timeout_ms);

/* Open rings by number: 0 to ring_set_count() - 1. */
size_t ring_set_count(const RingSet *set);
unsigned ring_set_worker(const RingSet *set, size_t index);
struct ring_position ring_set_position(const RingSet *set,
                                       size_t index); /* settled; where reading would go on */
/* The newest entry that was popped, be it before the start. */
struct ring_position ring_set_popped(const RingSet *set, size_t index);
const char *ring_set_worker_counters(const RingSet *set, size_t index); /* JSON, or NULL */
bool ring_set_has_writer(const RingSet *set, size_t index);

/* At least one ring is open and each has come to the end of a capture. */
bool ring_set_ended(const RingSet *set);

struct ring_set_counters ring_set_counters(const RingSet *set);

#endif
