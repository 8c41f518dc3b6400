#include "collector/record_sizes.h"

#include <stdint.h>
#include <string.h>
#include <sys/param.h>

#include "collector/record_lanes.h"
#include "collector/size_groups.h"

#ifdef __x86_64__

#include <immintrin.h>

enum {
	TCP = 6,
	UDP = 17,
	FLAG_FIN = 0x01,
	FLAG_SYN = 0x02,
	FLAG_RST = 0x04,
	KIND_ONE = KIND_PLAIN, /* one packet [its class] */
	ROWS = SIZE_KINDS * SIZE_BUCKETS,
	TOLD = FLOW_HAS_SIZES | FLOW_HAS_SIZE_RANGE | FLOW_HAS_REVERSE,
	PACKETS_MOST = 255, /* so that every class fits an octet */
	OTHER_PACKETS_MOST = 0xffff,
	OCTETS_MOST = 0x3fffff, /* whole numbers so small that floats have them exactly */
};

#define AT(kind, bucket) ((kind)*SIZE_BUCKETS + (bucket))

_Static_assert((int)KIND_UDP_SOME == KIND_UDP + 1 && (int)KIND_UDP_MANY == KIND_UDP + 2,
               "counted on from the first");

typedef float float_lanes __attribute__((vector_size(32)));

/* Thousandths of a group's packets below each size class's upper edge.  One packet is of its class;
 * so are some groups whose sizes were not seen, when their bucket lies in one class. */
static const float_lanes rows[ROWS] = {
#define CELL(kind, bucket, a, b, c, d, e, f, g, h)                                                 \
	[AT(KIND_##kind, bucket)] = { (a),                                                         \
		                      (a) + (b),                                                   \
		                      (a) + (b) + (c),                                             \
		                      (a) + (b) + (c) + (d),                                       \
		                      (a) + (b) + (c) + (d) + (e),                                 \
		                      (a) + (b) + (c) + (d) + (e) + (f),                           \
		                      (a) + (b) + (c) + (d) + (e) + (f) + (g),                     \
		                      (a) + (b) + (c) + (d) + (e) + (f) + (g) + (h) },
#define ALL CELL_SUM
#include "collector/packet_size_table.def"
	/* clang-format off */
	CELL(ONE, 0, ALL, 0, 0, 0, 0, 0, 0, 0)
	CELL(ONE, 1, 0, ALL, 0, 0, 0, 0, 0, 0)
	CELL(ONE, 2, 0, 0, ALL, 0, 0, 0, 0, 0)
	CELL(ONE, 3, 0, 0, 0, ALL, 0, 0, 0, 0)
	CELL(ONE, 4, 0, 0, 0, 0, ALL, 0, 0, 0)
	CELL(ONE, 5, 0, 0, 0, 0, 0, ALL, 0, 0)
	CELL(ONE, 6, 0, 0, 0, 0, 0, 0, ALL, 0)
	CELL(ONE, 7, 0, 0, 0, 0, 0, 0, 0, ALL)
	CELL(ALONE, 0, ALL, 0, 0, 0, 0, 0, 0, 0)
	CELL(UDP, 0, ALL, 0, 0, 0, 0, 0, 0, 0)
	CELL(UDP, 13, 0, 0, 0, 0, 0, ALL, 0, 0)
/* clang-format on */
#undef ALL
#undef CELL
};

/* Which groups are known, and how: enum packet_size_knowledge. */
static const uint8_t known[ROWS] = {
#define CELL(kind, bucket, ...) [AT(KIND_##kind, bucket)] = SIZES_TABLE,
#include "collector/packet_size_table.def"
#undef CELL
	[AT(KIND_ONE, 0)... AT(KIND_ONE, 7)] = SIZES_EXACT,
	[AT(KIND_ALONE, 0)] = SIZES_RULE,
	[AT(KIND_UDP, 0)] = SIZES_MEAN,
	[AT(KIND_UDP, 13)] = SIZES_MEAN,
};

/* What is known of eight records: twice their packets in one row, and in that of acknowledgements;
 * which row it is, a table tells by size, or by size class where there is one packet. */
struct groups {
	uint32_t beyond[LANES];    /* told otherwise */
	uint32_t first_row[LANES]; /* of its kind */
	uint32_t size[LANES];
	uint32_t is_one[LANES];
	uint32_t is_mixed[LANES]; /* some are full, and some are not */
	uint32_t acks_row[LANES];
	float halves[LANES];
	float acks[LANES];
	float payload[LANES];
};

struct columns {
	lanes beyond;
	lanes is_udp;
	lanes is_tcp;
	lanes has_structure; /* TCP, several packets, and the other direction is known */
	lanes flags;
	float_lanes packets;
	float_lanes octets;
	float_lanes other_packets;
	float_lanes other_octets;
};

WIDE float_lanes
to_float(lanes numbers)
{
	return __builtin_convertvector(numbers, float_lanes);
}

WIDE lanes
to_whole(float_lanes numbers)
{
	return (lanes)_mm256_cvttps_epi32((__m256)numbers);
}

/* Exact, for the dividend is a whole number that a float has. */
WIDE float_lanes
quotient(float_lanes dividend, float_lanes divisor)
{
	return to_float(to_whole(dividend / divisor));
}

WIDE float_lanes
lesser(float_lanes a, float_lanes b)
{
	return (float_lanes)_mm256_min_ps((__m256)a, (__m256)b);
}

WIDE float_lanes
greater(float_lanes a, float_lanes b)
{
	return (float_lanes)_mm256_max_ps((__m256)a, (__m256)b);
}

WIDE void
take_records(const struct flow_record *const records[static LANES], struct columns *columns)
{
	lanes counts[4], others[4], marks[4], tuple[4], protocol, is_known;

	take_columns(records, offsetof(struct flow_record, octets), counts);
	take_columns(records, offsetof(struct flow_record, other_octets), others);
	take_columns(records, offsetof(struct flow_record, sampling_interval), marks);
	take_columns(records, offsetof(struct flow_record, source_port), tuple);
	protocol = tuple[3] & UINT8_MAX;
	is_known = has(marks[3], FLOW_KNOWN_REVERSE);
	columns->flags = tuple[1] >> 16;
	columns->is_tcp = protocol == TCP;
	columns->is_udp = protocol == UDP;
	columns->has_structure = columns->is_tcp & is_known & (counts[2] > 1);
	columns->packets = to_float(counts[2]);
	columns->octets = to_float(counts[0]);
	columns->other_packets = to_float(others[1]);
	columns->other_octets = to_float(others[0]);
	columns->beyond = ((counts[0] & ~OCTETS_MOST) | counts[1] | (counts[2] & ~PACKETS_MOST) |
	                   counts[3] | (marks[3] & TOLD)) != 0;
	columns->beyond |= counts[2] == 0;
	columns->beyond |= columns->has_structure &
	                   (((others[0] & ~OCTETS_MOST) | (others[1] & ~OTHER_PACKETS_MOST)) != 0);
}

WIDE float_lanes
payload_of(float_lanes packets, float_lanes octets)
{
	return greater(octets - packets * (float)HEADER_OCTETS, (float_lanes){ 0 });
}

/* Acknowledgements, in halves: see packet_sizes.c. */
WIDE float_lanes
count_half_acks(const struct columns *columns)
{
	float_lanes payload = payload_of(columns->other_packets, columns->other_octets);
	float_lanes full = quotient(payload + (float)(FULL_PAYLOAD_LEAST - 1),
	                            (float_lanes){ 0 } + (float)FULL_PAYLOAD_LEAST);
	lanes begins = has(columns->flags, FLAG_SYN) & 4;
	lanes ends = has_any(columns->flags, FLAG_FIN | FLAG_RST) & 2;

	return lesser(columns->other_packets, full) + to_float(begins + ends);
}

/* What acknowledgements the mean size tells of. */
WIDE lanes
row_of_acks(const struct columns *columns)
{
	float_lanes mean = columns->octets / columns->packets;
	lanes bucket = -((mean >= 46) + (mean >= 52) + (mean >= (float)ACKS_MEAN_MOST));

	return AT(KIND_ACKS, 0) + bucket + (has(columns->flags, FLAG_SYN) & ACKS_WITH_SYN);
}

_Static_assert(ACKS_MIXED == 3, "so many steps lead to it");

/* What a record is known by when the other direction is not. */
WIDE lanes
kind_of_mean(const struct columns *columns)
{
	lanes udp = KIND_UDP - (columns->packets >= (float)UDP_SOME) -
	            (columns->packets >= (float)UDP_MANY);
	lanes other = (columns->is_tcp & KIND_ALONE) | (~columns->is_tcp & KIND_OTHER);

	return choose(columns->packets == 1, (lanes){ 0 } + KIND_ONE,
	              choose(columns->is_udp, udp, other));
}

/* Groups by structure: acknowledgements, and packets with payload. */
WIDE void
find_groups(struct columns *columns, struct groups *groups)
{
	float_lanes twice = columns->packets + columns->packets;
	float_lanes payload = payload_of(columns->packets, columns->octets);
	float_lanes segments = quotient(payload + (float)(SEGMENT_OCTETS - 1),
	                                (float_lanes){ 0 } + (float)SEGMENT_OCTETS);
	float_lanes carriers = lesser(columns->packets, segments);
	float_lanes halves =
		greater(twice - lesser(count_half_acks(columns), twice), carriers + carriers);
	float_lanes mean = quotient(payload + payload, greater(halves, (float_lanes){ 0 } + 1));
	lanes is_full = mean >= (float)FULL_MEAN;
	lanes is_small = payload + payload <= (float)SMALL_PAYLOAD * halves;
	lanes full = to_whole(
		lesser(mean / 40 - FULL_MEAN / 40, (float_lanes){ 0 } + (FULL_BESIDE_REST - 1)));
	lanes kind = choose(is_full, AT(KIND_FULL, 0) + full, (lanes){ 0 } + AT(KIND_REST, 0));
	lanes size = ~is_full & to_whole(mean + (float)HEADER_OCTETS);
	lanes structure = columns->has_structure;

	kind = choose(structure, kind, kind_of_mean(columns) * SIZE_BUCKETS);
	size = choose(structure, size, to_whole(columns->octets / columns->packets));
	size = choose(size > SIZE_INDEX_MOST, (lanes){ 0 } + SIZE_INDEX_MOST, size);
	halves = (float_lanes)choose(structure, (lanes)halves, (lanes)twice);
	put_lanes(groups->beyond, columns->beyond);
	put_lanes(groups->first_row, kind);
	put_lanes(groups->size, size);
	put_lanes(groups->is_one, columns->packets == 1);
	put_lanes(groups->is_mixed, structure & ~is_full & ~is_small);
	put_lanes(groups->acks_row, row_of_acks(columns));
	memcpy(groups->halves, &halves, sizeof(halves));
	twice -= halves;
	memcpy(groups->acks, &twice, sizeof(twice));
	memcpy(groups->payload, &payload, sizeof(payload));
}

WIDE void
write_packets(lanes whole, struct packet_sizes *sizes)
{
	const lanes zero = { 0 };
	lanes below = __builtin_shufflevector(zero, whole, 0, 8, 9, 10, 11, 12, 13, 14);
	__m256i packets = (__m256i)(whole - below);
	__m256i narrow = _mm256_packus_epi32(packets, packets);

	narrow = _mm256_packus_epi16(narrow, narrow);
	_mm256_storeu_si256((__m256i *)(void *)sizes->classes, packets);
	_mm_storel_epi64((__m128i *)(void *)sizes->octets,
	                 _mm_unpacklo_epi32(_mm256_castsi256_si128(narrow),
	                                    _mm256_extracti128_si256(narrow, 1)));
	sizes->fit_octets = true;
}

/* Sums of rows, rounded; halves go up. */
WIDE void
write_sums(float_lanes sums, struct packet_sizes *sizes)
{
	/* Half of a thousandth more: what the reciprocal is off must not make a whole less. */
	write_packets(to_whole((sums + (CELL_SUM + 0.5F)) * (0.5F / CELL_SUM)), sizes);
}

typedef double double_lanes __attribute__((vector_size(32)));

/* Four cells of each row, by packets in fractions. */
WIDE half_lanes
mix_half(const float *acks, const float *full, const float *rest, const double packets[static 3])
{
	static const double half = (0.5 + 1e-9) * CELL_SUM; /* see packet_sizes.c */
	double_lanes sums = (double_lanes)_mm256_cvtps_pd(_mm_loadu_ps(acks)) * packets[0] +
	                    (double_lanes)_mm256_cvtps_pd(_mm_loadu_ps(full)) * packets[1] +
	                    (double_lanes)_mm256_cvtps_pd(_mm_loadu_ps(rest)) * packets[2];

	return (half_lanes)_mm256_cvttpd_epi32((__m256d)((sums + half) * (1.0 / CELL_SUM)));
}

/* Acknowledgements, full segments, and a rest. */
WIDE void
write_mixed(const struct groups *groups, size_t i, struct packet_sizes *sizes)
{
	const float *acks = (const float *)&rows[groups->acks_row[i]];
	const float *full = (const float *)&rows[AT(KIND_FULL, FULL_BESIDE_REST)];
	const float *rest = (const float *)&rows[AT(KIND_REST, REST_BESIDE_FULL)];
	double data = (double)groups->halves[i] * 0.5;
	double count = ((double)groups->payload[i] - SMALL_PAYLOAD * data) /
	               (SEGMENT_OCTETS - SMALL_PAYLOAD);
	const double packets[3] = { (double)groups->acks[i] * 0.5, count, data - count };
	half_lanes low = mix_half(acks, full, rest, packets);
	half_lanes high = mix_half(acks + 4, full + 4, rest + 4, packets);

	write_packets(__builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7), sizes);
	sizes->knowledge = SIZES_TABLE;
}

/* One record; false: its group is not known. */
WIDE bool
write_one(const struct groups *groups, size_t i, struct packet_sizes *sizes)
{
	const uint8_t *index = groups->is_one[i] ? size_classes : size_buckets;
	size_t row = groups->first_row[i] + index[groups->size[i]];

	if (known[row] == 0)
		return false;
	write_sums(rows[row] * groups->halves[i] + rows[groups->acks_row[i]] * groups->acks[i],
	           sizes);
	sizes->knowledge = known[row];
	return true;
}

WIDE void
split_eight(const struct flow_record *const records[static LANES], size_t count,
            struct packet_sizes *const *sizes)
{
	struct columns columns;
	struct groups groups;

	take_records(records, &columns);
	find_groups(&columns, &groups);
	for (size_t i = 0; i < count; i++) {
		if (groups.beyond[i] != 0)
			packet_sizes_split(records[i], sizes[i]);
		else if (groups.is_mixed[i] != 0)
			write_mixed(&groups, i, sizes[i]);
		else if (!write_one(&groups, i, sizes[i]))
			packet_sizes_split(records[i], sizes[i]);
	}
}

static __attribute__((target("avx2"))) void
split_all(const struct flow_record *const *records, size_t count, struct packet_sizes *const *sizes)
{
	const struct flow_record *eight[LANES];

	for (size_t i = 0; i < count; i += LANES) {
		take_pointers(records, count, i, eight);
		split_eight(eight, MIN(count - i, LANES), sizes + i);
	}
}

#endif

void
record_sizes_of(const struct flow_record *const *records, size_t count,
                struct packet_sizes *const *sizes)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2")) {
		split_all(records, count, sizes);
		return;
	}
#endif
	for (size_t i = 0; i < count; i++)
		packet_sizes_split(records[i], sizes[i]);
}
