/*
 * Numbers that look random and are the same for the same seed on every machine: integers only, no
 * libm.
 *
 * Source: S. Vigna, SplitMix64.
 */
#ifndef TOOLS_FLOWGEN_RANDOM_H
#define TOOLS_FLOWGEN_RANDOM_H

#include <stdint.h>

struct random {
	uint64_t state;
};

static inline uint64_t
random_next(struct random *random)
{
	uint64_t value = random->state += UINT64_C(0x9e3779b97f4a7c15);

	value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
	return value ^ value >> 31;
}

/* From `least` to `most`, both included. */
static inline uint32_t
random_between(struct random *random, uint32_t least, uint32_t most)
{
	return least + (uint32_t)(random_next(random) % ((uint64_t)most - least + 1));
}

/* True in `percent` of 100 cases. */
static inline int
random_chance(struct random *random, uint32_t percent)
{
	return random_between(random, 0, 99) < percent;
}

/* Mostly near `typical`, sometimes far above, as sizes of transfers are: each doubling is half as
 * frequent. */
static inline uint32_t
random_heavy(struct random *random, uint32_t typical)
{
	uint32_t size = random_between(random, typical / 2, typical);

	for (int doublings = 0; doublings < 10 && random_chance(random, 50); doublings++)
		size *= 2;
	return size;
}

#endif
