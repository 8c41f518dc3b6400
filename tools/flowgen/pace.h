/*
 * Keeping a pace: waiting until something is due on the clock of intervals.
 *
 * Threads: any.
 */
#ifndef TOOLS_FLOWGEN_PACE_H
#define TOOLS_FLOWGEN_PACE_H

#include <stdint.h>

/* Waits until `due_ms` milliseconds after `begun_ms`, a mono_time_now(); not at all if that is
 * over, or nearly. */
void pace_wait(int64_t begun_ms, double due_ms);

#endif
