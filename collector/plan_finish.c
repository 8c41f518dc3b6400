#include "collector/plan_finish.h"

enum { FIREWALL_DELETED = 2 };

bool
plan_times_possible(struct wall_time export_time, const struct flow_record *record)
{
	return record->start.ms >= export_time.ms - PLAN_PAST_MS &&
	       record->start.ms <= export_time.ms + PLAN_FUTURE_MS &&
	       record->end.ms >= export_time.ms - PLAN_PAST_MS &&
	       record->end.ms <= export_time.ms + PLAN_FUTURE_MS;
}

void
plan_finish_times(struct wall_time export_time, struct flow_record *record)
{
	/* 0 means not told: no flow is that old. */
	if (record->start.ms == 0 && record->end.ms == 0) {
		record->marks &= ~(uint32_t)(FLOW_HAS_TIMES | FLOW_UPTIME_TIMES);
		record->start = record->end = export_time;
		return;
	}
	if (record->start.ms == 0) {
		record->marks |= FLOW_START_GUESSED;
		record->start = record->end;
	} else if (record->end.ms == 0) {
		record->marks |= FLOW_END_GUESSED;
		record->end = record->start;
	}
	if (!plan_times_possible(export_time, record))
		record->marks |= FLOW_TIMES_IMPOSSIBLE;
	/* Nothing on the wire stops an exporter from ending a Flow before it starts. */
	if (record->end.ms < record->start.ms)
		record->end = record->start;
}

void
plan_finish_event(struct flow_record *record)
{
	if (record->nat_event == 0 && record->firewall_event == 0)
		return;
	if ((record->octets | record->packets | record->reverse_octets | record->reverse_packets) !=
	    0)
		return;
	if (record->firewall_event == FIREWALL_DELETED && (record->marks & FLOW_HAS_OCTETS) != 0)
		return;
	record->marks |= FLOW_EVENT;
}

void
plan_finish_sampling(const struct sampler_table *samplers, bool names_sampler,
                     struct flow_record *records, size_t count)
{
	if (samplers == NULL || samplers->count == 0)
		return;

	bool by_interface = sampler_table_has_interfaces(samplers);
	uint32_t (*find)(const struct sampler_table *, uint32_t) =
		names_sampler ? sampler_table_common : sampler_table_default;
	uint32_t interval = find(samplers, 0);

	for (size_t i = 0; i < count; i++) {
		if (records[i].sampling_interval != 0)
			continue;
		if (by_interface)
			interval = find(samplers, records[i].ingress_interface);
		if (by_interface && interval == 0)
			interval = find(samplers, records[i].egress_interface);
		records[i].sampling_interval = interval;
	}
}
