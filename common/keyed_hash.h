/*
 * Keyed hashes for tables and sketches: the one room that knows xxHash (XXH3 with a seed).
 *
 * Which key: tables take a random key of their process, sketches the site's key (see
 * common/sketch.h).
 *
 * Threads: pure functions.
 */
#ifndef COMMON_KEYED_HASH_H
#define COMMON_KEYED_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "common/host_address.h"

static inline uint64_t
keyed_hash_octets(const void *octets, size_t length, uint64_t key)
{
	return XXH3_64bits_withSeed(octets, length, key);
}

static inline uint64_t
keyed_hash_address(const struct host_address *address, uint64_t key)
{
	return XXH3_64bits_withSeed(address->octets, sizeof(address->octets), key);
}

/* Scrambles a number that is already hard to guess: of two hashes one, of a hash and a small number
 * another. */
static inline uint64_t
keyed_hash_mix(uint64_t value)
{
	value ^= value >> 32;
	value *= UINT64_C(0x9fb21c651e98df25);
	value ^= value >> 29;
	value *= UINT64_C(0xd6e8feb86659fd93);
	return value ^ value >> 32;
}

/* Secrets of the hash of a pair of ends, made of a key once. */
struct keyed_ends {
	uint64_t low;
	uint64_t high;
	uint64_t port; /* odd */
};

static inline struct keyed_ends
keyed_ends(uint64_t key)
{
	return (struct keyed_ends){
		.low = keyed_hash_octets("low", 3, key),
		.high = keyed_hash_octets("high", 4, key),
		.port = keyed_hash_octets("port", 4, key) | 1,
	};
}

/*
 * Of one end of a conversation.  Sums of two ends are the same for both directions, and
 * keyed_hash_mix() makes a hash of them.  One multiplication of 128 bits, folded, is what XXH3 does
 * with 16 octets too; here it need not be scrambled, since the sum is.
 */
static inline uint64_t
keyed_hash_end(const struct keyed_ends *ends, const struct host_address *address, uint16_t port)
{
	uint64_t low, high;
	__uint128_t product;

	memcpy(&low, address->octets, sizeof(low));
	memcpy(&high, address->octets + sizeof(low), sizeof(high));
	product = (__uint128_t)(low ^ ends->low) * (high ^ ends->high);
	return ((uint64_t)product ^ (uint64_t)(product >> 64)) + port * ends->port;
}

#endif
