/*
 * From the hash of a key to the number of what has it: an index that grows with what is in it, so
 * that a small one stays in the cache.
 *
 * Hashes may be equal; whoever searches compares keys and asks for the next number.  Search:
 *
 *     uint64_t at = bin_index_home(index, hash);
 *     while ((number = bin_index_next(index, &at, hash)) != BIN_INDEX_NONE && !is_it(number))
 *             ;
 *
 * Linear probing without tombstones; at most three quarters full, and half full until it is as
 * large as it gets.  Threads: one.
 */
#ifndef COLLECTOR_BIN_INDEX_H
#define COLLECTOR_BIN_INDEX_H

#include <stddef.h>
#include <stdint.h>

#define BIN_INDEX_NONE UINT32_MAX

struct bin_index {
	uint64_t *slots; /* hash in the upper half, number plus one in the lower; 0: free */
	uint64_t mask;
	uint64_t taken;
	uint64_t most; /* slots */
};

void bin_index_init(struct bin_index *index, size_t numbers_max);
void bin_index_clear(struct bin_index *index);

void bin_index_add(struct bin_index *index, uint32_t hash, uint32_t number);

/* Takes out what is in. */
void bin_index_remove(struct bin_index *index, uint32_t hash, uint32_t number);

size_t bin_index_octets(const struct bin_index *index);

static inline uint64_t
bin_index_home(const struct bin_index *index, uint32_t hash)
{
	return hash & index->mask;
}

static inline void
bin_index_prefetch(const struct bin_index *index, uint32_t hash)
{
	__builtin_prefetch(&index->slots[bin_index_home(index, hash)]);
}

/* The next number of that hash from `*at` on. */
static inline uint32_t
bin_index_next(const struct bin_index *index, uint64_t *at, uint32_t hash)
{
	for (;;) {
		uint64_t slot = index->slots[*at];

		if (slot == 0)
			return BIN_INDEX_NONE;
		*at = (*at + 1) & index->mask;
		if (slot >> 32 == hash)
			return (uint32_t)slot - 1;
	}
}

#endif
