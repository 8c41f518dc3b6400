/*
 * Flow records in, parts of host bins out.
 *
 * A part is what has come for one host and minute since its last part: it is a bin like any other
 * and whoever reads merges it; that of a quiet host comes as the shares of its records
 * (common/host_shares.h).  Nothing is ever complete, so nothing is waited for: a late record
 * makes a further part.
 *
 * A record counts for its source (direction out) and for its destination (direction in) where these
 * are monitored; how its octets and packets lie in its time is told by record_shares.h.  A biflow
 * is booked as its two directions.
 *
 * Shares wait in partitions of a few hosts each (share_log.h), and are grouped by host and minute
 * when the partition is due.  What a quiet host has of a minute is sent in one part when the minute
 * is over, by the export times of the exporter that reported it, so that a wrong clock neither
 * sends nor holds what others report; and twenty seconds more for what is exported late
 * (due_queue.h). When the exporter falls silent, the progress of the others counts; what is very
 * much is sent at once. When nobody sends any more, or the clocks of all who do stand, only `all`
 * brings out what is held.
 *
 * Time: bounds are relative to the export time of the record's own Message.  A record that starts
 * longer ago than `lateness_ms` before it, or lies more than `future_ms` after it, is refused and
 * counted.
 *
 * Threads: one.
 */
#ifndef COLLECTOR_BIN_TABLE_H
#define COLLECTOR_BIN_TABLE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/flow_record.h"
#include "collector/share_groups.h"
#include "collector/share_log.h"
#include "common/host_bin.h"
#include "common/prefix_set.h"

typedef struct BinTable BinTable;

struct bin_table_limits {
	size_t hosts_max;    /* four shares of each are held; above that, they are lost */
	int64_t lateness_ms; /* default 2 h: active timeouts of half an hour and slow exporters are
	                        normal */
	int64_t future_ms;   /* default 60 s */
	int64_t part_ms;  /* what a busy host has, of more than eight touches in a minute, is sent
	                     in parts this far apart (10 s) */
	int64_t quiet_ms; /* a quiet one's this far apart (60 s): whole minutes, twenty seconds late
	                   */
};

/* Of the records given to bin_table_add(): binned + events + copies + unmonitored + late + future +
 * impossible + uncounted (neither octets nor packets) + unplaced.  A law that a test holds. */
struct bin_table_counters {
	uint64_t records; /* given */
	uint64_t binned;  /* at least one monitored host got it */
	uint64_t events;
	uint64_t copies;
	uint64_t unmonitored; /* neither end is monitored */
	uint64_t late;
	uint64_t future;
	uint64_t impossible; /* FLOW_TIMES_IMPOSSIBLE */
	uint64_t uncounted;
	uint64_t unplaced;    /* no room */
	uint64_t shares_lost; /* a record's share in one host's minute that found no room; the
	                         record may be binned elsewhere */
	uint64_t parts;       /* made */
	uint64_t extended;    /* of them summed up, with an extension */
	uint64_t open_shares; /* held now, in whole chunks */
};

BinTable *bin_table_new(const struct bin_table_limits *limits, const PrefixSet *monitored,
                        uint64_t table_key, uint64_t sketch_key);
void bin_table_free(BinTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BinTable, bin_table_free)

/* Has the memory of the first shares now, so that nothing is waited for when they come. */
void bin_table_populate(BinTable *table);

void bin_table_add(BinTable *table, const struct flow_batch *batch);

/* Are parts due, now that export times have moved on?  Cheap: asked after every batch. */
bool bin_table_is_due(const BinTable *table);

/*
 * Starts giving out the parts that are due (`all`: of everything), those of a host oldest minute
 * first: the same records and the same table key give the same parts in the same order.  When there
 * is little room left, everything is due.  Parts not fetched before are due still.
 *
 * Records may be added between two calls of bin_table_next_part(): a host has receiving to do
 * meanwhile.
 */
void bin_table_begin_parts(BinTable *table, bool all);

/* The next part, valid until the next call; false: that was all. */
bool bin_table_next_part(BinTable *table, struct bin_part *part);

/* Writes the cells of that part, when it is in the sparse form: as many as it counts. */
void bin_table_write_cells(const BinTable *table, union host_cell *cells);

/* How far the exporters' clocks have moved on, those that are ahead: while it stands, nothing
 * becomes due but what is very much. */
int64_t bin_table_lead_ms(const BinTable *table);

/* Newest and least of the exporters' newest export times (of those heard of in the last ten minutes
 * of it). */
struct wall_time bin_table_newest(const BinTable *table);
struct wall_time bin_table_least(const BinTable *table);

struct bin_table_counters bin_table_counters(const BinTable *table);
struct share_log_room bin_table_room(const BinTable *table);
size_t bin_table_memory(const BinTable *table); /* octets */

#endif
