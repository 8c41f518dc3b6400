/*
 * Fewer support vectors for nearly the same decision: the vector whose loss changes the function least goes, the others'
 * coefficients take up what they can of it, and so on.
 *
 * Source: C. Burges, Simplified support vector decision rules (1996); B. Hassibi, D. Stork, Optimal brain surgeon (1993).
 * Threads: pure function.
 */
#ifndef TOOLS_TRAIN_REDUCE_H
#define TOOLS_TRAIN_REDUCE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * `gram` (count * count, destroyed): the kernel between every two vectors.  Leaves `wished` of `kept` true and changes the
 * coefficients; those of the others become 0.
 */
void reduce_vectors(double *gram, double *coefficients, bool *kept, size_t count, size_t wished);

#endif
