#include "tools/flowgen/load.h"

#include "tools/flowgen/random.h"

enum {
	TCP = 6,
	UDP = 17,
	FLAGS_WHOLE = 0x1b, /* FIN SYN PSH ACK */
	FLAG_SYN = 0x02,
	SERVERS = 400000,
	ANSWERED = 70, /* in a hundred */
	MINUTE_MS = 60000,
	STRIDE = 1299709, /* a prime: hosts come in an order that no cache foresees */
};

static const uint32_t first_host = 0x0a000000, first_server = 0x80000000;

static struct conversation
make_flow(struct random *random, unsigned host)
{
	static const uint16_t ports[] = { 443, 443, 443, 80, 53, 445, 22, 8080 };
	bool answered = random_chance(random, ANSWERED);
	struct conversation flow = {
		.duration_ms = random_between(random, 1, 3000),
		.host = host,
		.client = host_address_from_ipv4(first_host + host),
		.server = host_address_from_ipv4(first_server +
		                                 random_between(random, 0, SERVERS - 1)),
		.client_port = (uint16_t)random_between(random, 32768, 60999),
		.server_port = ports[random_between(random, 0, G_N_ELEMENTS(ports) - 1)],
		.flags = { FLAG_SYN, 0 },
		.packets = { random_between(random, 1, 3), 0 },
	};

	flow.protocol = flow.server_port == 53 ? UDP : TCP;
	if (answered) {
		flow.flags[0] = flow.flags[1] = FLAGS_WHOLE;
		flow.packets[0] = random_between(random, 4, 20);
		flow.packets[1] = random_between(random, 4, 30);
	}
	if (flow.protocol == UDP)
		flow.flags[0] = flow.flags[1] = 0;
	flow.octets[0] = (uint64_t)flow.packets[0] * random_between(random, 48, 400);
	flow.octets[1] = (uint64_t)flow.packets[1] * random_between(random, 48, 1400);
	return flow;
}

GArray *
load_make(const struct traffic_config *config, unsigned flows)
{
	GArray *conversations = g_array_sized_new(FALSE, FALSE, sizeof(struct conversation), flows);
	int64_t span_ms = (int64_t)config->minutes * MINUTE_MS;
	struct random random = { config->seed };

	for (uint64_t i = 0; i < flows; i++) {
		unsigned host = (unsigned)(i * STRIDE % config->hosts);
		struct conversation flow = make_flow(&random, host);

		flow.start_ms = config->start_ms + (int64_t)(i * (uint64_t)span_ms / flows);
		g_array_append_val(conversations, flow);
	}
	return conversations;
}
