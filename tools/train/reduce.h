/*
 * Fewer support vectors for nearly the same decision: the vector whose loss changes the function
 * least goes, the others' coefficients take up what they can of it, and so on.
 *
 * Source: C. Burges, Simplified support vector decision rules (1996); B. Hassibi, D. Stork, Optimal
 * brain surgeon (1993); S. Fine, K. Scheinberg, Efficient SVM training using low-rank kernel
 * representations (2001).
 *
 * Threads: pure function.
 */
#ifndef TOOLS_TRAIN_REDUCE_H
#define TOOLS_TRAIN_REDUCE_H

#include <stdbool.h>
#include <stddef.h>

/* Points of a Gaussian kernel exp(-gamma * distance^2). */
struct point_set {
	const double *values; /* count * dimensions */
	size_t count;
	size_t dimensions;
	double gamma;
};

/*
 * Where there are too many for the other: points that the rest lie nearest to (pivoted Cholesky),
 * and in `weights` the function that `coefficients` make of all points, as nearly as the chosen
 * ones can.  Returns how many were chosen.
 */
size_t reduce_choose(const struct point_set *set, const double *coefficients, size_t wished,
                     size_t *chosen, double *weights);

/*
 * `gram` (count * count, destroyed): the kernel between every two vectors.  Leaves `wished` of
 * `kept` true and changes the coefficients; those of the others become 0.
 */
void reduce_vectors(double *gram, double *coefficients, bool *kept, size_t count, size_t wished);

#endif
