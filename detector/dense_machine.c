#include "detector/dense_machine.h"

#include <glib.h>
#include <math.h>

#include "detector/processors.h"

/* A register of AVX-512, two of AVX2, four of SSE2. */
enum { LANES = 8, REGISTERS = DENSE_LANES / LANES, ALIGNMENT = 64 };

typedef double lanes __attribute__((vector_size(LANES * sizeof(double))));

void
dense_machine_init(struct dense_machine *machine, size_t count, size_t dimensions, double gamma)
{
	size_t blocks = (count + DENSE_LANES - 1) / DENSE_LANES;

	*machine = (struct dense_machine){
		.dimensions = dimensions,
		.blocks = blocks,
		.gamma = gamma,
		.vectors = g_aligned_alloc0(blocks * dimensions, DENSE_LANES * sizeof(double),
		                            ALIGNMENT),
		.coefficients = g_new0(double, blocks *DENSE_LANES),
	};
}

void
dense_machine_clear(struct dense_machine *machine)
{
	g_aligned_free(machine->vectors);
	g_free(machine->coefficients);
	*machine = (struct dense_machine){ 0 };
}

static double *
place_of(const struct dense_machine *machine, size_t vector, size_t dimension)
{
	return machine->vectors +
	       (vector / DENSE_LANES * machine->dimensions + dimension) * DENSE_LANES +
	       vector % DENSE_LANES;
}

void
dense_machine_set_coefficient(struct dense_machine *machine, size_t vector, double value)
{
	machine->coefficients[vector] = value;
}

void
dense_machine_set(struct dense_machine *machine, size_t vector, size_t dimension, double value)
{
	*place_of(machine, vector, dimension) = value;
}

double
dense_machine_get(const struct dense_machine *machine, size_t vector, size_t dimension)
{
	return *place_of(machine, vector, dimension);
}

/* Squared distances of one block's vectors to x.  Several registers at a time: one alone would wait
 * for its own sum. */
FOR_EACH_PROCESSOR static void
distances_of(const double *vectors, const double *x, size_t dimensions, double *distances)
{
	lanes sums[REGISTERS] = { 0 };

	for (size_t d = 0; d < dimensions; d++) {
		const lanes *row = (const void *)(vectors + d * DENSE_LANES);

		for (int i = 0; i < REGISTERS; i++) {
			lanes difference = row[i] - x[d];

			sums[i] += difference * difference;
		}
	}
	for (int i = 0; i < REGISTERS; i++)
		((lanes *)(void *)distances)[i] = sums[i];
}

double
dense_machine_sum(const struct dense_machine *machine, const double *x)
{
	double sum = 0;

	for (size_t block = 0; block < machine->blocks; block++) {
		const double *coefficients = machine->coefficients + block * DENSE_LANES;
		_Alignas(ALIGNMENT) double distances[DENSE_LANES];

		distances_of(machine->vectors + block * machine->dimensions * DENSE_LANES, x,
		             machine->dimensions, distances);
		for (int i = 0; i < DENSE_LANES; i++)
			sum += coefficients[i] * exp(-machine->gamma * distances[i]);
	}
	return sum;
}
