#include "collector/packet_sizes.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum {
	TCP = 6,
	FLAG_FIN = 0x01,
	FLAG_SYN = 0x02,
	FLAG_RST = 0x04,
	ACK_OCTETS = 52,    /* an acknowledgement with timestamps */
	HEADER_OCTETS = 44, /* IP and TCP headers with few options */
	SEGMENT_OCTETS = 1460,
	FULL_OCTETS = 1500,
	FULL_PAYLOAD_LEAST = 1380,
	SMALL_PAYLOAD = 250, /* of a packet that is neither an acknowledgement nor full */
};

/* A record's packets as a few groups of equal size. */
struct size_group {
	double packets;
	double octets; /* of one packet */
};

struct size_groups {
	size_t count;
	struct size_group groups[3];
};

static unsigned
class_of(double octets)
{
	static const double edges[PACKET_SIZE_CLASSES - 1] = {
		50, 100, 200, 500, 1000, 1400, 1500
	};
	unsigned class = 0;

	while (class < PACKET_SIZE_CLASSES - 1 && octets >= edges[class])
		class ++;
	return class;
}

static uint32_t
saturated(uint64_t value)
{
	return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

/*
 * Turns shares (of any sum) into whole packets that sum to `packets`: cumulated shares are rounded,
 * so each class is less than one packet off.
 */
static void
apportion(const double shares[static PACKET_SIZE_CLASSES], uint64_t packets,
          uint32_t classes[static PACKET_SIZE_CLASSES])
{
	uint32_t given = 0;
	uint32_t total = saturated(packets);
	double sum = 0;
	double until = 0;

	for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++)
		sum += shares[i];
	for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++) {
		uint32_t next;

		until += shares[i];
		next = sum > 0 ? (uint32_t)fmin(floor(until / sum * total + 0.5), total) : 0;
		if (i == PACKET_SIZE_CLASSES - 1)
			next = total;
		classes[i] = next - given;
		given = next;
	}
}

static void
add_group(struct size_groups *groups, double packets, double octets)
{
	if (packets > 0)
		groups->groups[groups->count++] = (struct size_group){ packets, octets };
}

static double
clamp(double value, double least, double greatest)
{
	return value < least ? least : value > greatest ? greatest : value;
}

/* The other direction: of a biflow its own, else what the conversation table knows. */
static struct size_group
other_direction(const struct flow_record *record)
{
	if (record->marks & FLOW_HAS_REVERSE)
		return (struct size_group){ (double)record->reverse_packets,
			                    (double)record->reverse_octets };
	return (struct size_group){ (double)record->other_packets, (double)record->other_octets };
}

/*
 * TCP, with the other direction known: acknowledgements (handshake, end, one for two full segments
 * of the other direction), full segments, and a rest of the mean size that is left.
 */
static struct size_groups
split_by_structure(const struct flow_record *record)
{
	struct size_groups groups = { 0 };
	double n = (double)record->packets;
	double payload = fmax((double)record->octets - HEADER_OCTETS * n, 0);
	struct size_group other =
		other_direction(record); /* its octets are those of all its packets */
	double other_payload = fmax(other.octets - HEADER_OCTETS * other.packets, 0);
	double acks = fmin(other.packets, ceil(other_payload / FULL_PAYLOAD_LEAST)) * 0.5;
	double data;
	double full = 0;

	if (record->tcp_flags & FLAG_SYN)
		acks += 2;
	if (record->tcp_flags & (FLAG_FIN | FLAG_RST))
		acks += 1;
	acks = fmin(acks, n);
	data = payload > 0 ? fmax(n - acks, fmin(n, ceil(payload / SEGMENT_OCTETS))) : n - acks;
	if (data > 0 && payload / data >= 1200)
		full = data;
	else if (data > 0 && payload / data >= SMALL_PAYLOAD)
		full = clamp((payload - SMALL_PAYLOAD * data) / (SEGMENT_OCTETS - SMALL_PAYLOAD), 0,
		             data);
	add_group(&groups, n - data, ACK_OCTETS);
	add_group(&groups, full, FULL_OCTETS);
	if (data > full)
		add_group(&groups, data - full,
		          fmax(payload - SEGMENT_OCTETS * full, 0) / (data - full) + HEADER_OCTETS);
	return groups;
}

/* TCP alone: acknowledgements and full segments in the proportion that gives the octets. */
static struct size_groups
split_in_two(const struct flow_record *record)
{
	struct size_groups groups = { 0 };
	double n = (double)record->packets;
	double mean = (double)record->octets / n;
	double full = n * clamp((mean - ACK_OCTETS) / (FULL_OCTETS - ACK_OCTETS), 0, 1);

	add_group(&groups, full, FULL_OCTETS);
	add_group(&groups, n - full, fmin(mean, ACK_OCTETS));
	return groups;
}

static void
share_out(const struct size_groups *groups, uint64_t packets,
          uint32_t classes[static PACKET_SIZE_CLASSES])
{
	double shares[PACKET_SIZE_CLASSES] = { 0 };

	for (size_t i = 0; i < groups->count; i++)
		shares[class_of(groups->groups[i].octets)] += groups->groups[i].packets;
	apportion(shares, packets, classes);
}

static void
take_exported(const struct flow_record *record, uint32_t classes[static PACKET_SIZE_CLASSES])
{
	double shares[PACKET_SIZE_CLASSES];

	for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++)
		shares[i] = record->sizes[i];
	apportion(shares, record->packets, classes);
}

static bool
sizes_are_exported(const struct flow_record *record)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < PACKET_SIZE_CLASSES && (record->marks & FLOW_HAS_SIZES); i++)
		sum += record->sizes[i];
	return sum > 0;
}

/*
 * The smallest and the greatest size are known: packets of both sizes in the proportion that gives
 * the octets.  Exact for two packets, and when all are equal.
 */
static struct size_groups
split_by_range(const struct flow_record *record)
{
	struct size_groups groups = { 0 };
	double n = (double)record->packets;
	double least = record->packet_octets_least;
	double greatest = record->packet_octets_greatest;
	double large = n * ((double)record->octets / n - least) / fmax(greatest - least, 1);

	if (n >= 2 && greatest > least)
		large = clamp(large, 1, n - 1);
	large = clamp(large, 0, n);
	add_group(&groups, large, greatest);
	add_group(&groups, n - large, least);
	return groups;
}

static bool
range_is_usable(const struct flow_record *record)
{
	return (record->marks & FLOW_HAS_SIZE_RANGE) && record->packet_octets_least > 0 &&
	       record->packet_octets_least <= record->packet_octets_greatest &&
	       record->octets >= record->packets * record->packet_octets_least &&
	       record->octets <= record->packets * record->packet_octets_greatest;
}

enum packet_size_knowledge
packet_sizes_split(const struct flow_record *record, uint32_t classes[static PACKET_SIZE_CLASSES])
{
	struct size_groups groups;
	enum packet_size_knowledge knowledge = SIZES_RULE;

	memset(classes, 0, PACKET_SIZE_CLASSES * sizeof(*classes));
	if (sizes_are_exported(record)) {
		take_exported(record, classes);
		return SIZES_EXACT;
	}
	if (record->packets == 0) {
		uint64_t least = (record->octets + FULL_OCTETS - 1) / FULL_OCTETS;

		classes[class_of((double)record->octets / (double)least)] = saturated(least);
		return SIZES_MEAN;
	}
	if (record->packets == 1) {
		classes[class_of((double)record->octets)] = 1;
		return SIZES_EXACT;
	}
	if (range_is_usable(record)) {
		groups = split_by_range(record);
		if (record->packets == 2 ||
		    record->packet_octets_least == record->packet_octets_greatest)
			knowledge = SIZES_EXACT;
	} else if (record->protocol == TCP &&
	           (record->marks & (FLOW_KNOWN_REVERSE | FLOW_HAS_REVERSE))) {
		groups = split_by_structure(record);
	} else if (record->protocol == TCP) {
		groups = split_in_two(record);
	} else {
		groups = (struct size_groups){
			1, { { 1, (double)record->octets / (double)record->packets } }
		};
		knowledge = SIZES_MEAN;
	}
	share_out(&groups, record->packets, classes);
	return knowledge;
}
