#include "collector/uptime_clock.h"

enum { JUMP_MS = 2000 };

int32_t
uptime_clock_take(struct uptime_clock *clock, struct wall_time export_time, uint32_t uptime_ms)
{
	/* Uptime wraps after 49.7 days: what is kept is the boot time of this turn. */
	struct wall_time boot = wall_time_add_ms(export_time, -(int64_t)uptime_ms);
	int64_t distance = clock->boot.ms - boot.ms;

	if (!clock->known || distance > JUMP_MS || distance < -JUMP_MS) {
		*clock = (struct uptime_clock){ .known = true, .boot = boot };
		return 0;
	}
	if (distance < 0) {
		clock->boot = boot;
		return 0;
	}
	return (int32_t)distance;
}

void
uptime_clock_correct(struct flow_batch *batch)
{
	int64_t all = -batch->clock_offset_ms;
	int64_t uptime = all + batch->clock_correction_ms;

	if (all == 0 && uptime == 0)
		return;
	for (size_t i = 0; i < batch->count; i++) {
		struct flow_record *record = &batch->records[i];
		int64_t by = (record->marks & FLOW_UPTIME_TIMES) != 0 ? uptime : all;

		record->start = wall_time_add_ms(record->start, by);
		record->end = wall_time_add_ms(record->end, by);
	}
	batch->export_time = wall_time_add_ms(batch->export_time, all);
	batch->clock_offset_ms = 0;
	batch->clock_correction_ms = 0;
}
