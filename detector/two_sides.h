/*
 * Do the exporters tell both sides of what hosts do?  Where flows are exported only as they come in
 * at some interfaces, or go out at them, a host seems to be heard all the same: of what its own
 * network's servers answer is told.  So it is counted, over all hosts and minutes of the same
 * exporters, how often TCP has next to no packets in one of the directions.  Of both directions
 * that is so in one minute of fifty to one of fifteen, of one direction in two of three.
 *
 * Bound: a row for each set of exporters, as host bins name them.
 * Time: none; old minutes count less and less.
 * Threads: one.
 */
#ifndef DETECTOR_TWO_SIDES_H
#define DETECTOR_TWO_SIDES_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/host_bin.h"

typedef struct TwoSides TwoSides;

TwoSides *two_sides_new(void);
void two_sides_free(TwoSides *sides); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwoSides, two_sides_free)

/* A host's minute, when it is over; with little TCP it is passed over. */
void two_sides_take(TwoSides *sides, const struct host_bin *minute);

/* Is it known that of that direction these exporters tell only a part? */
bool two_sides_lack(const TwoSides *sides, uint16_t exporters, enum host_direction direction);

#endif
