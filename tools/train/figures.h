/*
 * How well scores tell malware from the rest: areas, rates at a false-positive rate, intervals.
 *
 * Source: J. Hanley, B. McNeil, The meaning and use of the area under a ROC curve (1982); E. Wilson
 * (1927).
 *
 * Threads: pure functions.
 */
#ifndef TOOLS_TRAIN_FIGURES_H
#define TOOLS_TRAIN_FIGURES_H

#include <stddef.h>

/* Chance that a value of `above` exceeds one of `below`, ties halved; 0.5 when either is empty. */
double figures_area(const double *above, size_t above_count, const double *below,
                    size_t below_count);

/* Standard error of an area. */
double figures_area_error(double area, size_t above_count, size_t below_count);

/* The value that at most `share` of `values` exceed. */
double figures_threshold(const double *values, size_t count, double share);

size_t figures_exceeding(const double *values, size_t count, double threshold);

/* The exact 95 % interval of the mean of a count (Garwood, 1936). */
void figures_count_interval(size_t count, double *least, double *greatest);

/* Wilson's 95 % interval of hits / count. */
void figures_interval(size_t hits, size_t count, double *least, double *greatest);

#endif
