/*
 * What a flow record means for the hosts at its ends: its shares, one for each end and minute.
 *
 * Octets and packets are spread over the time from start to end as the record's shape tells
 * (second_shapes.h), in integers with the remainder carried, so that the shares sum to the record.  A biflow is two records here: see
 * flow_role_reverse().  Pure functions.
 */
#ifndef COLLECTOR_RECORD_SHARES_H
#define COLLECTOR_RECORD_SHARES_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/flow_record.h"
#include "collector/flow_role.h"
#include "collector/packet_sizes.h"
#include "common/host_shares.h"

/* One direction of a record, and what of it depends on neither end nor minute. */
struct record_view {
	const struct flow_record *record;
	struct flow_role role;
	uint32_t classes[PACKET_SIZE_CLASSES]; /* packets */
	uint32_t minute;    /* of its start */
	uint32_t first_ms;  /* of its start, within that minute */
	uint16_t marks;     /* enum host_share_mark, of all of it */
	uint8_t knowledge;  /* enum packet_size_knowledge */
};

/* When the record starts: enough to look for its first bins. */
static inline void
record_view_begin(struct record_view *view, const struct flow_record *record)
{
	view->record = record;
	view->minute = (uint32_t)((uint64_t)record->start.ms / HOST_BIN_MS);
	view->first_ms =
		(uint32_t)((uint64_t)record->start.ms - (uint64_t)view->minute * HOST_BIN_MS);
}

/* All else. */
void record_view_finish(struct record_view *view);

static inline const struct host_address *
record_view_host(const struct record_view *view, enum host_direction direction)
{
	return direction == HOST_OUT ? &view->record->source : &view->record->destination;
}

/* For whom shares are made. */
struct record_end {
	const struct record_view *view;
	enum host_direction direction;
	uint16_t exporters; /* bitmap: of the record's exporter */
};

struct record_share {
	int64_t elapsed_ms; /* of the record's life, up to this share's end; zero at first */
	uint32_t minute;
	struct host_share share;
	struct host_share_numbers numbers; /* when the share is wide */
};

/* The next share for the host at that end, minute by minute; false: the record has ended. */
bool record_share_next(struct record_share *share, const struct record_end *end);

#endif
