#include <glib.h>
#include <string.h>

#include "tests/support/decoding.h"
#include "tests/support/export_builder.h"

enum { REVERSE = 29305, CESNET = 8057, YAF = 6871, EXPORT_MS_PER_S = 1000 };

static const int64_t export_ms = (int64_t)TEST_EXPORT_S * EXPORT_MS_PER_S;
static const struct export_header header = { .export_s = TEST_EXPORT_S, .domain = 1 };

static void
reads_counters_of_any_width(void)
{
	for (uint16_t width = 1; width <= 8; width++) {
		const struct wire_field fields[] = { { 0, 8, 4 },
			                             { 0, 1, width },
			                             { 0, 2, width } };
		const uint64_t most = width == 8 ? UINT64_MAX : (UINT64_C(1) << (8 * width)) - 1;
		const uint64_t values[] = { 1, most, most - 1 };
		struct decoding decoding = decoding_start();

		decoding_feed(&decoding, ipfix_with_record(&header, fields, 3, values));
		g_assert_cmpuint(decoding_only_record(&decoding)->octets, ==, most);
		g_assert_cmpuint(decoding_only_record(&decoding)->packets, ==, most - 1);
		decoding_stop(&decoding);
	}
}

static void
prefers_the_better_counter(void)
{
	/* Best first; each Template leaves one more away. */
	static const uint16_t octets[] = { 1, 85, 231, 23, 171, 352, 353 };

	for (size_t from = 0; from < G_N_ELEMENTS(octets); from++) {
		struct wire_field fields[1 + G_N_ELEMENTS(octets)] = { { 0, 8, 4 } };
		uint64_t values[1 + G_N_ELEMENTS(octets)] = { 1 };
		struct decoding decoding = decoding_start();
		size_t count = 1;

		for (size_t i = G_N_ELEMENTS(octets); i-- > from; count++) {
			fields[count] = (struct wire_field){ 0, octets[i], 4 };
			values[count] = octets[i];
		}
		decoding_feed(&decoding, ipfix_with_record(&header, fields, count, values));
		g_assert_cmpuint(decoding_only_record(&decoding)->octets, ==, octets[from]);
		decoding_stop(&decoding);
	}
}

static void
keeps_both_directions_of_a_biflow(void)
{
	static const struct wire_field fields[] = {
		{ 0, 8, 4 },       { 0, 1, 4 }, { REVERSE, 1, 4 }, { 0, 2, 4 },
		{ REVERSE, 2, 4 }, { 0, 6, 1 }, { REVERSE, 6, 1 },
	};
	static const uint64_t values[] = { 1, 1000, 50000, 10, 40, 0x1b, 0x12 };
	struct decoding decoding = decoding_start();

	decoding_feed(&decoding, ipfix_with_record(&header, fields, G_N_ELEMENTS(fields), values));
	g_assert_cmpuint(decoding_only_record(&decoding)->octets, ==, 1000);
	g_assert_cmpuint(decoding_only_record(&decoding)->reverse_octets, ==, 50000);
	g_assert_cmpuint(decoding_only_record(&decoding)->reverse_packets, ==, 40);
	g_assert_cmpuint(decoding_only_record(&decoding)->reverse_tcp_flags, ==, 0x12);
	g_assert_cmpuint(decoding_only_record(&decoding)->marks & FLOW_HAS_REVERSE, !=, 0);
	decoding_stop(&decoding);
}

static void
reads_the_reverse_direction_from_any_counter(void)
{
	static const struct {
		struct wire_field octets, packets;
	} cases[] = {
		{ { REVERSE, 1, 8 }, { REVERSE, 2, 3 } },
		{ { REVERSE, 85, 5 }, { REVERSE, 86, 2 } },
		{ { REVERSE, 23, 4 }, { REVERSE, 24, 4 } },
		{ { REVERSE, 171, 8 }, { REVERSE, 172, 8 } },
		{ { 0, 232, 4 }, { 0, 299, 2 } },
		{ { REVERSE, 231, 4 }, { REVERSE, 298, 4 } },
		{ { REVERSE, 352, 6 }, { REVERSE, 2, 1 } },
	};
	static const uint64_t values[] = { 1, 2, 1000, 4000, 10, 40 };

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const struct wire_field fields[] = {
			{ 0, 8, 4 },     { 0, 12, 4 },  { 0, 231, 3 },
			cases[i].octets, { 0, 298, 2 }, cases[i].packets,
		};
		struct decoding decoding = decoding_start();

		decoding_feed(&decoding,
		              ipfix_with_record(&header, fields, G_N_ELEMENTS(fields), values));
		g_assert_cmpuint(decoding_only_record(&decoding)->octets, ==, 1000);
		g_assert_cmpuint(decoding_only_record(&decoding)->packets, ==, 10);
		g_assert_cmpuint(decoding_only_record(&decoding)->reverse_octets, ==, 4000);
		g_assert_cmpuint(decoding_only_record(&decoding)->reverse_packets, ==, 40);
		g_assert_cmpuint(decoding_only_record(&decoding)->marks & FLOW_HAS_REVERSE, !=, 0);
		decoding_stop(&decoding);
	}
}

static void
takes_the_address_family_that_is_set(void)
{
	static const struct wire_field fields[] = {
		{ 0, 27, 16 }, { 0, 8, 4 }, { 0, 28, 16 }, { 0, 12, 4 }
	};
	static const uint64_t only4[] = { 0, 0x0a000001, 0, 0x0a000002 };
	static const uint64_t only6[] = { 5, 0, 6, 0 };
	struct host_address four = host_address_from_ipv4(0x0a000001);
	struct host_address six = { .octets = { [15] = 6 } };
	struct decoding decoding = decoding_start();

	decoding_feed(&decoding, ipfix_with_record(&header, fields, 4, only4));
	decoding_feed(&decoding, ipfix_with_record(&header, fields, 4, only6));
	g_assert_true(host_address_equal(&decoding_record(&decoding, 0)->source, &four));
	g_assert_true(host_address_equal(&decoding_record(&decoding, 1)->destination, &six));
	decoding_stop(&decoding);
}

static void
takes_the_inner_address_of_two(void)
{
	static const struct wire_field fields[] = { { 0, 8, 4 }, { 0, 8, 4 } };
	static const uint64_t values[] = { 0x01010101, 0x02020202 };
	struct host_address inner = host_address_from_ipv4(0x02020202);
	struct decoding decoding = decoding_start();

	decoding_feed(&decoding, ipfix_with_record(&header, fields, 2, values));
	g_assert_true(host_address_equal(&decoding_only_record(&decoding)->source, &inner));
	decoding_stop(&decoding);
}

static void
marks_events_apart_from_flows(void)
{
	static const struct wire_field fields[] = {
		{ 0, 8, 4 }, { 0, 233, 1 }, { 0, 1, 4 }, { 0, 230, 1 }
	};
	static const uint64_t created[] = { 1, 1, 0, 0 };
	static const uint64_t created_with_octets[] = { 1, 1, 5000, 0 };
	static const uint64_t translated[] = { 1, 0, 0, 4 };
	struct decoding decoding = decoding_start();

	decoding_feed(&decoding, ipfix_with_record(&header, fields, 4, created));
	decoding_feed(&decoding, ipfix_with_record(&header, fields, 4, created_with_octets));
	decoding_feed(&decoding, ipfix_with_record(&header, fields, 4, translated));
	g_assert_cmpuint(decoding_record(&decoding, 0)->marks & FLOW_EVENT, !=, 0);
	g_assert_cmpuint(decoding_record(&decoding, 1)->marks & FLOW_EVENT, ==, 0);
	g_assert_cmpuint(decoding_record(&decoding, 2)->marks & FLOW_EVENT, !=, 0);
	g_assert_cmpuint(decoding_counters(&decoding).records_events, ==, 2);
	decoding_stop(&decoding);
}

static void
reads_sampling_announced_in_every_way(void)
{
	static const struct {
		struct wire_field fields[2];
		uint64_t values[2];
		uint32_t interval;
	} cases[] = {
		{ { { 0, 34, 4 }, { 0, 35, 1 } }, { 100, 1 }, 100 },
		{ { { 0, 50, 4 }, { 0, 49, 1 } }, { 200, 2 }, 200 },
		{ { { 0, 305, 4 }, { 0, 306, 4 } }, { 1, 99 }, 100 },
		{ { { 0, 305, 4 }, { 0, 306, 4 } }, { 10, 990 }, 100 },
		{ { { 0, 305, 4 }, { 0, 304, 2 } }, { 1000, 1 }, 1000 },
		{ { { 0, 305, 4 }, { 0, 306, 4 } }, { 1000, 0 }, 1 }, /* every packet */
		{ { { 0, 309, 4 }, { 0, 310, 4 } }, { 2, 128 }, 64 },
		{ { { 0, 311, 8 }, { 0, 304, 2 } }, { 0x3f50624dd2f1a9fc, 2 }, 1000 }, /* 0.001 */
	};
	static const struct wire_field flow[] = { { 0, 8, 4 } };
	static const uint64_t values[] = { 1 };

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const struct wire_field fields[] = { { 0, 149, 4 },
			                             cases[i].fields[0],
			                             cases[i].fields[1] };
		const uint64_t told[] = { 1, cases[i].values[0], cases[i].values[1] };
		struct decoding decoding = decoding_start();
		GByteArray *message = ipfix_open(&header);

		ipfix_add_options_template(message, 400, fields, 1, 3);
		export_add_record(message, 400, fields, 3, told);
		decoding_feed(&decoding, message);
		decoding_feed(&decoding, ipfix_with_record(&header, flow, 1, values));
		g_assert_cmpuint(decoding_only_record(&decoding)->sampling_interval, ==,
		                 cases[i].interval);
		decoding_stop(&decoding);
	}
}

static void
domain_zero_may_tell_of_the_sampling_of_another(void)
{
	static const struct wire_field fields[] = { { 0, 149, 4 }, { 0, 34, 4 } };
	static const struct wire_field flow[] = { { 0, 8, 4 } };
	static const uint64_t told[] = { 8, 400 };
	static const uint64_t values[] = { 1 };
	static const struct {
		uint32_t from, of, interval;
	} rows[] = { { 0, 8, 400 }, { 0, 0, 400 }, { 0, 9, 0 }, { 7, 8, 0 }, { 7, 7, 400 } };

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct export_header from = header, of = header;
		struct decoding decoding = decoding_start();
		GByteArray *message;

		from.domain = rows[i].from;
		of.domain = rows[i].of;
		message = ipfix_open(&from);
		ipfix_add_options_template(message, 400, fields, 1, 2);
		export_add_record(message, 400, fields, 2, told);
		decoding_feed(&decoding, message);
		decoding_feed(&decoding, ipfix_with_record(&of, flow, 1, values));
		g_assert_cmpuint(decoding_only_record(&decoding)->sampling_interval, ==,
		                 rows[i].interval);
		decoding_stop(&decoding);
	}
}

static void
records_may_tell_of_their_sampling_themselves(void)
{
	static const struct {
		struct wire_field fields[2];
		uint64_t values[2];
		uint32_t interval;
	} cases[] = {
		{ { { 0, 305, 4 }, { 0, 306, 4 } }, { 1, 99 }, 100 },
		{ { { 0, 306, 4 }, { 0, 305, 4 } }, { 99, 1 }, 100 },
		{ { { 0, 309, 4 }, { 0, 310, 4 } }, { 2, 128 }, 64 },
		{ { { 0, 310, 4 }, { 0, 309, 4 } }, { 128, 2 }, 64 },
		{ { { 0, 309, 4 }, { 0, 310, 4 } }, { 0, 128 }, 0 },
		{ { { 0, 311, 8 }, { 0, 304, 2 } }, { 0x3f50624dd2f1a9fc, 4 }, 1000 }, /* 0.001 */
		{ { { 0, 311, 4 }, { 0, 304, 2 } }, { 0x3c23d70a, 4 }, 100 },          /* 0.01 */
		{ { { 0, 311, 4 }, { 0, 34, 4 } }, { 0x7fc00000, 50 }, 50 }, /* not a number */
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const struct wire_field fields[] = { { 0, 8, 4 },
			                             cases[i].fields[0],
			                             cases[i].fields[1] };
		const uint64_t values[] = { 1, cases[i].values[0], cases[i].values[1] };
		struct decoding decoding = decoding_start();

		decoding_feed(&decoding, ipfix_with_record(&header, fields, 3, values));
		g_assert_cmpuint(decoding_only_record(&decoding)->sampling_interval, ==,
		                 cases[i].interval);
		decoding_stop(&decoding);
	}
}

static void
withdraws_one_template(void)
{
	static const struct wire_field fields[] = { { 0, 8, 4 } };
	static const uint64_t values[] = { 1 };
	struct decoding decoding = decoding_start();
	GByteArray *message = ipfix_with_record(&header, fields, 1, values);

	ipfix_add_template(message, 300, NULL, 0);
	export_add_record(message, 300, fields, 1, values);
	decoding_feed(&decoding, message);
	g_assert_cmpuint(decoding.records->len, ==, 1);
	g_assert_cmpuint(decoding_counters(&decoding).templates_withdrawn, ==, 1);
	g_assert_cmpuint(decoding_counters(&decoding).sets_waiting, ==, 1);
	decoding_stop(&decoding);
}

static void
withdraws_all_templates(void)
{
	static const struct wire_field fields[] = { { 0, 8, 4 } };
	static const uint64_t values[] = { 1 };
	struct decoding decoding = decoding_start();
	GByteArray *message = ipfix_open(&header);

	ipfix_add_template(message, 300, fields, 1);
	ipfix_add_template(message, 301, fields, 1);
	ipfix_add_template(message, 2, NULL, 0);
	export_add_record(message, 300, fields, 1, values);
	export_add_record(message, 301, fields, 1, values);
	decoding_feed(&decoding, message);
	g_assert_cmpuint(decoding.records->len, ==, 0);
	g_assert_cmpuint(decoding_counters(&decoding).sets_waiting, ==, 2);
	decoding_stop(&decoding);
}

/* A record with a variable-length field before the counters. */
static void
put_variable(GByteArray *message, size_t length, uint64_t octets)
{
	export_put(message, 0x0a000001, 4);
	if (length < 255) {
		export_put(message, length, 1);
	} else {
		export_put(message, 255, 1);
		export_put(message, length, 2);
	}
	for (size_t i = 0; i < length; i++)
		export_put(message, 'x', 1);
	export_put(message, octets, 4);
}

static const struct wire_field variable_fields[] = { { 0, 8, 4 }, { 0, 82, 65535 }, { 0, 1, 4 } };

static void
reads_variable_length_fields_of_any_length(void)
{
	static const size_t lengths[] = { 0, 1, 254, 255, 300, 5000 };
	struct decoding decoding = decoding_start();
	GByteArray *message = ipfix_open(&header);
	size_t set;

	ipfix_add_template(message, 300, variable_fields, 3);
	set = export_open_set(message, 300);
	for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++)
		put_variable(message, lengths[i], 1000 + i);
	export_close_set(message, set);
	decoding_feed(&decoding, message);
	g_assert_cmpuint(decoding.records->len, ==, G_N_ELEMENTS(lengths));
	for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++)
		g_assert_cmpuint(decoding_record(&decoding, i)->octets, ==, 1000 + i);
	decoding_stop(&decoding);
}

static void
counts_a_variable_length_record_that_goes_past_its_set(void)
{
	struct decoding decoding = decoding_start();
	GByteArray *message = ipfix_open(&header);
	size_t set, second;

	ipfix_add_template(message, 300, variable_fields, 3);
	set = export_open_set(message, 300);
	put_variable(message, 10, 1);
	second = message->len;
	put_variable(message, 10, 2);
	export_close_set(message, set);
	export_put_at(message, second + 4, 200, 1);
	decoding_feed(&decoding, message);
	g_assert_cmpuint(decoding.records->len, ==, 1);
	g_assert_cmpuint(decoding_counters(&decoding).records_cut, ==, 1);
	decoding_stop(&decoding);
}

static void
reads_elements_that_are_sent_as_variable_length(void)
{
	static const struct wire_field fields[] = {
		{ 0, 8, 65535 }, { 0, 1, 65535 }, { 0, 161, 65535 }, { 0, 152, 8 }
	};
	struct decoding decoding = decoding_start();
	GByteArray *message = ipfix_open(&header);
	size_t set;

	ipfix_add_template(message, 300, fields, 4);
	set = export_open_set(message, 300);
	export_put(message, 4, 1);
	export_put(message, 0x0a000001, 4);
	export_put(message, 3, 1);
	export_put(message, 70000, 3);
	export_put(message, 2, 1);
	export_put(message, 2500, 2);
	export_put(message, (uint64_t)export_ms - 5000, 8);
	export_close_set(message, set);
	decoding_feed(&decoding, message);
	g_assert_cmpuint(decoding_only_record(&decoding)->octets, ==, 70000);
	g_assert_cmpint(decoding_only_record(&decoding)->end.ms, ==, export_ms - 2500);
	decoding_stop(&decoding);
}

static void
refuses_messages_of_another_length(void)
{
	static const struct wire_field fields[] = { { 0, 8, 4 } };
	static const uint64_t values[] = { 1 };
	struct decoding decoding = decoding_start();
	GByteArray *message = ipfix_with_record(&header, fields, 1, values);

	export_close(message);
	export_put_at(message, 2, message->len + 1, 2);
	decoding_feed_octets(&decoding, message->data, message->len);
	export_put_at(message, 2, 15, 2);
	decoding_feed_octets(&decoding, message->data, message->len);
	g_byte_array_unref(message);
	g_assert_cmpuint(decoding_counters(&decoding).datagrams_length, ==, 2);
	g_assert_cmpuint(decoding.records->len, ==, 0);
	decoding_stop(&decoding);
}

static void
reads_a_second_message_in_a_datagram(void)
{
	static const struct wire_field fields[] = { { 0, 8, 4 } };
	static const uint64_t values[] = { 1 };
	struct decoding decoding = decoding_start();
	GByteArray *both = ipfix_with_record(&header, fields, 1, values);
	GByteArray *second = ipfix_open(&header);

	export_add_record(second, 300, fields, 1, values);
	export_close(second);
	export_close(both);
	export_put_octets(both, second->data, second->len);
	decoding_feed_octets(&decoding, both->data, both->len);
	g_assert_cmpuint(decoding.records->len, ==, 2);
	g_assert_cmpuint(decoding_counters(&decoding).datagrams_ipfix, ==, 2);
	/* What is no whole Message is no part of it. */
	decoding_feed_octets(&decoding, both->data, both->len - 1);
	g_assert_cmpuint(decoding.records->len, ==, 3);
	g_assert_cmpuint(decoding_counters(&decoding).datagrams_ipfix, ==, 3);
	g_byte_array_unref(both);
	g_byte_array_unref(second);
	decoding_stop(&decoding);
}

static void
keeps_the_templates_of_a_file(void)
{
	static const struct wire_field fields[] = { { 0, 8, 4 } };
	static const uint64_t values[] = { 1 };
	struct decoding decoding = decoding_start();
	GByteArray *message;

	decoding.from_file = true;
	decoding_feed(&decoding, ipfix_with_record(&header, fields, 1, values));
	for (int i = 0; i < 10; i++) {
		decoding.arrival.ms += 3600 * EXPORT_MS_PER_S;
		message = ipfix_open(&header);
		export_add_record(message, 300, fields, 1, values);
		decoding_feed(&decoding, message);
	}
	g_assert_cmpuint(decoding.records->len, ==, 11);
	g_assert_cmpuint(decoding_counters(&decoding).templates_expired, ==, 0);
	decoding_stop(&decoding);
}

static void
believes_the_flows_of_a_file_that_was_written_long_after(void)
{
	static const struct wire_field fields[] = { { 0, 8, 4 }, { 0, 152, 8 }, { 0, 153, 8 } };
	const int64_t year_ms = INT64_C(365) * 24 * 3600 * 1000;
	const uint64_t values[] = { 1, (uint64_t)(export_ms - year_ms - 500),
		                    (uint64_t)(export_ms - year_ms) };

	for (int i = 0; i < 2; i++) {
		struct decoding decoding = decoding_start();
		uint32_t impossible;

		decoding.from_file = i == 0;
		decoding_feed(&decoding, ipfix_with_record(&header, fields, 3, values));
		impossible = decoding_only_record(&decoding)->marks & FLOW_TIMES_IMPOSSIBLE;
		g_assert_cmpuint(impossible != 0, ==, i != 0);
		g_assert_cmpint(decoding.batch->export_time.ms, ==,
		                i == 0 ? export_ms - year_ms : export_ms);
		decoding_stop(&decoding);
	}
}

static void
skips_reserved_sets(void)
{
	static const struct wire_field fields[] = { { 0, 8, 4 } };
	static const uint64_t values[] = { 1 };
	struct decoding decoding = decoding_start();
	GByteArray *message = ipfix_open(&header);

	export_close_set(message, export_open_set(message, 0));
	export_close_set(message, export_open_set(message, 1));
	export_close_set(message, export_open_set(message, 255));
	ipfix_add_template(message, 300, fields, 1);
	export_add_record(message, 300, fields, 1, values);
	decoding_feed(&decoding, message);
	g_assert_cmpuint(decoding.records->len, ==, 1);
	g_assert_cmpuint(decoding_counters(&decoding).sets_reserved, ==, 3);
	decoding_stop(&decoding);
}

static void
refuses_options_templates_without_a_scope(void)
{
	static const struct wire_field fields[] = { { 0, 144, 4 }, { 0, 34, 4 } };
	struct decoding decoding = decoding_start();
	GByteArray *message = ipfix_open(&header);

	ipfix_add_options_template(message, 400, fields, 0, 2);
	ipfix_add_options_template(message, 401, fields, 9, 2);
	decoding_feed(&decoding, message);
	g_assert_cmpuint(decoding_counters(&decoding).templates_scope, ==, 2);
	decoding_stop(&decoding);
}

static void
gives_out_more_records_than_fit_a_batch(void)
{
	static const struct wire_field fields[] = { { 0, 8, 4 } };
	struct decoding decoding = decoding_start();
	GByteArray *message = ipfix_open(&header);
	enum { RECORDS = 3 * FLOW_BATCH_RECORDS + 4 };
	size_t set;

	ipfix_add_template(message, 300, fields, 1);
	set = export_open_set(message, 300);
	for (uint32_t i = 0; i < RECORDS; i++)
		export_put(message, i + 1, 4);
	export_close_set(message, set);
	decoding_feed(&decoding, message);
	g_assert_cmpuint(decoding.records->len, ==, RECORDS);
	for (uint32_t i = 0; i < RECORDS; i++) {
		struct host_address expected = host_address_from_ipv4(i + 1);

		g_assert_true(
			host_address_equal(&decoding_record(&decoding, i)->source, &expected));
	}
	decoding_stop(&decoding);
}

int
main(int argc, char **argv)
{
#define TEST(name) g_test_add_func("/ipfix/" #name, name)
	g_test_init(&argc, &argv, NULL);
	TEST(reads_counters_of_any_width);
	TEST(prefers_the_better_counter);
	TEST(keeps_both_directions_of_a_biflow);
	TEST(reads_the_reverse_direction_from_any_counter);
	TEST(takes_the_address_family_that_is_set);
	TEST(takes_the_inner_address_of_two);
	TEST(marks_events_apart_from_flows);
	TEST(reads_sampling_announced_in_every_way);
	TEST(domain_zero_may_tell_of_the_sampling_of_another);
	TEST(records_may_tell_of_their_sampling_themselves);
	TEST(withdraws_one_template);
	TEST(withdraws_all_templates);
	TEST(reads_variable_length_fields_of_any_length);
	TEST(counts_a_variable_length_record_that_goes_past_its_set);
	TEST(reads_elements_that_are_sent_as_variable_length);
	TEST(refuses_messages_of_another_length);
	TEST(reads_a_second_message_in_a_datagram);
	TEST(keeps_the_templates_of_a_file);
	TEST(believes_the_flows_of_a_file_that_was_written_long_after);
	TEST(skips_reserved_sets);
	TEST(refuses_options_templates_without_a_scope);
	TEST(gives_out_more_records_than_fit_a_batch);
	return g_test_run();
}
