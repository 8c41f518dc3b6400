/*
 * The shares of a partition, grouped by host and minute: each group is a part to be sent.
 *
 * Groups are in the order of their minutes, within a minute in that of their first shares.  A group
 * of few shares is sent as they are; that of many is summed up into a bin with its extension.
 *
 * Threads: one.
 */
#ifndef COLLECTOR_SHARE_GROUPS_H
#define COLLECTOR_SHARE_GROUPS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/share_log.h"
#include "common/host_shares.h"

typedef struct ShareGroups ShareGroups;

struct share_group {
	uint32_t first; /* lines, linked by what was their minute */
	uint32_t last;
	uint32_t minute;
	uint32_t cells;
	uint32_t touches;
};

/* What has come for a host and minute: a bin, or in the sparse form. */
struct bin_part {
	int64_t export_ms;          /* newest export time of the exporter of its first share */
	const struct host_bin *bin; /* NULL: in the sparse form */
	const struct host_bin_extension *extension; /* of the bin; NULL: it is not extended */
	struct host_shares shares; /* host and minute always; the cells are had separately */
};

/*
 * While it is held, a share names its exporter by number, and its bit in the bitmap by marks that
 * no share has.
 */
enum { HELD_BIT_SHIFT = 12, HELD_MARKS = (1 << HELD_BIT_SHIFT) - 1 };

ShareGroups *share_groups_new(uint64_t table_key, uint64_t sketch_key);
void share_groups_free(ShareGroups *groups); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ShareGroups, share_groups_free)

/* Groups what was taken out of a partition; returns the groups, valid until the next call. */
struct share_group *share_groups_find(ShareGroups *groups, const struct share_log *log,
                                      const struct share_run *run, size_t *count);

/* Appends the group's shares to the partition anew.  False: there is no room for all of them, and
 * nothing was done. */
bool share_groups_keep(const struct share_group *group, struct share_log *log,
                       struct share_partition *partition);

/*
 * The part that the group makes, valid until the next call, but for its export time: the number of
 * the exporter of its first share is returned.  The cells of the sparse form are written by
 * share_groups_write().
 */
uint16_t share_groups_part(ShareGroups *groups, const struct share_log *log,
                           const struct share_group *group, struct bin_part *part);
void share_groups_write(const struct share_log *log, const struct share_group *group,
                        union host_cell *cells);

size_t share_groups_octets(const ShareGroups *groups);

#endif
