#include "collector/told_sizes.h"

#include <glib.h>
#include <string.h>

enum {
	CLASSES = 8,
	NTOP_BINS = 6,
	CESNET_BINS = 8,
	YAF_BINS = 4,
	BINS_MAX = 8,
	IP_OCTETS_MAX = 65535,
	YAF_REVERSE = 16384, /* YAF marks the reverse direction in the element's id */
};

/* Packets whose IP length is within [least, most]. */
struct bin {
	uint64_t packets;
	uint32_t least, most;
};

struct direction {
	uint64_t octets;
	uint64_t packets;
	uint32_t header_octets; /* of IP and transport, about */
	uint32_t *sizes;
};

static size_t
class_of(uint64_t ip_octets)
{
	static const uint16_t edges[CLASSES - 1] = { 50, 100, 200, 500, 1000, 1400, 1500 };
	size_t i = 0;

	while (i < CLASSES - 1 && ip_octets >= edges[i])
		i++;
	return i;
}

/* The bin about whose octets least is known takes what the others, at their middles, leave over. */
static size_t
widest_bin(const struct bin *bins, size_t count)
{
	size_t widest = 0;

	for (size_t i = 1; i < count; i++)
		if (bins[i].packets * (bins[i].most - bins[i].least) >
		    bins[widest].packets * (bins[widest].most - bins[widest].least))
			widest = i;
	return widest;
}

static uint64_t
middle_of(const struct bin *bin)
{
	return (bin->least + bin->most) / 2;
}

/* False: the bins do not add up to the direction's packets. */
static bool
write_classes(const struct bin *bins, size_t count, const struct direction *direction)
{
	size_t widest = widest_bin(bins, count);
	uint64_t packets = 0, octets = 0;

	for (size_t i = 0; i < count; i++) {
		if (bins[i].packets > direction->packets)
			return false;
		packets += bins[i].packets;
		if (i != widest)
			octets += bins[i].packets * middle_of(&bins[i]);
	}
	if (packets != direction->packets || packets == 0 || packets > UINT32_MAX)
		return false;
	memset(direction->sizes, 0, CLASSES * sizeof(*direction->sizes));
	for (size_t i = 0; i < count; i++) {
		uint64_t mean = middle_of(&bins[i]);

		if (i == widest && bins[i].packets > 0 && direction->octets > 0)
			mean = direction->octets > octets
			               ? (direction->octets - octets) / bins[i].packets
			               : bins[i].least;
		mean = CLAMP(mean, bins[i].least, bins[i].most);
		direction->sizes[class_of(mean)] += (uint32_t)bins[i].packets;
	}
	return true;
}

static bool
has_all(const struct told_direction *told, enum told_number from, unsigned count)
{
	uint32_t bits = ((1U << count) - 1) << from;

	return (told->has & bits) == bits;
}

static bool
apply_ntop(const struct told_direction *told, const struct direction *direction)
{
	static const uint16_t edges[] = { 20, 128, 256, 512, 1024, 1514 };
	struct bin bins[NTOP_BINS];

	if (!has_all(told, TOLD_NTOP_128, NTOP_BINS - 1))
		return false;
	for (size_t i = 0; i < NTOP_BINS; i++)
		bins[i] = (struct bin){ told->numbers[TOLD_NTOP_128 + i], edges[i] + 1U,
			                i + 1 < NTOP_BINS ? edges[i + 1] : IP_OCTETS_MAX };
	return write_classes(bins, NTOP_BINS, direction);
}

static bool
apply_cesnet(const struct told_direction *told, const struct direction *direction)
{
	struct bin bins[CESNET_BINS];

	if (!has_all(told, TOLD_CESNET_BIN_0, CESNET_BINS))
		return false;
	for (size_t i = 0; i < CESNET_BINS; i++) {
		uint32_t least = i == 0 ? 0 : 8U << i;
		uint32_t most = i + 1 < CESNET_BINS ? (16U << i) - 1 : IP_OCTETS_MAX;

		bins[i] = (struct bin){ told->numbers[TOLD_CESNET_BIN_0 + i],
			                least + direction->header_octets,
			                most + direction->header_octets };
	}
	return write_classes(bins, CESNET_BINS, direction);
}

static bool
apply_yaf(const struct told_direction *told, const struct direction *direction)
{
	uint64_t small = told->numbers[TOLD_YAF_SMALL], large = told->numbers[TOLD_YAF_LARGE];
	uint64_t filled = told->numbers[TOLD_YAF_NOT_EMPTY];
	uint32_t header = direction->header_octets;

	if (!has_all(told, TOLD_YAF_SMALL, 2) || (told->has & 1U << TOLD_YAF_LARGE) == 0)
		return false;
	/* Packets without payload count as small ones too. */
	if (filled > direction->packets || large > filled || small < direction->packets - filled ||
	    small - (direction->packets - filled) > filled - large)
		return false;

	uint64_t empty = direction->packets - filled;
	struct bin bins[YAF_BINS] = {
		{ empty, header, header + 12 },
		{ small - empty, header + 1, header + 59 },
		{ filled - large - (small - empty), header + 60, header + 219 },
		{ large, header + 220, IP_OCTETS_MAX },
	};

	return write_classes(bins, YAF_BINS, direction);
}

static bool
apply_list(const struct told_sizes *told, bool reverse, const struct direction *direction)
{
	uint32_t sizes[CLASSES] = { 0 };
	uint64_t packets = 0;

	for (size_t i = 0; i < told->payloads_count; i++) {
		bool is_reverse = i < told->ways_count && told->ways[i] < 0;

		if (is_reverse != reverse)
			continue;
		sizes[class_of((uint64_t)told->payloads[i] + direction->header_octets)]++;
		packets++;
	}
	if (packets == 0 || packets != direction->packets)
		return false;
	memcpy(direction->sizes, sizes, sizeof(sizes));
	return true;
}

static uint32_t
header_octets(const struct flow_record *record)
{
	uint32_t transport = record->protocol == 6 ? 20 : 8;

	return transport + (host_address_is_ipv4(&record->source) ? 20 : 40);
}

static bool
apply(const struct told_sizes *told, bool reverse, const struct direction *direction)
{
	const struct told_direction *numbers = reverse ? &told->reverse : &told->forward;

	return apply_ntop(numbers, direction) || apply_cesnet(numbers, direction) ||
	       apply_yaf(numbers, direction) || apply_list(told, reverse, direction);
}

void
told_sizes_apply(const struct told_sizes *told, struct flow_record *record)
{
	uint32_t header = header_octets(record);
	struct direction forward = { record->octets, record->packets, header, record->sizes };
	struct direction reverse = { record->reverse_octets, record->reverse_packets, header,
		                     record->reverse_sizes };

	if (!apply(told, false, &forward))
		return;
	/* Of a biflow both directions are told or neither counts: the mark is one. */
	if (record->reverse_packets > 0 && !apply(told, true, &reverse)) {
		memset(record->sizes, 0, sizeof(record->sizes));
		return;
	}
	record->marks |= FLOW_HAS_SIZES;
}

static void
note(struct told_direction *direction, enum told_number number, uint64_t value)
{
	direction->has |= 1U << number;
	direction->numbers[number] = value;
}

void
told_sizes_note(struct told_sizes *told, uint32_t enterprise, uint16_t element, uint64_t value)
{
	static const struct {
		uint32_t enterprise;
		uint16_t element;
		uint16_t number;
	} rows[] = {
		{ 35632, 88, TOLD_NTOP_128 },    { 35632, 89, TOLD_NTOP_256 },
		{ 35632, 90, TOLD_NTOP_512 },    { 35632, 91, TOLD_NTOP_1024 },
		{ 35632, 92, TOLD_NTOP_1514 },   { 35632, 93, TOLD_NTOP_ABOVE },
		{ 6871, 500, TOLD_YAF_SMALL },   { 6871, 501, TOLD_YAF_NOT_EMPTY },
		{ 6871, 502, TOLD_YAF_PAYLOAD }, { 6871, 510, TOLD_YAF_LARGE },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (rows[i].enterprise != enterprise)
			continue;
		if (rows[i].element == element)
			note(&told->forward, rows[i].number, value);
		else if (enterprise == 6871 && rows[i].element + YAF_REVERSE == element)
			note(&told->reverse, rows[i].number, value);
	}
}
