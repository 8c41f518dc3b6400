#include "collector/packet_sizes.h"

#include <stdbool.h>
#include <string.h>
#include <sys/param.h>

#include "collector/size_groups.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

enum {
	TCP = 6,
	UDP = 17,
	FLAG_FIN = 0x01,
	FLAG_SYN = 0x02,
	FLAG_RST = 0x04,
	ACK_OCTETS = 52, /* an acknowledgement with timestamps */
	FULL_OCTETS = 1500,
};

/* Shares of a group's packets below each size class's upper edge, so that a record's classes are
 * differences of rounded sums; where the last is 0 the table does not know the group. */
static const double table[SIZE_KINDS][SIZE_BUCKETS][PACKET_SIZE_CLASSES] = {
#define SHARE(thousandths) (thousandths) / (double)CELL_SUM
#define CELL(kind, bucket, a, b, c, d, e, f, g, h)                                                 \
	[KIND_##kind][bucket] = { SHARE(a),                                                        \
		                  SHARE(a + b),                                                    \
		                  SHARE(a + b + c),                                                \
		                  SHARE(a + b + c + d),                                            \
		                  SHARE(a + b + c + d + e),                                        \
		                  SHARE(a + b + c + d + e + f),                                    \
		                  SHARE(a + b + c + d + e + f + g),                                \
		                  SHARE(a + b + c + d + e + f + g + h) },
#include "collector/packet_size_table.def"
#undef CELL
#undef SHARE
};

/* Which groups the table knows. */
static const bool known[SIZE_KINDS][SIZE_BUCKETS] = {
#define CELL(kind, bucket, ...) [KIND_##kind][bucket] = true,
#include "collector/packet_size_table.def"
#undef CELL
};

/* A record's packets as a few groups. */
struct size_group {
	double packets;
	double octets; /* of one packet */
	enum size_kind kind;
	unsigned bucket;
};

struct size_groups {
	size_t count;
	struct size_group groups[3];
};

/* Index in a table of sizes that ends at the size `most`. */
static inline size_t
index_of(double octets, size_t most)
{
	return octets < (double)most ? (size_t)(int)octets : most;
}

/* Bucket of a size: finer where sizes tell more. */
static inline unsigned
bucket_of(double octets)
{
	return size_buckets[index_of(octets, SIZE_INDEX_MOST)];
}

static inline unsigned
class_of(double octets)
{
	return size_classes[index_of(octets, SIZE_INDEX_MOST)];
}

/* Of numbers that are none but finite ones: without the calls that others would need. */
static inline double
lesser(double a, double b)
{
	return a < b ? a : b;
}

static inline double
greater(double a, double b)
{
	return a > b ? a : b;
}

static uint32_t
saturated(uint64_t value)
{
	return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

/* Cumulated shares, scaled to `total` and rounded. */
static void
cumulate(const double shares[static PACKET_SIZE_CLASSES], uint32_t total,
         double until[static PACKET_SIZE_CLASSES])
{
	double scale = 0;
	double sum = 0;

	for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++)
		scale += shares[i];
	if (scale > 0)
		scale = total / scale;
	for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++)
		until[i] = shares[i] * scale;
	for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++) {
		sum += until[i];
		until[i] = sum;
	}
	for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++)
		until[i] = lesser(until[i] + 0.5, total);
}

/* What rounding left over goes to the last class that has a share. */
static void
give_rest(const double shares[static PACKET_SIZE_CLASSES], uint32_t rest,
          uint32_t classes[static PACKET_SIZE_CLASSES])
{
	size_t last = 0;

	for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++)
		if (shares[i] > 0)
			last = i;
	classes[last] += rest;
}

/*
 * Turns shares (of any sum) into whole packets that sum to `packets`: cumulated shares are rounded,
 * so each class is less than one packet off.
 */
static void
apportion(const double shares[static PACKET_SIZE_CLASSES], uint64_t packets,
          uint32_t classes[static PACKET_SIZE_CLASSES])
{
	uint32_t total = saturated(packets);
	double until[PACKET_SIZE_CLASSES];
	uint32_t whole[PACKET_SIZE_CLASSES + 1] = { 0 };

	cumulate(shares, total, until);
	/* Conversion to signed numbers of 32 bits is what vectors can do. */
	if (total <= INT32_MAX)
		for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++)
			whole[i + 1] = (uint32_t)(int32_t)until[i];
	else
		for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++)
			whole[i + 1] = (uint32_t)until[i];
	for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++)
		classes[i] = whole[i + 1] - whole[i];
	if (whole[PACKET_SIZE_CLASSES] != total)
		give_rest(shares, total - whole[PACKET_SIZE_CLASSES], classes);
}

static inline double
clamp(double value, double least, double greatest)
{
	return value < least ? least : value > greatest ? greatest : value;
}

/* More than any flow has, and so few that no sum or product overflows. */
static const uint64_t packets_most = UINT32_MAX;
static const uint64_t octets_most = UINT64_C(1) << 48;

static inline uint64_t
payload_of(uint64_t packets, uint64_t octets)
{
	uint64_t headers = HEADER_OCTETS * packets;

	return octets > headers ? octets - headers : 0;
}

/* Half the packets that the other direction's payload fills: of a biflow its own, else what the
 * conversation table knows. */
static inline uint64_t
count_other_full(const struct flow_record *record)
{
	uint64_t packets = record->other_packets;
	uint64_t octets = record->other_octets;

	if (record->marks & FLOW_HAS_REVERSE) {
		packets = MIN(record->reverse_packets, packets_most);
		octets = MIN(record->reverse_octets, octets_most);
	}
	octets = payload_of(packets, octets);
	return MIN(packets, (octets + FULL_PAYLOAD_LEAST - 1) / FULL_PAYLOAD_LEAST);
}

/* Acknowledgements, in halves: the handshake, the end, one for two full segments of the other
 * direction. */
static inline uint64_t
count_half_acks(const struct flow_record *record)
{
	bool begins = (record->tcp_flags & FLAG_SYN) != 0;
	bool ends = (record->tcp_flags & (FLAG_FIN | FLAG_RST)) != 0;

	return count_other_full(record) + 4 * (uint64_t)begins + 2 * (uint64_t)ends;
}

/* How many of the packets with payload are full; of these `halves` is twice the number. */
static inline double
count_full(uint64_t payload, uint64_t halves)
{
	if (2 * payload < SMALL_PAYLOAD * halves)
		return 0;
	if (2 * payload >= FULL_MEAN * halves)
		return (double)(int64_t)halves * 0.5;
	return ((double)(int64_t)payload - SMALL_PAYLOAD * 0.5 * (double)(int64_t)halves) /
	       (SEGMENT_OCTETS - SMALL_PAYLOAD);
}

/* TCP, with the other direction known: acknowledgements, full segments, and a rest. */
struct structure {
	double payload; /* octets */
	double acks;    /* packets */
	double data;    /* packets that are none: full ones and the rest */
	double full;
};

ALWAYS_INLINE struct structure
structure_of(const struct flow_record *record)
{
	uint64_t packets = record->packets;
	uint64_t payload = payload_of(packets, MIN(record->octets, octets_most));
	uint64_t acks = MIN(count_half_acks(record), 2 * packets);
	uint64_t carriers = MIN(packets, (payload + SEGMENT_OCTETS - 1) / SEGMENT_OCTETS);
	uint64_t data = MAX(2 * packets - acks, 2 * carriers);

	return (struct structure){
		.payload = (double)(int64_t)payload,
		.acks = (double)(int64_t)(2 * packets - data) * 0.5,
		.data = (double)(int64_t)data * 0.5,
		.full = count_full(payload, data),
	};
}

static inline unsigned
bucket_of_acks(const struct flow_record *record)
{
	unsigned with_syn = record->tcp_flags & FLAG_SYN ? ACKS_WITH_SYN : 0;

	if (record->octets >= ACKS_MEAN_MOST * record->packets)
		return ACKS_MIXED + with_syn;
	return bucket_of((double)record->octets / (double)record->packets) + with_syn;
}

/* So many packets that nothing is divided by 0; of a group without packets nothing else counts. */
static inline double
at_least_some(double packets)
{
	return greater(packets, 1e-9);
}

static inline unsigned
bucket_of_full(const struct structure *structure)
{
	double size;

	if (structure->full < structure->data)
		return FULL_BESIDE_REST;
	size = structure->payload / at_least_some(structure->data) / 40 - 30;
	return (unsigned)(int)clamp(size, 0, FULL_BESIDE_REST - 1);
}

/* Octets of each of the rest's packets. */
static inline double
size_of_rest(const struct structure *structure)
{
	double octets = greater(structure->payload - SEGMENT_OCTETS * structure->full, 0);

	return octets / at_least_some(structure->data - structure->full) + HEADER_OCTETS;
}

static inline unsigned
bucket_of_rest(const struct structure *structure)
{
	return structure->full > 0 ? REST_BESIDE_FULL : bucket_of(size_of_rest(structure));
}

/* What a record is known by when the other direction is not. */
static inline enum size_kind
kind_of_mean(const struct flow_record *record)
{
	if (record->protocol == TCP)
		return KIND_ALONE;
	if (record->protocol != UDP)
		return KIND_OTHER;
	return KIND_UDP + (record->packets >= UDP_SOME) + (record->packets >= UDP_MANY);
}

/* Acknowledgements and full segments in the proportion that gives the octets. */
static void
share_in_two(const struct size_group *group, double shares[static PACKET_SIZE_CLASSES])
{
	double full = group->packets *
	              clamp((group->octets - ACK_OCTETS) / (FULL_OCTETS - ACK_OCTETS), 0, 1);

	shares[class_of(FULL_OCTETS)] += full;
	shares[class_of(lesser(group->octets, ACK_OCTETS))] += group->packets - full;
}

/* Adds the group's packets by class; false: the table does not know the group. */
static bool
share_group(const struct size_group *group, double shares[static PACKET_SIZE_CLASSES])
{
	const double *cell = table[group->kind][group->bucket];

	if (!known[group->kind][group->bucket]) {
		if (group->kind == KIND_ALONE)
			share_in_two(group, shares);
		else
			shares[class_of(group->octets)] += group->packets;
		return false;
	}
	shares[0] += group->packets * cell[0];
	for (size_t i = 1; i < PACKET_SIZE_CLASSES; i++)
		shares[i] += group->packets * (cell[i] - cell[i - 1]);
	return true;
}

typedef int32_t four_counts __attribute__((vector_size(16)));

/* The differences between neighbours, the first from 0. */
static inline void
take_differences(const int32_t whole[static PACKET_SIZE_CLASSES],
                 uint32_t classes[static PACKET_SIZE_CLASSES])
{
	const four_counts zero = { 0 };
	four_counts low, high;

	memcpy(&low, whole, sizeof(low));
	memcpy(&high, whole + 4, sizeof(high));
	high -= __builtin_shufflevector(low, high, 3, 4, 5, 6);
	low -= __builtin_shufflevector(zero, low, 3, 4, 5, 6);
	memcpy(classes, &low, sizeof(low));
	memcpy(classes + 4, &high, sizeof(high));
}

/* Packets of one row of the table. */
struct row_packets {
	const double *cells;
	double packets;
};

/* Of groups that the table knows, as nearly all are: sums of its rows, rounded; halves go up.  In
 * loops that vectors fit; conversion to signed numbers of 32 bits is what they can do. */
ALWAYS_INLINE void
share_known(const struct row_packets *rows, size_t count,
            uint32_t classes[static PACKET_SIZE_CLASSES])
{
	static const double half = 0.5 + 1e-9; /* what is a half but for rounding is one */
	double until[PACKET_SIZE_CLASSES];
	int32_t whole[PACKET_SIZE_CLASSES];

	for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++)
		until[i] = half;
	for (size_t row = 0; row < count; row++)
		for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++)
			until[i] += rows[row].packets * rows[row].cells[i];
	for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++)
		whole[i] = (int32_t)until[i];
	take_differences(whole, classes);
}

/* Of any groups. */
static __attribute__((noinline)) enum packet_size_knowledge
share_any(const struct size_groups *groups, uint64_t packets,
          uint32_t classes[static PACKET_SIZE_CLASSES])
{
	double shares[PACKET_SIZE_CLASSES] = { 0 };
	bool all_known = true;

	for (size_t i = 0; i < groups->count; i++)
		if (groups->groups[i].packets > 0)
			all_known &= share_group(&groups->groups[i], shares);
	apportion(shares, packets, classes);
	if (all_known)
		return SIZES_TABLE;
	return groups->groups[0].kind >= KIND_UDP ? SIZES_MEAN : SIZES_RULE;
}

static __attribute__((noinline)) enum packet_size_knowledge
share_any_structure(const struct flow_record *record, struct structure structure,
                    uint32_t classes[static PACKET_SIZE_CLASSES])
{
	const struct size_groups groups = {
		3,
		{ { structure.acks, ACK_OCTETS, KIND_ACKS, bucket_of_acks(record) },
		  { structure.full, FULL_OCTETS, KIND_FULL, bucket_of_full(&structure) },
		  { structure.data - structure.full, size_of_rest(&structure), KIND_REST,
		    bucket_of_rest(&structure) } }
	};

	return share_any(&groups, record->packets, classes);
}

static inline enum packet_size_knowledge
share_by_structure(const struct flow_record *record, uint32_t classes[static PACKET_SIZE_CLASSES])
{
	struct structure structure = structure_of(record);
	unsigned acks = bucket_of_acks(record);
	unsigned full = bucket_of_full(&structure);
	unsigned rest = bucket_of_rest(&structure);
	const struct row_packets rows[] = {
		{ table[KIND_ACKS][acks], structure.acks },
		{ table[KIND_FULL][full], structure.full },
		{ table[KIND_REST][rest], structure.data - structure.full },
	};

	if (record->packets >= INT32_MAX || !(known[KIND_ACKS][acks] || structure.acks <= 0) ||
	    !(known[KIND_FULL][full] || structure.full <= 0) ||
	    !(known[KIND_REST][rest] || structure.data <= structure.full))
		return share_any_structure(record, structure, classes);
	share_known(rows, 3, classes);
	return SIZES_TABLE;
}

static __attribute__((noinline)) enum packet_size_knowledge
share_any_mean(const struct flow_record *record, double mean,
               uint32_t classes[static PACKET_SIZE_CLASSES])
{
	const struct size_groups groups = {
		1, { { (double)record->packets, mean, kind_of_mean(record), bucket_of(mean) } }
	};

	return share_any(&groups, record->packets, classes);
}

/* Any protocol, known by its mean alone. */
static inline enum packet_size_knowledge
share_by_mean(const struct flow_record *record, uint32_t classes[static PACKET_SIZE_CLASSES])
{
	double mean = (double)record->octets / (double)record->packets;
	enum size_kind kind = kind_of_mean(record);
	unsigned bucket = bucket_of(mean);
	const struct row_packets row = { table[kind][bucket], (double)record->packets };

	if (record->packets >= INT32_MAX || !known[kind][bucket])
		return share_any_mean(record, mean, classes);
	share_known(&row, 1, classes);
	return SIZES_TABLE;
}

static void
take_exported(const struct flow_record *record, uint32_t classes[static PACKET_SIZE_CLASSES])
{
	double shares[PACKET_SIZE_CLASSES];

	for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++)
		shares[i] = record->sizes[i];
	apportion(shares, record->packets, classes);
}

static inline bool
sizes_are_exported(const struct flow_record *record)
{
	uint64_t sum = 0;

	if ((record->marks & FLOW_HAS_SIZES) == 0)
		return false;
	for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++)
		sum += record->sizes[i];
	return sum > 0;
}

/* Of three packets the smallest and the greatest are known: the octets tell the third. */
static inline bool
range_tells_all_of_three(const struct flow_record *record)
{
	uint64_t both = (uint64_t)record->packet_octets_least + record->packet_octets_greatest;

	return record->packets == 3 && record->octets >= both + record->packet_octets_least &&
	       record->octets <= both + record->packet_octets_greatest;
}

ALWAYS_INLINE struct size_groups
split_three(const struct flow_record *record)
{
	double least = record->packet_octets_least;
	double greatest = record->packet_octets_greatest;
	double third = (double)record->octets - least - greatest;

	return (struct size_groups){ 3,
		                     { { 1, greatest, KIND_PLAIN, 0 },
		                       { 1, least, KIND_PLAIN, 0 },
		                       { 1, third, KIND_PLAIN, 0 } } };
}

/*
 * The smallest and the greatest size are known: packets of both sizes in the proportion that gives
 * the octets.  Exact for two packets, and when all are equal.
 */
static struct size_groups
split_by_range(const struct flow_record *record)
{
	double n = (double)record->packets;
	double least = record->packet_octets_least;
	double greatest = record->packet_octets_greatest;
	double large = n * ((double)record->octets / n - least) / greater(greatest - least, 1);

	if (n >= 2 && greatest > least)
		large = clamp(large, 1, n - 1);
	large = clamp(large, 0, n);
	return (struct size_groups){
		2, { { large, greatest, KIND_PLAIN, 0 }, { n - large, least, KIND_PLAIN, 0 } }
	};
}

static inline bool
range_is_usable(const struct flow_record *record)
{
	return (record->marks & FLOW_HAS_SIZE_RANGE) && record->packet_octets_least > 0 &&
	       record->packet_octets_least <= record->packet_octets_greatest &&
	       record->octets >= record->packets * record->packet_octets_least &&
	       record->octets <= record->packets * record->packet_octets_greatest;
}

/* Octets without packets: the fewest that can have carried them. */
static void
make_packets(const struct flow_record *record, uint32_t classes[static PACKET_SIZE_CLASSES])
{
	uint64_t least = (record->octets + FULL_OCTETS - 1) / FULL_OCTETS;

	if (least > 0)
		classes[class_of((double)record->octets / (double)least)] = saturated(least);
}

static enum packet_size_knowledge
share_by_range(const struct flow_record *record, uint32_t classes[static PACKET_SIZE_CLASSES])
{
	bool three = range_tells_all_of_three(record);
	struct size_groups groups = three ? split_three(record) : split_by_range(record);

	share_any(&groups, record->packets, classes);
	return three || record->packets == 2 ||
	                       record->packet_octets_least == record->packet_octets_greatest
	               ? SIZES_EXACT
	               : SIZES_RULE;
}

/* At most one packet. */
static inline enum packet_size_knowledge
take_one(const struct flow_record *record, uint32_t classes[static PACKET_SIZE_CLASSES])
{
	const uint64_t most = SIZE_INDEX_MOST;

	memset(classes, 0, PACKET_SIZE_CLASSES * sizeof(*classes));
	if (record->packets == 0) {
		make_packets(record, classes);
		return SIZES_MEAN;
	}
	classes[size_classes[record->octets < most ? record->octets : most]] = 1;
	return SIZES_EXACT;
}

static inline enum packet_size_knowledge
split(const struct flow_record *record, uint32_t classes[static PACKET_SIZE_CLASSES])
{
	if (sizes_are_exported(record)) {
		take_exported(record, classes);
		return (record->marks & FLOW_SIZES_PLACED) != 0 ? SIZES_HISTOGRAM : SIZES_EXACT;
	}
	if (record->packets <= 1)
		return take_one(record, classes);
	if (range_is_usable(record))
		return share_by_range(record, classes);
	if (record->protocol == TCP && (record->marks & (FLOW_KNOWN_REVERSE | FLOW_HAS_REVERSE)) &&
	    record->packets <= packets_most)
		return share_by_structure(record, classes);
	return share_by_mean(record, classes);
}

/* Every count in an octet, where they fit. */
static void
fill_octets(struct packet_sizes *sizes)
{
	uint32_t all = 0;

	for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++) {
		all |= sizes->classes[i];
		sizes->octets[i] = (uint8_t)sizes->classes[i];
	}
	sizes->fit_octets = all <= UINT8_MAX;
}

void
packet_sizes_split(const struct flow_record *record, struct packet_sizes *sizes)
{
	sizes->knowledge = (uint8_t)split(record, sizes->classes);
	fill_octets(sizes);
}
