#include "tools/flowgen/exporter.h"

#include "tools/flowgen/traffic.h"

enum {
	ACTIVE_TIMEOUT_MS = 60000,
	INACTIVE_TIMEOUT_MS = 15000,
	FLUSH_MS = 1000, /* a record waits no longer for others */
	UPTIME_MS = 3600000,
	ICMP = 1,
};

struct outbox {
	struct export_stream stream;
	struct export_record records[EXPORT_RECORDS];
	size_t count;
};

struct run {
	const struct exporter_config *config;
	const struct exporter_sink *sink;
	struct outbox outboxes[EXPORTERS_MOST];
	struct exporter_totals totals;
	GByteArray *datagram;
	bool stopped;
};

/* Share `part` of `parts` of an amount; all shares together are the amount. */
static uint64_t
share(uint64_t amount, uint64_t part, uint64_t parts)
{
	return amount * (part + 1) / parts - amount * part / parts;
}

/* A long flow is cut into pieces; its packets are spread evenly over them. */
static void
add_records(GArray *records, const struct conversation *flow, int direction)
{
	uint64_t pieces = flow->duration_ms / ACTIVE_TIMEOUT_MS + 1;
	bool backward = direction == 1;
	bool ports = !backward || flow->protocol != ICMP;

	for (uint64_t piece = 0; piece < pieces && flow->packets[direction] > 0; piece++) {
		bool last = piece + 1 == pieces;
		int64_t start_ms = flow->start_ms + (int64_t)piece * ACTIVE_TIMEOUT_MS;
		int64_t end_ms = last ? flow->start_ms + flow->duration_ms
		                      : start_ms + ACTIVE_TIMEOUT_MS - 1;
		struct export_record record = {
			.export_ms = end_ms + (last ? INACTIVE_TIMEOUT_MS : 1),
			.start_ms = start_ms,
			.end_ms = end_ms,
			.octets = share(flow->octets[direction], piece, pieces),
			.packets = (uint32_t)share(flow->packets[direction], piece, pieces),
			.source = backward ? flow->server : flow->client,
			.destination = backward ? flow->client : flow->server,
			.source_port = backward ? flow->server_port : flow->client_port,
			.destination_port = backward ? flow->client_port : flow->server_port,
			.protocol = flow->protocol,
			.flags = flow->flags[direction],
			.host = flow->host,
		};

		if (!ports)
			record.source_port = record.destination_port = 0;
		if (record.packets > 0)
			g_array_append_val(records, record);
	}
}

static gint
compare_records(gconstpointer a, gconstpointer b)
{
	const struct export_record *one = a;
	const struct export_record *other = b;

	return (one->export_ms > other->export_ms) - (one->export_ms < other->export_ms);
}

GArray *
exporter_records(const GArray *conversations)
{
	GArray *records = g_array_new(FALSE, FALSE, sizeof(struct export_record));

	for (guint i = 0; i < conversations->len; i++) {
		const struct conversation *flow =
			&g_array_index(conversations, struct conversation, i);

		add_records(records, flow, 0);
		add_records(records, flow, 1);
	}
	return records;
}

static void
flush(struct run *run, unsigned exporter)
{
	struct outbox *outbox = &run->outboxes[exporter];
	int64_t now_ms;

	if (outbox->count == 0 || run->stopped)
		return;
	now_ms = outbox->records[outbox->count - 1].export_ms;
	g_byte_array_set_size(run->datagram, 0);
	export_write(&outbox->stream, now_ms, outbox->records, outbox->count, run->datagram);
	run->stopped = !run->sink->send(run->sink->context, exporter, now_ms, run->datagram);
	run->totals.datagrams++;
	run->totals.records += outbox->count;
	for (size_t i = 0; i < outbox->count; i++)
		run->totals.octets += outbox->records[i].octets;
	outbox->count = 0;
}

/* Version 5 has no room for IPv6. */
static bool
can_carry(enum export_version version, const struct export_record *record)
{
	return version != EXPORT_V5 || (host_address_is_ipv4(&record->source) &&
	                                host_address_is_ipv4(&record->destination));
}

/* Which of the Exporters carries a host's flows; `count`: none can. */
static unsigned
choose(const struct exporter_config *config, const struct export_record *record)
{
	for (unsigned i = 0; i < config->count; i++) {
		unsigned exporter = (record->host + i) % config->count;

		if (can_carry(config->versions[exporter], record))
			return exporter;
	}
	return config->count;
}

static void
add(struct run *run, const struct export_record *record)
{
	unsigned exporter = choose(run->config, record);
	struct outbox *outbox;

	if (exporter == run->config->count) {
		run->totals.left_out++;
		return;
	}
	outbox = &run->outboxes[exporter];
	for (unsigned i = 0; i < run->config->count; i++) {
		const struct outbox *other = &run->outboxes[i];

		if (other->count > 0 && record->export_ms - other->records[0].export_ms > FLUSH_MS)
			flush(run, i);
	}
	outbox->records[outbox->count++] = *record;
	if (outbox->count == (run->config->records > 0 ? run->config->records : EXPORT_RECORDS))
		flush(run, exporter);
}

struct exporter_totals
exporter_run(const struct exporter_config *config, GArray *records,
             const struct exporter_sink *sink)
{
	g_autoptr(GByteArray) datagram = g_byte_array_new();
	struct run run = { .config = config, .sink = sink, .datagram = datagram };

	for (unsigned i = 0; i < config->count; i++) {
		run.outboxes[i].stream = (struct export_stream){
			.version = config->versions[i],
			.boot_ms = config->start_ms - UPTIME_MS,
			.domain = i + 1,
			.templates = config->templates,
			.sample = config->sample,
			.no_flags = config->no_flags,
		};
	}
	g_array_sort(records, compare_records); /* stable: a merge sort */
	for (guint i = 0; i < records->len && !run.stopped; i++)
		add(&run, &g_array_index(records, struct export_record, i));
	for (unsigned i = 0; i < config->count; i++)
		flush(&run, i);
	return run.totals;
}
