#include "common/host_detail.h"

#include <string.h>

#include "common/keyed_hash.h"
#include "common/merge_row.h"
#include "common/sketch.h"

#define WORDS(bitmap) (sizeof(bitmap) / sizeof((bitmap)[0]))

static const uint64_t all_seconds = (UINT64_C(1) << HOST_BIN_SECONDS) - 1;

void
host_bin_extension_init(struct host_bin_extension *into)
{
	memset(into, 0, sizeof(*into));
#define BASE(type, name, count, unit, merge, meaning)
#define EXTENSION(type, name, count, unit, merge, meaning) START_ROW(type, name, count, merge)
#include "schemas/host_bin.def"
#undef BASE
#undef EXTENSION
}

static void
merge_rows(struct host_bin_extension *into, const struct host_bin_extension *other)
{
#define BASE(type, name, count, unit, merge, meaning)
#define EXTENSION(type, name, count, unit, merge, meaning) MERGE_ROW(type, name, count, merge)
#include "schemas/host_bin.def"
#undef BASE
#undef EXTENSION
}

/* Order and identity of sampled peers: by hash, then (hashes can collide) by what was hashed. */
static int
peer_order(const struct host_peer *a, const struct host_peer *b)
{
	int order;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	order = memcmp(&a->peer, &b->peer, sizeof(a->peer));
	if (order != 0)
		return order;
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return (int)a->protocol - (int)b->protocol;
}

static void
merge_peer(struct host_peer *into, const struct host_peer *other)
{
	for (int i = 0; i < 2; i++)
		into->octets[i] = MERGE_sum(uint32_t, into->octets[i], other->octets[i]);
	into->flows = MERGE_sum(uint16_t, into->flows, other->flows);
	into->seconds |= other->seconds;
	into->kinds |= other->kinds;
}

/*
 * Keeps the peers with the smallest hashes.  Exact: a peer that belongs to the smallest of the
 * whole belongs to the smallest of every part that it occurs in, so nothing of it is ever left out.
 */
static void
add_to_sample(struct host_peer sample[static HOST_BIN_SAMPLED_PEERS], const struct host_peer *peer)
{
	size_t last = HOST_BIN_SAMPLED_PEERS - 1;
	size_t at = 0;
	int order = 1;

	if (sample[last].hash != 0 && peer_order(peer, &sample[last]) > 0)
		return;
	while (at <= last && sample[at].hash != 0 && (order = peer_order(peer, &sample[at])) > 0)
		at++;
	if (at > last)
		return;
	if (sample[at].hash != 0 && order == 0) {
		merge_peer(&sample[at], peer);
		return;
	}
	memmove(&sample[at + 1], &sample[at], (last - at) * sizeof(*sample));
	sample[at] = *peer;
}

static bool
same_service(const struct host_record *a, const struct host_record *b)
{
	return a->port == b->port && a->protocol == b->protocol &&
	       host_address_equal(&a->peer, &b->peer);
}

/* Greater records first; the order is total, so that equal octets keep the merge exact. */
static int
record_order(const struct host_record *a, const struct host_record *b)
{
	if (a->octets != b->octets)
		return a->octets > b->octets ? -1 : 1;
	return memcmp(a, b, sizeof(*a));
}

/*
 * Keeps the services with the greatest records, each with its greatest one.  Exact: the greatest
 * record of a service that belongs to the result is, in the part that it is in, beaten by fewer
 * other services than there is room for.
 */
static void
add_to_largest(struct host_record largest[static HOST_BIN_LARGEST_RECORDS],
               const struct host_record *record)
{
	size_t place = HOST_BIN_LARGEST_RECORDS - 1;

	if (record_order(record, &largest[place]) >= 0)
		return;
	for (size_t i = 0; i < HOST_BIN_LARGEST_RECORDS && largest[i].octets != 0; i++) {
		if (!same_service(record, &largest[i]))
			continue;
		if (record_order(record, &largest[i]) >= 0)
			return;
		place = i;
		break;
	}
	for (; place > 0 && record_order(record, &largest[place - 1]) < 0; place--)
		largest[place] = largest[place - 1];
	largest[place] = *record;
}

enum { QUARTERS_A_SECOND = HOST_BIN_QUARTERS / HOST_BIN_SECONDS };

static void
add_octets(uint32_t *second, uint64_t octets)
{
	uint32_t share = (uint32_t)octets;

	*second = MERGE_sum(uint32_t, *second, share);
}

/* Quarters of a second, both included. */
struct quarters {
	unsigned first;
	unsigned last;
};

/* Evenly; every octet is counted, and none twice. */
static inline void
spread_octets(uint32_t *series, struct quarters span, uint64_t octets)
{
	uint64_t quarters = (uint64_t)span.last - span.first + 1;
	unsigned last_second = span.last / QUARTERS_A_SECOND;
	uint64_t before = 0;

	for (unsigned second = span.first / QUARTERS_A_SECOND; second < last_second; second++) {
		uint64_t passed = (uint64_t)(second + 1) * QUARTERS_A_SECOND - span.first;
		uint64_t until = octets * passed / quarters;

		add_octets(&series[second], until - before);
		before = until;
	}
	add_octets(&series[last_second], octets - before);
}

/* Where a span lies in a touch, which may be shorter. */
static inline struct quarters
span_quarters(struct quarters all, enum touch_span span)
{
	unsigned length = touch_span_quarters(span);

	if (length > all.last - all.first)
		return all;
	if (span <= SPAN_FIRST_2_SECONDS)
		return (struct quarters){ all.first, all.first + length - 1 };
	return (struct quarters){ all.last - length + 1, all.last };
}

/* Spreads octets as the shape tells; returns how many are left to be spread evenly. */
static uint64_t
spread_shaped(uint32_t *series, struct quarters all, uint64_t octets, unsigned number)
{
	struct touch_shape shape = touch_shape_of(number);
	uint64_t left = octets;

	for (unsigned span = 0; span < TOUCH_SPANS; span++) {
		uint64_t part = octets * shape.quarters[span] / TOUCH_SHAPE_QUARTERS;

		if (part > 0)
			spread_octets(series, span_quarters(all, (enum touch_span)span), part);
		left -= part;
	}
	return left;
}

/* Spreads octets over the touch's seconds; what does not divide is carried on, so that none is
 * lost. */
static void
fold_octets(struct host_bin_extension *into, const struct host_touch *touch)
{
	uint32_t *series = &into->second_octets[(touch->kinds & TOUCH_IN ? HOST_IN : HOST_OUT) *
	                                        HOST_BIN_SECONDS];
	uint64_t packet = touch->octets / (touch->packets > 0 ? touch->packets : 1);
	uint64_t at_start = touch->kinds & TOUCH_STARTS ? packet : 0;
	uint64_t at_end = (touch->kinds & TOUCH_ENDS) && touch->packets > 1 ? packet : 0;
	uint64_t between = touch->octets - at_start - at_end;
	struct quarters all = { touch->first_quarter, touch->last_quarter };
	unsigned shape = host_touch_shape(touch->kinds);

	if (shape != TOUCH_SHAPE_EVEN)
		between = spread_shaped(series, all, between, shape);
	spread_octets(series, all, between);
	add_octets(&series[touch->last_quarter / QUARTERS_A_SECOND], at_end);
	add_octets(&series[touch->first_quarter / QUARTERS_A_SECOND], at_start);
}

static unsigned
first_second(const struct host_touch *touch)
{
	return touch->first_quarter / QUARTERS_A_SECOND;
}

static void
fold_begin(struct host_bin_extension *into, const struct host_touch *touch)
{
	size_t direction = touch->kinds & TOUCH_IN ? HOST_IN : HOST_OUT;
	uint64_t second = UINT64_C(1) << first_second(touch);
	uint8_t *small =
		&into->second_small_flows[direction * HOST_BIN_SECONDS + first_second(touch)];

	into->flow_seconds[direction] |= second;
	if (touch->kinds & TOUCH_FAILING)
		into->failing_seconds[0] |= second;
	if (touch->kinds & TOUCH_SMALL)
		*small = MERGE_sum(uint8_t, *small, 1);
}

static unsigned
pick(uint64_t hash, unsigned buckets)
{
	return (unsigned)(hash >> 24 & 0xffff) % buckets;
}

static unsigned
tcp_port_bucket(uint16_t port, uint64_t hash)
{
	switch (port) {
	case 80:
	case 443:
	case 8080:
		return PORT_BUCKET_WEB + pick(hash, PORT_BUCKET_SMTP - PORT_BUCKET_WEB);
	case 25:
	case 465:
	case 587:
		return PORT_BUCKET_SMTP;
	case 139:
	case 445:
		return PORT_BUCKET_SMB;
	case 22:
	case 23:
	case 2323:
	case 3389:
		return PORT_BUCKET_SHELL;
	default:
		return PORT_BUCKET_TCP + pick(hash, PORT_BUCKET_UDP_LOW - PORT_BUCKET_TCP);
	}
}

static unsigned
port_bucket(uint16_t port, enum host_protocol protocol, uint64_t hash)
{
	if (protocol == HOST_TCP)
		return tcp_port_bucket(port, hash);
	if (protocol != HOST_UDP)
		return PORT_BUCKET_ICMP;
	if (port < 1024)
		return PORT_BUCKET_UDP_LOW;
	return PORT_BUCKET_UDP_HIGH + pick(hash, PORT_BUCKET_ICMP - PORT_BUCKET_UDP_HIGH);
}

unsigned
host_bin_port_bucket(uint16_t port, uint8_t protocol_identifier, uint64_t key)
{
	return port_bucket(port, host_protocol(protocol_identifier),
	                   sketch_hash_port(port, protocol_identifier, key));
}

unsigned
host_bin_peer_bucket(const struct host_address *peer, uint64_t key)
{
	return pick(sketch_hash_peer(peer, key), HOST_BIN_PEER_BUCKETS);
}

/* The hashes of one touch; their lowest bits choose bits of bitmaps, bits 24 and up buckets, 40 and
 * up masks. */
struct touch_hashes {
	uint64_t peer;
	uint64_t port;
	uint64_t service;
	unsigned port_bucket;
	unsigned peer_bucket;
	bool counts_ports; /* ports on one peer are a sign of a scan for TCP and for UDP below 1024
	                      alone */
};

static struct touch_hashes
hash_touch(const struct host_touch *touch, uint64_t key)
{
	enum host_protocol protocol = host_protocol(touch->protocol);
	struct touch_hashes hashes = {
		.peer = sketch_hash_peer(&touch->peer, key),
		.port = sketch_hash_port(touch->port, touch->protocol, key),
		.counts_ports =
			protocol == HOST_TCP || (protocol == HOST_UDP && touch->port < 1024),
	};

	hashes.service = sketch_hash_service_of(hashes.peer, hashes.port);
	hashes.port_bucket = port_bucket(touch->port, protocol, hashes.port);
	hashes.peer_bucket = pick(hashes.peer, HOST_BIN_PEER_BUCKETS);
	return hashes;
}

static void
fold_sent(struct host_bin_extension *into, const struct host_touch *touch,
          const struct touch_hashes *hashes)
{
	unsigned port = hashes->port_bucket;
	unsigned peer = hashes->peer_bucket;

	sketch_linear_add(into->sent, WORDS(into->sent), hashes->service);
	sketch_linear_add(&into->port_sent[port * HOST_BIN_BUCKET_WORDS], HOST_BIN_BUCKET_WORDS,
	                  hashes->peer);
	if (hashes->counts_ports)
		sketch_linear_add(&into->peer_sent[peer * HOST_BIN_BUCKET_WORDS],
		                  HOST_BIN_BUCKET_WORDS, hashes->port);
	sketch_distinct_add(into->peers, hashes->peer);
	sketch_distinct_add(into->ports, hashes->port);
	into->port_mask[port] |= UINT32_C(1) << (hashes->port >> 40 & 31);
	into->peer_mask[peer] |= UINT32_C(1) << (hashes->peer >> 40 & 31);
	into->port_bucket_flows[port] = MERGE_sum(uint16_t, into->port_bucket_flows[port], 1);
	into->peer_bucket_flows[peer] = MERGE_sum(uint16_t, into->peer_bucket_flows[peer], 1);
	into->port_least[port] = MERGE_min(uint16_t, into->port_least[port], touch->port);
	into->port_greatest[port] = MERGE_max(uint16_t, into->port_greatest[port], touch->port);
}

static void
fold_heard(struct host_bin_extension *into, const struct touch_hashes *hashes)
{
	sketch_linear_add(into->heard, WORDS(into->heard), hashes->service);
	sketch_linear_add(&into->port_heard[hashes->port_bucket * HOST_BIN_BUCKET_WORDS],
	                  HOST_BIN_BUCKET_WORDS, hashes->peer);
	if (hashes->counts_ports)
		sketch_linear_add(&into->peer_heard[hashes->peer_bucket * HOST_BIN_BUCKET_WORDS],
		                  HOST_BIN_BUCKET_WORDS, hashes->port);
}

static struct host_peer
sampled_peer(const struct host_touch *touch, uint64_t service)
{
	struct host_peer peer = {
		.hash = service != 0 ? service : 1,
		.peer = touch->peer,
		.port = touch->port,
		.kinds = touch->kinds & TOUCH_ALL_KINDS,
		.protocol = touch->protocol,
	};

	peer.octets[touch->kinds & TOUCH_IN ? HOST_IN : HOST_OUT] = touch->octets;
	if (touch->kinds & TOUCH_BEGUN) {
		peer.flows = 1;
		peer.seconds = UINT64_C(1) << first_second(touch);
	}
	return peer;
}

void
host_detail_fold(struct host_bin_extension *into, const struct host_touch *touch, uint64_t key)
{
	struct touch_hashes hashes = hash_touch(touch, key);
	struct host_record record = {
		.peer = touch->peer,
		.octets = touch->octets,
		.port = touch->port,
		.protocol = touch->protocol,
		.direction = touch->kinds & TOUCH_IN ? HOST_IN : HOST_OUT,
	};
	struct host_peer peer;

	fold_octets(into, touch);
	if (record.octets != 0)
		add_to_largest(into->largest, &record);
	if (touch->kinds & TOUCH_BEGUN)
		fold_begin(into, touch);
	if (touch->kinds & TOUCH_SERVED) {
		if (touch->kinds & TOUCH_BEGUN)
			sketch_distinct_add(into->callers, hashes.peer);
		return;
	}
	if ((touch->kinds & TOUCH_SENT) && (touch->kinds & TOUCH_BEGUN))
		fold_sent(into, touch, &hashes);
	if (touch->kinds & TOUCH_HEARD)
		fold_heard(into, &hashes);
	peer = sampled_peer(touch, hashes.service);
	add_to_sample(into->sample, &peer);
}

void
host_detail_merge(struct host_bin_extension *into, const struct host_bin_extension *other)
{
	merge_rows(into, other);
	for (size_t i = 0; i < HOST_BIN_SAMPLED_PEERS && other->sample[i].hash != 0; i++)
		add_to_sample(into->sample, &other->sample[i]);
	for (size_t i = 0; i < HOST_BIN_LARGEST_RECORDS && other->largest[i].octets != 0; i++)
		add_to_largest(into->largest, &other->largest[i]);
}

static bool
begins_to(const struct host_touch *touch)
{
	return !(touch->kinds & TOUCH_SERVED) && (touch->kinds & TOUCH_SENT) &&
	       (touch->kinds & TOUCH_BEGUN);
}

void
host_touches_sent(const struct host_touch *touches, size_t count, uint64_t *sent, uint64_t key)
{
	for (size_t i = 0; i < count; i++) {
		if (begins_to(&touches[i]))
			sketch_linear_add(sent, WORDS(((struct host_bin_extension *)0)->sent),
			                  sketch_hash_service(&touches[i].peer, touches[i].port,
			                                      touches[i].protocol, key));
	}
}

/* As add_to_sample(), with room for all. */
static size_t
add_to_peers(struct host_peer *peers, size_t count, const struct host_peer *peer)
{
	size_t at = 0;
	int order = 1;

	while (at < count && (order = peer_order(peer, &peers[at])) > 0)
		at++;
	if (at < count && order == 0) {
		merge_peer(&peers[at], peer);
		return count;
	}
	memmove(&peers[at + 1], &peers[at], (count - at) * sizeof(*peers));
	peers[at] = *peer;
	return count + 1;
}

size_t
host_touches_sample(const struct host_touch *touches, size_t count, struct host_peer *sample,
                    uint64_t key)
{
	size_t peers = 0;

	for (size_t i = 0; i < count; i++) {
		struct host_peer peer;

		if (touches[i].kinds & TOUCH_SERVED)
			continue;
		peer = sampled_peer(&touches[i],
		                    sketch_hash_service(&touches[i].peer, touches[i].port,
		                                        touches[i].protocol, key));
		peers = add_to_peers(sample, peers, &peer);
	}
	return peers < HOST_BIN_SAMPLED_PEERS ? peers : HOST_BIN_SAMPLED_PEERS;
}

static bool
sample_valid(const struct host_peer sample[static HOST_BIN_SAMPLED_PEERS])
{
	static const struct host_peer nothing;

	for (size_t i = 0; i < HOST_BIN_SAMPLED_PEERS; i++) {
		const struct host_peer *peer = &sample[i];

		if (peer->hash == 0) {
			if (memcmp(peer, &nothing, sizeof(nothing)) != 0)
				return false;
			continue;
		}
		if ((peer->kinds & ~TOUCH_ALL_KINDS) != 0 || (peer->seconds & ~all_seconds) != 0 ||
		    peer->unused != 0)
			return false;
		if (i > 0 && (sample[i - 1].hash == 0 || peer_order(&sample[i - 1], peer) >= 0))
			return false;
	}
	return true;
}

static bool
largest_valid(const struct host_record largest[static HOST_BIN_LARGEST_RECORDS])
{
	static const struct host_record nothing;

	for (size_t i = 0; i < HOST_BIN_LARGEST_RECORDS; i++) {
		if (largest[i].octets == 0) {
			if (memcmp(&largest[i], &nothing, sizeof(nothing)) != 0)
				return false;
			continue;
		}
		if (largest[i].direction > HOST_IN)
			return false;
		if (i > 0 && record_order(&largest[i - 1], &largest[i]) >= 0)
			return false;
		for (size_t k = 0; k < i; k++)
			if (same_service(&largest[k], &largest[i]))
				return false;
	}
	return true;
}

bool
host_detail_valid(const struct host_bin_extension *extension)
{
	return ((extension->flow_seconds[0] | extension->flow_seconds[1] |
	         extension->failing_seconds[0]) &
	        ~all_seconds) == 0 &&
	       sample_valid(extension->sample) && largest_valid(extension->largest);
}
