#include <glib.h>

#include "collector/bin_table.h"
#include "common/sketch.h"
#include "tests/support/flow_records.h"

enum { HOST = 0x0a000001, PEER = 0xc0000201, SKETCH_KEY = 5 };

static const struct bin_table_limits limits = {
	.hosts_max = 1 << 16,
	.lateness_ms = 7200000,
	.future_ms = 60000,
	.part_ms = 10000,
	.quiet_ms = 60000,
};

static const struct flow_values request = { HOST, PEER, 50000, 443, 6, SYN | ACK | PSH,
	                                    10,   2000, 1000,  5000 };

typedef struct {
	PrefixSet *monitored;
	BinTable *table;
	struct flow_batch *batch;
} fixture;

static void
set_up(fixture *f, const void *data)
{
	(void)data;
	f->monitored = prefix_set_new();
	g_assert_true(prefix_set_add(f->monitored, "10.0.0.0/8", NULL));
	f->table = bin_table_new(&limits, f->monitored, 77, SKETCH_KEY);
	f->batch = g_new0(struct flow_batch, 1);
}

static void
tear_down(fixture *f, const void *data)
{
	(void)data;
	bin_table_free(f->table);
	prefix_set_free(f->monitored);
	g_free(f->batch);
}

static void
give(fixture *f, BinTable *table, const struct flow_record *records, size_t count,
     int64_t export_ms)
{
	f->batch->count = count;
	f->batch->export_time.ms = FLOW_EPOCH_MS + export_ms;
	memcpy(f->batch->records, records, count * sizeof(*records));
	bin_table_add(table, f->batch);
}

static void
give_values(fixture *f, const struct flow_values *values)
{
	struct flow_record record = flow_record_from(values);

	give(f, f->table, &record, 1, values->end_ms);
}

/* The parts of a table, merged by host and minute. */
struct whole {
	struct host_bin bin;
	struct host_bin_extension extension;
};

static GHashTable *
wholes_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static char *
name_of(const struct host_address *host, uint32_t minute)
{
	char text[HOST_ADDRESS_TEXT_SIZE];

	return g_strdup_printf("%s %u", host_address_format(host, text), minute);
}

/* Merges the part into a whole of its host and minute. */
static void
merge_part(const BinTable *table, struct whole *whole, const struct bin_part *part)
{
	struct host_shares shares = part->shares;
	union host_cell cells[HOST_SHARES_CELLS_MOST];

	if (part->bin == NULL) {
		bin_table_write_cells(table, cells);
		shares.cells = cells;
		g_assert_true(host_shares_valid(&shares));
		host_shares_merge(&whole->bin, &whole->extension, &shares, SKETCH_KEY);
		return;
	}
	g_assert_true(host_bin_valid(part->bin, part->extension));
	g_assert_cmpuint(part->bin->minute, ==, part->shares.minute);
	g_assert_true(host_address_equal(&part->bin->host, &part->shares.host));
	host_bin_merge(&whole->bin, &whole->extension, part->bin, part->extension, SKETCH_KEY);
}

/* So many of the parts that are due, at most. */
static void
fetch(BinTable *table, uint32_t most, GHashTable *wholes)
{
	struct bin_part part;

	for (uint32_t i = 0; i < most && bin_table_next_part(table, &part); i++) {
		g_autofree char *name = name_of(&part.shares.host, part.shares.minute);
		struct whole *whole = g_hash_table_lookup(wholes, name);

		if (whole == NULL) {
			whole = g_new(struct whole, 1);
			host_bin_init(&whole->bin, &part.shares.host, part.shares.minute);
			host_bin_extension_init(&whole->extension);
			g_hash_table_insert(wholes, g_steal_pointer(&name), whole);
		}
		merge_part(table, whole, &part);
	}
}

static void
collect(BinTable *table, bool all, GHashTable *wholes)
{
	bin_table_begin_parts(table, all);
	fetch(table, UINT32_MAX, wholes);
}

static const struct whole *
whole_of(GHashTable *wholes, uint32_t host, uint32_t minute)
{
	struct host_address address = host_address_from_ipv4(host);
	g_autofree char *name = name_of(&address, FLOW_EPOCH_MINUTE + minute);

	return g_hash_table_lookup(wholes, name);
}

/* Closes everything that is open and returns the whole of one host and minute. */
static const struct whole *
finish(fixture *f, GHashTable *wholes, uint32_t host, uint32_t minute)
{
	collect(f->table, true, wholes);
	return whole_of(wholes, host, minute);
}

static void
counts_a_record_for_both_ends_that_are_monitored(fixture *f, const void *data)
{
	g_autoptr(GHashTable) wholes = wholes_new();
	struct flow_values values = request;
	const struct whole *whole;

	(void)data;
	values.destination = HOST + 1;
	give_values(f, &values);
	whole = finish(f, wholes, HOST, 0);
	g_assert_nonnull(whole);
	g_assert_cmpuint(whole->bin.octets[HOST_OUT], ==, 2000);
	g_assert_cmpuint(whole->bin.packets[HOST_OUT], ==, 10);
	g_assert_cmpuint(whole->bin.flows[HOST_OUT], ==, 1);
	g_assert_cmpuint(whole->bin.protocol_flows[HOST_OUT * 4 + HOST_TCP], ==, 1);
	g_assert_cmpuint(whole->bin.port_flows[HOST_OUT * 8 + PORT_CLASS_WEB], ==, 1);
	g_assert_cmpuint(whole->bin.earliest_ms[0], ==, 1000);
	g_assert_cmpuint(whole->bin.latest_ms[0], ==, 5000);
	g_assert_cmpuint(whole->bin.directions[0], ==, 1);
	g_assert_cmpuint(whole->bin.touches[0].kinds & ~TOUCH_SHAPES, ==,
	                 TOUCH_SENT | TOUCH_HEARD | TOUCH_BEGUN | TOUCH_STARTS | TOUCH_ENDS);
	whole = whole_of(wholes, HOST + 1, 0);
	g_assert_cmpuint(whole->bin.octets[HOST_IN], ==, 2000);
	g_assert_cmpuint(whole->bin.flows[HOST_IN], ==, 1);
	g_assert_cmpuint(whole->bin.touches[0].kinds & ~TOUCH_SHAPES, ==,
	                 TOUCH_SERVED | TOUCH_IN | TOUCH_BEGUN | TOUCH_STARTS | TOUCH_ENDS);
	g_assert_cmpuint(bin_table_counters(f->table).binned, ==, 1);
}

static void
spreads_a_long_record_over_its_minutes(fixture *f, const void *data)
{
	g_autoptr(GHashTable) wholes = wholes_new();
	struct flow_values values = request;

	(void)data;
	values.start_ms = 30000;
	values.end_ms = 149999; /* half of minute 0, minute 1, half of minute 2 */
	values.octets = 100001;
	values.packets = 403;
	give_values(f, &values);
	collect(f->table, true, wholes);
	g_assert_cmpuint(whole_of(wholes, HOST, 0)->bin.octets[HOST_OUT], ==, 25000);
	g_assert_cmpuint(whole_of(wholes, HOST, 1)->bin.octets[HOST_OUT], ==, 50000);
	g_assert_cmpuint(whole_of(wholes, HOST, 2)->bin.octets[HOST_OUT], ==, 25001);
	g_assert_cmpuint(whole_of(wholes, HOST, 0)->bin.packets[HOST_OUT] +
	                         whole_of(wholes, HOST, 1)->bin.packets[HOST_OUT] +
	                         whole_of(wholes, HOST, 2)->bin.packets[HOST_OUT],
	                 ==, 403);
	g_assert_cmpuint(whole_of(wholes, HOST, 0)->bin.flows[HOST_OUT], ==, 1);
	g_assert_cmpuint(whole_of(wholes, HOST, 1)->bin.flows[HOST_OUT], ==, 0);
	g_assert_cmpuint(whole_of(wholes, HOST, 1)->bin.touches[0].last_quarter, ==, 239);
	g_assert_cmpuint(whole_of(wholes, HOST, 1)->bin.records[HOST_OUT], ==, 1);
	g_assert_cmpuint(whole_of(wholes, HOST, 1)->bin.touches[0].kinds & TOUCH_BEGUN, ==, 0);
}

static struct flow_record
random_record(GRand *random)
{
	struct flow_values values = {
		.source = HOST + (uint32_t)g_rand_int_range(random, 0, 6),
		.destination = g_rand_boolean(random)
		                       ? PEER + (uint32_t)g_rand_int_range(random, 0, 50)
		                       : HOST + 7,
		.source_port = (uint16_t)g_rand_int_range(random, 1024, 1030),
		.destination_port = (uint16_t)g_rand_int_range(random, 79, 82),
		.protocol = (const uint8_t[]){ 6, 6, 17, 1, 47 }[g_rand_int_range(random, 0, 5)],
		.flags = (uint16_t)g_rand_int_range(random, 0, 32),
		.packets = (uint64_t)g_rand_int_range(random, 0, 50),
		.octets = (uint64_t)g_rand_int_range(random, 0, 70000),
		.start_ms = g_rand_int_range(random, -5000000, 100000),
	};
	struct flow_record record;

	values.end_ms =
		values.start_ms + (g_rand_boolean(random) ? g_rand_int_range(random, 0, 3600000)
	                                                  : g_rand_int_range(random, 0, 3000));
	if (g_rand_boolean(random))
		values = flow_values_back(&values, values.flags, values.packets, values.octets);
	record = flow_record_from(&values);
	if (g_rand_int_range(random, 0, 4) == 0) {
		record.marks |= FLOW_HAS_REVERSE;
		record.reverse_packets = (uint64_t)g_rand_int_range(random, 0, 3);
		record.reverse_octets = (uint64_t)g_rand_int_range(random, 0, 3000);
	}
	if (g_rand_int_range(random, 0, 20) == 0)
		record.packets = record.octets = record.reverse_packets = record.reverse_octets = 0;
	record.icmp_type_code = (uint16_t)(g_rand_int_range(random, 0, 12) << 8);
	record.marks |= (uint32_t)g_rand_int(random) & (FLOW_CONTINUES | FLOW_KNOWN_REVERSE |
	                                                FLOW_SOURCE_BEGAN | FLOW_HAS_SIZE_RANGE);
	record.other_packets = (uint32_t)g_rand_int_range(random, 0, 3);
	record.other_octets = 100;
	if (g_rand_int_range(random, 0, 20) == 0)
		record.marks |=
			(uint32_t[]){ FLOW_EVENT, FLOW_COPY,
			              FLOW_TIMES_IMPOSSIBLE }[g_rand_int_range(random, 0, 3)];
	if (g_rand_int_range(random, 0, 20) == 0)
		record.source = record.destination = host_address_from_ipv4(PEER);
	return record;
}

static void
loses_no_octet_and_no_packet(fixture *f, const void *data)
{
	g_autoptr(GHashTable) wholes = wholes_new();
	g_autoptr(GRand) random = g_rand_new_with_seed(40);
	uint64_t octets = 0;
	uint64_t packets = 0;
	uint64_t seconds = 0;
	GHashTableIter iter;
	void *value;

	(void)data;
	for (int i = 0; i < 3000; i++) {
		struct flow_values values = request;
		struct flow_record record;

		values.packets = (uint64_t)g_rand_int_range(random, 1, 5000);
		values.octets = values.packets * (uint64_t)g_rand_int_range(random, 40, 1500);
		values.start_ms = g_rand_int_range(random, 0, 3600000);
		values.end_ms = values.start_ms + g_rand_int_range(random, 0, 3600000);
		record = flow_record_from(&values);
		octets += values.octets;
		packets += values.packets;
		give(f, f->table, &record, 1, 7200000);
	}
	collect(f->table, true, wholes);
	g_hash_table_iter_init(&iter, wholes);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct whole *whole = value;

		octets -= whole->bin.octets[HOST_OUT];
		packets -= whole->bin.packets[HOST_OUT];
		seconds += whole->bin.octets[HOST_OUT];
		for (size_t i = 0; i < 60 && whole->bin.touch_count == HOST_BIN_EXTENDED; i++)
			seconds -= whole->extension.second_octets[i];
		for (size_t i = 0;
		     i < whole->bin.touch_count && whole->bin.touch_count != HOST_BIN_EXTENDED; i++)
			seconds -= whole->bin.touches[i].octets;
	}
	g_assert_cmpuint(octets, ==, 0);
	g_assert_cmpuint(packets, ==, 0);
	g_assert_cmpuint(seconds, ==, 0);
}

static uint64_t
settled(const struct bin_table_counters *counters)
{
	return counters->binned + counters->events + counters->copies + counters->unmonitored +
	       counters->late + counters->future + counters->impossible + counters->uncounted +
	       counters->unplaced;
}

static void
settles_every_record_in_exactly_one_way(fixture *f, const void *data)
{
	struct bin_table_limits few = limits;
	g_autoptr(GRand) random = g_rand_new_with_seed(41);
	g_autoptr(GHashTable) wholes = wholes_new();
	struct bin_table_counters counters;

	(void)data;
	few.hosts_max = 40;
	bin_table_free(f->table);
	f->table = bin_table_new(&few, f->monitored, 77, SKETCH_KEY);
	for (int i = 0; i < 2000; i++) {
		struct flow_record records[40];
		size_t count = (size_t)g_rand_int_range(random, 0, 40);

		for (size_t k = 0; k < count; k++)
			records[k] = random_record(random);
		give(f, f->table, records, count, g_rand_int_range(random, -100000, 5000000));
		if (i % 5 == 0)
			collect(f->table, false, wholes);
		counters = bin_table_counters(f->table);
		g_assert_cmpuint(counters.records, ==, settled(&counters));
		g_assert_cmpuint(counters.open_shares, <, 4 * 40 + SHARE_CHUNK_LINES);
	}
	g_assert_cmpuint(counters.binned, >, 0);
	g_assert_cmpuint(counters.events, >, 0);
	g_assert_cmpuint(counters.copies, >, 0);
	g_assert_cmpuint(counters.unmonitored, >, 0);
	g_assert_cmpuint(counters.late, >, 0);
	g_assert_cmpuint(counters.future, >, 0);
	g_assert_cmpuint(counters.impossible, >, 0);
	g_assert_cmpuint(counters.uncounted, >, 0);
	g_assert_cmpuint(counters.unplaced, >, 0);
	g_assert_cmpuint(counters.shares_lost, >, 0);
}

static void
assert_same_wholes(GHashTable *a, GHashTable *b)
{
	GHashTableIter iter;
	void *name;
	void *value;

	g_assert_cmpuint(g_hash_table_size(a), ==, g_hash_table_size(b));
	g_hash_table_iter_init(&iter, a);
	while (g_hash_table_iter_next(&iter, &name, &value)) {
		const struct whole *one = value;
		const struct whole *other = g_hash_table_lookup(b, name);

		g_assert_nonnull(other);
		g_assert_cmpmem(&one->bin, sizeof(one->bin), &other->bin, sizeof(other->bin));
		g_assert_cmpmem(&one->extension, sizeof(one->extension), &other->extension,
		                sizeof(other->extension));
	}
}

static void
gives_the_same_bins_for_any_order_and_split_of_the_records(fixture *f, const void *data)
{
	enum { RECORDS = 600 };
	g_autoptr(GHashTable) expected = wholes_new();
	g_autoptr(GRand) random = g_rand_new_with_seed(42);
	g_autofree struct flow_record *records = g_new(struct flow_record, RECORDS);

	(void)data;
	for (size_t i = 0; i < RECORDS; i++)
		records[i] = random_record(random);
	for (size_t i = 0; i < RECORDS; i += 100)
		give(f, f->table, &records[i], 100, 3700000);
	collect(f->table, true, expected);
	for (int trial = 0; trial < 20; trial++) {
		g_autoptr(GHashTable) wholes = wholes_new();
		g_autoptr(BinTable) other =
			bin_table_new(&limits, f->monitored, (uint64_t)trial, SKETCH_KEY);

		for (size_t i = RECORDS - 1; i > 0; i--) {
			size_t k = (size_t)g_rand_int_range(random, 0, (gint32)i + 1);
			struct flow_record swapped = records[i];

			records[i] = records[k];
			records[k] = swapped;
		}
		for (size_t i = 0; i < RECORDS;) {
			size_t most = (size_t)g_rand_int_range(random, 1, 60);
			size_t count = MIN(most, RECORDS - i);

			give(f, g_rand_boolean(random) ? other : f->table, &records[i], count,
			     3700000);
			i += count;
			if (g_rand_boolean(random))
				collect(other, g_rand_boolean(random), wholes);
		}
		collect(f->table, true, wholes);
		collect(other, true, wholes);
		assert_same_wholes(wholes, expected);
	}
}

static void
books_a_biflow_as_its_two_directions(fixture *f, const void *data)
{
	g_autoptr(GHashTable) wholes = wholes_new();
	struct flow_record record = flow_record_from(&request);
	const struct whole *whole;

	(void)data;
	record.marks |= FLOW_HAS_REVERSE;
	record.reverse_octets = 9000;
	record.reverse_packets = 9;
	give(f, f->table, &record, 1, 5000);
	whole = finish(f, wholes, HOST, 0);
	g_assert_cmpuint(whole->bin.octets[HOST_OUT], ==, 2000);
	g_assert_cmpuint(whole->bin.octets[HOST_IN], ==, 9000);
	g_assert_cmpuint(whole->bin.packets[HOST_IN], ==, 9);
	g_assert_cmpuint(whole->bin.flows[HOST_OUT], ==, 1);
	g_assert_cmpuint(whole->bin.flows[HOST_IN], ==, 0);
	g_assert_cmpuint(bin_table_counters(f->table).binned, ==, 1);
}

static void
shows_the_failing_peers_of_a_scanner(fixture *f, const void *data)
{
	g_autoptr(GHashTable) wholes = wholes_new();
	struct flow_values values = { HOST, PEER, 50000, 445, 6, SYN, 3, 156, 1000, 10000 };
	const struct whole *whole;

	(void)data;
	for (uint32_t i = 0; i < 50; i++) {
		values.destination = PEER + i;
		values.source_port++;
		give_values(f, &values);
	}
	whole = finish(f, wholes, HOST, 0);
	g_assert_cmpuint(whole->bin.syn_only_flows[HOST_OUT], ==, 50);
	g_assert_cmpfloat(
		sketch_linear_difference(whole->extension.port_sent + PORT_BUCKET_SMB * 2,
	                                 whole->extension.port_heard + PORT_BUCKET_SMB * 2, 2),
		>, 40);
	g_assert_cmpuint(whole->extension.failing_seconds[0], ==, 2);
	g_assert_cmpuint(whole->extension.flow_seconds[HOST_OUT], ==, 2);
}

static void
sums_up_the_bins_of_a_host_with_many_records(fixture *f, const void *data)
{
	struct flow_values values = request;
	struct bin_part part;

	(void)data;
	for (uint32_t i = 0; i < 1000; i++) {
		values.destination = PEER + i;
		give_values(f, &values);
	}
	bin_table_begin_parts(f->table, true);
	g_assert_true(bin_table_next_part(f->table, &part));
	g_assert_nonnull(part.bin);
	g_assert_nonnull(part.extension);
	g_assert_cmpuint(part.bin->octets[HOST_OUT], ==, 2000 * 1000);
	g_assert_cmpuint(part.bin->records[HOST_OUT], ==, 1000);
	g_assert_cmpfloat_with_epsilon(sketch_distinct_estimate(part.extension->peers), 1000, 200);
	g_assert_false(bin_table_next_part(f->table, &part));
	g_assert_cmpuint(bin_table_counters(f->table).open_shares, ==, 0);
}

static void
keeps_numbers_that_are_too_large_for_a_share(fixture *f, const void *data)
{
	g_autoptr(GHashTable) wholes = wholes_new();
	struct flow_values values = request;
	const struct whole *whole;

	(void)data;
	values.packets = UINT64_C(3000000000);
	values.octets = values.packets * 1400;
	for (int i = 0; i < 3; i++)
		give_values(f, &values);
	whole = finish(f, wholes, HOST, 0);
	g_assert_cmpuint(whole->bin.octets[HOST_OUT], ==, 3 * values.octets);
	g_assert_cmpuint(whole->bin.packets[HOST_OUT], ==, 3 * values.packets);
	g_assert_cmpuint(whole->bin.touch_count, ==, 3);
	g_assert_cmpuint(whole->bin.touches[0].octets, ==, UINT32_MAX);
}

static void
touches_nobody_for_an_icmp_error(fixture *f, const void *data)
{
	g_autoptr(GHashTable) wholes = wholes_new();
	struct flow_values values = { PEER, HOST, 0, 0, 1, 0, 2, 112, 1000, 2000 };
	struct flow_record record = flow_record_from(&values);
	const struct whole *whole;

	(void)data;
	record.icmp_type_code = 3 << 8 | 1;
	give(f, f->table, &record, 1, 2000);
	whole = finish(f, wholes, HOST, 0);
	g_assert_cmpuint(whole->bin.icmp_errors[HOST_IN], ==, 2);
	g_assert_cmpuint(whole->bin.touch_count, ==, 0);
	g_assert_cmpuint(whole->bin.flows[HOST_IN], ==, 0);
}

static void
sends_parts_as_the_exporters_clock_moves_on(fixture *f, const void *data)
{
	g_autoptr(GHashTable) wholes = wholes_new();
	struct flow_values values = request;
	struct flow_record record;

	(void)data;
	for (int i = 0; i < 9; i++) {
		give_values(f, &values); /* a busy host */
		values.source_port++;
	}
	values.source = HOST + 1;
	give_values(f, &values); /* a quiet one */
	record = flow_record_from(&values);
	record.marks |= FLOW_EVENT;
	give(f, f->table, &record, 1, 12000);
	collect(f->table, false, wholes);
	g_assert_null(whole_of(wholes, HOST, 0));
	give(f, f->table, &record, 1, 16000);
	g_assert_true(bin_table_is_due(f->table));
	collect(f->table, false, wholes);
	g_assert_false(bin_table_is_due(f->table));
	g_assert_nonnull(whole_of(wholes, HOST, 0));
	g_assert_null(whole_of(wholes, HOST + 1, 0));
	give(f, f->table, &record, 1, 81000);
	collect(f->table, false, wholes);
	g_assert_nonnull(whole_of(wholes, HOST + 1, 0));
	g_assert_cmpuint(bin_table_counters(f->table).open_shares, ==, 0);
	g_assert_cmpint(bin_table_newest(f->table).ms, ==, FLOW_EPOCH_MS + 81000);
}

static void
lets_no_wrong_clock_send_or_hold_the_bins_of_others(fixture *f, const void *data)
{
	g_autoptr(GHashTable) wholes = wholes_new();
	struct flow_record record = flow_record_from(&request);
	struct flow_record event = record;

	(void)data;
	event.marks |= FLOW_EVENT;
	give(f, f->table, &record, 1, 5000);
	f->batch->exporter = 1; /* its clock is years ahead and jumps */
	give(f, f->table, &event, 1, INT64_C(100000000000));
	give(f, f->table, &event, 1, INT64_C(200000000000));
	collect(f->table, false, wholes);
	g_assert_cmpuint(g_hash_table_size(wholes), ==, 0);
	f->batch->exporter = 0;
	give(f, f->table, &event, 1, 81000);
	collect(f->table, false, wholes);
	g_assert_cmpuint(g_hash_table_size(wholes), ==, 1);
}

static void
sends_the_bins_of_an_exporter_that_fell_silent(fixture *f, const void *data)
{
	g_autoptr(GHashTable) wholes = wholes_new();
	struct flow_record record = flow_record_from(&request);
	struct flow_record event = record;

	(void)data;
	event.marks |= FLOW_EVENT;
	give(f, f->table, &record, 1, 5000);
	f->batch->exporter = 1;
	for (int64_t export_ms = 5000; export_ms <= 190000; export_ms += 5000)
		give(f, f->table, &event, 1, export_ms);
	collect(f->table, false, wholes);
	g_assert_cmpuint(g_hash_table_size(wholes), ==, 1);
}

/* A host's records lie together, whoever reported them. */
static void
lets_no_slow_clock_hold_the_bins_of_others(fixture *f, const void *data)
{
	g_autoptr(GHashTable) wholes = wholes_new();
	struct flow_record record = flow_record_from(&request);
	struct flow_record event = record;

	(void)data;
	event.marks |= FLOW_EVENT;
	f->batch->exporter = 1;
	give(f, f->table, &record, 1, 5000);
	f->batch->exporter = 0;
	give(f, f->table, &record, 1, 5000);
	for (int64_t i = 1; i <= 200; i++) {
		f->batch->exporter = 1;
		give(f, f->table, &event, 1, 5000 + i);
		f->batch->exporter = 0;
		give(f, f->table, &event, 1, 5000 + i * 1000);
		collect(f->table, false, wholes);
	}
	g_assert_cmpuint(g_hash_table_size(wholes), ==, 1);
}

/* Of the part given last. */
static uint64_t
octets_of(const BinTable *table, const struct bin_part *part)
{
	union host_cell cells[HOST_SHARES_CELLS_MOST];
	uint64_t octets = 0;

	bin_table_write_cells(table, cells);
	for (size_t i = 0; i < part->shares.count; i++)
		octets += cells[i].share.octets;
	return octets;
}

static void
adds_to_new_bins_while_parts_are_given_out(fixture *f, const void *data)
{
	struct bin_part part;
	uint64_t octets = 0;
	uint32_t given = 0;

	(void)data;
	for (uint32_t i = 0; i < 10; i++) {
		struct flow_values values = request;

		values.source = HOST + i;
		give_values(f, &values);
	}
	bin_table_begin_parts(f->table, true);
	while (bin_table_next_part(f->table, &part)) {
		octets += octets_of(f->table, &part);
		give_values(f, &request);
		given++;
	}
	bin_table_begin_parts(f->table, true);
	while (bin_table_next_part(f->table, &part))
		octets += octets_of(f->table, &part);
	g_assert_cmpuint(octets, ==, (10 + given) * 2000);
	g_assert_cmpuint(bin_table_counters(f->table).open_shares, ==, 0);
}

static void
gives_parts_that_were_not_fetched_later(fixture *f, const void *data)
{
	struct bin_part part;
	uint64_t octets = 0;

	(void)data;
	for (uint32_t i = 0; i < 100; i++) {
		struct flow_values values = request;

		values.source = HOST + i;
		give_values(f, &values);
	}
	for (int i = 0; i < 10; i++) {
		bin_table_begin_parts(f->table, i == 0);
		for (int k = 0; k < 7 && bin_table_next_part(f->table, &part); k++)
			octets += octets_of(f->table, &part);
	}
	bin_table_begin_parts(f->table, true);
	while (bin_table_next_part(f->table, &part))
		octets += octets_of(f->table, &part);
	g_assert_cmpuint(octets, ==, 100 * 2000);
}

static void
gives_the_oldest_minute_of_a_host_first(fixture *f, const void *data)
{
	struct flow_values values = request;
	struct bin_part part;
	uint32_t minute = 0;

	(void)data;
	for (int64_t i = 0; i < 100; i++) {
		values.start_ms = i * 7 % 100 * 60000 + 100;
		values.end_ms = values.start_ms + 900;
		give(f, f->table, (struct flow_record[]){ flow_record_from(&values) }, 1, 6000000);
	}
	bin_table_begin_parts(f->table, true);
	for (int i = 0; i < 100; i++) {
		g_assert_true(bin_table_next_part(f->table, &part));
		g_assert_cmpuint(part.shares.minute, >, minute);
		minute = part.shares.minute;
	}
	g_assert_false(bin_table_next_part(f->table, &part));
}

/* A host with very many records must not wait in memory until they are due. */
static void
sends_what_has_grown_large_at_once(fixture *f, const void *data)
{
	struct flow_values values = request;
	struct bin_part part;

	(void)data;
	for (uint32_t i = 0; i < 4000; i++) {
		values.destination = PEER + i;
		give_values(f, &values);
	}
	g_assert_false(bin_table_is_due(f->table));
	for (uint32_t i = 0; i < 400; i++)
		give_values(f, &values);
	g_assert_true(bin_table_is_due(f->table));
	bin_table_begin_parts(f->table, false);
	g_assert_true(bin_table_next_part(f->table, &part));
	g_assert_nonnull(part.extension);
	g_assert_cmpuint(part.bin->records[HOST_OUT], ==, 4400);
	g_assert_false(bin_table_next_part(f->table, &part));
	g_assert_false(bin_table_is_due(f->table));
}

/* Who shares a partition with a busy host is still sent once a minute. */
static void
sends_quiet_hosts_in_one_part_beside_busy_ones(fixture *f, const void *data)
{
	enum { QUIET_HOSTS = 20000 };
	g_autoptr(GHashTable) wholes = wholes_new();
	struct bin_part part;

	(void)data;
	bin_table_free(f->table);
	f->table = bin_table_new(&(struct bin_table_limits){ 100000, 7200000, 60000, 10000, 60000 },
	                         f->monitored, 77, SKETCH_KEY);
	for (int64_t second = 0; second < 50; second += 5) {
		for (uint32_t i = 0; i < 2000; i++) {
			struct flow_values values = request;

			values.source = HOST + i; /* ten records a minute each, and more */
			values.start_ms = values.end_ms = second * 1000;
			give_values(f, &values);
		}
		for (uint32_t i = 0; second == 0 && i < QUIET_HOSTS; i++) {
			struct flow_values values = request;

			values.source = HOST + 0x10000 + i;
			values.start_ms = values.end_ms = second * 1000;
			give_values(f, &values);
		}
		bin_table_begin_parts(f->table, false);
		while (bin_table_next_part(f->table, &part))
			g_assert_cmpuint(part.shares.count, >, 1);
	}
	collect(f->table, true, wholes);
	g_assert_nonnull(whole_of(wholes, HOST + 0x10000, 0));
	g_assert_nonnull(whole_of(wholes, HOST + 0x10000 + QUIET_HOSTS - 1, 0));
	g_assert_cmpuint(bin_table_counters(f->table).parts, >, QUIET_HOSTS + 2000);
	g_assert_cmpuint(bin_table_counters(f->table).shares_lost, ==, 0);
}

/* Long, short and wide, copied, errors, of few hosts and many. */
static struct flow_record
any_record(GRand *random, int64_t export_ms)
{
	struct flow_values values = request;
	struct flow_record record;
	bool few = g_rand_boolean(random);

	values.end_ms = export_ms - g_rand_int_range(random, 0, 100000);
	values.start_ms = values.end_ms - (int64_t)(1000000 * g_rand_double(random) *
	                                            g_rand_double(random) * (few ? 0 : 1));
	values.source = HOST + (uint32_t)g_rand_int_range(random, 0, few ? 3 : 100000);
	values.octets = g_rand_int_range(random, 0, 20) == 0 ? UINT64_C(1) << 33 : 4000;
	record = flow_record_from(&values);
	record.marks |= g_rand_int_range(random, 0, 3) == 0 ? FLOW_COPY : 0u;
	return record;
}

/* Exporters' clocks run, stand, jump ahead and back; parts are fetched now and then. */
static void
loses_nothing_whatever_the_clocks_do(fixture *f, const void *data)
{
	enum { EXPORTERS = 5, ROUNDS = 4000, BATCH = 30 };
	g_autoptr(GHashTable) wholes = wholes_new();
	g_autoptr(GRand) random = g_rand_new_with_seed(7);
	int64_t clocks[EXPORTERS] = { 10000000, 10000000, 10000000, 90000000, 10000000 };
	struct bin_table_counters counters;
	uint64_t given = 0, kept = 0;
	GHashTableIter iterator;
	gpointer whole;

	(void)data;
	for (int round = 0; round < ROUNDS; round++) {
		int exporter = g_rand_int_range(random, 0, EXPORTERS);
		struct flow_record records[BATCH];

		clocks[exporter] += exporter == 4 ? 0 : g_rand_int_range(random, 0, 3000);
		if (exporter > 1 && g_rand_int_range(random, 0, 500) == 0)
			clocks[exporter] += g_rand_int_range(random, -4000000, 4000000);
		for (size_t i = 0; i < BATCH; i++) {
			records[i] = any_record(random, clocks[exporter]);
			given += records[i].marks & FLOW_COPY ? 0 : records[i].octets;
		}
		f->batch->exporter = (uint32_t)exporter;
		give(f, f->table, records, BATCH, clocks[exporter]);
		if (bin_table_is_due(f->table) && g_rand_boolean(random))
			bin_table_begin_parts(f->table, g_rand_int_range(random, 0, 300) == 0);
		fetch(f->table, (uint32_t)g_rand_int_range(random, 0, 200), wholes);
	}
	collect(f->table, true, wholes);
	counters = bin_table_counters(f->table);
	g_hash_table_iter_init(&iterator, wholes);
	while (g_hash_table_iter_next(&iterator, NULL, &whole))
		kept += ((struct whole *)whole)->bin.octets[HOST_OUT];
	g_assert_cmpuint(counters.records, ==, ROUNDS * BATCH);
	g_assert_cmpuint(counters.binned + counters.copies, ==, counters.records);
	g_assert_cmpuint(counters.shares_lost, ==, 0);
	g_assert_cmpuint(counters.open_shares, ==, 0);
	g_assert_cmpuint(kept, ==, given);
}

#define ADD(test) g_test_add("/bin_table/" #test, fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(counts_a_record_for_both_ends_that_are_monitored);
	ADD(spreads_a_long_record_over_its_minutes);
	ADD(loses_no_octet_and_no_packet);
	ADD(settles_every_record_in_exactly_one_way);
	ADD(gives_the_same_bins_for_any_order_and_split_of_the_records);
	ADD(books_a_biflow_as_its_two_directions);
	ADD(shows_the_failing_peers_of_a_scanner);
	ADD(sums_up_the_bins_of_a_host_with_many_records);
	ADD(keeps_numbers_that_are_too_large_for_a_share);
	ADD(touches_nobody_for_an_icmp_error);
	ADD(sends_parts_as_the_exporters_clock_moves_on);
	ADD(lets_no_wrong_clock_send_or_hold_the_bins_of_others);
	ADD(sends_the_bins_of_an_exporter_that_fell_silent);
	ADD(lets_no_slow_clock_hold_the_bins_of_others);
	ADD(loses_nothing_whatever_the_clocks_do);
	ADD(adds_to_new_bins_while_parts_are_given_out);
	ADD(gives_parts_that_were_not_fetched_later);
	ADD(gives_the_oldest_minute_of_a_host_first);
	ADD(sends_what_has_grown_large_at_once);
	ADD(sends_quiet_hosts_in_one_part_beside_busy_ones);
	return g_test_run();
}
