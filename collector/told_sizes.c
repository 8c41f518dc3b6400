#include "collector/told_sizes.h"

#include <glib.h>
#include <string.h>

#include "collector/size_bins.h"

enum {
	NTOP_BINS = 6,
	CESNET_BINS = 8,
	YAF_BINS = 4,
	PROTOCOL_TCP = 6,
	TCP_OPTIONS_MAX = 40,
	TIMESTAMP_OCTETS = 12, /* the TCP option that most segments carry */
	FULL_OCTETS = 1500,
	YAF_REVERSE = 16384, /* YAF marks the reverse direction in the element's id */
};

struct direction {
	uint64_t octets;
	uint64_t packets;
	bool is_tcp;
	uint32_t header_least; /* octets of a packet's headers of IP and transport */
	uint32_t header_most;
	uint32_t header_usual;
	uint32_t least, most; /* of all packets, where it is told */
	uint32_t *sizes;
};

static uint32_t
middle_of(uint32_t least, uint32_t most)
{
	return (least + MIN(most, FULL_OCTETS)) / 2;
}

/* A bin of IP lengths. */
static struct size_bin
length_bin(const struct direction *direction, uint64_t packets, uint32_t least, uint32_t most)
{
	struct size_bin bin = { packets, MAX(least, direction->least), MIN(most, direction->most),
		                0 };

	if (bin.least > bin.most) {
		bin.least = least;
		bin.most = most;
	}
	bin.usual = middle_of(bin.least, bin.most);
	if (direction->is_tcp && bin.least <= FULL_OCTETS && bin.most >= FULL_OCTETS)
		bin.usual = FULL_OCTETS;
	else if (direction->is_tcp && bin.least <= direction->header_usual)
		bin.usual = direction->header_usual;
	return bin;
}

/* A bin of payloads: `usual` is of its packets' IP lengths. */
static struct size_bin
payload_bin(const struct direction *direction, uint64_t packets, uint32_t least, uint32_t most)
{
	return length_bin(direction, packets, least + direction->header_least,
	                  MIN(most + direction->header_most, SIZE_BIN_OCTETS_MAX));
}

/* The payload of all packets together tells what their headers have. */
static void
know_headers(struct direction *direction, uint64_t payload)
{
	uint64_t packets = direction->packets, headers = direction->octets - payload;

	if (payload > direction->octets || packets == 0 || packets > UINT32_MAX ||
	    headers < packets * direction->header_least ||
	    headers > packets * direction->header_most)
		return;
	direction->header_usual = (uint32_t)(headers / packets);
	/* One packet may have what is more than the least of all. */
	direction->header_most = (uint32_t)MIN(
		direction->header_most,
		direction->header_least + (headers - packets * direction->header_least));
}

static bool
has_all(const struct told_direction *told, enum told_number from, unsigned count)
{
	uint32_t bits = ((1U << count) - 1) << from;

	return (told->has & bits) == bits;
}

static enum size_knowledge
apply_ntop(const struct told_direction *told, const struct direction *direction)
{
	static const uint16_t edges[] = { 20, 128, 256, 512, 1024, 1514 };
	struct size_bin bins[NTOP_BINS];

	if (!has_all(told, TOLD_NTOP_128, NTOP_BINS - 1))
		return SIZE_BINS_REFUSED;
	for (size_t i = 0; i < NTOP_BINS; i++) {
		uint32_t least = i == 0 ? direction->header_least : edges[i] + 1U;
		uint32_t most = i + 1 < NTOP_BINS ? edges[i + 1] : SIZE_BIN_OCTETS_MAX;

		bins[i] = length_bin(direction, told->numbers[TOLD_NTOP_128 + i], least, most);
	}
	return size_bins_place(bins, NTOP_BINS, direction->packets, direction->octets,
	                       direction->sizes);
}

static enum size_knowledge
apply_cesnet(const struct told_direction *told, const struct direction *direction)
{
	struct size_bin bins[CESNET_BINS];

	if (!has_all(told, TOLD_CESNET_BIN_0, CESNET_BINS))
		return SIZE_BINS_REFUSED;
	for (size_t i = 0; i < CESNET_BINS; i++) {
		uint32_t least = i == 0 ? 0 : 8U << i;
		uint32_t most = i + 1 < CESNET_BINS ? (16U << i) - 1 : SIZE_BIN_OCTETS_MAX;

		bins[i] = payload_bin(direction, told->numbers[TOLD_CESNET_BIN_0 + i], least, most);
	}
	return size_bins_place(bins, CESNET_BINS, direction->packets, direction->octets,
	                       direction->sizes);
}

static enum size_knowledge
apply_yaf(const struct told_direction *told, const struct direction *known)
{
	uint64_t small = told->numbers[TOLD_YAF_SMALL], large = told->numbers[TOLD_YAF_LARGE];
	uint64_t filled = told->numbers[TOLD_YAF_NOT_EMPTY];
	struct direction direction = *known;

	if (!has_all(told, TOLD_YAF_SMALL, 2) || (told->has & 1U << TOLD_YAF_LARGE) == 0)
		return SIZE_BINS_REFUSED;
	/* Packets without payload count as small ones too. */
	if (filled > direction.packets || large > filled || small < direction.packets - filled ||
	    small - (direction.packets - filled) > filled - large)
		return SIZE_BINS_REFUSED;
	if ((told->has & 1U << TOLD_YAF_PAYLOAD) != 0)
		know_headers(&direction, told->numbers[TOLD_YAF_PAYLOAD]);

	uint64_t empty = direction.packets - filled;
	struct size_bin bins[YAF_BINS] = {
		payload_bin(&direction, empty, 0, 0),
		payload_bin(&direction, small - empty, 1, 59),
		payload_bin(&direction, filled - large - (small - empty), 60, 219),
		payload_bin(&direction, large, 220, SIZE_BIN_OCTETS_MAX),
	};

	return size_bins_place(bins, YAF_BINS, direction.packets, direction.octets,
	                       direction.sizes);
}

/* Is the packet at `i` of this direction? */
static bool
is_of(const struct told_sizes *told, size_t i, bool reverse)
{
	return (i < told->ways_count && told->ways[i] < 0) == reverse;
}

static enum size_knowledge
apply_list(const struct told_sizes *told, bool reverse, const struct direction *known)
{
	enum size_knowledge knowledge = SIZE_BINS_EXACT;
	struct direction direction = *known;
	uint64_t packets = 0, payload = 0;

	for (size_t i = 0; i < told->payloads_count; i++) {
		packets += is_of(told, i, reverse);
		payload += is_of(told, i, reverse) ? told->payloads[i] : 0;
	}
	if (packets == 0 || packets != direction.packets)
		return SIZE_BINS_REFUSED;
	know_headers(&direction, payload);
	memset(direction.sizes, 0, SIZE_CLASSES * sizeof(*direction.sizes));
	for (size_t i = 0; i < told->payloads_count; i++) {
		uint64_t octets = told->payloads[i];

		if (!is_of(told, i, reverse))
			continue;
		direction.sizes[size_class_of(octets + direction.header_usual)]++;
		if (size_class_of(octets + direction.header_least) !=
		    size_class_of(octets + direction.header_most))
			knowledge = SIZE_BINS_PLACED;
	}
	return knowledge;
}

static struct direction
direction_of(struct flow_record *record, bool reverse)
{
	bool is_tcp = record->protocol == PROTOCOL_TCP;
	uint32_t least = (host_address_is_ipv4(&record->source) ? 20U : 40U) + (is_tcp ? 20U : 8U);
	struct direction direction = {
		.octets = reverse ? record->reverse_octets : record->octets,
		.packets = reverse ? record->reverse_packets : record->packets,
		.is_tcp = is_tcp,
		.header_least = least,
		.header_most = least + (is_tcp ? TCP_OPTIONS_MAX : 0),
		.header_usual = least + (is_tcp ? TIMESTAMP_OCTETS : 0),
		.most = SIZE_BIN_OCTETS_MAX,
		.sizes = reverse ? record->reverse_sizes : record->sizes,
	};

	/* Of a biflow it is not told which direction they are of. */
	if ((record->marks & (FLOW_HAS_SIZE_RANGE | FLOW_HAS_REVERSE)) == FLOW_HAS_SIZE_RANGE &&
	    record->packet_octets_least > 0 &&
	    record->packet_octets_least <= record->packet_octets_greatest) {
		direction.least = record->packet_octets_least;
		direction.most = record->packet_octets_greatest;
	}
	return direction;
}

static enum size_knowledge
apply(const struct told_sizes *told, bool reverse, struct flow_record *record)
{
	const struct told_direction *numbers = reverse ? &told->reverse : &told->forward;
	struct direction direction = direction_of(record, reverse);
	enum size_knowledge knowledge = apply_ntop(numbers, &direction);

	if (knowledge == SIZE_BINS_REFUSED)
		knowledge = apply_cesnet(numbers, &direction);
	if (knowledge == SIZE_BINS_REFUSED)
		knowledge = apply_yaf(numbers, &direction);
	return knowledge == SIZE_BINS_REFUSED ? apply_list(told, reverse, &direction) : knowledge;
}

void
told_sizes_apply(const struct told_sizes *told, struct flow_record *record)
{
	enum size_knowledge forward = apply(told, false, record), reverse = SIZE_BINS_EXACT;

	if (forward == SIZE_BINS_REFUSED)
		return;
	if (record->reverse_packets > 0)
		reverse = apply(told, true, record);
	/* Of a biflow both directions are told or neither counts: the mark is one. */
	if (reverse == SIZE_BINS_REFUSED) {
		memset(record->sizes, 0, sizeof(record->sizes));
		return;
	}
	record->marks |= FLOW_HAS_SIZES;
	if (forward == SIZE_BINS_PLACED || reverse == SIZE_BINS_PLACED)
		record->marks |= FLOW_SIZES_PLACED;
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
