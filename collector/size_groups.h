/*
 * Groups of packets whose sizes are known from packets that were seen, and tables of sizes: what
 * the two ways of splitting a flow record's packets share (packet_sizes.h, few_packets.h).
 */
#ifndef COLLECTOR_SIZE_GROUPS_H
#define COLLECTOR_SIZE_GROUPS_H

#include <stdint.h>

/*
 * What a group of packets is, of which collector/packet_size_table.def knows the sizes.  In
 * brackets what the bucket is.
 */
enum size_kind {
	KIND_PLAIN, /* no table: all are of the group's size */
	KIND_ALONE, /* TCP without the other direction [mean size] */
	KIND_ACKS,  /* acknowledgements [record's mean size where it tells, else 3; 4 more with SYN]
	             */
	KIND_FULL,  /* full segments [payload of each in 40 octets, from 1200; 9: there is a rest
	               beside them] */
	KIND_REST,  /* other packets of TCP [their size; REST_BESIDE_FULL] */
	KIND_UDP,   /* up to 3 packets [mean size] */
	KIND_UDP_SOME, /* up to 31 [mean size] */
	KIND_UDP_MANY, /* [mean size] */
	KIND_OTHER,    /* [mean size] */
	SIZE_KINDS,
};

enum {
	SIZE_BUCKETS = 22,
	ACKS_MIXED = 3,
	ACKS_WITH_SYN = 4,
	FULL_BESIDE_REST = 9,
	REST_BESIDE_FULL = 21,
	UDP_SOME = 4, /* packets: exchanges of questions, not calls and streams */
	UDP_MANY = 32,
	CELL_SUM = 1000
};

/* What TCP's packets are made of. */
enum {
	HEADER_OCTETS = 44, /* IP and TCP headers with few options */
	SEGMENT_OCTETS = 1460,
	FULL_PAYLOAD_LEAST = 1380, /* of the other direction's full segments */
	FULL_MEAN = 1200,          /* so much payload in the mean: all are full */
	ACKS_MEAN_MOST = 56,       /* so small a mean is that of the acknowledgements */
	SMALL_PAYLOAD = 250,       /* of a packet that is neither an acknowledgement nor full */
};

/* The tables below end with this size: of greater ones they tell the same. */
enum { SIZE_INDEX_MOST = 1500 };

/* Bucket of a size: finer where sizes tell more. */
static const uint8_t size_buckets[SIZE_INDEX_MOST + 1] = {
	[0 ... 45] = 0,       [46 ... 51] = 1,      [52 ... 59] = 2,
	[60 ... 79] = 3,      [80 ... 99] = 4,      [100 ... 139] = 5,
	[140 ... 199] = 6,    [200 ... 279] = 7,    [280 ... 379] = 8,
	[380 ... 499] = 9,    [500 ... 639] = 10,   [640 ... 799] = 11,
	[800 ... 999] = 12,   [1000 ... 1199] = 13, [1200 ... 1299] = 14,
	[1300 ... 1359] = 15, [1360 ... 1399] = 16, [1400 ... 1439] = 17,
	[1440 ... 1469] = 18, [1470 ... 1489] = 19, [1490 ... SIZE_INDEX_MOST] = 20,
};

/* Size class of a size. */
static const uint8_t size_classes[SIZE_INDEX_MOST + 1] = {
	[0 ... 49] = 0,    [50 ... 99] = 1,     [100 ... 199] = 2,   [200 ... 499] = 3,
	[500 ... 999] = 4, [1000 ... 1399] = 5, [1400 ... 1499] = 6, [SIZE_INDEX_MOST] = 7,
};

#endif
