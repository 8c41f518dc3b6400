#include "tools/flowgen/traffic.h"

#include "tools/flowgen/random.h"

enum {
	TCP = 6,
	UDP = 17,
	ICMP = 1,
	FLAGS_WHOLE = 0x1b, /* FIN SYN PSH ACK */
	FLAG_SYN = 0x02,
	FLAGS_REFUSED = 0x14, /* RST ACK */
	SCAN_START_MINUTE = 2,
	SCANS_A_MINUTE = 120,
	BEACON_MS = 37000, /* no multiple of an exporter's usual timeouts */
	MINUTE_MS = 60000,
	SCANNER_NUMBER = 60001, /* above every normal host */
	BEACONER_NUMBER = 60002,
};

/* Addresses: the network is 10.20.0.0/16 and fd20::/16; servers are in the documentation ranges. */
static const uint32_t resolver = 0x0a140002, scanner = 0x0a140042, beaconer = 0x0a14004d,
		      controller = 0xcb00714d;

struct scene {
	const struct traffic_config *config;
	struct random random;
	GArray *conversations;
	unsigned host;
	struct host_address address;
};

static void
add(struct scene *scene, struct conversation conversation)
{
	conversation.host = scene->host;
	conversation.client = scene->address;
	if (conversation.protocol != ICMP)
		conversation.client_port = (uint16_t)random_between(&scene->random, 32768, 60999);
	g_array_append_val(scene->conversations, conversation);
}

static bool
is_ipv6(const struct scene *scene)
{
	return !host_address_is_ipv4(&scene->address);
}

/* A server outside, in the host's own protocol: few that are popular, many that are not. */
static struct host_address
server_outside(struct scene *scene)
{
	uint32_t number = random_chance(&scene->random, 60)
	                          ? random_between(&scene->random, 1, 12)
	                          : random_between(&scene->random, 13, 250);
	struct host_address ipv6 = { .octets = { 0x20, 0x01, 0x0d, 0xb8, [15] = (uint8_t)number } };

	return is_ipv6(scene) ? ipv6
	                      : host_address_from_ipv4(0xc6336400 + number); /* 198.51.100.0/24 */
}

static void
add_dns(struct scene *scene, int64_t start_ms)
{
	const struct host_address resolver_ipv6 = { .octets = { 0xfd, 0x20, [15] = 2 } };

	add(scene,
	    (struct conversation){
		    .start_ms = start_ms,
		    .duration_ms = random_between(&scene->random, 2, 60),
		    .server = is_ipv6(scene) ? resolver_ipv6 : host_address_from_ipv4(resolver),
		    .server_port = 53,
		    .protocol = UDP,
		    .packets = { 1, 1 },
		    .octets = { random_between(&scene->random, 58, 80),
	                        random_between(&scene->random, 90, 420) },
	    });
}

static void
add_web(struct scene *scene, int64_t start_ms, const struct host_address *server)
{
	uint32_t octets_in = random_heavy(&scene->random, 9000);
	uint32_t packets_in = 4 + octets_in / 1300;
	uint32_t packets_out = 5 + packets_in / 2;

	add(scene,
	    (struct conversation){
		    .start_ms = start_ms,
		    .duration_ms = random_between(&scene->random, 200, 9000) + octets_in / 100,
		    .server = *server,
		    .server_port = random_chance(&scene->random, 85) ? 443 : 80,
		    .protocol = TCP,
		    .flags = { FLAGS_WHOLE, FLAGS_WHOLE },
		    .packets = { packets_out, packets_in },
		    .octets = { packets_out * 52 + random_between(&scene->random, 600, 3000),
	                        octets_in },
	    });
}

/* A connection that comes to nothing, as happens to everybody now and then. */
static void
add_failure(struct scene *scene, int64_t start_ms, const struct host_address *server)
{
	add(scene, (struct conversation){
			   .start_ms = start_ms,
			   .duration_ms = 3000,
			   .server = *server,
			   .server_port = 443,
			   .protocol = TCP,
			   .flags = { FLAG_SYN, 0 },
			   .packets = { 3, 0 },
			   .octets = { 180, 0 },
		   });
}

static void
add_page(struct scene *scene, int64_t start_ms)
{
	uint32_t flows = random_between(&scene->random, 1, 7);

	add_dns(scene, start_ms);
	for (uint32_t i = 0; i < flows; i++) {
		struct host_address server = server_outside(scene);
		int64_t flow_ms = start_ms + 80 + random_between(&scene->random, 0, 2500);

		if (random_chance(&scene->random, 2))
			add_failure(scene, flow_ms, &server);
		else
			add_web(scene, flow_ms, &server);
	}
}

static void
add_ping(struct scene *scene, int64_t start_ms)
{
	uint32_t packets = random_between(&scene->random, 1, 4);

	add(scene, (struct conversation){
			   .start_ms = start_ms,
			   .duration_ms = (packets - 1) * 1000,
			   .server = server_outside(scene),
			   .server_port = 2048, /* echo request, as exporters put it */
			   .protocol = ICMP,
			   .packets = { packets, packets },
			   .octets = { UINT64_C(84) * packets, UINT64_C(84) * packets },
		   });
}

/* A user: pages at irregular intervals, with pauses. */
static void
browse(struct scene *scene)
{
	int64_t end_ms = (int64_t)scene->config->minutes * MINUTE_MS;
	int64_t at_ms = random_between(&scene->random, 0, 40000);

	while (at_ms < end_ms) {
		add_page(scene, scene->config->start_ms + at_ms);
		if (random_chance(&scene->random, 5))
			add_ping(scene, scene->config->start_ms + at_ms);
		at_ms += random_between(&scene->random, 2000, 45000);
		if (random_chance(&scene->random, 6))
			at_ms += random_between(&scene->random, 60000, 300000);
	}
}

/* Tries port 445 of one address after the other; almost nobody answers. */
static void
scan(struct scene *scene)
{
	unsigned minutes = scene->config->minutes;
	uint32_t target = 0xc6120000; /* 198.18.0.0/15 (RFC 2544): nobody is there */

	for (unsigned i = 0;
	     minutes > SCAN_START_MINUTE && i < (minutes - SCAN_START_MINUTE) * SCANS_A_MINUTE;
	     i++) {
		bool refused = random_chance(&scene->random, 4);
		uint32_t packets = refused ? 1 : random_between(&scene->random, 1, 3);
		int64_t at_ms = (int64_t)SCAN_START_MINUTE * MINUTE_MS +
		                (int64_t)i * MINUTE_MS / SCANS_A_MINUTE;

		target += random_between(&scene->random, 1, 3);
		add(scene, (struct conversation){
				   .start_ms = scene->config->start_ms + at_ms +
		                               random_between(&scene->random, 0, 300),
				   .duration_ms = (packets - 1) * 3000,
				   .server = host_address_from_ipv4(target),
				   .server_port = 445,
				   .protocol = TCP,
				   .flags = { FLAG_SYN, refused ? FLAGS_REFUSED : 0 },
				   .packets = { packets, refused ? 1 : 0 },
				   .octets = { UINT64_C(48) * packets, refused ? 40 : 0 },
			   });
	}
}

/* Asks its controller for orders at a regular interval; each time nearly the same few octets. */
static void
beacon(struct scene *scene)
{
	int64_t end_ms = (int64_t)scene->config->minutes * MINUTE_MS;

	for (int64_t at_ms = 5000; at_ms < end_ms; at_ms += BEACON_MS) {
		add(scene, (struct conversation){
				   .start_ms = scene->config->start_ms + at_ms +
		                               random_between(&scene->random, 0, 400),
				   .duration_ms = random_between(&scene->random, 150, 350),
				   .server = host_address_from_ipv4(controller),
				   .server_port = 8443,
				   .protocol = TCP,
				   .flags = { FLAGS_WHOLE, FLAGS_WHOLE },
				   .packets = { 6, 5 },
				   .octets = { 780 + random_between(&scene->random, 0, 12), 612 },
			   });
	}
}

static struct host_address
host_address_of(const struct traffic_config *config, unsigned host)
{
	struct host_address ipv6 = {
		.octets = { 0xfd, 0x20, [14] = (uint8_t)(host >> 8), [15] = (uint8_t)host }
	};

	if (config->ipv6 && host % 5 == 4)
		return ipv6;
	return host_address_from_ipv4(0x0a140100 + host); /* 10.20.1.0 and on */
}

/* Each host has random numbers of its own, so that one more host changes no other. */
static void
enter(struct scene *scene, unsigned host, struct host_address address)
{
	scene->host = host;
	scene->address = address;
	scene->random.state = scene->config->seed * UINT64_C(0xd1342543de82ef95) + host;
	random_next(&scene->random);
}

GArray *
traffic_make(const struct traffic_config *config)
{
	struct scene scene = { .config = config,
		               .conversations =
		                       g_array_new(FALSE, FALSE, sizeof(struct conversation)) };

	for (unsigned host = 0; host < config->hosts; host++) {
		enter(&scene, host, host_address_of(config, host));
		browse(&scene);
	}
	enter(&scene, SCANNER_NUMBER, host_address_from_ipv4(scanner));
	browse(&scene);
	scan(&scene);
	enter(&scene, BEACONER_NUMBER, host_address_from_ipv4(beaconer));
	browse(&scene);
	beacon(&scene);
	return scene.conversations;
}

struct label {
	struct host_address host;
	int64_t from_ms;
	const char *label;
	const char *behaviour;
	const char *note;
};

static void
write_label(const struct traffic_config *config, const struct label *label, FILE *stream)
{
	char host[HOST_ADDRESS_TEXT_SIZE];

	fprintf(stream, "%s,%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT ",%s,synthetic,flowgen,%s,%s\n",
	        host_address_format(&label->host, host), config->start_ms + label->from_ms,
	        config->start_ms + (int64_t)config->minutes * MINUTE_MS, label->label,
	        label->behaviour, label->note);
}

void
traffic_write_labels(const struct traffic_config *config, FILE *stream)
{
	const struct label scans = { host_address_from_ipv4(scanner),
		                     (int64_t)SCAN_START_MINUTE * MINUTE_MS, "infected", "scan",
		                     "synthetic: scans port 445" };
	const struct label beacons = { host_address_from_ipv4(beaconer), 0, "infected", "nonscan",
		                       "synthetic: asks 203.0.113.77:8443 every 37 s" };

	fputs("host,from_ms,to_ms,label,family,capture,behaviour,note\n", stream);
	for (unsigned host = 0; host < config->hosts; host++) {
		const struct label browses = { host_address_of(config, host), 0, "normal", "",
			                       "synthetic: browses" };

		write_label(config, &browses, stream);
	}
	write_label(config, &scans, stream);
	write_label(config, &beacons, stream);
}
