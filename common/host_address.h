/*
 * The address of one host.  IPv4 is held as an IPv4-mapped IPv6 address (RFC 4291,
 * section 2.5.5.2), so that one key type serves every table.
 *
 * Threads: values.
 */
#ifndef COMMON_HOST_ADDRESS_H
#define COMMON_HOST_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct host_address {
	uint8_t octets[16]; /* network byte order */
};

_Static_assert(sizeof(struct host_address) == 16, "used as a hash key: no padding");

enum { HOST_ADDRESS_TEXT_SIZE = 46 }; /* INET6_ADDRSTRLEN */

static inline struct host_address
host_address_from_ipv4(uint32_t address)
{
	struct host_address mapped = { .octets = { [10] = 0xff, [11] = 0xff } };

	for (int i = 0; i < 4; i++)
		mapped.octets[12 + i] = (uint8_t)(address >> (24 - 8 * i));
	return mapped;
}

static inline bool
host_address_is_ipv4(const struct host_address *address)
{
	static const uint8_t mapped[4] = { 0, 0, 0xff, 0xff };
	uint64_t zero;
	uint32_t prefix, wanted;

	/* Without a branch in between, which memcmp() has. */
	memcpy(&zero, address->octets, sizeof(zero));
	memcpy(&prefix, address->octets + 8, sizeof(prefix));
	memcpy(&wanted, mapped, sizeof(wanted));
	return (zero | (prefix ^ wanted)) == 0;
}

static inline bool
host_address_equal(const struct host_address *a, const struct host_address *b)
{
	return memcmp(a->octets, b->octets, sizeof(a->octets)) == 0;
}

/* Writes the address as people write it: dotted for IPv4, RFC 5952 otherwise.  Returns `text`. */
const char *host_address_format(const struct host_address *address,
                                char text[static HOST_ADDRESS_TEXT_SIZE]);

/* Reads what host_address_format() writes; false when it is no address. */
bool host_address_parse(const char *text, struct host_address *address);

#endif
