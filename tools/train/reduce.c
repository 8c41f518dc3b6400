#include "tools/train/reduce.h"

#include <math.h>

static const double jitter = 1e-6; /* equal vectors would make the matrix singular */

/* In place, of a symmetric positive definite matrix: Gauss and Jordan. */
static void
invert(double *matrix, size_t count)
{
	for (size_t pivot = 0; pivot < count; pivot++) {
		double *row = matrix + pivot * count;
		double inverse = 1 / row[pivot];

		row[pivot] = 1;
		for (size_t j = 0; j < count; j++)
			row[j] *= inverse;
		for (size_t i = 0; i < count; i++) {
			double *other = matrix + i * count;
			double factor = other[pivot];

			if (i == pivot)
				continue;
			other[pivot] = 0;
			for (size_t j = 0; j < count; j++)
				other[j] -= factor * row[j];
		}
	}
}

static size_t
least_needed(const double *inverse, const double *coefficients, const bool *kept, size_t count)
{
	double least = INFINITY;
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		double loss = coefficients[i] * coefficients[i] / inverse[i * count + i];

		if (!kept[i] || loss >= least)
			continue;
		least = loss;
		found = i;
	}
	return found;
}

/* Takes the vector out of the inverse, and its part of the function to the others. */
static void
take_out(double *inverse, double *coefficients, const bool *kept, size_t count, size_t out)
{
	const double *row = inverse + out * count;
	double share = coefficients[out] / row[out];

	coefficients[out] = 0;
	for (size_t i = 0; i < count; i++) {
		double *other = inverse + i * count;
		double factor = other[out] / row[out];

		if (!kept[i])
			continue;
		coefficients[i] -= share * other[out];
		for (size_t j = 0; j < count; j++)
			other[j] -= factor * row[j];
	}
}

void
reduce_vectors(double *gram, double *coefficients, bool *kept, size_t count, size_t wished)
{
	for (size_t i = 0; i < count; i++) {
		gram[i * count + i] += jitter;
		kept[i] = true;
	}
	invert(gram, count);
	for (size_t left = count; left > wished; left--) {
		size_t out = least_needed(gram, coefficients, kept, count);

		kept[out] = false;
		take_out(gram, coefficients, kept, count, out);
	}
}
