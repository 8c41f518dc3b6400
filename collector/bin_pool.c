#include "collector/bin_pool.h"

#include <sys/mman.h>

#include "common/keyed_hash.h"

/* An index slot: the lower half of the hash above, the bin's number plus one below; 0: free. */
typedef uint64_t slot;

struct extension_tag {
	uint32_t bin; /* whose it is; BIN_POOL_NONE: it is free */
	uint32_t next_free;
};

struct BinPool {
	uint64_t key;
	slot *slots;
	uint64_t slot_mask;
	uint64_t slots_taken;
	uint64_t slots_most;
	struct host_bin *bins;
	struct bin_tag *tags; /* of a free bin, the extension is the next free number */
	struct host_bin_extension *extensions;
	struct extension_tag *extension_tags;
	size_t bins_max;
	size_t extensions_max;
	uint32_t bins_used; /* numbers that have ever been given */
	uint32_t extensions_used;
	uint32_t free_bin;
	uint32_t free_extension;
	size_t open_bins;
	size_t open_extensions;
};

enum { HUGE_PAGE_OCTETS = 2 << 20, LINE_OCTETS = 64, SLOTS_FIRST = 1 << 13 };

/* Memory that costs nothing until it is used, in huge pages where there are any. */
static void *
map_lazily(size_t octets)
{
	void *memory = mmap(NULL, octets, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		g_error("cannot map %zu octets for host bins", octets);
	if (octets >= HUGE_PAGE_OCTETS)
		(void)madvise(memory, octets, MADV_HUGEPAGE);
	return memory;
}

/* Never more than three quarters full, and half full until it is as large as it gets: linear probing
 * stays short. */
static uint64_t
slots_for(size_t bins_max)
{
	uint64_t slots = 64;

	while (slots / 4 * 3 < bins_max)
		slots *= 2;
	return slots;
}

BinPool *
bin_pool_new(size_t bins_max, size_t extensions_max, uint64_t key)
{
	BinPool *pool = g_new0(BinPool, 1);

	pool->key = key;
	pool->bins_max = CLAMP(bins_max, 1, UINT32_MAX / 2);
	pool->extensions_max = CLAMP(extensions_max, 1, UINT32_MAX / 2);
	pool->slots_most = slots_for(pool->bins_max);
	pool->slot_mask = MIN(pool->slots_most, SLOTS_FIRST) - 1;
	pool->slots = map_lazily((pool->slot_mask + 1) * sizeof(slot));
	pool->bins = map_lazily(pool->bins_max * sizeof(*pool->bins));
	pool->tags = map_lazily(pool->bins_max * sizeof(*pool->tags));
	pool->extensions = map_lazily(pool->extensions_max * sizeof(*pool->extensions));
	pool->extension_tags = map_lazily(pool->extensions_max * sizeof(*pool->extension_tags));
	pool->free_bin = BIN_POOL_NONE;
	pool->free_extension = BIN_POOL_NONE;
	return pool;
}

void
bin_pool_free(BinPool *pool)
{
	if (pool == NULL)
		return;
	munmap(pool->slots, (pool->slot_mask + 1) * sizeof(slot));
	munmap(pool->bins, pool->bins_max * sizeof(*pool->bins));
	munmap(pool->tags, pool->bins_max * sizeof(*pool->tags));
	munmap(pool->extensions, pool->extensions_max * sizeof(*pool->extensions));
	munmap(pool->extension_tags, pool->extensions_max * sizeof(*pool->extension_tags));
	g_free(pool);
}

uint64_t
bin_pool_hash(const BinPool *pool, const struct host_address *host, uint32_t minute)
{
	return keyed_hash_address(host, pool->key + minute * UINT64_C(0x9e3779b97f4a7c15));
}

void
bin_pool_prefetch_index(const BinPool *pool, uint64_t hash)
{
	__builtin_prefetch(&pool->slots[(uint32_t)hash & pool->slot_mask]);
}

static bool
slot_is_of(slot entry, uint64_t hash)
{
	return entry >> 32 == (uint32_t)hash;
}

static uint32_t
number_of(slot entry)
{
	return (uint32_t)entry - 1;
}

void
bin_pool_prefetch_bin(const BinPool *pool, uint64_t hash)
{
	for (uint64_t at = (uint32_t)hash & pool->slot_mask; pool->slots[at] != 0;
	     at = (at + 1) & pool->slot_mask) {
		if (!slot_is_of(pool->slots[at], hash))
			continue;
		for (size_t line = 0; line < sizeof(struct host_bin); line += LINE_OCTETS)
			__builtin_prefetch(
				(const char *)&pool->bins[number_of(pool->slots[at])] + line, 1);
		__builtin_prefetch(&pool->tags[number_of(pool->slots[at])]);
		return;
	}
}

uint32_t
bin_pool_find(const BinPool *pool, const struct host_address *host, uint32_t minute, uint64_t hash)
{
	for (uint64_t at = (uint32_t)hash & pool->slot_mask; pool->slots[at] != 0;
	     at = (at + 1) & pool->slot_mask) {
		const struct host_bin *bin;

		if (!slot_is_of(pool->slots[at], hash))
			continue;
		bin = &pool->bins[number_of(pool->slots[at])];
		if (bin->minute == minute && host_address_equal(&bin->host, host))
			return number_of(pool->slots[at]);
	}
	return BIN_POOL_NONE;
}

static void
put_slot(BinPool *pool, slot entry)
{
	uint64_t at = entry >> 32 & pool->slot_mask;

	while (pool->slots[at] != 0)
		at = (at + 1) & pool->slot_mask;
	pool->slots[at] = entry;
}

/* The index is no larger than the bins need that are open: a small one stays in the cache. */
static void
grow_index(BinPool *pool)
{
	uint64_t count = pool->slot_mask + 1;
	slot *old = pool->slots;

	if (count == pool->slots_most)
		return;
	pool->slot_mask = 2 * count - 1;
	pool->slots = map_lazily(2 * count * sizeof(slot));
	for (uint64_t i = 0; i < count; i++)
		if (old[i] != 0)
			put_slot(pool, old[i]);
	munmap(old, count * sizeof(slot));
}

static uint32_t
take_number(BinPool *pool)
{
	uint32_t number = pool->free_bin;

	if (number != BIN_POOL_NONE) {
		pool->free_bin = pool->tags[number].extension;
		return number;
	}
	return pool->bins_used < pool->bins_max ? pool->bins_used++ : BIN_POOL_NONE;
}

uint32_t
bin_pool_open(BinPool *pool, const struct host_address *host, uint32_t minute, uint64_t hash)
{
	uint32_t number = take_number(pool);

	if (number == BIN_POOL_NONE)
		return number;
	if (++pool->slots_taken > pool->slot_mask / 2)
		grow_index(pool);
	put_slot(pool, (uint64_t)(uint32_t)hash << 32 | (number + 1));
	host_bin_init(&pool->bins[number], host, minute);
	pool->tags[number] = (struct bin_tag){ .extension = BIN_POOL_NONE };
	pool->open_bins++;
	return number;
}

struct host_bin *
bin_pool_bin(const BinPool *pool, uint32_t number)
{
	return &pool->bins[number];
}

struct bin_tag *
bin_pool_tag(const BinPool *pool, uint32_t number)
{
	return &pool->tags[number];
}

struct host_bin_extension *
bin_pool_extension(const BinPool *pool, uint32_t number)
{
	uint32_t extension = pool->tags[number].extension;

	return extension != BIN_POOL_NONE ? &pool->extensions[extension] : NULL;
}

struct host_bin_extension *
bin_pool_extend(BinPool *pool, uint32_t number)
{
	struct bin_tag *tag = &pool->tags[number];

	if (tag->extension != BIN_POOL_NONE)
		return &pool->extensions[tag->extension];
	if (pool->free_extension != BIN_POOL_NONE) {
		tag->extension = pool->free_extension;
		pool->free_extension = pool->extension_tags[tag->extension].next_free;
	} else if (pool->extensions_used < pool->extensions_max) {
		tag->extension = pool->extensions_used++;
	} else {
		return NULL;
	}
	pool->extension_tags[tag->extension].bin = number;
	pool->open_extensions++;
	host_bin_extension_init(&pool->extensions[tag->extension]);
	return &pool->extensions[tag->extension];
}

/* Moves later slots of the same run up, so that no search stops short and no tombstones are left.
 */
static void
fill_gap(BinPool *pool, uint64_t gap)
{
	uint64_t mask = pool->slot_mask;

	for (uint64_t at = (gap + 1) & mask; pool->slots[at] != 0; at = (at + 1) & mask) {
		uint64_t home = pool->slots[at] >> 32 & mask;

		if (((at - home) & mask) < ((at - gap) & mask))
			continue;
		pool->slots[gap] = pool->slots[at];
		gap = at;
	}
	pool->slots[gap] = 0;
}

static void
prefetch_lines(const void *memory, size_t octets)
{
	for (size_t line = 0; line < octets; line += LINE_OCTETS)
		__builtin_prefetch((const char *)memory + line);
}

void
bin_pool_prefetch_part(const BinPool *pool, uint32_t number)
{
	prefetch_lines(&pool->bins[number], sizeof(*pool->bins));
	__builtin_prefetch(&pool->tags[number]);
}

void
bin_pool_prefetch_close(const BinPool *pool, uint32_t number)
{
	const struct host_bin *bin = &pool->bins[number];
	uint32_t extension = pool->tags[number].extension;

	bin_pool_prefetch_index(pool, bin_pool_hash(pool, &bin->host, bin->minute));
	if (extension != BIN_POOL_NONE)
		prefetch_lines(&pool->extensions[extension], sizeof(*pool->extensions));
}

void
bin_pool_close(BinPool *pool, uint32_t number)
{
	const struct host_bin *bin = &pool->bins[number];
	uint64_t at = (uint32_t)bin_pool_hash(pool, &bin->host, bin->minute) & pool->slot_mask;

	while (number_of(pool->slots[at]) != number)
		at = (at + 1) & pool->slot_mask;
	fill_gap(pool, at);
	pool->slots_taken--;
}

void
bin_pool_release(BinPool *pool, uint32_t number)
{
	struct bin_tag *tag = &pool->tags[number];

	if (tag->extension != BIN_POOL_NONE) {
		pool->extension_tags[tag->extension] =
			(struct extension_tag){ BIN_POOL_NONE, pool->free_extension };
		pool->free_extension = tag->extension;
		pool->open_extensions--;
	}
	*tag = (struct bin_tag){ .extension = pool->free_bin, .owner = BIN_POOL_FREE };
	pool->free_bin = number;
	pool->open_bins--;
}

uint32_t
bin_pool_extension_limit(const BinPool *pool)
{
	return pool->extensions_used;
}

uint32_t
bin_pool_extension_owner(const BinPool *pool, uint32_t extension)
{
	return pool->extension_tags[extension].bin;
}

uint32_t
bin_pool_limit(const BinPool *pool)
{
	return pool->bins_used;
}

size_t
bin_pool_open_bins(const BinPool *pool)
{
	return pool->open_bins;
}

size_t
bin_pool_open_extensions(const BinPool *pool)
{
	return pool->open_extensions;
}

size_t
bin_pool_free_bins(const BinPool *pool)
{
	return pool->bins_max - pool->open_bins;
}

size_t
bin_pool_free_extensions(const BinPool *pool)
{
	return pool->extensions_max - pool->open_extensions;
}

size_t
bin_pool_memory(const BinPool *pool)
{
	return (pool->slot_mask + 1) * sizeof(slot) +
	       pool->bins_used * (sizeof(struct host_bin) + sizeof(struct bin_tag)) +
	       pool->extensions_used *
	               (sizeof(struct host_bin_extension) + sizeof(struct extension_tag));
}
