#include "tools/flowgen/output.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/mono_time.h"
#include "tools/flowgen/burst_sender.h"
#include "tools/flowgen/capture_writer.h"
#include "tools/flowgen/pace.h"

enum {
	EXPORTER_ADDRESS = 0x0a1400f1, /* 10.20.0.241 and on */
	COLLECTOR_ADDRESS = 0x0a1400fe,
	FIRST_SOURCE = 0x7f000101,
	EXPORTER_PORT = 52001,
};

/* Where datagrams go, and when. */
struct output {
	FILE *capture;
	int sockets[EXPORTERS_MOST];
	const struct exporter_config *config;
	int64_t begun_ms; /* on the clock of intervals */
	double speed;     /* 0: as fast as it goes */
	double rate;      /* datagrams a second; 0: as `speed` says */
	uint64_t sent;
	uint64_t refused;
};

static bool
send_datagram(void *context, unsigned exporter, int64_t time_ms, const GByteArray *datagram)
{
	struct output *output = context;

	if (output->rate > 0)
		pace_wait(output->begun_ms, (double)output->sent * 1000 / output->rate);
	else if (output->speed > 0)
		pace_wait(output->begun_ms,
		          (double)(time_ms - output->config->start_ms) / output->speed);
	output->sent++;
	/* Nobody may be listening: that is the network's business, but it is counted. */
	if (send(output->sockets[exporter], datagram->data, datagram->len, 0) < 0)
		output->refused++;
	return true;
}

static bool
write_datagram(void *context, unsigned exporter, int64_t time_ms, const GByteArray *datagram)
{
	struct output *output = context;
	const struct capture_datagram captured = {
		.time_ms = time_ms,
		.source = EXPORTER_ADDRESS + exporter,
		.destination = COLLECTOR_ADDRESS,
		.source_port = (uint16_t)(EXPORTER_PORT + exporter),
		.destination_port =
			output->config->versions[exporter] == EXPORT_IPFIX ? 4739 : 2055,
		.octets = datagram,
	};

	return capture_write(output->capture, &captured);
}

/* Several Exporters on the loopback network have an address each, 127.0.1.1 and on. */
static bool
take_address(int descriptor, const struct sockaddr *to, unsigned exporter)
{
	struct sockaddr_in own = { .sin_family = AF_INET,
		                   .sin_addr.s_addr = htonl(FIRST_SOURCE + exporter) };
	const struct sockaddr_in *target = (const struct sockaddr_in *)(const void *)to;

	if (to->sa_family != AF_INET || ntohl(target->sin_addr.s_addr) >> 24 != IN_LOOPBACKNET)
		return true;
	return bind(descriptor, (const struct sockaddr *)&own, sizeof(own)) == 0;
}

/* Each Exporter has a socket, and so a port of its own. */
static bool
open_sockets(const char *to, unsigned count, bool own_addresses, int sockets[static EXPORTERS_MOST])
{
	const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM,
		                        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	const char *colon = strrchr(to, ':');
	g_autofree char *address = colon == NULL ? NULL : g_strndup(to, (gsize)(colon - to));
	struct addrinfo *found = NULL;
	bool open = true;

	if (address != NULL && address[0] == '[' && g_str_has_suffix(address, "]")) {
		memmove(address, address + 1, strlen(address));
		address[strlen(address) - 1] = '\0';
	}
	if (address == NULL || getaddrinfo(address, colon + 1, &hints, &found) != 0)
		return options_complain("--to", to,
		                        "it is ADDRESS:PORT, an IPv6 address in brackets");
	for (unsigned i = 0; i < count && open; i++) {
		sockets[i] = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		open = sockets[i] >= 0 &&
		       (!own_addresses || take_address(sockets[i], found->ai_addr, i)) &&
		       connect(sockets[i], found->ai_addr, found->ai_addrlen) == 0;
	}
	freeaddrinfo(found);
	return open || options_complain("--to", to, g_strerror(errno));
}

static bool
write_capture(const char *path, const struct exporter_config *config, GArray *records,
              struct exporter_totals *totals)
{
	struct output output = { .config = config,
		                 .capture = strcmp(path, "-") == 0 ? stdout : fopen(path, "we") };
	const struct exporter_sink sink = { write_datagram, &output };
	bool written;

	if (output.capture == NULL || !capture_write_head(output.capture))
		return options_complain("--pcap", path, g_strerror(errno));
	*totals = exporter_run(config, records, &sink);
	written = ferror(output.capture) == 0;
	return (fclose(output.capture) == 0 && written) ||
	       options_complain("--pcap", path, g_strerror(errno));
}

static bool
send_all(const struct options *options, const struct exporter_config *config, GArray *records,
         struct exporter_totals *totals)
{
	struct output output = { .config = config, .speed = options->speed, .rate = options->rate };
	const struct exporter_sink sink = { send_datagram, &output };

	if (!open_sockets(options->to, config->count, options->exporters > 1, output.sockets))
		return false;
	output.begun_ms = mono_time_now().ms;
	*totals = exporter_run(config, records, &sink);
	for (unsigned i = 0; i < config->count; i++)
		close(output.sockets[i]);
	if (output.refused > 0)
		fprintf(stderr,
		        "kenchi-flowgen: %" G_GUINT64_FORMAT
		        " datagrams were refused: is a collector at %s?\n",
		        output.refused, options->to);
	return true;
}

static bool
keep_datagram(void *context, unsigned exporter, int64_t time_ms, const GByteArray *datagram)
{
	(void)time_ms;
	burst_sender_add(context, exporter, datagram);
	return true;
}

/* Load is made first and then sent, so that making it holds nothing up. */
static bool
send_load(const struct options *options, const struct exporter_config *config, GArray *records,
          struct exporter_totals *totals)
{
	g_autoptr(BurstSender) sender = burst_sender_new(config->count);
	const struct exporter_sink sink = { keep_datagram, sender };
	int sockets[EXPORTERS_MOST] = { 0 };
	struct burst_totals sent;

	if (!open_sockets(options->to, config->count, options->exporters > 1, sockets))
		return false;
	*totals = exporter_run(config, records, &sink);
	sent = burst_sender_send(sender, sockets, options->rate);
	for (unsigned i = 0; i < config->count; i++)
		close(sockets[i]);
	fprintf(stderr,
	        "kenchi-flowgen: sent in %" G_GINT64_FORMAT " ms, %" G_GUINT64_FORMAT
	        " datagrams refused\n",
	        sent.took_ms, sent.refused);
	return true;
}

bool
output_export(const struct options *options, const struct exporter_config *config, GArray *records,
              struct exporter_totals *totals)
{
	if (options->pcap != NULL)
		return write_capture(options->pcap, config, records, totals);
	return options->flows > 0 ? send_load(options, config, records, totals)
	                          : send_all(options, config, records, totals);
}
