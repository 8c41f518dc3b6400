/*
 * Keyed hashes for tables and sketches: the one room that knows xxHash (XXH3 with a seed).
 *
 * Which key: tables take a random key of their process, sketches the site's key (see
 * common/sketch.h).
 */
#ifndef COMMON_KEYED_HASH_H
#define COMMON_KEYED_HASH_H

#include <stddef.h>
#include <stdint.h>

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

#endif
