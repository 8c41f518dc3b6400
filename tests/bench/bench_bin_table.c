/*
 * What a flow record costs behind the decoder: conversation table and bin table, with 100 000 and a
 * million monitored hosts whose use follows Zipf's law, two records a conversation; parts are taken
 * out as they become due.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "collector/bin_table.h"
#include "collector/conversation_table.h"
#include "tests/bench/bench.h"

enum { BATCHES = 512, RECORDS_A_SECOND = 200000, RECORDS = 24, ALWAYS_ACTIVE = 1000 };

static const uint64_t key = 1;

struct load {
	PrefixSet *monitored;
	ConversationTable *conversations; /* NULL: left out */
	BinTable *bins;                   /* NULL: left out */
	struct flow_batch *batches;
	size_t host_count;
	uint64_t given;
	uint64_t parts;
	struct wall_time now;
};

/* A rank from 1 to `count` with a chance of about 1 / rank. */
static size_t
zipf(GRand *random, size_t count)
{
	return (size_t)fmin(exp(g_rand_double(random) * log((double)count + 1)), (double)count);
}

static void
fill_pair(struct flow_record *pair, const struct load *load, GRand *random)
{
	uint32_t host = 0x0a000000u + (uint32_t)zipf(random, load->host_count) - 1;
	uint32_t peer = 0x50000000u + (uint32_t)zipf(random, 1000000);
	struct flow_record *record = &pair[0];

	*record = (struct flow_record){
		.source = host_address_from_ipv4(host),
		.destination = host_address_from_ipv4(peer),
		.source_port = (uint16_t)g_rand_int_range(random, 32768, 60999),
		.destination_port = 443,
		.protocol = 6,
		.tcp_flags = 0x1b,
		.packets = (uint64_t)g_rand_int_range(random, 1, 30),
		.marks = FLOW_HAS_FLAGS | FLOW_HAS_TIMES | FLOW_HAS_OCTETS | FLOW_HAS_PACKETS,
	};
	record->octets = record->packets * (uint64_t)g_rand_int_range(random, 40, 1400);
	pair[1] = *record;
	pair[1].source = record->destination;
	pair[1].destination = record->source;
	pair[1].source_port = record->destination_port;
	pair[1].destination_port = record->source_port;
}

static void
load_fill(struct load *load, size_t hosts)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(1);

	load->host_count = hosts;
	load->monitored = prefix_set_new();
	prefix_set_add_private(load->monitored);
	load->batches = g_new0(struct flow_batch, BATCHES);
	for (size_t i = 0; i < BATCHES; i++) {
		load->batches[i].count = RECORDS;
		load->batches[i].exporter = (uint32_t)(i % 4);
		for (size_t k = 0; k < RECORDS; k += 2)
			fill_pair(&load->batches[i].records[k], load, random);
	}
}

/*
 * Export times move on with the number of records.  In each batch other hosts take the place of all
 * but the most active ones, and every conversation is a new one.
 */
static void
set_times(struct load *load, struct flow_batch *batch)
{
	uint64_t scrambled = load->given * 0x9e3779b97f4a7c15u >> 32;
	uint32_t shift = (uint32_t)(scrambled % load->host_count);

	load->now.ms = INT64_C(1740000000000) + (int64_t)(load->given * 1000 / RECORDS_A_SECOND);
	batch->export_time = load->now;
	for (size_t i = 0; i < batch->count; i++) {
		struct flow_record *record = &batch->records[i];
		bool back = i % 2 != 0;
		struct host_address *host = back ? &record->destination : &record->source;
		uint32_t number = (uint32_t)host->octets[13] << 16 |
		                  (uint32_t)host->octets[14] << 8 | host->octets[15];

		if (number >= ALWAYS_ACTIVE)
			number = ALWAYS_ACTIVE +
			         (number + shift) % ((uint32_t)load->host_count - ALWAYS_ACTIVE);
		*host = host_address_from_ipv4(0x0a000000u + number);
		*(back ? &record->destination_port : &record->source_port) =
			(uint16_t)(scrambled | 0x8000);
		record->marks &=
			FLOW_HAS_FLAGS | FLOW_HAS_TIMES | FLOW_HAS_OCTETS | FLOW_HAS_PACKETS;
		record->end.ms = load->now.ms - 1000;
		record->start.ms = record->end.ms - (int64_t)record->packets * 100;
	}
}

static void
take_parts(struct load *load)
{
	union host_cell cells[HOST_SHARES_CELLS_MOST];
	struct bin_part part;

	bin_table_begin_parts(load->bins, false);
	while (bin_table_next_part(load->bins, &part)) {
		load->parts++;
		if (part.bin == NULL)
			bin_table_write_cells(load->bins, cells);
	}
}

static uint64_t
give_all(void *context)
{
	struct load *load = context;

	for (size_t i = 0; i < BATCHES; i++) {
		struct flow_batch *batch = &load->batches[i];

		set_times(load, batch);
		if (load->conversations != NULL)
			conversation_table_annotate(load->conversations, batch);
		if (load->bins != NULL)
			bin_table_add(load->bins, batch);
		load->given += batch->count;
		if (load->bins != NULL && bin_table_is_due(load->bins))
			take_parts(load);
	}
	return (uint64_t)BATCHES * RECORDS;
}

static void
run(const char *name, size_t hosts, bool conversations, bool bins)
{
	struct bin_table_limits limits = {
		.hosts_max = 2500000,
		.lateness_ms = 7200000,
		.future_ms = 60000,
		.part_ms = 10000,
		.quiet_ms = 60000,
	};
	struct load *load = g_new0(struct load, 1);

	load_fill(load, hosts);
	if (conversations)
		load->conversations = conversation_table_new(1 << 20, key);
	if (bins)
		load->bins = bin_table_new(&limits, load->monitored, key, key);
	/* Until open bins come and go evenly. */
	while (bins && load->given < (uint64_t)RECORDS_A_SECOND * 70)
		give_all(load);
	bench_run(name, give_all, load);
	if (bins) {
		struct bin_table_counters counters = bin_table_counters(load->bins);

		printf("  shares held %" G_GUINT64_FORMAT
		       ", parts a record %.3f (%.3f extended), lost shares %" G_GUINT64_FORMAT
		       ", unplaced %" G_GUINT64_FORMAT ", %zu MiB\n",
		       counters.open_shares, (double)counters.parts / (double)counters.records,
		       (double)counters.extended / (double)counters.records, counters.shares_lost,
		       counters.unplaced, bin_table_memory(load->bins) >> 20);
		bin_table_free(load->bins);
	}
	if (conversations)
		conversation_table_free(load->conversations);
	prefix_set_free(load->monitored);
	g_free(load->batches);
	g_free(load);
}

int
main(void)
{
	run("times alone", 100000, false, false);
	run("conversations", 100000, true, false);
	run("bins, 100 000 hosts", 100000, false, true);
	run("both, 100 000 hosts", 100000, true, true);
	run("both, 1 000 000 hosts", 1000000, true, true);
	return 0;
}
