#include "common/prefix_set.h"

#include <string.h>

#include "common/fault.h"

/* An address as a number, so that a prefix is a range. */
struct number {
	uint64_t high;
	uint64_t low;
};

struct range {
	struct number first;
	struct number last;
};

enum { FIRST_OCTETS = 256 };

/* Ranges are sorted and do not touch: one binary search answers, where the first octet does not. */
struct PrefixSet {
	GArray *ranges;
	struct prefix_covers covers;
};

static const struct range everything = { { 0, 0 }, { UINT64_MAX, UINT64_MAX } };
static const struct range mapped_ipv4 = { { 0, 0xffff00000000 }, { 0, 0xffffffffffff } };

static uint64_t
read_u64(const uint8_t octets[static 8])
{
	uint64_t value;

	memcpy(&value, octets, sizeof(value));
	return GUINT64_FROM_BE(value);
}

static struct number
number_of(const struct host_address *address)
{
	return (struct number){ read_u64(address->octets), read_u64(address->octets + 8) };
}

static bool
is_before(struct number a, struct number b)
{
	return a.high < b.high || (a.high == b.high && a.low < b.low);
}

static struct number
successor(struct number a)
{
	return (struct number){ a.high + (a.low == UINT64_MAX), a.low + 1 };
}

static struct number
predecessor(struct number a)
{
	return (struct number){ a.high - (a.low == 0), a.low - 1 };
}

PrefixSet *
prefix_set_new(void)
{
	PrefixSet *set = g_new0(PrefixSet, 1);

	set->ranges = g_array_new(FALSE, FALSE, sizeof(struct range));
	return set;
}

void
prefix_set_free(PrefixSet *set)
{
	if (set == NULL)
		return;
	g_array_free(set->ranges, TRUE);
	g_free(set);
}

/* The number of ranges that end before `address`. */
static guint
count_before(const PrefixSet *set, struct number address)
{
	const struct range *ranges = (const struct range *)(const void *)set->ranges->data;
	guint least = 0;
	guint most = set->ranges->len;

	while (least < most) {
		guint middle = (least + most) / 2;
		if (is_before(ranges[middle].last, address))
			least = middle + 1;
		else
			most = middle;
	}
	return least;
}

static struct range
range_of(const struct host_address *address, unsigned bits)
{
	struct number base = number_of(address);
	uint64_t high = bits >= 64 ? 0 : UINT64_MAX >> bits;
	uint64_t low = bits <= 64 ? UINT64_MAX : bits == 128 ? 0 : UINT64_MAX >> (bits - 64);

	return (struct range){ { base.high & ~high, base.low & ~low },
		               { base.high | high, base.low | low } };
}

static enum prefix_cover
cover_of(const PrefixSet *set, struct range part)
{
	guint index = count_before(set, part.first);
	const struct range *found;

	if (index == set->ranges->len)
		return COVER_NONE;
	found = &g_array_index(set->ranges, struct range, index);
	if (is_before(part.last, found->first))
		return COVER_NONE;
	return is_before(part.first, found->first) || is_before(found->last, part.last) ? COVER_SOME
	                                                                                : COVER_ALL;
}

static void
note_covers(PrefixSet *set)
{
	for (unsigned i = 0; i < FIRST_OCTETS; i++) {
		struct host_address ipv4 = host_address_from_ipv4(i << 24);
		struct host_address ipv6 = { .octets = { (uint8_t)i } };

		set->covers.ipv4[i] = (uint8_t)cover_of(set, range_of(&ipv4, 96 + 8));
		set->covers.ipv6[i] = (uint8_t)cover_of(set, range_of(&ipv6, 8));
	}
}

/* Adds a range and swallows those that it overlaps or touches. */
static void
add_range(PrefixSet *set, struct range added)
{
	bool from_zero = added.first.high == 0 && added.first.low == 0;
	bool to_end = added.last.high == UINT64_MAX && added.last.low == UINT64_MAX;
	guint index = count_before(set, from_zero ? added.first : predecessor(added.first));
	struct number beyond = to_end ? added.last : successor(added.last);

	while (index < set->ranges->len) {
		const struct range *next = &g_array_index(set->ranges, struct range, index);
		if (is_before(beyond, next->first))
			break;
		if (is_before(next->first, added.first))
			added.first = next->first;
		if (is_before(added.last, next->last))
			added.last = next->last;
		g_array_remove_index(set->ranges, index);
	}
	g_array_insert_val(set->ranges, index, added);
	note_covers(set);
}

/* An IPv6 prefix so short that it covers the mapped addresses means IPv6 alone: these are left out.
 */
static void
add_prefix(PrefixSet *set, struct range range)
{
	if (!is_before(range.first, mapped_ipv4.first) ||
	    !is_before(mapped_ipv4.last, range.last)) {
		add_range(set, range);
		return;
	}
	add_range(set, (struct range){ range.first, predecessor(mapped_ipv4.first) });
	add_range(set, (struct range){ successor(mapped_ipv4.last), range.last });
}

bool
prefix_set_add(PrefixSet *set, const char *text, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text, "/", 2);
	struct host_address address;
	guint64 bits;
	guint64 width;

	if (strcmp(text, "all") == 0) {
		add_range(set, everything);
		return true;
	}
	if (parts[0] == NULL || !host_address_parse(parts[0], &address))
		return fault_input(error,
		                   "\"%s\" is no prefix (such as 10.0.0.0/8, 2001:db8::/32 or all)",
		                   text);
	width = host_address_is_ipv4(&address) ? 32 : 128;
	bits = width;
	if (parts[1] != NULL && !g_ascii_string_to_unsigned(parts[1], 10, 0, width, &bits, NULL))
		return fault_input(error, "\"%s\" is no prefix: its length must be 0 to %u", text,
		                   (unsigned)width);
	if (width == 32)
		add_range(set, range_of(&address, (unsigned)bits + 96));
	else
		add_prefix(set, range_of(&address, (unsigned)bits));
	return true;
}

void
prefix_set_add_private(PrefixSet *set)
{
	static const char *const prefixes[] = { "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
		                                "100.64.0.0/10", "fc00::/7" };

	for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++)
		(void)prefix_set_add(set, prefixes[i], NULL);
}

static __attribute__((noinline)) bool
search(const PrefixSet *set, struct number number)
{
	guint index = count_before(set, number);

	return index < set->ranges->len &&
	       !is_before(number, g_array_index(set->ranges, struct range, index).first);
}

bool
prefix_set_contains(const PrefixSet *set, const struct host_address *address)
{
	enum prefix_cover cover = prefix_covers_of(&set->covers, address);

	return cover == COVER_SOME ? search(set, number_of(address)) : cover == COVER_ALL;
}

const struct prefix_covers *
prefix_set_covers(const PrefixSet *set)
{
	return &set->covers;
}

bool
prefix_set_is_empty(const PrefixSet *set)
{
	return set->ranges->len == 0;
}
