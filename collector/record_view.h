/*
 * One direction of a flow record as its shares need it: who is who, packets by size, the shape of
 * its seconds.  What of it depends on neither end nor minute.  Pure functions.
 */
#ifndef COLLECTOR_RECORD_VIEW_H
#define COLLECTOR_RECORD_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/flow_record.h"
#include "collector/flow_role.h"
#include "collector/packet_sizes.h"
#include "common/host_shares.h"

struct record_view {
	const struct flow_record *record;
	struct flow_role role;
	struct packet_sizes sizes;
	uint32_t minute;   /* of its start */
	uint32_t first_ms; /* of its start, within that minute */
	uint16_t kinds;    /* enum host_touch_kind, and a shape, of either end */
	uint16_t marks;    /* enum host_share_mark, of all of it */
	bool plain;        /* it lies in one minute, and is neither wide nor a copy */
};

/* Fills all but role and sizes, which must be there. */
void record_view_init(struct record_view *view, const struct flow_record *record);

/* The shape of what lasts so long that its shape is worth looking for, even else: as a touch's kind
 * has it. */
unsigned record_view_shape(const struct flow_record *record);

static inline int64_t
record_view_duration(const struct record_view *view)
{
	return view->record->end.ms - view->record->start.ms + 1;
}

static inline bool
record_view_is_wide(const struct record_view *view)
{
	return view->marks & SHARE_WIDE;
}

#endif
