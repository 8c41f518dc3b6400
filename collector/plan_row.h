/*
 * Records of Templates as most exporters send them, read whole: one loop writes every field of a
 * record once, where steps (plan_step.h) go over all records for each field.  A quarter of the
 * instructions.
 *
 * A Template fits when it has addresses of one family and both times in one of the two usual ways,
 * and every element beside them that a flow record takes is a usual one in a usual length.  All
 * other Templates are read in steps, with the same result.
 *
 * Threads: any; a row is only read once it is made.
 */
#ifndef COLLECTOR_PLAN_ROW_H
#define COLLECTOR_PLAN_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/plan_shuffle.h"
#include "collector/plan_step.h"

enum row_field {
	ROW_SOURCE,
	ROW_DESTINATION,
	ROW_START,
	ROW_END,
	ROW_OCTETS,
	ROW_PACKETS,
	ROW_INGRESS,
	ROW_EGRESS,
	ROW_SOURCE_PORT,
	ROW_DESTINATION_PORT,
	ROW_ICMP,
	ROW_FLAGS,
	ROW_PROTOCOL,
	ROW_DIRECTION,
	ROW_END_REASON,
	ROW_SAMPLER,
	ROW_FIELDS,
};

/* Where a field is in a record; length 0: nowhere. */
struct row_place {
	uint32_t offset;
	uint32_t length;
};

struct plan_row {
	struct row_place places[ROW_FIELDS];
	bool is_ipv6;
	bool times_are_uptime;
	bool is_shuffled;            /* where the processor can */
	struct plan_shuffle shuffle; /* of all fields but the sampler; uptimes in four octets */
};

/* False: records of so many octets of a plan with these steps are not read whole. */
bool plan_row_make(const struct plan_step *steps, size_t count, size_t record_octets,
                   struct plan_row *row);

/* Is all there that the times need? */
bool plan_row_has_times(const struct plan_row *row, const struct plan_context *context);

/* Reads the records, `marks` being what is known of all of them, and finishes all but their
 * sampling.  What is valid only with a mark that none of them has is not written. */
void plan_row_read(const struct plan_row *row, const struct plan_rows *rows, uint32_t marks);

#endif
