#include "tools/train/reduce.h"

#include <glib.h>
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

static double
kernel(const struct point_set *set, size_t a, size_t b)
{
	const double *x = set->values + a * set->dimensions, *y = set->values + b * set->dimensions;
	double distance = 0;

	for (size_t i = 0; i < set->dimensions; i++)
		distance += (x[i] - y[i]) * (x[i] - y[i]);
	return exp(-set->gamma * distance);
}

/* A column of the factor at a time, of the point that those chosen so far explain least; row i of
 * `factor` is point i. */
static size_t
factorise(const struct point_set *set, size_t wished, size_t *chosen, double *factor)
{
	g_autofree double *left = g_new(double, set->count);

	for (size_t i = 0; i < set->count; i++)
		left[i] = 1;
	for (size_t column = 0; column < wished; column++) {
		size_t pivot = 0;
		const double *pivot_row;

		for (size_t i = 1; i < set->count; i++)
			pivot = left[i] > left[pivot] ? i : pivot;
		if (left[pivot] < jitter)
			return column;
		chosen[column] = pivot;
		pivot_row = factor + pivot * wished;
		for (size_t i = 0; i < set->count; i++) {
			double *row = factor + i * wished;
			double value = kernel(set, i, pivot);

			for (size_t j = 0; j < column; j++)
				value -= row[j] * pivot_row[j];
			row[column] = value / sqrt(left[pivot]);
		}
		for (size_t i = 0; i < set->count; i++)
			left[i] = fmax(left[i] - factor[i * wished + column] *
			                                 factor[i * wished + column],
			               0);
		left[pivot] = 0;
	}
	return wished;
}

size_t
reduce_choose(const struct point_set *set, const double *coefficients, size_t wished,
              size_t *chosen, double *weights)
{
	g_autofree double *factor = g_new0(double, set->count *wished);
	size_t count = factorise(set, wished, chosen, factor);

	/* The factor of the chosen points is triangular: a substitution solves for their weights.
	 */
	for (size_t j = 0; j < count; j++) {
		weights[j] = 0;
		for (size_t i = 0; i < set->count; i++)
			weights[j] += factor[i * wished + j] * coefficients[i];
	}
	for (size_t j = count; j-- > 0;) {
		for (size_t k = j + 1; k < count; k++)
			weights[j] -= factor[chosen[k] * wished + j] * weights[k];
		weights[j] /= factor[chosen[j] * wished + j];
	}
	return count;
}
