#include "tests/bench/host_load.h"

#include <math.h>

#include "common/keyed_hash.h"

enum {
	PART_SECONDS = 10, /* between the parts of a busy host */
	SCAN_PEERS = 8,    /* in ten seconds */
	PEERS = 400000,
};

/* One exchange of a host with a peer. */
struct exchange {
	struct host_address peer;
	uint32_t octets[2];
	uint8_t packets[2]; /* [HOST_IN] 0: no answer */
	uint16_t port;
	uint8_t protocol;
	uint8_t second;
	bool served; /* the peer is the client */
};

static uint64_t
draw(uint64_t *state)
{
	*state += UINT64_C(0x9e3779b97f4a7c15);
	return keyed_hash_mix(*state);
}

/* A peer with a chance of about 1 / rank. */
static struct host_address
draw_peer(uint64_t *state)
{
	double rank = exp((double)(draw(state) >> 11) * 0x1p-53 * log(PEERS));

	return host_address_from_ipv4(0x80000000u + (uint32_t)rank);
}

static void
add_direction(struct ring_bin *part, const struct exchange *exchange, enum host_direction direction,
              uint64_t key)
{
	enum host_direction first = exchange->served ? HOST_IN : HOST_OUT;
	enum host_protocol protocol = host_protocol(exchange->protocol);
	bool begins = direction == first, answered = exchange->packets[!first] > 0;
	struct host_bin *bin = &part->bin;
	struct host_touch touch = {
		.peer = exchange->peer,
		.octets = exchange->octets[direction],
		.port = exchange->port,
		.protocol = exchange->protocol,
		.first_quarter = (uint8_t)(exchange->second * 4),
		.last_quarter = (uint8_t)(exchange->second * 4 + 2),
		.packets = exchange->packets[direction],
		.kinds = TOUCH_STARTS | TOUCH_ENDS,
	};

	touch.kinds |= direction == HOST_IN ? TOUCH_IN : 0;
	touch.kinds |= exchange->packets[direction] <= 3 ? TOUCH_SMALL : 0;
	touch.kinds |= exchange->served ? TOUCH_SERVED : begins ? TOUCH_SENT : TOUCH_HEARD;
	touch.kinds |= begins ? TOUCH_BEGUN : 0;
	touch.kinds |= begins && !exchange->served && !answered ? TOUCH_FAILING : 0;
	bin->octets[direction] += exchange->octets[direction];
	bin->packets[direction] += exchange->packets[direction];
	bin->records[direction]++;
	bin->protocol_packets[direction * 4 + protocol] += exchange->packets[direction];
	bin->size_packets[direction * HOST_BIN_SIZE_CLASSES + 2] += exchange->packets[direction];
	bin->directions[0] |= (uint8_t)(1 << direction);
	if (begins) {
		bin->flows[direction]++;
		bin->protocol_flows[direction * 4 + protocol]++;
		bin->port_flows[direction * HOST_BIN_PORT_CLASSES +
		                host_port_class(exchange->port)]++;
		bin->small_flows[direction] += exchange->packets[direction] <= 3;
	}
	if (!host_bin_touch(bin, bin->touch_count == HOST_BIN_EXTENDED ? &part->extension : NULL,
	                    &touch, key))
		host_bin_touch(bin, &part->extension, &touch, key);
}

static void
add_exchange(struct ring_bin *part, const struct exchange *exchange, uint64_t key)
{
	struct host_bin *bin = &part->bin;

	bin->earliest_ms[0] = (uint16_t)MIN(bin->earliest_ms[0], exchange->second * 1000);
	bin->latest_ms[0] = (uint16_t)MAX(bin->latest_ms[0], exchange->second * 1000 + 500);
	for (int direction = 0; direction < 2; direction++) {
		if (exchange->packets[direction] > 0)
			add_direction(part, exchange, (enum host_direction)direction, key);
	}
}

static void
part_begin(struct ring_bin *part, uint32_t host, uint32_t minute)
{
	struct host_address address = host_address_from_ipv4(0x0a000000u + host);

	host_bin_init(&part->bin, &address, minute);
	host_bin_extension_init(&part->extension);
	part->dropped = 0;
	part->bin.exporters[0] = 1;
	part->bin.size_knowledge[0] = 4;
}

static bool
is_busy(const struct host_load *load, uint32_t host)
{
	return host % 1000 < load->busy;
}

static bool
asks(const struct host_load *load, uint32_t host)
{
	return host / 1000 % 1000 < load->asking;
}

/* One to three touches. */
static void
make_quiet(struct ring_bin *part, const struct host_load *load, uint32_t host, uint32_t minute)
{
	uint64_t state = (uint64_t)host << 32 | minute;
	struct exchange exchange = {
		.peer = host_address_from_ipv4(0x0a000001u + host % 16),
		.octets = { 70, 180 },
		.packets = { 1, 1 },
		.port = 53,
		.protocol = 17,
		.second = (uint8_t)(draw(&state) % 60),
	};

	part_begin(part, host, minute);
	if (asks(load, host)) {
		exchange.packets[HOST_OUT] = exchange.packets[HOST_IN] = 2;
		add_exchange(part, &exchange, load->sketch_key);
		return;
	}
	exchange.served = true;
	exchange.packets[HOST_OUT] = 0;
	exchange.protocol = 6;
	for (uint64_t i = 0; i <= draw(&state) % 3; i++) {
		exchange.peer = draw_peer(&state);
		exchange.port = (uint16_t)(draw(&state) % 1024);
		add_exchange(part, &exchange, load->sketch_key);
	}
}

/* The ten seconds of a busy host from `second` on. */
static void
make_busy(struct ring_bin *part, const struct host_load *load, uint32_t host, uint32_t minute,
          unsigned second)
{
	uint64_t state = ((uint64_t)host << 32 | minute) * 61 + second + 1;
	bool scans = host / 1000 % 1000 == 0;
	uint64_t count = scans ? SCAN_PEERS : 1 + draw(&state) % 4;

	part_begin(part, host, minute);
	for (uint64_t i = 0; i < count; i++) {
		struct exchange exchange = {
			.peer = scans ? host_address_from_ipv4(0xc0000000u +
			                                       (uint32_t)(draw(&state) % 65536))
			              : draw_peer(&state),
			.octets = { (uint32_t)(400 + draw(&state) % 2000),
			            (uint32_t)(1000 + draw(&state) % 60000) },
			.packets = { scans ? 1 : 8, scans ? 0 : 12 },
			.port = scans                   ? 445
			        : draw(&state) % 4 == 0 ? 53
			                                : 443,
			.second = (uint8_t)(second + draw(&state) % PART_SECONDS),
		};

		exchange.protocol = exchange.port == 53 ? 17 : 6;
		add_exchange(part, &exchange, load->sketch_key);
	}
}

void
host_load_step(const struct host_load *load, uint64_t step, host_load_taker take, void *context)
{
	uint32_t minute = load->minute + (uint32_t)(step / HOST_LOAD_STEPS);
	unsigned second = (unsigned)(step % HOST_LOAD_STEPS);
	unsigned from = (second + HOST_LOAD_STEPS - PART_SECONDS) / PART_SECONDS %
	                (HOST_LOAD_STEPS / PART_SECONDS) * PART_SECONDS;
	static struct ring_bin part;

	part.export_ms = ((int64_t)minute * HOST_LOAD_STEPS + second) * HOST_LOAD_STEP_MS;
	for (uint32_t host = 0; host < load->hosts; host++) {
		bool behind = second < PART_SECONDS || !is_busy(load, host);

		if ((behind && step < HOST_LOAD_STEPS) ||
		    (!is_busy(load, host) && host % HOST_LOAD_STEPS != second) ||
		    (is_busy(load, host) && host / 7 % PART_SECONDS != second % PART_SECONDS))
			continue;
		if (is_busy(load, host))
			make_busy(&part, load, host, minute - behind, from);
		else
			make_quiet(&part, load, host, minute - 1);
		take(context, &part);
	}
}

struct ring_watermark
host_load_watermark(const struct host_load *load, uint64_t step)
{
	int64_t now_ms =
		((int64_t)load->minute * HOST_LOAD_STEPS + (int64_t)step) * HOST_LOAD_STEP_MS;

	return (struct ring_watermark){
		.export_ms = now_ms, .least_ms = now_ms, .exporters = 1, .records = step
	};
}
