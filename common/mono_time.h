/*
 * A clock that only goes forward: for intervals of real time, never for the times of flows.  Only
 * the programs' loops read it; everything else is given the time.
 *
 * Threads: any.
 */
#ifndef COMMON_MONO_TIME_H
#define COMMON_MONO_TIME_H

#include <stdint.h>

struct mono_time {
	int64_t ms; /* since some moment before the program began */
};

struct mono_time mono_time_now(void);

#endif
