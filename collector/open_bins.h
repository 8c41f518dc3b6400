/*
 * The open bins: what has come for a host and minute since its last part was sent.
 *
 * A bin is a list of its records' shares: most hosts are quiet, and their shares are smaller than
 * the bin that they make.  The first ones lie beside the host's name, in two cache lines; more go
 * to chunks.  Only a bin of many shares is summed up into a struct host_bin with its extension, and
 * from then on updated.  All three come from pools with a bound.
 *
 * Bins are named by their number, which is free again after open_bins_release().  The order of
 * numbers follows from the order of calls alone, never from the key of the index.
 *
 * Threads: one.
 */
#ifndef COLLECTOR_OPEN_BINS_H
#define COLLECTOR_OPEN_BINS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/host_shares.h"

typedef struct OpenBins OpenBins;

#define OPEN_BINS_NONE UINT32_MAX

struct open_bins_limits {
	size_t bins_max;
	size_t chunks_max;
	size_t sums_max; /* bins that are summed up, with their extension */
};

/* What is asked of many bins in turn: small and dense. */
struct open_bin_tag {
	uint32_t minute;
	uint16_t serial; /* of the bin that has the number: it changes when the number is free again
	                  */
	uint16_t owner;  /* the exporter that opened it; OPEN_BINS_FREE: the number is free */
};

enum { OPEN_BINS_FREE = UINT16_MAX };

/* What has come for a host and minute: a bin, or in the sparse form. */
struct bin_part {
	int64_t export_ms;          /* newest export time of the exporter that opened it */
	const struct host_bin *bin; /* NULL: in the sparse form */
	const struct host_bin_extension *extension; /* of the bin; NULL: it is not extended */
	struct host_shares shares;                  /* host and minute always */
};

OpenBins *open_bins_new(const struct open_bins_limits *limits, uint64_t table_key,
                        uint64_t sketch_key);
void open_bins_free(OpenBins *bins); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OpenBins, open_bins_free)

/* Has the memory of the first pieces of each pool now, so that nothing is waited for when they are
 * taken. */
void open_bins_populate(OpenBins *bins);

uint32_t open_bins_hash(const OpenBins *bins, const struct host_address *host, uint32_t minute);

uint32_t open_bins_find(const OpenBins *bins, const struct host_address *host, uint32_t minute,
                        uint32_t hash);

/*
 * The same in steps that each wait for memory, so that a batch of searches can wait together.
 * Second: the bin that it probably is; OPEN_BINS_NONE: there is none.  Third: the same number, when
 * that is the bin; else OPEN_BINS_NONE, and only open_bins_find() knows.  It also asks for what
 * adding a share will need.
 */
void open_bins_prefetch_index(const OpenBins *bins, uint32_t hash);
uint32_t open_bins_prefetch_bin(const OpenBins *bins, uint32_t hash);
uint32_t open_bins_confirm(const OpenBins *bins, uint32_t number, const struct host_address *host,
                           uint32_t minute);

/* Opens a bin that is not there; `opened` is the owner's time.  OPEN_BINS_NONE: there is no room.
 */
struct open_bin_key {
	const struct host_address *host;
	uint32_t minute;
	uint32_t hash;
	uint16_t owner;
	uint16_t opened;
};

uint32_t open_bins_open(OpenBins *bins, const struct open_bin_key *key);

/*
 * Adding a share: begin tells where it is to be written, and the numbers behind it when it is
 * `wide`; end takes it.  False: there is no room, and the share is counted as lost.
 */
struct open_share {
	struct host_share *share;
	struct host_share_numbers *numbers;
};

bool open_bins_begin_share(OpenBins *bins, uint32_t number, bool wide, struct open_share *share);

/* True: now the bin has more touches than a quiet one. */
bool open_bins_end_share(OpenBins *bins, uint32_t number, const struct open_share *share);

const struct open_bin_tag *open_bins_tag(const OpenBins *bins, uint32_t number);
uint16_t open_bins_opened(const OpenBins *bins, uint32_t number);

/* Ask for the memory of closing a bin: first the bin, some calls later what lies behind it. */
void open_bins_prefetch_part(const OpenBins *bins, uint32_t number);
void open_bins_prefetch_close(const OpenBins *bins, uint32_t number);

/*
 * Takes the bin out of the index, so that it is no longer found, and tells what has come for it:
 * valid until it is released or another one is closed.  The export time is the caller's.
 */
void open_bins_close(OpenBins *bins, uint32_t number, struct bin_part *part);
void open_bins_release(OpenBins *bins, uint32_t number);

/* Numbers below this one can be open. */
uint32_t open_bins_limit(const OpenBins *bins);

/* How much of a pool is in use, and what it takes of memory. */
struct open_bins_pool {
	uint64_t used;
	uint64_t most;
	uint64_t octets; /* that have been used at one time */
	uint64_t octets_most;
};

struct open_bins_pools {
	struct open_bins_pool bins; /* with the index */
	struct open_bins_pool chunks;
	struct open_bins_pool sums;
};

struct open_bins_pools open_bins_pools(const OpenBins *bins);

/* An eighth of the pool is no longer free. */
bool open_bins_are_scarce(const OpenBins *bins);
bool open_bins_room_is_scarce(const OpenBins *bins); /* for shares: chunks or sums */

#endif
