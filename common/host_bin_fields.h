/*
 * What a host bin, its extension and the touches between them are made of; what is done with them
 * is in common/host_bin.h, and that of the extension in common/host_detail.h.
 *
 * Memory:  plain values without pointers or padding, host byte order; they are copied through
 * shared memory.
 * Threads: values.
 */
#ifndef COMMON_HOST_BIN_FIELDS_H
#define COMMON_HOST_BIN_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include "common/host_address.h"
#include "common/touch_shape.h"

enum {
	HOST_BIN_VERSION = 3,
	HOST_BIN_MS = 60000, /* the length of a bin */
	HOST_BIN_SECONDS = 60,
	HOST_BIN_QUARTERS = 240, /* of a second: how finely a touch tells its time */
	HOST_BIN_TOUCHES = 3,    /* kept in the base before an extension is needed */
	HOST_BIN_SAMPLED_PEERS = 12,
	HOST_BIN_LARGEST_RECORDS = 3,
	HOST_BIN_PORT_BUCKETS = 16,
	HOST_BIN_PEER_BUCKETS = 8,
	HOST_BIN_BUCKET_WORDS = 2, /* of each bucket's bitmaps */
	HOST_BIN_SIZE_CLASSES = 8,
	HOST_BIN_PORT_CLASSES = 8,
};

enum host_direction { HOST_OUT, HOST_IN };

enum host_protocol { HOST_TCP, HOST_UDP, HOST_ICMP, HOST_OTHER };

enum host_port_class {
	PORT_CLASS_DNS,   /* 53, 5353, 5355 */
	PORT_CLASS_SMTP,  /* 25, 465, 587 */
	PORT_CLASS_WEB,   /* 80, 443, 8080 */
	PORT_CLASS_SMB,   /* 135, 137 to 139, 445 */
	PORT_CLASS_SHELL, /* 22, 23, 2323, 3389 */
	PORT_CLASS_IRC,   /* 6660 to 6669, 6697, 7000 */
	PORT_CLASS_LOW,   /* other below 1024 */
	PORT_CLASS_OTHER,
};

/*
 * Buckets of ports are by class first, for what is much for one is little for another; within a
 * class with several buckets, by keyed hash of the port.  ICMP errors belong to no bucket: only
 * requests (echo, timestamp, mask) are contacts, and multicast and broadcast peers are none.
 */
enum host_port_bucket {
	PORT_BUCKET_WEB = 0,       /* 2: TCP 80, 443, 8080 */
	PORT_BUCKET_SMTP = 2,      /* 1: TCP 25, 465, 587 */
	PORT_BUCKET_SMB = 3,       /* 1: TCP 139, 445 */
	PORT_BUCKET_SHELL = 4,     /* 1: TCP 22, 23, 2323, 3389 */
	PORT_BUCKET_TCP = 5,       /* 4: TCP, other ports */
	PORT_BUCKET_UDP_LOW = 9,   /* 1: UDP below 1024 */
	PORT_BUCKET_UDP_HIGH = 10, /* 5: UDP, other ports */
	PORT_BUCKET_ICMP = 15,     /* 1: ICMP requests and other protocols */
};

/* What a touch says of the peer; also what a sampled peer is known to have done. */
enum host_touch_kind {
	TOUCH_SENT = 1 << 0,    /* the host, as client, sent to the peer's port */
	TOUCH_HEARD = 1 << 1,   /* the peer's port gave a positive answer */
	TOUCH_REFUSED = 1 << 2, /* the peer answered with RST, or an unreachable came */
	TOUCH_SERVED = 1 << 3,  /* the peer was the client; the port is the host's own */
	TOUCH_BEGUN = 1 << 4,   /* a flow begins with this record, in the touch's first quarter */
	TOUCH_IN = 1 << 5,      /* the record came from the peer; else it was sent by the host */
	TOUCH_SMALL = 1 << 6,   /* the record has at most three packets */
	TOUCH_FAILING = 1 << 7, /* begun by the host, and the record itself shows no answer */
	TOUCH_STARTS = 1 << 8,  /* the record's first packet is in this minute, in the touch's first
	                           quarter */
	TOUCH_ENDS = 1 << 9,    /* its last packet is, in the touch's last quarter */
};

enum {
	TOUCH_ALL_KINDS = TOUCH_SENT | TOUCH_HEARD | TOUCH_REFUSED | TOUCH_SERVED | TOUCH_BEGUN |
	                  TOUCH_IN | TOUCH_SMALL | TOUCH_FAILING | TOUCH_STARTS | TOUCH_ENDS,
};

/* The bits of the kinds that hold the number of a shape: see common/touch_shape.h. */
enum { TOUCH_SHAPE_SHIFT = 10, TOUCH_SHAPES = 63 << TOUCH_SHAPE_SHIFT };

_Static_assert(TOUCH_SHAPE_NUMBERS << TOUCH_SHAPE_SHIFT <= TOUCH_SHAPES,
               "every shape has its number");

static inline unsigned
host_touch_shape(uint16_t kinds)
{
	return (unsigned)(kinds & TOUCH_SHAPES) >> TOUCH_SHAPE_SHIFT;
}

/*
 * One record's share in one minute.  Its octets were sent in packets of equal size: one in the
 * first quarter of a second if it starts here, one in the last if it ends here, the others in
 * between, evenly or as the shape tells.
 */
struct host_touch {
	struct host_address peer;
	uint32_t octets;       /* in this minute, saturating */
	uint16_t port;         /* the server's; 0 where the protocol has none */
	uint16_t kinds;        /* enum host_touch_kind, and a shape */
	uint8_t protocol;      /* protocolIdentifier */
	uint8_t first_quarter; /* of a second, from the start of the minute: 0 to 239 */
	uint8_t last_quarter;
	uint8_t packets; /* in this minute, saturating */
};

_Static_assert(sizeof(struct host_touch) == 28, "no padding in shared memory");

/* A peer of the sample: those (peer, port, protocol) with the smallest keyed hash; merges exactly.
 */
struct host_peer {
	uint64_t
		hash; /* 0: the entry is free; entries are sorted, smallest first, free ones last */
	struct host_address peer;
	uint32_t octets[2];
	uint64_t seconds; /* in which a flow began: bit i is second i of the minute */
	uint16_t flows;
	uint16_t port;
	uint16_t kinds;
	uint8_t protocol;
	uint8_t unused;
};

_Static_assert(sizeof(struct host_peer) == 48, "no padding in shared memory");

/* One of the largest records, at most one for each (peer, port, protocol); sorted, largest first.
 */
struct host_record {
	struct host_address peer;
	uint32_t octets; /* 0: the entry is free */
	uint16_t port;
	uint8_t protocol;
	uint8_t direction; /* enum host_direction */
};

_Static_assert(sizeof(struct host_record) == 24, "no padding in shared memory");

/* The whole bin and its extension are 384 (six cache lines) and 2696 octets; common/host_bin.c
 * asserts it. */
struct host_bin {
	struct host_address host;
	uint32_t minute;      /* since 1970-01-01T00:00:00Z */
	uint16_t touch_count; /* valid touches; HOST_BIN_EXTENDED: they are in the extension */
	uint16_t unused;
#define BASE(type, name, count, unit, merge, meaning) type name[count];
#define EXTENSION(type, name, count, unit, merge, meaning)
#include "schemas/host_bin.def"
#undef BASE
#undef EXTENSION
	uint8_t padding[2];
	struct host_touch touches[HOST_BIN_TOUCHES]; /* sorted by memcmp */
};

enum { HOST_BIN_EXTENDED = 0xffff };

struct host_bin_extension {
#define BASE(type, name, count, unit, merge, meaning)
#define EXTENSION(type, name, count, unit, merge, meaning) type name[count];
#include "schemas/host_bin.def"
#undef BASE
#undef EXTENSION
	struct host_peer sample[HOST_BIN_SAMPLED_PEERS];
	struct host_record largest[HOST_BIN_LARGEST_RECORDS];
};

static inline enum host_protocol
host_protocol(uint8_t protocol_identifier)
{
	if (protocol_identifier == 6)
		return HOST_TCP;
	if (protocol_identifier == 17)
		return HOST_UDP;
	return protocol_identifier == 1 || protocol_identifier == 58 ? HOST_ICMP : HOST_OTHER;
}

#endif
