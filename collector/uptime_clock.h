/*
 * When did the Exporter boot?  NetFlow v5 and v9 give times in milliseconds of uptime, and the
 * header tells uptime and real time.  In v9 the latter has whole seconds only, so that one datagram
 * gives the boot time up to one second too early, never too late: it lies in the second behind what
 * the header says.  What several datagrams leave of that second is kept, and its middle is taken.
 * When nothing is left (a clock that drifts, or that is read at another moment than the uptime) the
 * newest datagram is right; when it moves by more than two seconds (a restart, or a clock that was
 * set) it starts over.
 *
 * Decoders use each datagram's own header, as every collector does; flow_batch.clock_correction_ms
 * is what the clock knows better, and uptime_clock_correct() applies it.
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
};

/* What a header's real time leaves open, in ms. */
enum { UPTIME_CLOCK_SECONDS = 1000, UPTIME_CLOCK_EXACT = 0 };

/* Takes a header and returns by how much later than the header alone tells its flows were: 0 to
 * `open_ms`. */
int32_t uptime_clock_take(struct uptime_clock *clock, struct wall_time export_time,
                          uint32_t uptime_ms, int32_t open_ms);

/* The best that is known of the boot time. */
static inline struct wall_time
uptime_clock_boot(const struct uptime_clock *clock)
{
	return (struct wall_time){ (clock->earliest.ms + clock->latest.ms) / 2 };
}

/* Moves the times of records that are in uptime by batch->clock_correction_ms, and every time of
 * the batch by -batch->clock_offset_ms.  Both are 0 afterwards. */
void uptime_clock_correct(struct flow_batch *batch);

#endif
