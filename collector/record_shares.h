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
#include "collector/record_view.h"
#include "collector/second_shapes.h"
#include "common/host_shares.h"

/* The host at that end of a record. */
static inline const struct host_address *
record_host(const struct flow_record *record, enum host_direction direction)
{
	return direction == HOST_OUT ? &record->source : &record->destination;
}

/* How much of a record was sent until a moment of its life. */
struct record_sent {
	uint64_t octets;
	uint32_t classes[PACKET_SIZE_CLASSES];
	struct shape_progress progress; /* of one whose shape is not even */
};

/* What of a record lies in one minute; zeroed before the first one. */
struct record_cut {
	int64_t from_ms; /* of the record's life, which begins at zero */
	int64_t until_ms;
	uint32_t minute;
	uint32_t first_ms; /* within the minute */
	unsigned shape;    /* of the whole record */
	struct record_sent before;
	struct record_sent until;
};

/* Where a share is written, and the numbers behind it when it is wide. */
struct open_share {
	struct host_share *share;
	struct host_share_numbers *numbers;
};

/* The next minute of the record; false: it has ended. */
bool record_cut_next(struct record_cut *cut, const struct record_view *view);

/* Writes the share of the host at that end, with the numbers when the view is wide.  Who the
 * exporter is is the caller's to write. */
void record_cut_write(const struct record_cut *cut, const struct record_view *view,
                      enum host_direction direction, const struct open_share *open);

/* The same of a plain record. */
void record_plain_write(const struct record_view *view, enum host_direction direction,
                        struct host_share *share);

#endif
