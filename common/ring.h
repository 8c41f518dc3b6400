/*
 * The ring of host bins between collector and detector: a file in shared memory.
 *
 * One process writes, one reads.  DIR/ring.N is written by worker N of the collector and mapped
 * read-only by the reader; DIR/ring.N.reader, one page, is written by the reader: its position.
 * Entries are of variable length and carry the epoch and a sequence; (epoch, sequence) names an
 * entry for ever.  The epoch rises with every start of the writer, and the sequence goes on over
 * restarts; a ring made anew begins with an epoch that is no other ring's.  How it lies in memory
 * is in common/ring_layout.h.
 *
 * Positions: the reader tells with ring_commit() that all entries up to one have been dealt with
 * for good (it keeps the position in the same transaction as the verdicts).  A restarted reader
 * gives the position it kept to ring_open_reader() and goes on behind it; entries in between that
 * are gone are counted as missed.  A restarted writer goes on behind what it finds, when the file's
 * layout is its own; else it makes the ring anew.
 *
 * Full ring: ring_push() fails and nothing is written; a live collector counts the loss
 * (ring_count_dropped()), one that reads a capture waits with ring_wait_room().  Bins leave a
 * little room for the other entries.  With no reader the entries stay, until the ring is full.
 *
 * Trust:   magic, version, sizes, layout hash are checked; each side distrusts what the other
 *          writes, so that a broken peer costs entries and never memory safety.  Lengths are read
 *          once and copied out.
 * Errors:  GError where an operator must read why; bool where it is routine.  To touch what
 *          somebody has cut off a ring's file is SIGBUS: common/map_fault.h tells of it.
 * Threads: one a side.
 */
#ifndef COMMON_RING_H
#define COMMON_RING_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/host_bin.h"
#include "common/host_shares.h"

typedef struct RingWriter RingWriter;
typedef struct RingReader RingReader;

enum ring_entry_type {
	RING_BIN = 1,   /* struct ring_bin, then the bin as ring_push_bin() packs it */
	RING_WATERMARK, /* struct ring_watermark: the parts made until then have all been pushed */
	RING_COUNTERS,  /* text: one JSON object, the collector's counters */
	RING_END,       /* a capture has been read to its end: nothing will follow in this epoch */
	RING_SHARES,    /* one host's part in its sparse form: struct ring_shares */
};

/* One host's part as it lies on the ring and as a reader gets it. */
struct ring_bin {
	int64_t export_ms; /* newest export time, of the exporters that reported the host, when the
	                      part was made */
	uint64_t dropped;  /* parts dropped at the full ring before this one, since the writer's
	                      epoch began */
	struct host_bin bin;
	struct host_bin_extension extension; /* only when bin.touch_count == HOST_BIN_EXTENDED */
};

/* The same in the sparse form; most parts are. */
struct ring_shares {
	int64_t export_ms;
	uint64_t dropped;
	struct host_shares part;
};

struct ring_watermark {
	int64_t export_ms;  /* newest export time over the exporters that are alive */
	int64_t least_ms;   /* least of the newest export times of the exporters that are alive */
	uint32_t exporters; /* alive */
	uint32_t sampled_exporters;
	uint64_t records; /* decoded so far in this epoch */
	uint64_t dropped; /* parts dropped at the full ring in this epoch */
};

struct ring_position {
	uint64_t epoch;
	uint64_t sequence; /* of the last entry dealt with; 0: none */
};

struct ring_entry {
	enum ring_entry_type type;
	struct ring_position position;
	union {
		const struct ring_bin *bin;
		struct ring_shares shares; /* the cells are the reader's, as a bin is */
		struct ring_watermark watermark;
		const char *counters;
	};
};

/*
 * Opens or makes DIR/ring.`worker` of `size` octets (rounded up to a power of two, at least 128
 * KiB).  A second writer is refused (G_IO_ERROR_BUSY), as is a folder with less free space than the
 * ring may take.
 */
RingWriter *ring_open_writer(const char *directory, unsigned worker, size_t size, GError **error);
void ring_close_writer(RingWriter *writer); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RingWriter, ring_close_writer)

/* False: the ring is full.  `extension` is read only when the bin is extended. */
bool ring_push_bin(RingWriter *writer, int64_t export_ms, const struct host_bin *bin,
                   const struct host_bin_extension *extension);
bool ring_push_shares(RingWriter *writer, int64_t export_ms, const struct host_shares *shares);

/* The same, for who writes the cells where they stay: returns where; NULL: the ring is full. */
union host_cell *ring_push_cells(RingWriter *writer, int64_t export_ms,
                                 const struct host_shares *shares);
bool ring_push_watermark(RingWriter *writer, const struct ring_watermark *watermark);
bool ring_push_counters(RingWriter *writer, const char *json); /* also false above 16 KiB of text */
bool ring_push_end(RingWriter *writer);
void ring_count_dropped(RingWriter *writer, uint64_t parts);

/* Makes what was pushed visible to the reader and wakes it if it sleeps.  Call after a batch. */
void ring_publish(RingWriter *writer);

/* Publishes, and waits up to `timeout_ms` for room.  False: there is none yet. */
bool ring_wait_room(RingWriter *writer, int timeout_ms);

/*
 * A ring takes its file's room, that is memory, as it is written for the first time.  This takes
 * all of it now, some 0.07 s for 128 MiB.
 */
bool ring_set_aside(RingWriter *writer, GError **error);

/* False: the file found no room, and nothing more can be pushed. */
bool ring_check(const RingWriter *writer, GError **error);

uint64_t ring_writer_dropped(const RingWriter *writer);
size_t ring_writer_used(RingWriter *writer); /* octets that the reader has not committed */
size_t ring_writer_size(const RingWriter *writer);
bool ring_writer_has_reader(const RingWriter *writer); /* a process has the ring open for reading */
/* A file was removed, replaced or cut short: open the ring again. */
bool ring_writer_stale(const RingWriter *writer);

/*
 * Opens DIR/ring.`worker`; `from` is the position that the reader kept, or {0, 0} for the oldest
 * entry there is. A second reader is refused (G_IO_ERROR_BUSY); G_IO_ERROR_NOT_FOUND: there is no
 * ring yet.
 */
RingReader *ring_open_reader(const char *directory, unsigned worker, struct ring_position from,
                             GError **error);
void ring_close_reader(RingReader *reader); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RingReader, ring_close_reader)

/* Copies the next entry out; it stays valid until the next call.  False: there is nothing to read
 * now. */
bool ring_pop(RingReader *reader, struct ring_entry *entry);

/*
 * Entries up to `position`, one that ring_pop() gave or the one that the ring was opened with, are
 * done with: their room is the writer's again.  With the newest of them, so is what was refused
 * behind it: commit now and then even when nothing came.
 */
void ring_commit(RingReader *reader, struct ring_position position);

size_t ring_reader_held(const RingReader *reader); /* octets popped and not committed */
size_t ring_reader_size(const RingReader *reader);

/* There is something to read. */
bool ring_reader_has_entry(const RingReader *reader);

/* Sleeps until there is something to read or `timeout_ms` has passed. */
void ring_wait_entry(RingReader *reader, int timeout_ms);

/* The same for several rings, at most RING_WAIT_MOST: until one of them has something. */
enum { RING_WAIT_MOST = 128 };
void ring_wait_entries(RingReader *const *readers, size_t count, int timeout_ms);

uint64_t
ring_reader_missed(const RingReader *reader); /* entries that were gone before they could be read */
uint64_t ring_reader_refused(const RingReader *reader); /* entries that were not valid */
bool ring_reader_stale(const RingReader *reader);       /* the same: read to the end, open again */
bool ring_reader_has_writer(const RingReader *reader); /* a process has the ring open for writing */

#endif
