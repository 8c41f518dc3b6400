/*
 * What is done to a record once its fields have been read: times that were not told or cannot be,
 * ICMP's type where a port would be, events, the sampling that was announced.
 *
 * Threads: pure functions.
 */
#ifndef COLLECTOR_PLAN_FINISH_H
#define COLLECTOR_PLAN_FINISH_H

#include <stdbool.h>
#include <stddef.h>

#include "collector/flow_record.h"
#include "collector/sampling.h"
#include "common/wall_time.h"

/* Farther from the export time than this no flow can be. */
enum { PLAN_PAST_MS = 7 * 24 * 3600 * 1000, PLAN_FUTURE_MS = 3600 * 1000 };

/* Can a flow with these times have been exported then? */
bool plan_times_possible(struct wall_time export_time, const struct flow_record *record);

void plan_finish_times(struct wall_time export_time, struct flow_record *record);
void plan_finish_event(struct flow_record *record);

/* `names_sampler`: the records name one, so that of another sampler does not count. */
void plan_finish_sampling(const struct sampler_table *samplers, bool names_sampler,
                          struct flow_record *records, size_t count);

/* Many exporters put type and code where the destination port would be. */
static inline void
plan_finish_icmp(struct flow_record *record)
{
	enum { PROTOCOL_ICMP = 1, PROTOCOL_ICMP6 = 58 };

	if (record->protocol != PROTOCOL_ICMP && record->protocol != PROTOCOL_ICMP6)
		return;
	if (record->icmp_type_code == 0)
		record->icmp_type_code = record->destination_port;
	record->source_port = 0;
	record->destination_port = 0;
}

#endif
