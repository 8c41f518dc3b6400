#include "common/sketch.h"

#include <math.h>

#include "common/keyed_hash.h"

enum { WORD_BITS = 64, ESTIMATE_STEPS = 40 };

uint64_t
sketch_hash_peer(const struct host_address *peer, uint64_t key)
{
	return keyed_hash_address(peer, key);
}

uint64_t
sketch_hash_port(uint16_t port, uint8_t protocol, uint64_t key)
{
	uint32_t service = (uint32_t)port << 8 | protocol;

	return keyed_hash_octets(&service, sizeof(service), key);
}

uint64_t
sketch_hash_service_of(uint64_t peer_hash, uint64_t port_hash)
{
	return keyed_hash_mix(peer_hash + (port_hash << 23 | port_hash >> 41));
}

uint64_t
sketch_hash_service(const struct host_address *peer, uint16_t port, uint8_t protocol, uint64_t key)
{
	return sketch_hash_service_of(sketch_hash_peer(peer, key),
	                              sketch_hash_port(port, protocol, key));
}

void
sketch_linear_add(uint64_t *bitmap, size_t words, uint64_t hash)
{
	bitmap[hash >> 6 & (words - 1)] |= UINT64_C(1) << (hash & 63);
}

static size_t
count_set(uint64_t word)
{
	return (size_t)__builtin_popcountll(word);
}

static double
linear_estimate(size_t bits, size_t set)
{
	size_t clear = set < bits ? bits - set : 1;

	return (double)bits * log((double)bits / (double)clear);
}

double
sketch_linear_estimate(const uint64_t *bitmap, size_t words)
{
	size_t set = 0;

	for (size_t i = 0; i < words; i++)
		set += count_set(bitmap[i]);
	return linear_estimate(words * WORD_BITS, set);
}

double
sketch_linear_difference(const uint64_t *sent, const uint64_t *heard, size_t words)
{
	size_t both = 0;
	size_t answered = 0;

	for (size_t i = 0; i < words; i++) {
		both += count_set(sent[i] | heard[i]);
		answered += count_set(heard[i]);
	}
	return linear_estimate(words * WORD_BITS, both) -
	       linear_estimate(words * WORD_BITS, answered);
}

/* The upper half of the hash chooses the word, the lowest bits choose the bit. */
void
sketch_distinct_add(uint64_t sketch[static SKETCH_DISTINCT_WORDS], uint64_t hash)
{
	uint32_t left = (uint32_t)(hash >> 32);
	size_t word = 0;

	while (word < SKETCH_DISTINCT_WORDS - 1 && left < UINT32_MAX / 3) {
		left *= 3;
		word++;
	}
	sketch[word] |= UINT64_C(1) << (hash & 63);
}

/* Chance of one hash to set one given bit of a word. */
static double
bit_share(size_t word)
{
	static const double shares[SKETCH_DISTINCT_WORDS] = {
		2.0 / 3 / 64,   2.0 / 9 / 64,   2.0 / 27 / 64,   2.0 / 81 / 64,
		2.0 / 243 / 64, 2.0 / 729 / 64, 2.0 / 2187 / 64, 1.0 / 2187 / 64,
	};

	return shares[word];
}

/*
 * The number n of greatest likelihood, given that a bit of share q is clear with chance exp(-n q):
 * the zero of sum over words of  set * q / (exp(n q) - 1)  -  clear * q, which falls with n.  Found
 * by Newton steps in ln n between bounds that close in.
 */
static double
most_likely(const size_t set[static SKETCH_DISTINCT_WORDS], double least, double greatest)
{
	double n = least;

	for (int step = 0; step < ESTIMATE_STEPS; step++) {
		double slope = 0;
		double value = 0;
		double next;

		for (size_t i = 0; i < SKETCH_DISTINCT_WORDS; i++) {
			double q = bit_share(i);
			double grown = expm1(n * q);

			value += (double)set[i] * q / grown - (double)(WORD_BITS - set[i]) * q;
			slope -= (double)set[i] * q * q * (grown + 1) / (grown * grown);
		}
		if (value > 0)
			least = n;
		else
			greatest = n;
		next = n * exp(-value / (slope * n));
		if (!(next > least && next < greatest))
			next = sqrt(least * greatest);
		if (fabs(next - n) <= n * 1e-6)
			return next;
		n = next;
	}
	return n;
}

double
sketch_distinct_estimate(const uint64_t sketch[static SKETCH_DISTINCT_WORDS])
{
	size_t set[SKETCH_DISTINCT_WORDS];
	size_t total = 0;

	for (size_t i = 0; i < SKETCH_DISTINCT_WORDS; i++) {
		set[i] = count_set(sketch[i]);
		total += set[i];
	}
	if (total == 0)
		return 0;
	if (set[SKETCH_DISTINCT_WORDS - 1] == WORD_BITS)
		set[SKETCH_DISTINCT_WORDS - 1]--; /* full: as if one bit were left */
	/* No fewer than the bits set; no more than what would leave one bit of the last word clear,
	 * and some. */
	return most_likely(set, 0.5 * (double)total, 1e7);
}
