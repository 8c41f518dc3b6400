#include "collector/uptime_clock.h"

enum { JUMP_MS = 2000 };

/* What of the clock's span the span of a header leaves; the header's nearest end when they do not
 * meet. */
static void
narrow(struct uptime_clock *clock, struct wall_time earliest, struct wall_time latest)
{
	if (earliest.ms > clock->latest.ms)
		clock->earliest = clock->latest = earliest;
	else if (latest.ms < clock->earliest.ms)
		clock->earliest = clock->latest = latest;
	if (earliest.ms > clock->earliest.ms)
		clock->earliest = earliest;
	if (latest.ms < clock->latest.ms)
		clock->latest = latest;
}

/* Uptime has 32 bits: every 49.7 days it begins anew, and the boot time that it tells is one turn
 * later. */
static void
follow_turn(struct uptime_clock *clock, struct wall_time earliest)
{
	const int64_t turn_ms = INT64_C(1) << 32;

	if (!clock->known || earliest.ms - clock->earliest.ms < turn_ms / 2)
		return;
	clock->earliest.ms += turn_ms;
	clock->latest.ms += turn_ms;
	clock->arrived.ms += turn_ms;
}

/* Of the arrivals that the headers leave possible the earliest was delayed least. */
static void
take_arrival(struct uptime_clock *clock, struct wall_time arrived)
{
	if (uptime_clock_allows(clock, arrived) &&
	    (arrived.ms < clock->arrived.ms || !uptime_clock_allows(clock, clock->arrived)))
		clock->arrived = arrived;
}

int32_t
uptime_clock_take(struct uptime_clock *clock, const struct uptime_header *header)
{
	struct wall_time export_time = header->export_time;
	int64_t uptime_ms = header->uptime_ms;
	int32_t open_ms = header->open_ms;
	struct wall_time earliest = wall_time_add_ms(export_time, -uptime_ms);
	struct wall_time latest = wall_time_add_ms(earliest, open_ms);

	follow_turn(clock, earliest);
	if (!clock->known || earliest.ms > clock->latest.ms + JUMP_MS ||
	    latest.ms < clock->earliest.ms - JUMP_MS)
		*clock = (struct uptime_clock){ .known = true,
			                        .earliest = earliest,
			                        .latest = latest };
	else
		narrow(clock, earliest, latest);
	take_arrival(clock, wall_time_add_ms(header->arrival, -uptime_ms));
	return (int32_t)(uptime_clock_boot(clock).ms - earliest.ms);
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
