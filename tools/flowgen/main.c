/*
 * kenchi-flowgen: synthetic export datagrams, for tests, demonstrations and load.  Sent to a
 * collector, or written as a capture.
 */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "common/prefix_set.h"
#include "common/wall_clock.h"
#include "tools/flowgen/exporter.h"
#include "tools/flowgen/load.h"
#include "tools/flowgen/options.h"
#include "tools/flowgen/output.h"
#include "tools/flowgen/replay.h"
#include "tools/flowgen/traffic.h"

enum {
	EXIT_USAGE = 2,
	/* 2026-03-02T10:00:00Z: captures are the same whenever they are made. */
	CAPTURE_START_DAY = 1772445600,
};

static bool
write_labels(const struct traffic_config *traffic, const char *path)
{
	FILE *stream = fopen(path, "we");
	bool written;

	if (stream == NULL)
		return options_complain("--labels", path, g_strerror(errno));
	traffic_write_labels(traffic, stream);
	written = ferror(stream) == 0;
	return (fclose(stream) == 0 && written) ||
	       options_complain("--labels", path, g_strerror(errno));
}

static bool
export_records(const struct options *options, struct exporter_config *config, GArray *records,
               const char *kind)
{
	struct exporter_totals totals = { 0 };
	bool done = output_export(options, config, records, &totals);

	if (done)
		fprintf(stderr,
		        "kenchi-flowgen: %s: %" G_GUINT64_FORMAT " datagrams, %" G_GUINT64_FORMAT
		        " records, %" G_GUINT64_FORMAT " octets told of\n",
		        kind, totals.datagrams, totals.records, totals.octets);
	if (done && totals.left_out > 0)
		fprintf(stderr,
		        "kenchi-flowgen: %" G_GUINT64_FORMAT
		        " records of IPv6 left out, for which version 5 has no room\n",
		        totals.left_out);
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
			options_complain("--host", *prefix, error->message);
			return EXIT_USAGE;
		}
	}
	records = replay_read(options->from, &wanted, &error);
	if (records == NULL) {
		options_complain("--from", options->from, error->message);
		return EXIT_USAGE;
	}
	config->start_ms = INT64_MAX;
	for (guint i = 0; i < records->len; i++)
		config->start_ms = MIN(config->start_ms,
		                       g_array_index(records, struct export_record, i).start_ms);
	return export_records(options, config, records, "records of a file") ? 0 : EXIT_USAGE;
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
	return config->count > 0 ||
	       options_complain("--format", text, "it is v5, v9, ipfix or all");
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

int
main(int argc, char **argv)
{
	struct options options = options_default();
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GError) error = NULL;
	int result;

	setlocale(LC_CTYPE, ""); /* NOLINT(concurrency-mt-unsafe): there is one thread yet */
	g_option_context_set_summary(
		context,
		"Export datagrams: synthetic ones of hosts that browse, one that scans and one that beacons, or those of "
		"a file of records, as a worse exporter would have sent them.");
	options_add(context, &options);
	if (!g_option_context_parse(context, &argc, &argv, &error)) {
		fprintf(stderr, "kenchi-flowgen: %s\n", error->message);
		return EXIT_USAGE;
	}
	if (options.format == NULL)
		options.format = g_strdup("v9");
	result = options_check(&options, argc, argv) ? run(&options) : EXIT_USAGE;
	options_clear(&options);
	return result;
}
