/*
 * The sparse form of a host bin: the shares that flow records have in one host's minute, one by
 * one, before they are summed up.
 *
 * A host that is quiet has a few records in a minute.  Their shares are smaller than the bin that
 * they make, and cost less to keep and to send; whoever reads adds them to its bin of the host and
 * minute, as it would merge a part.  Law: a bin made of shares, in any order and by any split into
 * parts, is octet for octet the bin that was summed up at once.
 *
 * A share lies in one cell.  One whose numbers do not fit (SHARE_WIDE) is followed by a cell with
 * the numbers.
 *
 * Memory:  plain values without pointers or padding, host byte order; cells are copied through
 *          shared memory.  A change of theirs raises RING_VERSION.
 * Threads: values.
 */
#ifndef COMMON_HOST_SHARES_H
#define COMMON_HOST_SHARES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/host_bin.h"

enum {
	HOST_SHARES_CELLS_MOST = 64, /* of one part: more are no smaller than a bin */
};

/* What a share says beside its touch's kinds.  Some are where enum flow_role_marks of the collector
 * has them too, so that they are taken over at once. */
enum host_share_mark {
	SHARE_WIDE = 1 << 0,
	SHARE_COPY =
		1 << 1, /* another exporter had reported the flow: nothing but that is counted */
	SHARE_SINGLE_PACKET = 1 << 2, /* with TOUCH_BEGUN: the record has one packet */
	SHARE_CONTINUES = 1 << 3,     /* the record's first: it goes on with a flow */
	SHARE_SYN_ONLY = 1 << 5,      /* with TOUCH_BEGUN: SYN and neither ACK nor RST */
	SHARE_RESET = 1 << 6,         /* the record's last: TCP with RST */
	SHARE_FLAGLESS = 1 << 7,      /* the record's first: TCP, several packets, no flag at all */
	SHARE_ICMP_ERROR = 1 << 8,    /* about another flow: it touches nobody */
	SHARE_UNSOLICITED = 1 << 10,  /* the record's first, received: backscatter */
};

struct host_share {
	struct host_address peer;
	uint32_t octets;                             /* the lower half, when wide */
	uint8_t size_packets[HOST_BIN_SIZE_CLASSES]; /* zero, when wide */
	uint16_t first_ms;                           /* within the minute */
	uint16_t last_ms;
	uint16_t port;              /* as that of a touch */
	uint16_t kinds;             /* enum host_touch_kind and a shape */
	uint16_t marks;             /* enum host_share_mark */
	uint16_t exporters;         /* bitmap */
	uint16_t sampling_interval; /* zero, when wide */
	uint8_t protocol;           /* protocolIdentifier */
	uint8_t size_knowledge;     /* bitmap */
};

/* Behind a share that is wide. */
struct host_share_numbers {
	uint32_t octets_upper;
	uint32_t sampling_interval;
	uint32_t size_packets[HOST_BIN_SIZE_CLASSES];
	uint32_t unused;
};

union host_cell {
	struct host_share share;
	struct host_share_numbers numbers;
};

_Static_assert(sizeof(struct host_share) == 44 && sizeof(struct host_share_numbers) == 44,
               "no padding in shared memory");

/* All the shares of a part. */
struct host_shares {
	struct host_address host;
	uint32_t minute;
	uint16_t lost;  /* shares that found no room: the bin's detail is incomplete */
	uint16_t count; /* cells */
	const union host_cell *cells;
};

/*
 * Adds `share`; when it is wide, its numbers are in `wide`.  `extension` is that of the
 * bin, initialised; NULL: the bin is not extended and has room for the touch.
 */
void host_share_add(struct host_bin *bin, struct host_bin_extension *extension,
                    const struct host_share *share, const struct host_share_numbers *wide,
                    uint64_t key);

/* With their touches, does the bin need an extension that it has not yet? */
bool host_shares_extend(const struct host_bin *into, const struct host_shares *shares);

/* As host_bin_merge(): `extension` is that of `into`, initialised, or NULL when it has none and
 * host_shares_extend() is false. */
void host_shares_merge(struct host_bin *into, struct host_bin_extension *extension,
                       const struct host_shares *shares, uint64_t key);

/* Makes the bin of the shares; `extension` is written only if it is extended. */
void host_shares_expand(const struct host_shares *shares, struct host_bin *bin,
                        struct host_bin_extension *extension, uint64_t key);

/* Checks what came from outside (shared memory).  False: they must not be used. */
bool host_shares_valid(const struct host_shares *shares);

#endif
