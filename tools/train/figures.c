#include "tools/train/figures.h"

#include <glib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

double
figures_area(const double *above, size_t above_count, const double *below, size_t below_count)
{
	double wins = 0;

	if (above_count == 0 || below_count == 0)
		return 0.5;
	for (size_t i = 0; i < above_count; i++) {
		for (size_t j = 0; j < below_count; j++)
			wins += above[i] > below[j] ? 1 : above[i] < below[j] ? 0 : 0.5;
	}
	return wins / ((double)above_count * (double)below_count);
}

double
figures_area_error(double area, size_t above_count, size_t below_count)
{
	double m = (double)above_count, n = (double)below_count;
	double q1 = area / (2 - area), q2 = 2 * area * area / (1 + area);

	if (above_count == 0 || below_count == 0)
		return 0;
	return sqrt(fmax(0, (area * (1 - area) + (m - 1) * (q1 - area * area) +
	                     (n - 1) * (q2 - area * area)) /
	                            (m * n)));
}

static int
compare_falling(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x < y) - (x > y);
}

double
figures_threshold(const double *values, size_t count, double share)
{
	g_autofree double *sorted = g_memdup2(values, count * sizeof(values[0]));
	size_t allowed = (size_t)(share * (double)count + 1e-9);

	if (count == 0)
		return 0;
	qsort(sorted, count, sizeof(sorted[0]), compare_falling);
	return sorted[MIN(allowed, count - 1)];
}

size_t
figures_exceeding(const double *values, size_t count, double threshold)
{
	size_t exceeding = 0;

	for (size_t i = 0; i < count; i++)
		exceeding += values[i] > threshold;
	return exceeding;
}

void
figures_interval(size_t hits, size_t count, double *least, double *greatest)
{
	const double z = 1.959964;
	double n = (double)count, p, width;

	*least = 0;
	*greatest = 1;
	if (count == 0)
		return;
	p = (double)hits / n;
	width = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
	*least = fmax(0, (p + z * z / (2 * n) - width) / (1 + z * z / n));
	*greatest = fmin(1, (p + z * z / (2 * n) + width) / (1 + z * z / n));
}

/* Chance of at most `count` where `mean` are expected. */
static double
chance_of_at_most(size_t count, double mean)
{
	double term = exp(-mean), sum = term;

	for (size_t i = 1; i <= count; i++) {
		term *= mean / (double)i;
		sum += term;
	}
	return sum;
}

/* The mean at which at most `count` have this chance. */
static double
mean_of_chance(size_t count, double chance)
{
	double low = 0, high = 20 + 3 * (double)count;

	for (int i = 0; i < 100; i++) {
		double middle = (low + high) / 2;

		if (chance_of_at_most(count, middle) > chance)
			low = middle;
		else
			high = middle;
	}
	return low;
}

void
figures_count_interval(size_t count, double *least, double *greatest)
{
	*least = count == 0 ? 0 : mean_of_chance(count - 1, 0.975);
	*greatest = mean_of_chance(count, 0.025);
}
