/*
 * How near an approximation comes to the truth: of packet sizes, and of the series of octets per
 * second.
 *
 * Sizes: for each minute in which the truth has at least APPROXIMATION_PACKETS packets, the L1
 * distance between the shares of packets by size class (0: equal, 2: nothing in common; also 2 when
 * the approximation has no packet there).  Series: for each five minutes (from multiples of 300 s)
 * in which the truth has octets in at least APPROXIMATION_SECONDS seconds, Pearson's correlation of
 * the 300 values; 0 when the approximation is constant.
 *
 * Each for what was sent, what was received and both together.  Pure functions.
 */
#ifndef TOOLS_KENCHI_APPROXIMATION_H
#define TOOLS_KENCHI_APPROXIMATION_H

#include <stddef.h>
#include <stdint.h>

#include "tools/kenchi/host_traffic.h"

enum { APPROXIMATION_PACKETS = 10, APPROXIMATION_SECONDS = 5, APPROXIMATION_WINDOW_S = 300 };

enum approximation_side { SIDE_OUT, SIDE_IN, SIDE_BOTH, SIDES };

struct approximation_mean {
	double sum;
	size_t count;
};

/* Zeroed at first; every comparison adds to it. */
struct approximation_error {
	struct approximation_mean three[SIDES]; /* classes: below 100, below 1000, above */
	struct approximation_mean eight[SIDES];
	struct approximation_mean correlation[SIDES];
};

void approximation_compare(const HostTraffic *truth, const HostTraffic *approximation,
                           struct approximation_error *error);

void approximation_add(struct approximation_error *sum, const struct approximation_error *error);

/* NaN when nothing was added. */
double approximation_mean(const struct approximation_mean *mean);

/* L1 distance of the shares; 0 when both are empty. */
double approximation_distance(const uint64_t *truth, const uint64_t *approximation, size_t classes);

/* Pearson's correlation; 0 when either is constant. */
double approximation_correlation(const double *truth, const double *approximation, size_t count);

#endif
