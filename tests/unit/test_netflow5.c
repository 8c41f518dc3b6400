#include <glib.h>

#include "tests/support/decoding.h"
#include "tests/support/export_builder.h"

static const struct netflow5_fields web = {
	.uptime_ms = 1000000,
	.export_s = TEST_EXPORT_S,
	.export_ns = 250000000,
	.engine = 0x0102,
	.source = 0x0a000001,
	.destination = 0xc6336407,
	.packets = 10,
	.octets = 5200,
	.first_ms = 990000,
	.last_ms = 999000,
	.source_port = 49152,
	.destination_port = 443,
	.input = 3,
	.output = 7,
	.tcp_flags = 0x1b,
	.protocol = 6,
};

static void
reads_every_field(void)
{
	struct decoding decoding = decoding_start();
	struct host_address source = host_address_from_ipv4(web.source);
	struct host_address destination = host_address_from_ipv4(web.destination);
	const struct flow_record *record;

	decoding_feed(&decoding, netflow5_build(&web, 1));
	g_assert_cmpuint(decoding.records->len, ==, 1);
	record = decoding_record(&decoding, 0);
	g_assert_true(host_address_equal(&record->source, &source));
	g_assert_true(host_address_equal(&record->destination, &destination));
	g_assert_cmpuint(record->packets, ==, 10);
	g_assert_cmpuint(record->octets, ==, 5200);
	g_assert_cmpuint(record->source_port, ==, 49152);
	g_assert_cmpuint(record->destination_port, ==, 443);
	g_assert_cmpuint(record->ingress_interface, ==, 3);
	g_assert_cmpuint(record->egress_interface, ==, 7);
	g_assert_cmpuint(record->tcp_flags, ==, 0x1b);
	g_assert_cmpuint(record->protocol, ==, 6);
	g_assert_cmpuint(record->sampling_interval, ==, 0);
	g_assert_cmpuint(record->marks, ==,
	                 FLOW_HAS_FLAGS | FLOW_HAS_TIMES | FLOW_HAS_OCTETS | FLOW_HAS_PACKETS |
	                         FLOW_UPTIME_TIMES);
	g_assert_cmpuint(decoding.batch->version, ==, 5);
	g_assert_cmpuint(decoding.batch->observation_domain, ==, 0x0102);
	decoding_stop(&decoding);
}

static void
turns_uptime_into_real_time(void)
{
	struct decoding decoding = decoding_start();

	decoding_feed(&decoding, netflow5_build(&web, 1));
	g_assert_cmpint(decoding_record(&decoding, 0)->start.ms, ==,
	                (int64_t)TEST_EXPORT_S * 1000 + 250 - 10000);
	g_assert_cmpint(decoding_record(&decoding, 0)->end.ms, ==,
	                (int64_t)TEST_EXPORT_S * 1000 + 250 - 1000);
	decoding_stop(&decoding);
}

static void
survives_a_wrap_of_the_uptime(void)
{
	struct netflow5_fields wrapped = web;
	struct decoding decoding = decoding_start();

	wrapped.uptime_ms = 500;
	wrapped.first_ms = UINT32_MAX - 499; /* 1000 ms before */
	wrapped.last_ms = 700;               /* after the header */
	decoding_feed(&decoding, netflow5_build(&wrapped, 1));
	g_assert_cmpint(decoding_record(&decoding, 0)->start.ms, ==,
	                (int64_t)TEST_EXPORT_S * 1000 + 250 - 1000);
	g_assert_cmpint(decoding_record(&decoding, 0)->end.ms, ==,
	                (int64_t)TEST_EXPORT_S * 1000 + 250 + 200);
	decoding_stop(&decoding);
}

static void
never_ends_a_flow_before_it_starts(void)
{
	struct netflow5_fields reversed = web;
	struct decoding decoding = decoding_start();

	reversed.last_ms = reversed.first_ms - 5000;
	decoding_feed(&decoding, netflow5_build(&reversed, 1));
	g_assert_cmpint(decoding_record(&decoding, 0)->end.ms, ==,
	                decoding_record(&decoding, 0)->start.ms);
	decoding_stop(&decoding);
}

static void
marks_times_that_cannot_be(void)
{
	struct netflow5_fields old = web;
	struct decoding decoding = decoding_start();

	old.uptime_ms = 2000000000;
	old.first_ms = 2000000000 - 8U * 24 * 3600 * 1000;
	old.last_ms = old.uptime_ms;
	decoding_feed(&decoding, netflow5_build(&old, 1));
	g_assert_cmpuint(decoding_record(&decoding, 0)->marks & FLOW_TIMES_IMPOSSIBLE, !=, 0);
	g_assert_cmpuint(decoding_counters(&decoding).records_times_impossible, ==, 1);
	decoding_stop(&decoding);
}

static void
takes_the_sampling_of_the_header_without_its_mode(void)
{
	struct netflow5_fields sampled = web;
	struct decoding decoding = decoding_start();

	sampled.sampling = 0x4000 | 100;
	decoding_feed(&decoding, netflow5_build(&sampled, 2));
	g_assert_cmpuint(decoding_record(&decoding, 1)->sampling_interval, ==, 100);
	decoding_stop(&decoding);
}

static void
moves_type_and_code_of_icmp_out_of_the_port(void)
{
	struct netflow5_fields ping = web;
	struct decoding decoding = decoding_start();

	ping.protocol = 1;
	ping.source_port = 0;
	ping.destination_port = 8 << 8;
	decoding_feed(&decoding, netflow5_build(&ping, 1));
	g_assert_cmpuint(decoding_record(&decoding, 0)->icmp_type_code, ==, 8 << 8);
	g_assert_cmpuint(decoding_record(&decoding, 0)->destination_port, ==, 0);
	decoding_stop(&decoding);
}

static void
refuses_every_truncation(void)
{
	g_autoptr(GByteArray) whole = netflow5_build(&web, 3);
	struct decoding decoding = decoding_start();

	for (size_t length = 0; length < whole->len; length++)
		decoding_feed_octets(&decoding, whole->data, length);
	g_assert_cmpuint(decoding.records->len, ==, 0);
	g_assert_cmpuint(decoding_counters(&decoding).datagrams_short, ==, 24);
	g_assert_cmpuint(decoding_counters(&decoding).datagrams_length, ==, 3 * 48);
	decoding_stop(&decoding);
}

static void
refuses_counts_that_cannot_be(void)
{
	static const uint16_t counts[] = { 0, 31, 163, 55582 };
	struct decoding decoding = decoding_start();

	for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
		GByteArray *message = netflow5_build(&web, 30);

		export_put_at(message, 2, counts[i], 2);
		decoding_feed(&decoding, message);
	}
	g_assert_cmpuint(decoding.records->len, ==, 0);
	g_assert_cmpuint(decoding_counters(&decoding).datagrams_count, ==, G_N_ELEMENTS(counts));
	decoding_stop(&decoding);
}

static void
refuses_other_versions_by_name(void)
{
	static const uint32_t versions[] = { 0x00000001, 0x00010001, 0x00060001, 0x00070001,
		                             0x00080001, 0x000b0001, 0x05000001, 0x00000005,
		                             0x00000004, 0x00000002 };
	struct decoding decoding = decoding_start();
	struct decode_counters counters;

	for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
		GByteArray *message = netflow5_build(&web, 1);

		export_put_at(message, 0, versions[i], 4);
		decoding_feed_octets(&decoding, message->data, message->len);
		g_byte_array_unref(message);
	}
	counters = decoding_counters(&decoding);
	g_assert_cmpuint(counters.datagrams_taken, ==, G_N_ELEMENTS(versions));
	g_assert_cmpuint(counters.datagrams_old, ==, 4);
	g_assert_cmpuint(counters.datagrams_sflow, ==, 3);
	g_assert_cmpuint(counters.datagrams_version, ==, 3);
	g_assert_cmpuint(exporter_table_count(decoding.exporters), ==, 0);
	decoding_stop(&decoding);
}

static void
counts_lost_records(void)
{
	struct netflow5_fields fields = web;
	struct decoding decoding = decoding_start();

	decoding_feed(&decoding, netflow5_build(&fields, 5));
	fields.sequence = 5 + 12;
	decoding_feed(&decoding, netflow5_build(&fields, 5));
	g_assert_cmpuint(decoding_counters(&decoding).sequence_lost, ==, 12);
	decoding_stop(&decoding);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/netflow5/reads_every_field", reads_every_field);
	g_test_add_func("/netflow5/turns_uptime_into_real_time", turns_uptime_into_real_time);
	g_test_add_func("/netflow5/survives_a_wrap_of_the_uptime", survives_a_wrap_of_the_uptime);
	g_test_add_func("/netflow5/never_ends_a_flow_before_it_starts",
	                never_ends_a_flow_before_it_starts);
	g_test_add_func("/netflow5/marks_times_that_cannot_be", marks_times_that_cannot_be);
	g_test_add_func("/netflow5/takes_the_sampling_of_the_header_without_its_mode",
	                takes_the_sampling_of_the_header_without_its_mode);
	g_test_add_func("/netflow5/moves_type_and_code_of_icmp_out_of_the_port",
	                moves_type_and_code_of_icmp_out_of_the_port);
	g_test_add_func("/netflow5/refuses_every_truncation", refuses_every_truncation);
	g_test_add_func("/netflow5/refuses_counts_that_cannot_be", refuses_counts_that_cannot_be);
	g_test_add_func("/netflow5/refuses_other_versions_by_name", refuses_other_versions_by_name);
	g_test_add_func("/netflow5/counts_lost_records", counts_lost_records);
	return g_test_run();
}
