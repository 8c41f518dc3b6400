#include "tools/flowgen/options.h"

#include <stdio.h>
#include <string.h>

#include "tools/flowgen/exporter.h"
#include "tools/flowgen/load.h"

enum {
	HOSTS_MOST = 60000,
	FLOWS_MOST = 20000000,
	TEMPLATES_MOST = 10000,
	SAMPLE_MOST = 16383, /* version 5 has 14 bits for it */
};

bool
options_complain(const char *what, const char *value, const char *why)
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
	       options_complain("--direction", options->direction, "it is out or in");
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

bool
options_check(const struct options *options, int argc, char **argv)
{
	if (argc > 1)
		return options_complain("argument", argv[1],
		                        "there are no arguments, only options (--help)");
	if ((options->pcap == NULL) == (options->to == NULL))
		return refuse("give one of --pcap FILE and --to ADDRESS:PORT");
	if (options->flows == 0 && (options->hosts < 0 || options->hosts > HOSTS_MOST))
		return refuse("--hosts: it is 0 to 60000, with --flows 1 to 4000000");
	if (options->minutes < 1 || options->minutes > 1440)
		return refuse("--minutes: it is 1 to 1440");
	if (options->start != NULL &&
	    !g_ascii_string_to_unsigned(options->start, 10, 0, INT64_MAX / 2, NULL, NULL))
		return options_complain("--start", options->start, "it is milliseconds since 1970");
	if (options->speed < 0 || options->rate < 0)
		return refuse("--speed, --rate: they must not be negative");
	if (options->no_flags && strcmp(options->format, "v9") != 0 &&
	    strcmp(options->format, "ipfix") != 0)
		return refuse("--no-flags: version 5 always has them");
	return check_load(options) && check_replay(options);
}

struct options
options_default(void)
{
	return (struct options){ .seed = 1,
		                 .hosts = 12,
		                 .minutes = 20,
		                 .speed = 1,
		                 .sample = 1,
		                 .exporters = 1,
		                 .templates = 1,
		                 .records = EXPORT_RECORDS };
}

void
options_clear(struct options *options)
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

void
options_add(GOptionContext *context, struct options *options)
{
	add_traffic_options(context, options);
	add_load_options(context, options);
	add_record_options(context, options);
}
