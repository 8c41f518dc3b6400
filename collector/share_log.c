#include "collector/share_log.h"

#include "collector/lazy_map.h"

enum {
	CHUNK_OCTETS = SHARE_CHUNK_LINES * SHARE_LINE_OCTETS,
	PARTITIONS_FIRST = 1 << 15,
	PARTITIONS_MOST = 1 << 19,
	CHUNKS_A_PARTITION = 2, /* more on the average make partitions grow in number */
	SCARCE_PART = 8,
	POPULATED_OCTETS = 24 << 20,
};

void
share_log_init(struct share_log *log, size_t shares_max)
{
	size_t chunks = (shares_max + SHARE_CHUNK_LINES - 1) / SHARE_CHUNK_LINES;

	/* Chunk 0 is none. */
	*log = (struct share_log){
		.mask = PARTITIONS_FIRST - 1,
		.partitions_most = PARTITIONS_MOST,
		.chunks_most = (uint32_t)MIN(chunks, UINT32_MAX / SHARE_CHUNK_LINES - 1),
	};
	log->lines = lazy_map((log->chunks_most + 1) * (size_t)CHUNK_OCTETS);
	log->next = lazy_map((log->chunks_most + 1) * sizeof(*log->next));
	log->partitions = lazy_map(log->partitions_most * sizeof(*log->partitions));
	log->serials = lazy_map(log->partitions_most * sizeof(*log->serials));
}

void
share_log_clear(struct share_log *log)
{
	lazy_unmap(log->lines, (log->chunks_most + 1) * (size_t)CHUNK_OCTETS);
	lazy_unmap(log->next, (log->chunks_most + 1) * sizeof(*log->next));
	lazy_unmap(log->serials, log->partitions_most * sizeof(*log->serials));
	lazy_unmap(log->partitions, log->partitions_most * sizeof(*log->partitions));
}

void
share_log_populate(struct share_log *log)
{
	lazy_map_populate(log->lines,
	                  MIN((log->chunks_most + 1) * (size_t)CHUNK_OCTETS, POPULATED_OCTETS));
	lazy_map_populate(log->next, MIN(log->chunks_most + 1, POPULATED_OCTETS / CHUNK_OCTETS) *
	                                     sizeof(*log->next));
	lazy_map_populate(log->partitions, (log->mask + 1) * sizeof(*log->partitions));
	lazy_map_populate(log->serials, (log->mask + 1) * sizeof(*log->serials));
}

/* 0: there is none left. */
static inline uint32_t
take_chunk(struct share_log *log)
{
	uint32_t chunk = log->free;
	uint32_t early; /* one that is taken soon */

	if (chunk != 0) {
		log->free = share_log_next(log, chunk);
		early = share_log_next(log, share_log_next(log, log->free));
	} else if (log->chunks_touched < log->chunks_most) {
		chunk = ++log->chunks_touched * SHARE_CHUNK_LINES;
		early = chunk + 3 * SHARE_CHUNK_LINES;
	} else {
		return 0;
	}
	__builtin_prefetch(&log->lines[early], 1);
	log->chunks_used++;
	return chunk;
}

bool
share_log_extend(struct share_log *log, struct share_partition *partition)
{
	uint32_t chunk = take_chunk(log);

	if (chunk == 0)
		return false;
	if (partition->first == 0)
		partition->first = chunk;
	else
		log->next[partition->end / SHARE_CHUNK_LINES - 1] = chunk;
	partition->end = chunk;
	partition->chunks++;
	return true;
}

bool
share_log_has_room(const struct share_log *log, const struct share_partition *partition,
                   uint32_t lines)
{
	uint32_t used = partition->end % SHARE_CHUNK_LINES;
	uint64_t left = used == 0 ? 0 : SHARE_CHUNK_LINES - used;

	return lines <= left + (log->chunks_most - log->chunks_used) * (uint64_t)SHARE_CHUNK_LINES;
}

struct share_run
share_log_take(struct share_log *log, struct share_partition *partition)
{
	struct share_run run = { partition->first, partition->end, partition->chunks,
		                 partition->lost };

	*partition = (struct share_partition){ .owner = partition->owner };
	log->serials[share_log_number(log, partition)]++;
	return run;
}

void
share_log_release(struct share_log *log, struct share_run *run)
{
	if (run->first == 0)
		return;
	log->next[(run->end - 1) / SHARE_CHUNK_LINES] = log->free;
	log->free = run->first;
	log->chunks_used -= run->chunks;
	*run = (struct share_run){ 0 };
}

static inline void
prefetch_chunk(const struct share_log *log, uint32_t chunk)
{
	for (uint32_t line = 0; line < SHARE_CHUNK_LINES; line++)
		__builtin_prefetch(&log->lines[chunk + line]);
}

void
share_log_prefetch_run(const struct share_log *log, const struct share_partition *partition)
{
	prefetch_chunk(log, partition->first);
	if (partition->chunks > 1)
		prefetch_chunk(log, share_log_next(log, partition->first));
}

bool
share_log_is_scarce(const struct share_log *log)
{
	return log->chunks_most - log->chunks_used < log->chunks_most / SCARCE_PART;
}

void
share_log_grow(struct share_log *log)
{
	if (log->chunks_used > (log->mask + 1) * CHUNKS_A_PARTITION &&
	    log->mask + 1 < log->partitions_most)
		log->mask = 2 * log->mask + 1;
}

struct share_log_room
share_log_room(const struct share_log *log)
{
	const uint64_t partition = sizeof(*log->partitions) + sizeof(*log->serials);
	const uint64_t chunk = CHUNK_OCTETS + sizeof(*log->next);

	return (struct share_log_room){
		.used = log->chunks_used * (uint64_t)SHARE_CHUNK_LINES,
		.most = log->chunks_most * (uint64_t)SHARE_CHUNK_LINES,
		.octets = log->chunks_touched * chunk + (log->mask + 1) * partition,
		.octets_most = log->chunks_most * chunk + log->partitions_most * partition,
	};
}
