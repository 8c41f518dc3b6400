#include <glib.h>
#include <string.h>

#include "tests/support/decoding.h"
#include "tests/support/export_builder.h"

enum {
	VARIABLE = 65535,
	FLOW = 300,
	PAIR = 301,
	PEER = 302,
	BRANCH = 303,
	YAF = 6871,
	CESNET = 8057,
	REVERSE = 29305
};

static const struct export_header header = { .export_s = TEST_EXPORT_S, .domain = 1 };

/* A 5-tuple with counters of its own. */
static const struct wire_field flow[] = { { 0, 8, 4 },  { 0, 12, 4 }, { 0, 4, 1 }, { 0, 7, 2 },
	                                  { 0, 11, 2 }, { 0, 1, 4 },  { 0, 2, 4 } };
/* The two ends alone, and one of them. */
static const struct wire_field pair[] = { { 0, 8, 4 }, { 0, 12, 4 } };
static const struct wire_field peer[] = { { 0, 12, 4 } };
static const struct wire_field branch[] = { { 0, 8, 4 }, { 0, 292, VARIABLE } };

static GByteArray *
open_message(void)
{
	GByteArray *message = ipfix_open(&header);

	ipfix_add_template(message, FLOW, flow, G_N_ELEMENTS(flow));
	ipfix_add_template(message, PAIR, pair, G_N_ELEMENTS(pair));
	ipfix_add_template(message, PEER, peer, G_N_ELEMENTS(peer));
	ipfix_add_template(message, BRANCH, branch, G_N_ELEMENTS(branch));
	return message;
}

static void
put_flow(GByteArray *list, uint32_t number)
{
	export_put(list, 0x0a000000 + number, 4);
	export_put(list, 0xc6336400 + number, 4);
	export_put(list, 6, 1);
	export_put(list, 40000 + number, 2);
	export_put(list, 443, 2);
	export_put(list, 100 * number, 4);
	export_put(list, number, 4);
}

static void
put_list(GByteArray *message, const GByteArray *list)
{
	export_put(message, 255, 1);
	export_put(message, list->len, 2);
	export_put_octets(message, list->data, list->len);
}

static GByteArray *
open_list(uint16_t id)
{
	GByteArray *list = g_byte_array_new();

	export_put(list, 3, 1); /* all of */
	export_put(list, id, 2);
	return list;
}

/* Feeds one record of `fields`, the last of which is the list, behind `values` of the others. */
static void
feed_record(struct decoding *decoding, GByteArray *message, const struct wire_field *fields,
            size_t count, const uint64_t *values, GByteArray *list)
{
	size_t set;

	ipfix_add_template(message, 400, fields, count);
	set = export_open_set(message, 400);
	for (size_t i = 0; i + 1 < count; i++)
		export_put(message, values[i], fields[i].length);
	put_list(message, list);
	export_close_set(message, set);
	decoding_feed(decoding, message);
	g_byte_array_unref(list);
}

static void
makes_a_flow_of_each_record_that_has_a_key(void)
{
	static const struct wire_field outer[] = {
		{ 0, 152, 8 }, { 0, 153, 8 }, { 0, 10, 4 }, { 0, 292, VARIABLE }
	};
	static const uint64_t values[] = { TEST_EXPORT_S * 1000UL - 5000,
		                           TEST_EXPORT_S * 1000UL - 1000, 17 };
	struct decoding decoding = decoding_start();
	GByteArray *list = open_list(FLOW);
	struct decode_counters counters;

	for (uint32_t i = 1; i <= 3; i++)
		put_flow(list, i);
	feed_record(&decoding, open_message(), outer, G_N_ELEMENTS(outer), values, list);
	g_assert_cmpuint(decoding.records->len, ==, 3);
	for (uint32_t i = 1; i <= 3; i++) {
		const struct flow_record *record = decoding_record(&decoding, i - 1);
		struct host_address source = host_address_from_ipv4(0x0a000000 + i);
		struct host_address destination = host_address_from_ipv4(0xc6336400 + i);

		g_assert_true(host_address_equal(&record->source, &source));
		g_assert_true(host_address_equal(&record->destination, &destination));
		g_assert_cmpuint(record->source_port, ==, 40000 + i);
		g_assert_cmpuint(record->octets, ==, 100 * i);
		g_assert_cmpuint(record->packets, ==, i);
		/* What the records have in common. */
		g_assert_cmpuint(record->ingress_interface, ==, 17);
		g_assert_cmpint(record->start.ms, ==, (int64_t)values[0]);
		g_assert_cmpint(record->end.ms, ==, (int64_t)values[1]);
		g_assert_cmpuint(record->marks & FLOW_HAS_TIMES, !=, 0);
		g_assert_cmpuint(record->template_id, ==, 400);
	}
	counters = decoding_counters(&decoding);
	g_assert_cmpuint(counters.records_taken, ==, 3);
	g_assert_cmpuint(counters.records_from_lists, ==, 3);
	decoding_stop(&decoding);
}

static void
takes_the_lists_of_several_templates(void)
{
	static const struct wire_field outer[] = { { 0, 4, 1 }, { 0, 293, VARIABLE } };
	static const uint64_t values[] = { 17 };
	struct decoding decoding = decoding_start();
	GByteArray *list = g_byte_array_new();

	export_put(list, 3, 1);
	export_put(list, FLOW, 2);
	export_put(list, 4 + 21, 2);
	put_flow(list, 1);
	export_put(list, PAIR, 2);
	export_put(list, 4 + 16, 2);
	export_put(list, 0x0a000002, 4);
	export_put(list, 0xc6336402, 4);
	export_put(list, 0x0a000003, 4);
	export_put(list, 0xc6336403, 4);
	feed_record(&decoding, open_message(), outer, 2, values, list);
	g_assert_cmpuint(decoding.records->len, ==, 3);
	/* Each says what it has itself; what it has not is inherited. */
	g_assert_cmpuint(decoding_record(&decoding, 0)->protocol, ==, 6);
	g_assert_cmpuint(decoding_record(&decoding, 1)->protocol, ==, 17);
	g_assert_cmpuint(decoding_record(&decoding, 2)->destination.octets[15], ==, 3);
	decoding_stop(&decoding);
}

static void
shares_out_what_only_the_record_around_them_tells(void)
{
	static const struct wire_field outer[] = { { 0, 1, 4 }, { 0, 2, 4 }, { 0, 292, VARIABLE } };
	static const uint64_t values[] = { 1001, 8 };
	struct decoding decoding = decoding_start();
	GByteArray *list = open_list(PAIR);
	uint64_t octets = 0, packets = 0;

	for (uint32_t i = 0; i < 3; i++) {
		export_put(list, 0x0a000000 + i, 4);
		export_put(list, 0xc6336400 + i, 4);
	}
	feed_record(&decoding, open_message(), outer, 3, values, list);
	g_assert_cmpuint(decoding.records->len, ==, 3);
	for (uint32_t i = 0; i < 3; i++) {
		octets += decoding_record(&decoding, i)->octets;
		packets += decoding_record(&decoding, i)->packets;
		g_assert_cmpuint(decoding_record(&decoding, i)->octets, >=, 333);
	}
	g_assert_cmpuint(octets, ==, 1001);
	g_assert_cmpuint(packets, ==, 8);
	decoding_stop(&decoding);
}

static void
completes_a_key_that_is_spread_over_nested_lists(void)
{
	static const struct wire_field outer[] = { { 0, 11, 2 }, { 0, 292, VARIABLE } };
	static const uint64_t values[] = { 53 };
	struct decoding decoding = decoding_start();
	GByteArray *list = open_list(BRANCH);

	for (uint32_t i = 0; i < 2; i++) {
		g_autoptr(GByteArray) inner = open_list(PEER);

		export_put(list, 0x0a000000 + i, 4);
		export_put(inner, 0xc6336400 + i, 4);
		export_put(inner, 0xc6336410 + i, 4);
		put_list(list, inner);
	}
	feed_record(&decoding, open_message(), outer, 2, values, list);
	g_assert_cmpuint(decoding.records->len, ==, 4);
	for (uint32_t i = 0; i < 4; i++) {
		const struct flow_record *record = decoding_record(&decoding, i);

		g_assert_cmpuint(record->source.octets[15], ==, i / 2);
		g_assert_cmpuint(record->destination.octets[15], ==, i / 2 + (i % 2) * 0x10);
		g_assert_cmpuint(record->destination_port, ==, 53);
	}
	decoding_stop(&decoding);
}

static void
adds_the_end_that_a_record_lacks(void)
{
	static const struct wire_field outer[] = { { 0, 8, 4 }, { 0, 292, VARIABLE } };
	static const uint64_t values[] = { 0x0a000009 };
	struct decoding decoding = decoding_start();
	GByteArray *list = open_list(PEER);

	export_put(list, 0xc6336401, 4);
	export_put(list, 0xc6336402, 4);
	feed_record(&decoding, open_message(), outer, 2, values, list);
	g_assert_cmpuint(decoding.records->len, ==, 2);
	g_assert_cmpuint(decoding_record(&decoding, 1)->source.octets[15], ==, 9);
	g_assert_cmpuint(decoding_record(&decoding, 1)->destination.octets[15], ==, 2);
	decoding_stop(&decoding);
}

static void
leaves_the_ends_of_a_record_that_has_both(void)
{
	static const struct wire_field outer[] = { { 0, 8, 4 },
		                                   { 0, 12, 4 },
		                                   { 0, 292, VARIABLE } };
	static const uint64_t values[] = { 1, 2 };
	struct decoding decoding = decoding_start();
	GByteArray *list = open_list(FLOW);

	/* As YAF lists the addresses of DNS answers. */
	put_flow(list, 7);
	feed_record(&decoding, open_message(), outer, 3, values, list);
	g_assert_cmpuint(decoding.records->len, ==, 1);
	g_assert_cmpuint(decoding_record(&decoding, 0)->source.octets[15], ==, 1);
	g_assert_cmpuint(decoding_record(&decoding, 0)->destination.octets[15], ==, 2);
	g_assert_cmpuint(decoding_record(&decoding, 0)->octets, ==, 0);
	decoding_stop(&decoding);
}

static void
counts_what_it_cannot_read_by_its_reason(void)
{
	static const struct wire_field outer[] = { { 0, 4, 1 }, { 0, 292, VARIABLE } };
	static const uint64_t values[] = { 17 };
	struct decoding decoding = decoding_start();
	GByteArray *unknown = open_list(999), *cut = open_list(FLOW), *empty = open_list(FLOW);
	struct decode_counters counters;

	export_put(unknown, 0, 8);
	feed_record(&decoding, open_message(), outer, 2, values, unknown);
	put_flow(cut, 1);
	g_byte_array_set_size(cut, cut->len - 1);
	feed_record(&decoding, open_message(), outer, 2, values, cut);
	feed_record(&decoding, open_message(), outer, 2, values, empty);
	counters = decoding_counters(&decoding);
	g_assert_cmpuint(decoding.records->len, ==, 0);
	g_assert_cmpuint(counters.records_lists, ==, 2);
	g_assert_cmpuint(counters.lists_template_missing, ==, 1);
	g_assert_cmpuint(counters.records_without_address, ==, 1);
	g_assert_cmpuint(counters.records_taken, ==, 3);
	decoding_stop(&decoding);
}

static void
gives_out_more_flows_than_a_batch_holds(void)
{
	static const struct wire_field outer[] = { { 0, 4, 1 }, { 0, 292, VARIABLE } };
	struct decoding decoding = decoding_start();
	GByteArray *message = open_message();
	size_t set;

	ipfix_add_template(message, 400, outer, 2);
	set = export_open_set(message, 400);
	for (int record = 0; record < 5; record++) {
		g_autoptr(GByteArray) list = open_list(PAIR);

		for (uint32_t i = 0; i < 700; i++) {
			export_put(list, 0x0a000000 + i, 4);
			export_put(list, 0xc6336400 + i, 4);
		}
		export_put(message, 6, 1);
		put_list(message, list);
	}
	export_close_set(message, set);
	decoding_feed(&decoding, message);
	g_assert_cmpuint(decoding.records->len, ==, 5 * 700);
	g_assert_cmpuint(decoding_counters(&decoding).records_decoded, ==, 5 * 700);
	g_assert_cmpuint(decoding_counters(&decoding).sequence_lost, ==, 0);
	decoding_stop(&decoding);
}

static void
reads_durations_within_lists(void)
{
	static const struct wire_field outer[] = { { 0, 160, 8 }, { 0, 292, VARIABLE } };
	static const struct wire_field timed[] = {
		{ 0, 8, 4 }, { 0, 12, 4 }, { 0, 152, 8 }, { 0, 161, 4 }
	};
	static const uint64_t values[] = { 1 };
	struct decoding decoding = decoding_start();
	GByteArray *message = open_message();
	GByteArray *list = open_list(310);

	ipfix_add_template(message, 310, timed, G_N_ELEMENTS(timed));
	export_put(list, 0x0a000001, 4);
	export_put(list, 0xc6336401, 4);
	export_put(list, TEST_EXPORT_S * 1000UL - 9000, 8);
	export_put(list, 4000, 4);
	feed_record(&decoding, message, outer, 2, values, list);
	g_assert_cmpuint(decoding.records->len, ==, 1);
	g_assert_cmpint(decoding_record(&decoding, 0)->start.ms, ==, TEST_EXPORT_S * 1000L - 9000);
	g_assert_cmpint(decoding_record(&decoding, 0)->end.ms, ==, TEST_EXPORT_S * 1000L - 5000);
	decoding_stop(&decoding);
}

static void
put_basic_list(GByteArray *message, uint16_t element, const int16_t *values, size_t count,
               unsigned width)
{
	export_put(message, 9 + count * width, 1);
	export_put(message, 255, 1); /* semantic: undefined */
	export_put(message, element | 0x8000, 2);
	export_put(message, width, 2);
	export_put(message, CESNET, 4);
	for (size_t i = 0; i < count; i++)
		export_put(message, (uint16_t)values[i], width);
}

static void
reads_packet_sizes_from_lists(void)
{
	static const struct wire_field fields[] = {
		{ 0, 8, 4 }, { 0, 4, 1 },       { 0, 2, 4 },       { REVERSE, 2, 4 },
		{ 0, 1, 4 }, { 0, 291, 65535 }, { 0, 291, 65535 },
	};
	static const int16_t payloads[] = { 0, 1440, 100, 1000 };
	static const int16_t ways[] = { 1, -1, 1, -1 };
	struct decoding decoding = decoding_start();
	GByteArray *message = ipfix_open(&header);
	const struct flow_record *record;
	size_t set;

	ipfix_add_template(message, 300, fields, G_N_ELEMENTS(fields));
	set = export_open_set(message, 300);
	export_put(message, 0x0a000001, 4);
	export_put(message, 6, 1);
	export_put(message, 2, 4);
	export_put(message, 2, 4);
	export_put(message, 180, 4);
	put_basic_list(message, 1013, payloads, 4, 2);
	put_basic_list(message, 1016, ways, 4, 1);
	export_close_set(message, set);
	decoding_feed(&decoding, message);
	record = decoding_record(&decoding, 0);
	g_assert_cmpuint(record->marks & FLOW_HAS_SIZES, !=, 0);
	g_assert_cmpuint(record->sizes[0], ==, 1);         /* 40 octets */
	g_assert_cmpuint(record->sizes[2], ==, 1);         /* 140 */
	g_assert_cmpuint(record->reverse_sizes[5], ==, 1); /* 1040 */
	g_assert_cmpuint(record->reverse_sizes[6], ==, 1); /* 1480 */
	decoding_stop(&decoding);
}

static void
reads_flags_from_a_sub_template(void)
{
	static const struct wire_field fields[] = { { 0, 8, 4 }, { 0, 293, 65535 } };
	static const struct wire_field tcp[] = {
		{ 0, 184, 4 }, { YAF, 14, 1 }, { YAF, 15, 1 }, { YAF, 16398, 1 }
	};
	struct decoding decoding = decoding_start();
	GByteArray *message = ipfix_open(&header);
	size_t set;

	ipfix_add_template(message, 301, tcp, 4);
	ipfix_add_template(message, 300, fields, 2);
	set = export_open_set(message, 300);
	export_put(message, 0x0a000001, 4);
	export_put(message, 1 + 4 + 7, 1);
	export_put(message, 3, 1); /* semantic: all of */
	export_put(message, 301, 2);
	export_put(message, 4 + 7, 2);
	export_put(message, 0xdeadbeef, 4);
	export_put(message, 0x02, 1);
	export_put(message, 0x19, 1);
	export_put(message, 0x12, 1);
	export_close_set(message, set);
	decoding_feed(&decoding, message);
	g_assert_cmpuint(decoding_record(&decoding, 0)->tcp_flags, ==, 0x1b);
	g_assert_cmpuint(decoding_record(&decoding, 0)->reverse_tcp_flags, ==, 0x12);
	g_assert_cmpuint(decoding_record(&decoding, 0)->marks & FLOW_HAS_FLAGS, !=, 0);
	decoding_stop(&decoding);
}

int
main(int argc, char **argv)
{
#define TEST(name) g_test_add_func("/record_lists/" #name, name)
	g_test_init(&argc, &argv, NULL);
	TEST(makes_a_flow_of_each_record_that_has_a_key);
	TEST(takes_the_lists_of_several_templates);
	TEST(shares_out_what_only_the_record_around_them_tells);
	TEST(completes_a_key_that_is_spread_over_nested_lists);
	TEST(adds_the_end_that_a_record_lacks);
	TEST(leaves_the_ends_of_a_record_that_has_both);
	TEST(counts_what_it_cannot_read_by_its_reason);
	TEST(gives_out_more_flows_than_a_batch_holds);
	TEST(reads_durations_within_lists);
	TEST(reads_packet_sizes_from_lists);
	TEST(reads_flags_from_a_sub_template);
	return g_test_run();
}
