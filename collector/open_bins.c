#include "collector/open_bins.h"

#include <string.h>

#include "collector/bin_index.h"
#include "collector/lazy_map.h"
#include "common/keyed_hash.h"

enum {
	LINE_OCTETS = 64,
	CELLS_FIRST = 2, /* beside the host */
	CHUNK_CELLS = 4,
	CELLS_BEFORE_SUM = 30, /* a bin of more is summed up, if there is room for the sum */
	SCARCE_SHARE = 8,
	PIECES_AHEAD = 4,
	POPULATED_OCTETS = 8 << 20, /* of each pool: some 65 000 bins */
	SUMMED = UINT8_MAX, /* instead of a count of cells */
};

_Static_assert((int)CELLS_BEFORE_SUM <= (int)HOST_SHARES_CELLS_MOST, "it fits in a part");

struct open_bin {
	struct host_address host;
	uint32_t minute;
	uint32_t hash;
	uint8_t cell_count; /* or SUMMED */
	uint8_t touches;    /* saturating */
	uint16_t lost;      /* shares; saturating */
	uint16_t opened;
	uint16_t unused;
	uint32_t first_chunk; /* or the sum's number */
	uint32_t last_chunk;
	union host_cell cells[CELLS_FIRST];
};

_Static_assert(sizeof(struct open_bin) == 2 * LINE_OCTETS, "what a quiet host costs");

struct chunk {
	union host_cell cells[CHUNK_CELLS];
	uint32_t next;
	uint32_t unused[3];
};

_Static_assert(sizeof(struct chunk) == 3 * LINE_OCTETS, "whole lines");

struct sum {
	_Alignas(LINE_OCTETS) struct host_bin bin;
	struct host_bin_extension extension;
};

/* Pieces of one size in one array.  The one given back last is taken first, and the next ones are
 * asked for early. */
struct pool {
	char *pieces;
	size_t piece_octets;
	uint32_t most;
	uint32_t touched; /* pieces that have ever been used */
	uint32_t used;
	uint32_t *free; /* numbers below `touched`; the last one is the next one taken */
};

struct OpenBins {
	uint64_t table_key;
	uint64_t sketch_key;
	struct bin_index index;
	struct open_bin *bins;
	struct open_bin_tag *tags;
	struct chunk *chunks;
	struct sum *sums;
	struct pool bin_pool;
	struct pool chunk_pool;
	struct pool sum_pool;
	union host_cell gathered[HOST_SHARES_CELLS_MOST]; /* of the bin closed last */
	union host_cell summand[2];                       /* a share that is added to a sum */
};

static void *
pool_init(struct pool *pool, size_t most, size_t piece_octets)
{
	*pool = (struct pool){
		.piece_octets = piece_octets,
		.most = (uint32_t)CLAMP(most, 1, UINT32_MAX / 2),
	};
	pool->pieces = lazy_map(pool->most * piece_octets);
	pool->free = lazy_map(pool->most * sizeof(*pool->free));
	return pool->pieces;
}

static void
pool_clear(struct pool *pool)
{
	lazy_unmap(pool->pieces, pool->most * pool->piece_octets);
	lazy_unmap(pool->free, pool->most * sizeof(*pool->free));
}

/* OPEN_BINS_NONE: there is none. */
static inline uint32_t
pool_take(struct pool *pool)
{
	uint32_t free = pool->touched - pool->used;
	uint32_t number;

	if (free == 0 && pool->touched == pool->most)
		return OPEN_BINS_NONE;
	pool->used++;
	if (free == 0)
		return pool->touched++;
	number = pool->free[free - 1];
	if (free > PIECES_AHEAD) {
		const char *soon =
			pool->pieces + pool->free[free - 1 - PIECES_AHEAD] * pool->piece_octets;

		__builtin_prefetch(soon, 1);
		__builtin_prefetch(soon + LINE_OCTETS, 1);
	}
	return number;
}

static inline void
pool_give(struct pool *pool, uint32_t number)
{
	pool->free[pool->touched - pool->used] = number;
	pool->used--;
}

static bool
pool_is_scarce(const struct pool *pool)
{
	return pool->most - pool->used < pool->most / SCARCE_SHARE;
}

OpenBins *
open_bins_new(const struct open_bins_limits *limits, uint64_t table_key, uint64_t sketch_key)
{
	OpenBins *bins = g_new0(OpenBins, 1);

	bins->table_key = table_key;
	bins->sketch_key = sketch_key;
	bins->bins = pool_init(&bins->bin_pool, limits->bins_max, sizeof(*bins->bins));
	bins->chunks = pool_init(&bins->chunk_pool, limits->chunks_max, sizeof(*bins->chunks));
	bins->sums = pool_init(&bins->sum_pool, limits->sums_max, sizeof(*bins->sums));
	bins->tags = lazy_map(bins->bin_pool.most * sizeof(*bins->tags));
	bin_index_init(&bins->index, bins->bin_pool.most);
	return bins;
}

static void
pool_populate(struct pool *pool)
{
	lazy_map_populate(pool->pieces, MIN(pool->most * pool->piece_octets, POPULATED_OCTETS));
}

void
open_bins_populate(OpenBins *bins)
{
	pool_populate(&bins->bin_pool);
	pool_populate(&bins->chunk_pool);
	pool_populate(&bins->sum_pool);
}

void
open_bins_free(OpenBins *bins)
{
	if (bins == NULL)
		return;
	bin_index_clear(&bins->index);
	lazy_unmap(bins->tags, bins->bin_pool.most * sizeof(*bins->tags));
	pool_clear(&bins->bin_pool);
	pool_clear(&bins->chunk_pool);
	pool_clear(&bins->sum_pool);
	g_free(bins);
}

uint32_t
open_bins_hash(const OpenBins *bins, const struct host_address *host, uint32_t minute)
{
	return (uint32_t)keyed_hash_address(host, bins->table_key +
	                                                  minute * UINT64_C(0x9e3779b97f4a7c15));
}

void
open_bins_prefetch_index(const OpenBins *bins, uint32_t hash)
{
	bin_index_prefetch(&bins->index, hash);
}

uint32_t
open_bins_prefetch_bin(const OpenBins *bins, uint32_t hash)
{
	uint64_t at = bin_index_home(&bins->index, hash);
	uint32_t number = bin_index_next(&bins->index, &at, hash);

	if (number != BIN_INDEX_NONE) {
		__builtin_prefetch(&bins->bins[number], 1);
		__builtin_prefetch((const char *)&bins->bins[number] + LINE_OCTETS, 1);
	}
	return number;
}

static inline bool
is_of(const struct open_bin *bin, const struct host_address *host, uint32_t minute)
{
	return bin->minute == minute && host_address_equal(&bin->host, host);
}

uint32_t
open_bins_find(const OpenBins *bins, const struct host_address *host, uint32_t minute,
               uint32_t hash)
{
	uint64_t at = bin_index_home(&bins->index, hash);
	uint32_t number;

	do
		number = bin_index_next(&bins->index, &at, hash);
	while (number != BIN_INDEX_NONE && !is_of(&bins->bins[number], host, minute));
	return number;
}

static inline void
prefetch_room(const OpenBins *bins, const struct open_bin *bin)
{
	const char *memory;

	if (bin->cell_count == SUMMED) {
		memory = (const char *)&bins->sums[bin->first_chunk];
		for (size_t line = 0; line < offsetof(struct host_bin, touches);
		     line += LINE_OCTETS)
			__builtin_prefetch(memory + line, 1);
	} else if (bin->cell_count > CELLS_FIRST) {
		size_t cell = ((size_t)bin->cell_count - CELLS_FIRST) % CHUNK_CELLS;

		memory = (const char *)&bins->chunks[bin->last_chunk].cells[cell];
		__builtin_prefetch(memory, 1);
		__builtin_prefetch(memory + sizeof(union host_cell) - 1, 1);
	}
}

uint32_t
open_bins_confirm(const OpenBins *bins, uint32_t number, const struct host_address *host,
                  uint32_t minute)
{
	const struct open_bin *bin = &bins->bins[number];

	if (!is_of(bin, host, minute))
		return OPEN_BINS_NONE;
	prefetch_room(bins, bin);
	return number;
}

uint32_t
open_bins_open(OpenBins *bins, const struct open_bin_key *key)
{
	uint32_t number = pool_take(&bins->bin_pool);
	struct open_bin *bin;

	if (number == OPEN_BINS_NONE)
		return number;
	bin_index_add(&bins->index, key->hash, number);
	bin = &bins->bins[number];
	bin->host = *key->host;
	bin->minute = key->minute;
	bin->hash = key->hash;
	bin->cell_count = 0;
	bin->touches = 0;
	bin->lost = 0;
	bin->opened = key->opened;
	bins->tags[number].minute = key->minute;
	bins->tags[number].owner = key->owner;
	return number;
}

/* Copies the cells into one row. */
static const union host_cell *
gather(OpenBins *bins, const struct open_bin *bin)
{
	size_t done = CELLS_FIRST;

	if (bin->cell_count <= CELLS_FIRST)
		return bin->cells;
	memcpy(bins->gathered, bin->cells, sizeof(bin->cells));
	for (uint32_t chunk = bin->first_chunk; done < bin->cell_count;
	     chunk = bins->chunks[chunk].next, done += CHUNK_CELLS)
		memcpy(&bins->gathered[done], bins->chunks[chunk].cells,
		       MIN((size_t)bin->cell_count - done, CHUNK_CELLS) * sizeof(union host_cell));
	return bins->gathered;
}

static void
give_chunks(OpenBins *bins, const struct open_bin *bin)
{
	uint32_t chunk = bin->first_chunk;

	for (size_t done = CELLS_FIRST; done < bin->cell_count; done += CHUNK_CELLS) {
		uint32_t next = bins->chunks[chunk].next;

		pool_give(&bins->chunk_pool, chunk);
		chunk = next;
	}
}

static inline void
describe_shares(OpenBins *bins, const struct open_bin *bin, struct host_shares *shares)
{
	shares->host = bin->host;
	shares->minute = bin->minute;
	shares->lost = bin->lost;
	shares->count = bin->cell_count;
	shares->cells = gather(bins, bin);
}

/* False: there is no room for a sum. */
static bool
sum_up(OpenBins *bins, struct open_bin *bin)
{
	uint32_t number = pool_take(&bins->sum_pool);
	struct host_shares shares;
	struct sum *sum;

	if (number == OPEN_BINS_NONE)
		return false;
	describe_shares(bins, bin, &shares);
	sum = &bins->sums[number];
	host_bin_init(&sum->bin, &bin->host, bin->minute);
	host_bin_extension_init(&sum->extension);
	host_shares_merge(&sum->bin, &sum->extension, &shares, bins->sketch_key);
	give_chunks(bins, bin);
	bin->cell_count = SUMMED;
	bin->first_chunk = number;
	return true;
}

/* Room for one more cell; NULL: there is none. */
static inline union host_cell *
take_cell(OpenBins *bins, struct open_bin *bin)
{
	size_t count = bin->cell_count;
	uint32_t chunk = bin->last_chunk;

	if (count < CELLS_FIRST)
		return &bin->cells[bin->cell_count++];
	if (count >= HOST_SHARES_CELLS_MOST)
		return NULL;
	if ((count - CELLS_FIRST) % CHUNK_CELLS == 0) {
		chunk = pool_take(&bins->chunk_pool);
		if (chunk == OPEN_BINS_NONE)
			return NULL;
		if (count == CELLS_FIRST)
			bin->first_chunk = chunk;
		else
			bins->chunks[bin->last_chunk].next = chunk;
		bin->last_chunk = chunk;
	}
	bin->cell_count++;
	return &bins->chunks[chunk].cells[(count - CELLS_FIRST) % CHUNK_CELLS];
}

/* A wide share needs both of its cells: it is not begun when there might be one alone. */
static bool
take_cells(OpenBins *bins, struct open_bin *bin, bool wide, struct open_share *share)
{
	if (wide && (bin->cell_count + 2 > HOST_SHARES_CELLS_MOST ||
	             bins->chunk_pool.used == bins->chunk_pool.most))
		return false;
	share->share = (struct host_share *)take_cell(bins, bin);
	if (wide)
		share->numbers = (struct host_share_numbers *)take_cell(bins, bin);
	return share->share != NULL;
}

/* Beside the host there is no room for it. */
G_GNUC_NO_INLINE static bool
begin_later_share(OpenBins *bins, struct open_bin *bin, bool wide, struct open_share *share)
{
	bool many = bin->cell_count + (wide ? 2 : 1) > CELLS_BEFORE_SUM;

	if (bin->cell_count != SUMMED && !(many && sum_up(bins, bin))) {
		if (take_cells(bins, bin, wide, share))
			return true;
		if (!sum_up(bins, bin)) {
			bin->lost = (uint16_t)MIN(bin->lost + 1, UINT16_MAX);
			return false;
		}
	}
	share->share = &bins->summand[0].share;
	share->numbers = &bins->summand[1].numbers;
	return true;
}

bool
open_bins_begin_share(OpenBins *bins, uint32_t number, bool wide, struct open_share *share)
{
	struct open_bin *bin = &bins->bins[number];

	if (bin->cell_count >= CELLS_FIRST || wide)
		return begin_later_share(bins, bin, wide, share);
	share->share = &bin->cells[bin->cell_count++].share;
	return true;
}

static void
add_to_sum(OpenBins *bins, const struct open_bin *bin, const struct open_share *share)
{
	struct sum *sum = &bins->sums[bin->first_chunk];
	bool extended = bin->touches > HOST_BIN_TOUCHES;

	host_share_add(&sum->bin, extended ? &sum->extension : NULL, share->share, share->numbers,
	               bins->sketch_key);
}

bool
open_bins_end_share(OpenBins *bins, uint32_t number, const struct open_share *share)
{
	struct open_bin *bin = &bins->bins[number];
	bool touches = (share->share->marks & (SHARE_COPY | SHARE_ICMP_ERROR)) == 0;
	bool made_busy = touches && bin->touches == HOST_BIN_TOUCHES;

	if (touches && bin->touches <= HOST_BIN_TOUCHES)
		bin->touches++;
	if (bin->cell_count == SUMMED)
		add_to_sum(bins, bin, share);
	return made_busy;
}

const struct open_bin_tag *
open_bins_tag(const OpenBins *bins, uint32_t number)
{
	return &bins->tags[number];
}

uint16_t
open_bins_opened(const OpenBins *bins, uint32_t number)
{
	return bins->bins[number].opened;
}

void
open_bins_prefetch_part(const OpenBins *bins, uint32_t number)
{
	__builtin_prefetch(&bins->bins[number]);
	__builtin_prefetch((const char *)&bins->bins[number] + LINE_OCTETS);
}

static void
prefetch_lines(const void *memory, size_t octets)
{
	for (size_t line = 0; line < octets; line += LINE_OCTETS)
		__builtin_prefetch((const char *)memory + line);
}

void
open_bins_prefetch_close(const OpenBins *bins, uint32_t number)
{
	const struct open_bin *bin = &bins->bins[number];

	bin_index_prefetch(&bins->index, bin->hash);
	if (bin->cell_count == SUMMED)
		prefetch_lines(&bins->sums[bin->first_chunk], sizeof(*bins->sums));
	else if (bin->cell_count > CELLS_FIRST)
		prefetch_lines(&bins->chunks[bin->first_chunk], sizeof(*bins->chunks));
}

void
open_bins_close(OpenBins *bins, uint32_t number, struct bin_part *part)
{
	const struct open_bin *bin = &bins->bins[number];
	const struct sum *sum;

	bin_index_remove(&bins->index, bin->hash, number);
	part->bin = NULL;
	part->extension = NULL;
	if (bin->cell_count != SUMMED) {
		describe_shares(bins, bin, &part->shares);
		return;
	}
	sum = &bins->sums[bin->first_chunk];
	part->shares = (struct host_shares){ .host = bin->host, .minute = bin->minute };
	part->bin = &sum->bin;
	if (sum->bin.touch_count == HOST_BIN_EXTENDED)
		part->extension = &sum->extension;
}

void
open_bins_release(OpenBins *bins, uint32_t number)
{
	const struct open_bin *bin = &bins->bins[number];

	if (bin->cell_count == SUMMED)
		pool_give(&bins->sum_pool, bin->first_chunk);
	else
		give_chunks(bins, bin);
	bins->tags[number].owner = OPEN_BINS_FREE;
	bins->tags[number].serial++;
	pool_give(&bins->bin_pool, number);
}

uint32_t
open_bins_limit(const OpenBins *bins)
{
	return bins->bin_pool.touched;
}

static struct open_bins_pool
describe(const struct pool *pool, size_t beside)
{
	size_t piece = pool->piece_octets + sizeof(*pool->free) + beside;

	return (struct open_bins_pool){ pool->used, pool->most, pool->touched * piece,
		                        pool->most * piece };
}

struct open_bins_pools
open_bins_pools(const OpenBins *bins)
{
	struct open_bins_pools pools = {
		.bins = describe(&bins->bin_pool, sizeof(*bins->tags)),
		.chunks = describe(&bins->chunk_pool, 0),
		.sums = describe(&bins->sum_pool, 0),
	};

	pools.bins.octets += bin_index_octets(&bins->index);
	pools.bins.octets_most += bins->index.most * sizeof(*bins->index.slots);
	return pools;
}

bool
open_bins_are_scarce(const OpenBins *bins)
{
	return pool_is_scarce(&bins->bin_pool);
}

bool
open_bins_room_is_scarce(const OpenBins *bins)
{
	return pool_is_scarce(&bins->chunk_pool) || pool_is_scarce(&bins->sum_pool);
}
