/*
 * The decision sum of an RBF machine, dense: all features of all support vectors, LANES vectors
 * side by side.
 *
 * The sums are made in libsvm's order and never contracted, so that the result is that of
 * svm_predict_values() to the last bit where its exp() is the same; whoever loads a machine checks
 * it.  A processor with AVX2 or AVX-512 is used for what it is.
 *
 * Threads: a machine is only read.
 */
#ifndef DETECTOR_DENSE_MACHINE_H
#define DETECTOR_DENSE_MACHINE_H

#include <stddef.h>

struct dense_machine {
	size_t dimensions;
	size_t blocks; /* of DENSE_LANES vectors, the last one filled up with vectors of coefficient
	                  0 */
	double gamma;
	double *vectors; /* dimension d of vector v at [v / LANES][d][v % LANES] */
	double *coefficients;
};

enum { DENSE_LANES = 32 };

/* Room for `count` vectors, all zero. */
void dense_machine_init(struct dense_machine *machine, size_t count, size_t dimensions,
                        double gamma);
void dense_machine_clear(struct dense_machine *machine);

void dense_machine_set_coefficient(struct dense_machine *machine, size_t vector, double value);
void dense_machine_set(struct dense_machine *machine, size_t vector, size_t dimension,
                       double value);
double dense_machine_get(const struct dense_machine *machine, size_t vector, size_t dimension);

/* The sum over the vectors of coefficient * exp(-gamma * squared distance to x). */
double dense_machine_sum(const struct dense_machine *machine, const double *x);

#endif
