/*
 * kenchi-flowgen: synthetic export datagrams, for tests, demonstrations and load.  Sent to a
 * collector, or written as a capture.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <locale.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/mono_time.h"
#include "common/wall_clock.h"
#include "tools/flowgen/burst_sender.h"
#include "tools/flowgen/capture_writer.h"
#include "tools/flowgen/exporter.h"
#include "tools/flowgen/load.h"
#include "tools/flowgen/replay.h"
#include "tools/flowgen/traffic.h"

enum {
	EXIT_USAGE = 2,
	CAPTURE_START_DAY =
		1772445600, /* 2026-03-02T10:00:00Z: captures are the same whenever they are made */
	EXPORTER_ADDRESS = 0x0a1400f1, /* 10.20.0.241 and on */
	COLLECTOR_ADDRESS = 0x0a1400fe,
	FIRST_SOURCE = 0x7f000101,
	EXPORTER_PORT = 52001,
	HOSTS_MOST = 60000,
	FLOWS_MOST = 20000000,
	TEMPLATES_MOST = 10000,
	SAMPLE_MOST = 16383, /* version 5 has 14 bits for it */
};

struct options {
	char *format;
	char *pcap;
	char *to;
	char *labels;
	char *start;
	char *from;
	char *direction;
	char **seen;
	gint64 seed;
	gint hosts;
	gint flows;
	gint exporters;
	gint templates;
	gint records;
	gint minutes;
	gdouble speed;
	gint rate;
	gint sample;
	gboolean ipv4_only;
	gboolean no_flags;
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
complain(const char *what, const char *value, const char *why)
{
	fprintf(stderr, "kenchi-flowgen: %s \"%s\": %s\n", what, value, why);
	return false;
}

static bool
refuse(const char *what)
{
	fprintf(stderr, "kenchi-flowgen: %s\n", what);
	return false;
}

static void
sleep_until(const struct output *output, double due_ms)
{
	double wait_ms = due_ms - (double)(mono_time_now().ms - output->begun_ms);

	if (wait_ms >= 1) {
		struct timespec pause = { (time_t)(wait_ms / 1000),
			                  (long)((int64_t)(wait_ms * 1e6) % 1000000000) };

		nanosleep(&pause, NULL);
	}
}

static bool
send_datagram(void *context, unsigned exporter, int64_t time_ms, const GByteArray *datagram)
{
	struct output *output = context;

	if (output->rate > 0)
		sleep_until(output, (double)output->sent * 1000 / output->rate);
	else if (output->speed > 0)
		sleep_until(output, (double)(time_ms - output->config->start_ms) / output->speed);
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

static bool
parse_format(const char *text, struct exporter_config *config)
{
	static const struct {
		const char *name;
		enum export_version version;
	} formats[] = { { "v5", EXPORT_V5 }, { "v9", EXPORT_V9 }, { "ipfix", EXPORT_IPFIX } };

	for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
		if (strcmp(text, formats[i].name) == 0 || strcmp(text, "all") == 0)
			config->versions[config->count++] = formats[i].version;
	}
	return config->count > 0 || complain("--format", text, "it is v5, v9, ipfix or all");
}

/* What only goes with --from, and makes the export worse than it was. */
static bool
check_replay(const struct options *options)
{
	if (options->from == NULL) {
		if (options->sample == 1 && options->direction == NULL && options->seen == NULL)
			return true;
		return refuse("--sample, --direction, --host: they go with --from");
	}
	if (options->sample < 1 || options->sample > SAMPLE_MOST)
		return refuse("--sample: it is 1 to 16383");
	if ((options->direction == NULL) != (options->seen == NULL))
		return refuse("give both of --direction and --host, or neither");
	return options->direction == NULL || strcmp(options->direction, "out") == 0 ||
	       strcmp(options->direction, "in") == 0 ||
	       complain("--direction", options->direction, "it is out or in");
}

/* What is there to measure cost with. */
static bool
check_load(const struct options *options)
{
	if (options->flows < 0 || options->flows > FLOWS_MOST)
		return refuse("--flows: it is 1 to 20000000");
	if (options->flows > 0 && (options->hosts < 1 || options->hosts > LOAD_HOSTS_MOST))
		return refuse("--hosts: with --flows it is 1 to 4000000");
	if (options->flows > 0 && (options->from != NULL || options->labels != NULL))
		return refuse("--flows: it goes without --from and --labels");
	if (options->exporters < 1 ||
	    options->exporters * (strcmp(options->format, "all") == 0 ? 3 : 1) > EXPORTERS_MOST)
		return refuse("--exporters: they are 1 to 64 in all");
	if (options->templates < 1 || options->templates > TEMPLATES_MOST)
		return refuse("--templates: it is 1 to 10000");
	return (options->records >= 1 && options->records <= EXPORT_RECORDS) ||
	       refuse("--records: it is 1 to 24");
}

static bool
check_options(const struct options *options, int argc, char **argv)
{
	if (argc > 1)
		return complain("argument", argv[1],
		                "there are no arguments, only options (--help)");
	if ((options->pcap == NULL) == (options->to == NULL))
		return refuse("give one of --pcap FILE and --to ADDRESS:PORT");
	if (options->flows == 0 && (options->hosts < 0 || options->hosts > HOSTS_MOST))
		return refuse("--hosts: it is 0 to 60000, with --flows 1 to 4000000");
	if (options->minutes < 1 || options->minutes > 1440)
		return refuse("--minutes: it is 1 to 1440");
	if (options->start != NULL &&
	    !g_ascii_string_to_unsigned(options->start, 10, 0, INT64_MAX / 2, NULL, NULL))
		return complain("--start", options->start, "it is milliseconds since 1970");
	if (options->speed < 0 || options->rate < 0)
		return refuse("--speed, --rate: they must not be negative");
	if (options->no_flags && strcmp(options->format, "v9") != 0 &&
	    strcmp(options->format, "ipfix") != 0)
		return refuse("--no-flags: version 5 always has them");
	return check_load(options) && check_replay(options);
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
		return complain("--to", to, "it is ADDRESS:PORT, an IPv6 address in brackets");
	for (unsigned i = 0; i < count && open; i++) {
		sockets[i] = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		open = sockets[i] >= 0 &&
		       (!own_addresses || take_address(sockets[i], found->ai_addr, i)) &&
		       connect(sockets[i], found->ai_addr, found->ai_addrlen) == 0;
	}
	freeaddrinfo(found);
	return open || complain("--to", to, g_strerror(errno));
}

static bool
write_labels(const struct traffic_config *traffic, const char *path)
{
	FILE *stream = fopen(path, "we");
	bool written;

	if (stream == NULL)
		return complain("--labels", path, g_strerror(errno));
	traffic_write_labels(traffic, stream);
	written = ferror(stream) == 0;
	return (fclose(stream) == 0 && written) || complain("--labels", path, g_strerror(errno));
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
		return complain("--pcap", path, g_strerror(errno));
	*totals = exporter_run(config, records, &sink);
	written = ferror(output.capture) == 0;
	return (fclose(output.capture) == 0 && written) ||
	       complain("--pcap", path, g_strerror(errno));
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

static bool
export_to(const struct options *options, struct exporter_config *config, GArray *records,
          struct exporter_totals *totals)
{
	if (options->pcap != NULL)
		return write_capture(options->pcap, config, records, totals);
	return options->flows > 0 ? send_load(options, config, records, totals)
	                          : send_all(options, config, records, totals);
}

static bool
export_records(const struct options *options, struct exporter_config *config, GArray *records,
               const char *kind)
{
	struct exporter_totals totals = { 0 };
	bool done = export_to(options, config, records, &totals);

	if (done)
		fprintf(stderr,
		        "kenchi-flowgen: %s: %" G_GUINT64_FORMAT " datagrams, %" G_GUINT64_FORMAT
		        " records, %" G_GUINT64_FORMAT " octets told of\n",
		        kind, totals.datagrams, totals.records, totals.octets);
	return done;
}

static int
generate(const struct options *options, struct exporter_config *config)
{
	int64_t start_ms = options->pcap != NULL
	                           ? INT64_C(1000) * CAPTURE_START_DAY
	                           : wall_clock_now().ms - INT64_C(60000) * (options->minutes + 1);
	const struct traffic_config traffic = {
		.seed = (uint64_t)options->seed,
		.start_ms = options->start != NULL ? g_ascii_strtoll(options->start, NULL, 10)
		                                   : start_ms,
		.minutes = (unsigned)options->minutes,
		.hosts = (unsigned)options->hosts,
		.ipv6 = !options->ipv4_only && strcmp(options->format, "v5") != 0,
	};
	g_autofree char *kind =
		g_strdup_printf("synthetic traffic of %d minutes", options->minutes);
	g_autoptr(GArray) conversations = NULL;
	g_autoptr(GArray) records = NULL;

	if (options->labels != NULL && !write_labels(&traffic, options->labels))
		return EXIT_USAGE;
	config->start_ms = traffic.start_ms;
	conversations = options->flows > 0 ? load_make(&traffic, (unsigned)options->flows)
	                                   : traffic_make(&traffic);
	records = exporter_records(conversations);
	return export_records(options, config, records, kind) ? 0 : EXIT_USAGE;
}

static int
replay(const struct options *options, struct exporter_config *config)
{
	g_autoptr(PrefixSet) hosts = prefix_set_new();
	struct replay_config wanted = { .seed = (uint64_t)options->seed,
		                        .sample = (uint32_t)options->sample,
		                        .hosts = hosts };
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) records = NULL;

	if (options->direction != NULL)
		wanted.direction = options->direction[0] == 'o' ? REPLAY_OUT : REPLAY_IN;
	for (char **prefix = options->seen; prefix != NULL && *prefix != NULL; prefix++) {
		if (!prefix_set_add(hosts, *prefix, &error)) {
			complain("--host", *prefix, error->message);
			return EXIT_USAGE;
		}
	}
	records = replay_read(options->from, &wanted, &error);
	if (records == NULL) {
		complain("--from", options->from, error->message);
		return EXIT_USAGE;
	}
	config->start_ms = INT64_MAX;
	for (guint i = 0; i < records->len; i++)
		config->start_ms = MIN(config->start_ms,
		                       g_array_index(records, struct export_record, i).start_ms);
	return export_records(options, config, records, "records of a file") ? 0 : EXIT_USAGE;
}

static int
run(const struct options *options)
{
	struct exporter_config config = { .sample = options->sample > 1 ? (uint32_t)options->sample
		                                                        : 0,
		                          .records = (unsigned)options->records,
		                          .templates = (unsigned)options->templates,
		                          .no_flags = options->no_flags };
	unsigned formats;

	if (!parse_format(options->format, &config))
		return EXIT_USAGE;
	formats = config.count;
	for (; config.count < formats * (unsigned)options->exporters; config.count++)
		config.versions[config.count] = config.versions[config.count - formats];
	return options->from != NULL ? replay(options, &config) : generate(options, &config);
}

static void
clear_options(struct options *options)
{
	g_free(options->format);
	g_free(options->pcap);
	g_free(options->to);
	g_free(options->labels);
	g_free(options->start);
	g_free(options->from);
	g_free(options->direction);
	g_strfreev(options->seen);
}

static void
add_traffic_options(GOptionContext *context, struct options *options)
{
	const GOptionEntry entries[] = {
		{ "pcap", 0, 0, G_OPTION_ARG_FILENAME, &options->pcap,
		  "Write a capture (-: standard output)", "FILE" },
		{ "to", 0, 0, G_OPTION_ARG_STRING, &options->to, "Send to a collector",
		  "ADDRESS:PORT" },
		{ "format", 0, 0, G_OPTION_ARG_STRING, &options->format,
		  "v5, v9, ipfix or all (three Exporters); v9", "FORMAT" },
		{ "seed", 0, 0, G_OPTION_ARG_INT64, &options->seed,
		  "The same seed gives the same traffic (1)", "NUMBER" },
		{ "hosts", 0, 0, G_OPTION_ARG_INT, &options->hosts, "Normal hosts (12)", "COUNT" },
		{ "minutes", 0, 0, G_OPTION_ARG_INT, &options->minutes, "Of traffic (20)",
		  "COUNT" },
		{ "ipv4-only", 0, 0, G_OPTION_ARG_NONE, &options->ipv4_only,
		  "No host has an IPv6 address", NULL },
		{ "start", 0, 0, G_OPTION_ARG_STRING, &options->start,
		  "Time of the first flow, in ms since 1970; default: so that it ends now, in captures a fixed day",
		  "MS" },
		{ "speed", 0, 0, G_OPTION_ARG_DOUBLE, &options->speed,
		  "So many times faster than real (1; 0: no waiting)", "FACTOR" },
		{ "rate", 0, 0, G_OPTION_ARG_INT, &options->rate,
		  "Datagrams a second, whatever their times", "COUNT" },
		{ NULL, 0, 0, 0, NULL, NULL, NULL },
	};

	g_option_context_add_main_entries(context, entries, NULL);
}

static void
add_load_options(GOptionContext *context, struct options *options)
{
	const GOptionEntry entries[] = {
		{ "flows", 0, 0, G_OPTION_ARG_INT, &options->flows,
		  "Load: so many short flows of --hosts hosts, sent in bursts", "COUNT" },
		{ "exporters", 0, 0, G_OPTION_ARG_INT, &options->exporters,
		  "Exporters of each format, with hosts of their own; to 127.0.0.0/8 each has an address (1)",
		  "COUNT" },
		{ "templates", 0, 0, G_OPTION_ARG_INT, &options->templates,
		  "Pairs of Templates that datagrams use in turn (1)", "COUNT" },
		{ "records", 0, 0, G_OPTION_ARG_INT, &options->records,
		  "At most, in a datagram (24)", "COUNT" },
		{ NULL, 0, 0, 0, NULL, NULL, NULL },
	};

	g_option_context_add_main_entries(context, entries, NULL);
}

/* What becomes of records, synthetic ones or given ones. */
static void
add_record_options(GOptionContext *context, struct options *options)
{
	const GOptionEntry entries[] = {
		{ "labels", 0, 0, G_OPTION_ARG_FILENAME, &options->labels,
		  "Write what each host is, as CSV", "FILE" },
		{ "from", 0, 0, G_OPTION_ARG_FILENAME, &options->from,
		  "Export these records (kenchi-collector --dump-flows) instead of synthetic ones",
		  "FILE" },
		{ "sample", 0, 0, G_OPTION_ARG_INT, &options->sample,
		  "--from: as if one packet in N had been taken, by chance (1: all)", "N" },
		{ "direction", 0, 0, G_OPTION_ARG_STRING, &options->direction,
		  "--from: only what --host sent (out) or received (in)", "out|in" },
		{ "host", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->seen,
		  "--from: the hosts of --direction; repeatable", "PREFIX" },
		{ "no-flags", 0, 0, G_OPTION_ARG_NONE, &options->no_flags,
		  "Leave the TCP flags out (v9, ipfix)", NULL },
		{ NULL, 0, 0, 0, NULL, NULL, NULL },
	};

	g_option_context_add_main_entries(context, entries, NULL);
}

int
main(int argc, char **argv)
{
	struct options options = { .seed = 1,
		                   .hosts = 12,
		                   .minutes = 20,
		                   .speed = 1,
		                   .sample = 1,
		                   .exporters = 1,
		                   .templates = 1,
		                   .records = EXPORT_RECORDS };
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GError) error = NULL;
	int result;

	setlocale(LC_CTYPE, ""); /* NOLINT(concurrency-mt-unsafe): there is one thread yet */
	g_option_context_set_summary(
		context,
		"Export datagrams: synthetic ones of hosts that browse, one that scans and one that beacons, or those of "
		"a file of records, as a worse exporter would have sent them.");
	add_traffic_options(context, &options);
	add_load_options(context, &options);
	add_record_options(context, &options);
	if (!g_option_context_parse(context, &argc, &argv, &error)) {
		fprintf(stderr, "kenchi-flowgen: %s\n", error->message);
		return EXIT_USAGE;
	}
	if (options.format == NULL)
		options.format = g_strdup("v9");
	result = check_options(&options, argc, argv) ? run(&options) : EXIT_USAGE;
	clear_options(&options);
	return result;
}
