/*
 * Records' shares that wait until they are sent, each with the host and minute that it is for.
 *
 * A record's share is not looked up by its host: it is appended to a partition that a hash of the
 * host chose, and what a partition holds is grouped by host and minute only when it is due
 * (share_groups.h).  So a share costs one line of 64 octets, written once and read once in order.
 * A partition holds few hosts; there are more partitions when more is held.
 *
 * A partition's shares lie in chunks of lines; what tells of chunks and partitions lies apart,
 * close together, so that it stays in the caches while lines come and go.  Which partition a share
 * lies in matters to nobody who merges parts, so that the number of partitions can grow while they
 * hold shares.
 *
 * Threads: one.
 */
#ifndef COLLECTOR_SHARE_LOG_H
#define COLLECTOR_SHARE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/host_shares.h"

enum {
	SHARE_CHUNK_LINES = 8,
	SHARE_LINE_OCTETS = 64,
	SHARE_PARTITION_OCTETS = 32,
	SHARE_TOUCHES_MOST = 15, /* that are told apart */
};

/* A share that is wide takes two lines; the second one holds its numbers. */
struct held_share {
	struct host_address host;
	uint32_t minute;
	union host_cell cell;
};

_Static_assert(sizeof(struct held_share) == SHARE_LINE_OCTETS, "one cache line");

/* Lines are named by their number; that of a chunk is its first line's.  0 is none. */
struct share_partition {
	uint32_t first; /* chunk; 0: the partition is empty */
	uint32_t end;   /* behind the last line; at a multiple of a chunk's lines, that chunk is
	                   full */
	uint32_t chunks;
	uint16_t lost;  /* shares that found no room; saturating */
	uint16_t owner; /* the caller's */
	uint16_t since; /* the caller's */
	uint16_t busy;  /* the caller's */
	uint32_t unused;
	uint64_t touches; /* share_log_touch() */
};

_Static_assert(sizeof(struct share_partition) == SHARE_PARTITION_OCTETS, "half a cache line");

struct share_log {
	struct held_share *lines;
	uint32_t *next; /* of each chunk the one behind it, or that is free behind it */
	struct share_partition *partitions;
	uint16_t *serials; /* of partitions: changes when one is taken out */
	uint32_t mask;     /* the number of partitions, less one */
	uint32_t partitions_most;
	uint32_t chunks_most;
	uint32_t chunks_touched; /* that have ever been used */
	uint32_t chunks_used;
	uint32_t free; /* the chunk taken next; 0: an untouched one */
};

void share_log_init(struct share_log *log, size_t shares_max);
void share_log_clear(struct share_log *log);

/* Has the memory of some 300 000 shares now. */
void share_log_populate(struct share_log *log);

static inline struct share_partition *
share_log_partition(const struct share_log *log, uint64_t hash)
{
	return &log->partitions[hash & log->mask];
}

static inline uint32_t
share_log_number(const struct share_log *log, const struct share_partition *partition)
{
	return (uint32_t)(partition - log->partitions);
}

/* The chunk behind that one. */
static inline uint32_t
share_log_next(const struct share_log *log, uint32_t chunk)
{
	return log->next[chunk / SHARE_CHUNK_LINES];
}

static inline void
share_log_prefetch_end(const struct share_log *log, const struct share_partition *partition)
{
	__builtin_prefetch(&log->lines[partition->end], 1);
}

/* False: there is no chunk left. */
bool share_log_extend(struct share_log *log, struct share_partition *partition);

/* Room for one more line, to be written by the caller; NULL: there is none. */
static inline struct held_share *
share_log_append(struct share_log *log, struct share_partition *partition)
{
	if (partition->end % SHARE_CHUNK_LINES == 0 && !share_log_extend(log, partition))
		return NULL;
	return &log->lines[partition->end++];
}

/* Is there room for so many lines?  Where there is not, the caller tells of what is lost. */
bool share_log_has_room(const struct share_log *log, const struct share_partition *partition,
                        uint32_t lines);

static inline void
share_log_lose(struct share_partition *partition)
{
	partition->lost = (uint16_t)(partition->lost + (partition->lost != UINT16_MAX));
}

/*
 * Counts touches of a host's minute; how many there are of all the minutes that have the same hash,
 * modulo 16.  Who has told of SHARE_TOUCHES_MOST does not go on.
 */
static inline unsigned
share_log_touch(struct share_partition *partition, uint32_t hash, unsigned touches)
{
	unsigned shift = hash % 16 * 4;

	partition->touches += (uint64_t)touches << shift;
	return partition->touches >> shift & SHARE_TOUCHES_MOST;
}

/* What was taken out of a partition. */
struct share_run {
	uint32_t first; /* chunk; 0: nothing */
	uint32_t end;
	uint32_t chunks;
	uint16_t lost;
};

/* Empties the partition; the lines stay until the run is released. */
struct share_run share_log_take(struct share_log *log, struct share_partition *partition);
void share_log_release(struct share_log *log, struct share_run *run);

/* Asks for the memory of the first two chunks of what lies in a partition. */
void share_log_prefetch_run(const struct share_log *log, const struct share_partition *partition);

/* Less than an eighth of the room is left. */
bool share_log_is_scarce(const struct share_log *log);

/* More partitions, when those that there are hold much. */
void share_log_grow(struct share_log *log);

struct share_log_room {
	uint64_t used; /* shares, in whole chunks */
	uint64_t most;
	uint64_t octets; /* that have been used at one time, with the partitions */
	uint64_t octets_most;
};

struct share_log_room share_log_room(const struct share_log *log);

#endif
