/*
 * When did the Exporter boot?  NetFlow v5 and v9 give times in milliseconds of uptime, and the header tells uptime and
 * real time.  In v9 the latter has whole seconds only, so that one datagram gives the boot time up to one second too
 * early, never too late: the greatest of several is the best.  It starts over when it moves by more than two seconds
 * (a restart, or a clock that was set).
 *
 * Decoders use each datagram's own header, as every collector does; flow_batch.clock_correction_ms is what the clock
 * knows better, and uptime_clock_correct() applies it.
 */
#ifndef COLLECTOR_UPTIME_CLOCK_H
#define COLLECTOR_UPTIME_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/flow_record.h"
#include "common/wall_time.h"

struct uptime_clock {
	bool known;
	struct wall_time boot; /* greatest seen */
};

/* Takes a header and returns by how much later than the header alone tells its flows were, in ms: 0 to 2000. */
int32_t uptime_clock_take(struct uptime_clock *clock, struct wall_time export_time, uint32_t uptime_ms);

/* Moves the times of records that are in uptime by batch->clock_correction_ms, and every time of the batch by
 * -batch->clock_offset_ms.  Both are 0 afterwards. */
void uptime_clock_correct(struct flow_batch *batch);

#endif
