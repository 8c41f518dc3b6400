/*
 * The clock on the wall.  Only the programs' loops read it; everything else is given the time.
 *
 * Threads: any.
 */
#ifndef COMMON_WALL_CLOCK_H
#define COMMON_WALL_CLOCK_H

#include "common/wall_time.h"

struct wall_time wall_clock_now(void);

#endif
