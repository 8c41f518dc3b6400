#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "collector/data_path.h"
#include "common/ring.h"
#include "tests/support/export_builder.h"

enum { NOW_S = 1700000000 };

struct fixture {
	char *folder;
	CollectorConfig *config;
	DataPath *path;
};

static void
set_key(struct fixture *fixture, const char *name, const char *value)
{
	struct config_assignment assignment = { "test", name, value };

	g_assert_true(config_set(collector_config_table(), &assignment, fixture->config, NULL));
}

/* `capture`: the path is one of a capture, else live. */
static void
open_path(struct fixture *fixture, bool capture)
{
	g_autoptr(GError) error = NULL;

	if (capture)
		fixture->config->captures = g_strsplit("a.pcap", " ", -1);
	g_assert_true(collector_config_finish(fixture->config, NULL));
	fixture->path = data_path_open(fixture->config, 0, &error);
	g_assert_no_error(error);
}

static void
set_up(struct fixture *fixture, gconstpointer data)
{
	g_assert_null(data);
	fixture->folder = g_dir_make_tmp("path.XXXXXX", NULL);
	fixture->config = collector_config_new();
	fixture->path = NULL;
	set_key(fixture, "state", fixture->folder);
	set_key(fixture, "ring_size", "1M");
}

static void
tear_down(struct fixture *fixture, gconstpointer data)
{
	static const char *const names[] = { "ring.0", "ring.0.reader", "site.key", "templates" };

	g_assert_null(data);
	data_path_close(fixture->path);
	collector_config_free(fixture->config);
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *file = g_build_filename(fixture->folder, names[i], NULL);
		g_unlink(file);
	}
	g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
	g_free(fixture->folder);
}

/* One NetFlow v5 datagram of one record: `host`, in 10.0.0.0/8, sends to somebody. */
static void
take_flow(struct fixture *fixture, uint32_t host, uint32_t export_s)
{
	struct netflow5_fields fields = {
		.uptime_ms = 3600000,
		.export_s = export_s,
		.source = 0x0a000000 + host,
		.destination = 0xc6336407,
		.packets = 10,
		.octets = 1000,
		.first_ms = 3599000,
		.last_ms = 3599500,
		.source_port = 1024,
		.destination_port = 80,
		.protocol = 6,
		.tcp_flags = 0x1b,
	};
	g_autoptr(GByteArray) octets = netflow5_build(&fields, 1);
	struct datagram datagram = { .exporter = host_address_from_ipv4(0xc0000201),
		                     .arrival = { (int64_t)export_s * 1000 },
		                     .octets = octets->data,
		                     .length = octets->len };

	g_assert_true(data_path_take(fixture->path, &datagram, NULL));
}

static struct collector_counts
counts_of(const struct fixture *fixture)
{
	struct collector_counts counts = { 0 };

	data_path_count(fixture->path, &counts);
	return counts;
}

struct entries {
	unsigned bins;
	unsigned watermarks;
	unsigned counters;
	unsigned ends;
	struct ring_watermark last;
	uint64_t octets; /* sent by the hosts */
};

/* Reads and commits what the ring has. */
static struct entries
read_ring(RingReader *reader)
{
	struct entries entries = { 0 };
	struct ring_entry entry;

	while (ring_pop(reader, &entry)) {
		if (entry.type == RING_SHARES) {
			++entries.bins;
			for (size_t i = 0; i < entry.shares.part.count; i++)
				entries.octets += entry.shares.part.cells[i].share.octets;
		} else if (entry.type == RING_WATERMARK) {
			++entries.watermarks;
			entries.last = entry.watermark;
		} else if (entry.type == RING_COUNTERS)
			++entries.counters;
		else
			++entries.ends;
		ring_commit(reader, entry.position);
	}
	return entries;
}

static RingReader *
open_reader(const struct fixture *fixture)
{
	RingReader *reader =
		ring_open_reader(fixture->folder, 0, (struct ring_position){ 0 }, NULL);

	g_assert_nonnull(reader);
	return reader;
}

static void
flush(struct fixture *fixture)
{
	data_path_flush(fixture->path);
	while (data_path_has_more(fixture->path))
		g_assert_true(data_path_idle(fixture->path, NULL));
}

static void
what_is_flushed_reaches_the_reader_with_its_watermark(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(RingReader) reader = NULL;
	struct entries entries;

	g_assert_null(data);
	open_path(fixture, false);
	for (uint32_t i = 1; i <= 5; i++)
		take_flow(fixture, i, NOW_S);
	flush(fixture);
	reader = open_reader(fixture);
	entries = read_ring(reader);
	g_assert_cmpuint(entries.bins, ==, 5);
	g_assert_cmpuint(entries.octets, ==, 5000);
	g_assert_cmpuint(entries.watermarks, ==, 1);
	g_assert_cmpint(entries.last.export_ms, ==, (int64_t)NOW_S * 1000);
	g_assert_cmpuint(entries.last.exporters, ==, 1);
	g_assert_cmpuint(entries.last.records, ==, 5);
	g_assert_cmpuint(entries.ends, ==, 0);
}

static void
bins_are_sent_as_export_times_move_on(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(RingReader) reader = NULL;

	g_assert_null(data);
	open_path(fixture, false);
	take_flow(fixture, 1, NOW_S);
	take_flow(fixture, 2, NOW_S + 300);
	while (data_path_has_more(fixture->path))
		g_assert_true(data_path_idle(fixture->path, NULL));
	reader = open_reader(fixture);
	g_assert_cmpuint(read_ring(reader).bins, >=, 1);
}

static void
sending_does_not_keep_a_live_collector_from_receiving(struct fixture *fixture, gconstpointer data)
{
	enum { HOSTS = 3000 };
	unsigned datagrams = 0;

	g_assert_null(data);
	set_key(fixture, "ring_size", "16M");
	open_path(fixture, false);
	for (uint32_t i = 1; i <= HOSTS; i++)
		take_flow(fixture, i, NOW_S);
	take_flow(fixture, 1, NOW_S + 600);
	g_assert_true(data_path_has_more(fixture->path));
	while (data_path_has_more(fixture->path)) {
		take_flow(fixture, 1, NOW_S + 600);
		++datagrams;
	}
	g_assert_cmpuint(datagrams, >, 3);
	g_assert_cmpuint(counts_of(fixture).parts_pushed, >=, HOSTS);
}

/* So that the reader of a small ring has time before it is full. */
static void
live_parts_are_sent_slowly_while_the_reader_is_behind(struct fixture *fixture, gconstpointer data)
{
	enum { HOSTS = 6500, LEAST = 10, MOST = 40 };
	uint64_t before = 0;

	g_assert_null(data);
	set_key(fixture, "ring_size", "1M");
	open_path(fixture, false);
	for (uint32_t i = 1; i <= HOSTS; i++)
		take_flow(fixture, i, NOW_S);
	for (int i = 0; i < 45; i++) {
		before = counts_of(fixture).parts_pushed;
		take_flow(fixture, 1, NOW_S + 600);
	}
	g_assert_true(data_path_has_more(fixture->path));
	g_assert_cmpuint(counts_of(fixture).parts_pushed - before, >=, LEAST);
	g_assert_cmpuint(counts_of(fixture).parts_pushed - before, <=, MOST);
	g_assert_cmpuint(counts_of(fixture).parts_dropped, ==, 0);
}

static void
a_capture_ends_with_a_mark(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(RingReader) reader = NULL;
	struct entries entries;

	g_assert_null(data);
	open_path(fixture, true);
	take_flow(fixture, 1, NOW_S);
	data_path_tell_counters(fixture->path, "{}");
	g_assert_true(data_path_end(fixture->path, NULL));
	reader = open_reader(fixture);
	entries = read_ring(reader);
	g_assert_cmpuint(entries.bins, ==, 1);
	g_assert_cmpuint(entries.counters, ==, 1);
	g_assert_cmpuint(entries.ends, ==, 1);
}

static void
live_parts_that_find_no_room_are_dropped_and_counted(struct fixture *fixture, gconstpointer data)
{
	enum { HOSTS = 8000 };
	struct collector_counts counts;
	g_autoptr(RingReader) reader = NULL;
	struct entries entries;

	g_assert_null(data);
	open_path(fixture, false);
	for (uint32_t i = 1; i <= HOSTS; i++)
		take_flow(fixture, i, NOW_S);
	flush(fixture);
	counts = counts_of(fixture);
	g_assert_cmpuint(counts.parts_dropped, >, 0);
	g_assert_cmpuint(counts.parts_pushed + counts.parts_dropped, ==, counts.bins.parts);
	g_assert_cmpuint(counts.bins.parts, ==, HOSTS);
	reader = open_reader(fixture);
	entries = read_ring(reader);
	g_assert_cmpuint(entries.bins, ==, counts.parts_pushed);
	g_assert_cmpuint(entries.last.dropped, ==, counts.parts_dropped);
}

static gpointer
read_until_the_end(gpointer data)
{
	struct entries *sum = g_new0(struct entries, 1);
	RingReader *reader = data;

	while (sum->ends == 0) {
		struct entries more;
		ring_wait_entry(reader, 100);
		more = read_ring(reader);
		sum->bins += more.bins;
		sum->ends += more.ends;
	}
	return sum;
}

static void
a_capture_waits_for_a_slow_reader_and_loses_nothing(struct fixture *fixture, gconstpointer data)
{
	enum { HOSTS = 8000 };
	g_autoptr(RingReader) reader = NULL;
	g_autofree struct entries *entries = NULL;
	GThread *thread;

	g_assert_null(data);
	open_path(fixture, true);
	reader = open_reader(fixture);
	thread = g_thread_new("reader", read_until_the_end, reader);
	for (uint32_t i = 1; i <= HOSTS; i++)
		take_flow(fixture, i, NOW_S);
	g_assert_true(data_path_end(fixture->path, NULL));
	entries = g_thread_join(thread);
	g_assert_cmpuint(entries->bins, ==, HOSTS);
	g_assert_cmpuint(counts_of(fixture).parts_dropped, ==, 0);
}

static void
datagrams_and_records_are_used_or_refused(struct fixture *fixture, gconstpointer data)
{
	static const uint8_t noise[] = { 0, 77, 1, 2, 3 };
	struct datagram datagram = { .octets = noise, .length = sizeof(noise) };
	struct collector_counts counts;

	g_assert_null(data);
	open_path(fixture, false);
	take_flow(fixture, 1, NOW_S);
	take_flow(fixture, 0xc0a80000, NOW_S); /* not monitored: 10.0.0.0 + that */
	g_assert_true(data_path_take(fixture->path, &datagram, NULL));
	counts = counts_of(fixture);
	g_assert_cmpuint(counts.decode.datagrams_taken, ==, 3);
	g_assert_cmpuint(counts.decode.datagrams_netflow5, ==, 2);
	g_assert_cmpuint(counts.decode.datagrams_version + counts.decode.datagrams_short, ==, 1);
	g_assert_cmpuint(counts.decode.records_decoded, ==, 2);
	g_assert_cmpuint(counts.bins.records, ==, 2);
	g_assert_cmpuint(counts.bins.binned, ==, 1);
	g_assert_cmpuint(counts.bins.unmonitored, ==, 1);
	g_assert_cmpuint(counts.exporters, ==, 1);
}

#define ADD(test) g_test_add("/data_path/" #test, struct fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(what_is_flushed_reaches_the_reader_with_its_watermark);
	ADD(bins_are_sent_as_export_times_move_on);
	ADD(sending_does_not_keep_a_live_collector_from_receiving);
	ADD(live_parts_are_sent_slowly_while_the_reader_is_behind);
	ADD(a_capture_ends_with_a_mark);
	ADD(live_parts_that_find_no_room_are_dropped_and_counted);
	ADD(a_capture_waits_for_a_slow_reader_and_loses_nothing);
	ADD(datagrams_and_records_are_used_or_refused);
	return g_test_run();
}
