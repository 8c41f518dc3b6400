/*
 * How a ring lies in memory: for its two sides, for tools that look at one, and for tests that
 * break one.
 *
 *   DIR/ring.N         one page (struct ring_head), then `size` octets of entries: the writer's
 *   DIR/ring.N.reader  one page (struct ring_page): the reader's
 *
 * Positions in the ring are octets since it was made; they never wrap, and modulo `size` they are
 * places.  An entry begins at a multiple of RING_ALIGNMENT with a struct ring_entry_head and does
 * not go over the end of the ring: a padding entry fills what is left.  What lies in [tail of the
 * reader, head) is whole: the head is moved last.
 *
 * A ring has an identity, drawn when it is made: the upper half of its epochs.  So a position kept
 * for a ring that is gone (the folder was on tmpfs, and the machine was started anew) is known to
 * be no position of this one.
 *
 * Each side holds a lock (of the open file) on its own file as long as it lives: that is how a
 * second writer or reader is refused, and how each side knows whether the other is there.  No clock
 * is read.
 */
#ifndef COMMON_RING_LAYOUT_H
#define COMMON_RING_LAYOUT_H

#include <glib.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/ring.h"

enum {
	RING_VERSION = 3,
	RING_PAGE = 4096,
	RING_ALIGNMENT = 32,
	RING_PADDING = 0,      /* an entry's type, beside enum ring_entry_type */
	RING_TEXT_MAX = 16384, /* octets of one RING_COUNTERS, with its final zero */
	RING_SIZE_LEAST = 1 << 17,
	/* Left free by bins, so that watermarks, counters and the end find room in a ring full of
	   bins. */
	RING_RESERVE = 2 * (RING_TEXT_MAX + 64),
};

/* Show the byte order too: a foreign one reads as another number. */
#define RING_MAGIC      UINT64_C(0x676e69722d6b656e)
#define RING_PAGE_MAGIC UINT64_C(0x7265646165722d6b)
#define RING_SIZE_MOST  (UINT64_C(1) << 36)

/* Where a head lay and which sequence its last entry has; two, so that a kill between two stores
 * leaves one. */
struct ring_mark {
	_Atomic uint64_t head;
	_Atomic uint64_t sequence;
};

struct ring_head {
	uint64_t magic;
	uint32_t version;
	uint32_t identity;
	uint64_t size;
	uint64_t layout;                   /* host_bin_layout() */
	alignas(64) _Atomic uint64_t head; /* entries lie before it */
	_Atomic uint64_t oldest;           /* what lies from here on is not overwritten yet */
	struct ring_mark marks[2];
	_Atomic uint32_t published;    /* futex: changes with the head */
	_Atomic uint32_t writer_waits; /* for room */
	alignas(64) _Atomic uint64_t epoch;
	_Atomic uint64_t dropped; /* parts, in this epoch */
	_Atomic uint32_t writer_pid;
};

struct ring_page {
	uint64_t magic;
	uint32_t version;
	_Atomic uint32_t identity;         /* of the ring that the rest is about; 0: of none */
	alignas(64) _Atomic uint64_t tail; /* entries before it are done with */
	_Atomic uint64_t epoch;            /* of the last entry done with, and its sequence */
	_Atomic uint64_t sequence;
	_Atomic uint32_t committed;    /* futex: changes with the tail */
	_Atomic uint32_t reader_waits; /* for entries: ring_wait_number(); 0: it does not */
	_Atomic uint32_t reader_pid;
};

struct ring_entry_head {
	uint32_t length; /* octets behind this head; RING_PADDING: up to the end of the ring */
	uint32_t type;
	uint64_t epoch;
	uint64_t sequence;
};

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2,
               "a lock would not work across processes");
_Static_assert(sizeof(struct ring_head) == 192 && sizeof(struct ring_page) == 128, "shared layout");
_Static_assert(sizeof(struct ring_entry_head) == 24,
               "fits in what is left before the end of the ring");

/* How the parts of a RING_BIN follow each other: this, the bin up to its touches, its touches or
 * its extension. */
struct ring_bin_head {
	int64_t export_ms;
	uint64_t dropped;
};

/* How a RING_SHARES begins; its cells follow. */
struct ring_shares_head {
	int64_t export_ms;
	uint64_t dropped;
	struct host_address host;
	uint32_t minute;
	uint16_t lost;
	uint16_t count;
};

_Static_assert(sizeof(struct ring_shares_head) == 40, "no padding in shared memory");

/*
 * Names a wait of the reader by what it saw of `published`: one that begins after something was
 * published has another name, so that the writer wakes it once, and not with all that it publishes
 * until the reader runs.
 */
static inline uint32_t
ring_wait_number(uint32_t published)
{
	return published << 1 | 1;
}

static inline size_t
ring_entry_size(size_t length)
{
	size_t size = sizeof(struct ring_entry_head) + length;

	return (size + RING_ALIGNMENT - 1) & ~(size_t)(RING_ALIGNMENT - 1);
}

static inline uint32_t
ring_epoch_identity(uint64_t epoch)
{
	return (uint32_t)(epoch >> 32);
}

/* One side's view of the two files. */
struct ring_files {
	char *path;  /* of the ring; the page's is ring_page_path() */
	int ring_fd; /* -1: not open */
	int page_fd;
	uint64_t size; /* our copy: the one in memory could change under us */
	uint32_t identity;
	struct ring_head *head; /* the reader maps it read-only */
	uint8_t *data;
	struct ring_page *page; /* the writer maps it read-only */
	uint64_t taken;         /* octets at the file's beginning that have their memory:
	                           ring_files_take_room() */
	bool borrowed;          /* one of the mappings is the other side's: ring_files_share() */
};

char *ring_path(const char *directory, unsigned worker);
char *ring_page_path(const char *ring_path);

/* Opens, locks and maps; the ring is made when there is none that fits.  On failure nothing is left
 * open. */
bool ring_files_open_writer(struct ring_files *files, const char *directory, unsigned worker,
                            uint64_t size, GError **error);
bool ring_files_open_reader(struct ring_files *files, const char *directory, unsigned worker,
                            GError **error);
void ring_files_close(struct ring_files *files);

/*
 * For the writer: a ring is made as a hole, whose room is taken in steps as it is written for the
 * first time.  Takes what its file lacks up to `octets` and somewhat more.  False: there is none.
 */
bool ring_files_take_room(struct ring_files *files, uint64_t octets);

/* True when the names lead to other files than those that are open, or these have been cut short.
 */
bool ring_files_replaced(const struct ring_files *files);

/* True when somebody else holds the lock of that file. */
bool ring_file_locked(int fd);

/* Futexes over processes: sleeps while *word is `value`, at most `timeout_ms`; wakes who sleeps
 * there. */
void ring_sleep(const _Atomic uint32_t *word, uint32_t value, int timeout_ms);
void ring_wake(const _Atomic uint32_t *word);

/* Sleeps while words[i] is values[i] for all of `count` (RING_WAIT_MOST at most). */
void ring_sleep_on_all(const _Atomic uint32_t *const *words, const uint32_t *values, size_t count,
                       int timeout_ms);

/*
 * For tests of both sides in one process: makes them use one mapping of each file, since
 * ThreadSanitizer goes by addresses.  The reader must be closed last.
 */
void ring_files_share(struct ring_files *writer, struct ring_files *reader);
struct ring_files *ring_writer_files(RingWriter *writer);
struct ring_files *ring_reader_files(RingReader *reader);

#endif
