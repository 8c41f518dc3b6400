/*
 * The open bins: an index by (host, minute) over dense arrays of bins and of extensions, both
 * bounded.
 *
 * Bins are named by their number, which is free again after bin_pool_release().  The order of
 * numbers follows from the order of calls alone, never from the key of the index.
 *
 * Threads: one.
 */
#ifndef COLLECTOR_BIN_POOL_H
#define COLLECTOR_BIN_POOL_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/host_bin.h"

typedef struct BinPool BinPool;

#define BIN_POOL_NONE UINT32_MAX

/* Beside each bin: with it, and its place in collector/due_list.h, an open bin costs 400 octets. */
struct bin_tag {
	uint32_t extension; /* number of the extension, or BIN_POOL_NONE */
	uint16_t owner;     /* the exporter that opened the bin; BIN_POOL_FREE: there is no bin */
	uint16_t opened;    /* when, on the owner's clock of progress: see collector/bin_table.c */
};

enum { BIN_POOL_FREE = UINT16_MAX };

BinPool *bin_pool_new(size_t bins_max, size_t extensions_max, uint64_t key);
void bin_pool_free(BinPool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BinPool, bin_pool_free)

uint64_t bin_pool_hash(const BinPool *pool, const struct host_address *host, uint32_t minute);

/* Three steps of one search, so that a batch of searches can wait for memory together. */
void bin_pool_prefetch_index(const BinPool *pool, uint64_t hash);
void bin_pool_prefetch_bin(const BinPool *pool, uint64_t hash);
uint32_t bin_pool_find(const BinPool *pool, const struct host_address *host, uint32_t minute,
                       uint64_t hash);

/* Opens a bin that is not there.  BIN_POOL_NONE: the pool is full. */
uint32_t bin_pool_open(BinPool *pool, const struct host_address *host, uint32_t minute,
                       uint64_t hash);

struct host_bin *bin_pool_bin(const BinPool *pool, uint32_t number);
struct bin_tag *bin_pool_tag(const BinPool *pool, uint32_t number);
struct host_bin_extension *bin_pool_extension(const BinPool *pool,
                                              uint32_t number); /* NULL: it has none */

/* The bin's extension, which is made if need be; NULL: none is free. */
struct host_bin_extension *bin_pool_extend(BinPool *pool, uint32_t number);

/* Asks for the memory that reading the bin and its extension will need; then for that of closing
 * the bin. */
void bin_pool_prefetch_part(const BinPool *pool, uint32_t number);
void bin_pool_prefetch_close(const BinPool *pool, uint32_t number);

/* Takes the bin out of the index, so that it is no longer found; it stays readable until it is
 * released. */
void bin_pool_close(BinPool *pool, uint32_t number);
void bin_pool_release(BinPool *pool, uint32_t number);

/* Extensions below this one can be in use; the bin whose one is, BIN_POOL_NONE: it is free. */
uint32_t bin_pool_extension_limit(const BinPool *pool);
uint32_t bin_pool_extension_owner(const BinPool *pool, uint32_t extension);

/* Numbers below this one can be open; which are, tells the owner of their tag. */
uint32_t bin_pool_limit(const BinPool *pool);
size_t bin_pool_open_bins(const BinPool *pool);
size_t bin_pool_open_extensions(const BinPool *pool);
size_t bin_pool_free_bins(const BinPool *pool);
size_t bin_pool_free_extensions(const BinPool *pool);
size_t bin_pool_memory(const BinPool *pool); /* octets that have been used at one time */

#endif
