/*
 * When did the Exporter boot?  NetFlow v5 and v9 give times in milliseconds of uptime, and the
 * header tells uptime and real time.  In v9 the latter has whole seconds only, so that one datagram
 * gives the boot time up to one second too early, never too late: it lies in the second behind what
 * the header says.  What several datagrams leave of that second is kept.  Where in it?  When the
 * collector's clock is right a datagram arrives a moment after it was sent: the least delayed
 * arrival that the headers leave possible tells.  When none is possible (another clock, a replay)
 * it is the middle. When no time is left (a clock that drifts, or that is read at another moment
 * than the uptime) the newest datagram is right; when it moves by more than two seconds (a restart,
 * or a clock that was set) it starts over.
 *
 * Decoders use each datagram's own header, as every collector does; flow_batch.clock_correction_ms
 * is what the clock knows better, and uptime_clock_correct() applies it.
 *
 * Threads: values.
 */
#ifndef COLLECTOR_UPTIME_CLOCK_H
#define COLLECTOR_UPTIME_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/flow_record.h"
#include "common/wall_time.h"

struct uptime_clock {
	bool known;
	struct wall_time earliest; /* the boot time, of this turn of the 32 bits, lies from here */
	struct wall_time latest;   /* to here */
	struct wall_time arrived;  /* as the least delayed arrival tells, if it lies in between */
};

/* What a header's real time leaves open, in ms. */
enum { UPTIME_CLOCK_SECONDS = 1000, UPTIME_CLOCK_EXACT = 0 };

/* What a datagram tells of its Exporter's clock. */
struct uptime_header {
	struct wall_time export_time; /* of the header, rounded down */
	struct wall_time arrival;     /* by the collector's clock */
	uint32_t uptime_ms;
	int32_t open_ms;
};

/* Takes a header and returns by how much later than the header alone tells its flows were: 0 to
 * `open_ms`. */
int32_t uptime_clock_take(struct uptime_clock *clock, const struct uptime_header *header);

static inline bool
uptime_clock_allows(const struct uptime_clock *clock, struct wall_time boot)
{
	return boot.ms >= clock->earliest.ms && boot.ms <= clock->latest.ms;
}

/* The best that is known of the boot time. */
static inline struct wall_time
uptime_clock_boot(const struct uptime_clock *clock)
{
	if (uptime_clock_allows(clock, clock->arrived))
		return clock->arrived;
	return (struct wall_time){ (clock->earliest.ms + clock->latest.ms) / 2 };
}

/* Moves the times of records that are in uptime by batch->clock_correction_ms, and every time of
 * the batch by -batch->clock_offset_ms.  Both are 0 afterwards. */
void uptime_clock_correct(struct flow_batch *batch);

#endif
