/*
 * One step of a plan: reads one field of every record and writes one field of every flow record.
 *
 * Bounds: a step reads `length` octets (or less) at `source` of each record; whoever runs it has
 * checked that they are there.  This is the one place that reads octets from outside without a
 * wire_reader.
 * Threads: pure functions.
 */
#ifndef COLLECTOR_PLAN_STEP_H
#define COLLECTOR_PLAN_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/flow_record.h"
#include "collector/template_plan.h"

/* The records that a plan reads: `count` of them, `stride` octets apart. */
struct plan_rows {
	const struct plan_context *context;
	const uint8_t *octets;
	size_t stride;
	size_t count;
	struct flow_record *records;
};

struct plan_step;
typedef void (*plan_step_function)(const struct plan_step *step, const struct plan_rows *rows);

struct plan_step {
	plan_step_function run; /* NULL: not read this way */
	uint32_t source;        /* offset in the record */
	uint32_t second_source; /* of LOAD_BOOT's field, for uptimes that count from it */
	uint16_t length;
	uint16_t target; /* offset in struct flow_record */
	uint16_t field;  /* which field of the Template */
	uint16_t second_field;
	uint8_t load; /* enum plan_load */
	uint8_t target_width;
};

/* Can an element that is loaded so have this length?  Other lengths are skipped. */
bool plan_step_length_valid(enum plan_load load, uint16_t length);

/* The function for a step; NULL when the load is none of those that work column by column. */
plan_step_function plan_step_choose(enum plan_load load, uint16_t length, size_t target_width);

/* Uptimes of records that tell their own boot time (the step's second field, 8 octets). */
void plan_step_uptime_from_boot(const struct plan_step *step, const struct plan_rows *rows);
/* Durations: the end lies so long after the start, or the start so long before the end. */
void plan_step_end_after(const struct plan_step *step, const struct plan_rows *rows);
void plan_step_start_before(const struct plan_step *step, const struct plan_rows *rows);

/* Uptime wraps after 49.7 days, and a flow may begin before the boot or end after the header: only
 * the signed distance is safe. */
static inline int64_t
plan_uptime_to_ms(uint32_t uptime_ms, int64_t known_ms, uint32_t known_uptime_ms)
{
	return known_ms + (int32_t)(uptime_ms - known_uptime_ms);
}

/* An unsigned number of 1 to 8 octets. */
uint64_t plan_step_read_unsigned(const uint8_t *octets, size_t length);

#endif
