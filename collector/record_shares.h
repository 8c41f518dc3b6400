/*
 * What a flow record means for the hosts at its ends: its shares, one for each end and minute.
 *
 * Octets and packets are spread over the time from start to end as the record's shape tells
 * (second_shapes.h), in integers with the remainder carried, so that the shares sum to the record.
 * A biflow is two records here: see flow_role_reverse().  Pure functions.
 */
#ifndef COLLECTOR_RECORD_SHARES_H
#define COLLECTOR_RECORD_SHARES_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/flow_record.h"
#include "collector/flow_role.h"
#include "collector/open_bins.h"
#include "collector/packet_sizes.h"
#include "common/host_shares.h"

/* One direction of a record, and what of it depends on neither end nor minute. */
struct record_view {
	const struct flow_record *record;
	struct flow_role role;
	uint32_t classes[PACKET_SIZE_CLASSES]; /* packets */
	uint32_t minute;                       /* of its start */
	uint32_t first_ms;                     /* of its start, within that minute */
	uint16_t marks;                        /* enum host_share_mark, of all of it */
	uint16_t exporters;                    /* bitmap: of the record's exporter */
	uint8_t knowledge;                     /* enum packet_size_knowledge */
	bool wide;                             /* its numbers do not fit in a share */
};

/* When the record starts: enough to look for its first bins. */
static inline void
record_view_begin(struct record_view *view, const struct flow_record *record, uint16_t exporters)
{
	view->record = record;
	view->exporters = exporters;
	view->minute = (uint32_t)((uint64_t)record->start.ms / HOST_BIN_MS);
	view->first_ms =
		(uint32_t)((uint64_t)record->start.ms - (uint64_t)view->minute * HOST_BIN_MS);
}

/* All else. */
void record_view_finish(struct record_view *view);

static inline int64_t
record_view_duration(const struct record_view *view)
{
	return view->record->end.ms - view->record->start.ms + 1;
}

static inline const struct host_address *
record_view_host(const struct record_view *view, enum host_direction direction)
{
	return direction == HOST_OUT ? &view->record->source : &view->record->destination;
}

/* What of a record lies in one minute; zeroed before the first one. */
struct record_cut {
	int64_t from_ms; /* of the record's life, which begins at zero */
	int64_t until_ms;
	uint32_t minute;
	uint32_t first_ms; /* within the minute */
};

/* The next minute of the record; false: it has ended. */
static inline bool
record_cut_next(struct record_cut *cut, const struct record_view *view)
{
	int64_t duration_ms = record_view_duration(view);
	int64_t left_ms = duration_ms - cut->until_ms;
	int64_t most_ms = HOST_BIN_MS;

	if (left_ms <= 0)
		return false;
	cut->first_ms = cut->until_ms == 0 ? view->first_ms : 0;
	cut->minute = cut->until_ms == 0 ? view->minute : cut->minute + 1;
	cut->from_ms = cut->until_ms;
	most_ms -= cut->first_ms;
	cut->until_ms += left_ms < most_ms ? left_ms : most_ms;
	return true;
}

/* Writes the share of the host at that end to where there is room for it, with the numbers when
 * the view is wide. */
void record_cut_write(const struct record_cut *cut, const struct record_view *view,
                      enum host_direction direction, const struct open_share *open);

#endif
