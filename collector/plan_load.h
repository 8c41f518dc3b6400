/* Unsigned numbers in network byte order, wherever they lie.  Bounds are the caller's. */
#ifndef COLLECTOR_PLAN_LOAD_H
#define COLLECTOR_PLAN_LOAD_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t
plan_load_1(const uint8_t *from)
{
	return from[0];
}

static inline uint64_t
plan_load_2(const uint8_t *from)
{
	uint16_t value;

	memcpy(&value, from, sizeof(value));
	return GUINT16_FROM_BE(value);
}

static inline uint64_t
plan_load_4(const uint8_t *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof(value));
	return GUINT32_FROM_BE(value);
}

static inline uint64_t
plan_load_8(const uint8_t *from)
{
	uint64_t value;

	memcpy(&value, from, sizeof(value));
	return GUINT64_FROM_BE(value);
}

#endif
