/*
 * A set of address prefixes: the monitored networks, the exporters that are allowed.  IPv4 prefixes
 * are held as IPv4-mapped ones.
 *
 * Threads: once it has been filled it is only read, by any.
 * Errors:  a GError that names the text that is no prefix.
 */
#ifndef COMMON_PREFIX_SET_H
#define COMMON_PREFIX_SET_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/host_address.h"

typedef struct PrefixSet PrefixSet;

PrefixSet *prefix_set_new(void);
void prefix_set_free(PrefixSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PrefixSet, prefix_set_free)

/* "10.0.0.0/8", "2001:db8::/32", one address, or "all".  False, with a message that names the text,
 * otherwise. */
bool prefix_set_add(PrefixSet *set, const char *text, GError **error);

/* Private (RFC 1918), shared (RFC 6598) and unique-local (RFC 4193) addresses: the default of what
 * is monitored. */
void prefix_set_add_private(PrefixSet *set);

bool prefix_set_contains(const PrefixSet *set, const struct host_address *address);

/*
 * The same for who asks for each record: how much of the addresses with the same first octet is in
 * the set, which mostly tells.  The covers are the set's, and change when it does.
 */
enum prefix_cover { COVER_NONE, COVER_SOME, COVER_ALL };

struct prefix_covers {
	uint8_t ipv4[256]; /* enum prefix_cover */
	uint8_t ipv6[256];
};

const struct prefix_covers *prefix_set_covers(const PrefixSet *set);

static inline enum prefix_cover
prefix_covers_of(const struct prefix_covers *covers, const struct host_address *address)
{
	return host_address_is_ipv4(address) ? covers->ipv4[address->octets[12]]
	                                     : covers->ipv6[address->octets[0]];
}

bool prefix_set_is_empty(const PrefixSet *set);

#endif
