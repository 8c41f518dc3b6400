#include <glib.h>

#include "tests/support/decoding.h"
#include "tests/support/export_builder.h"

/* What holds of more than one protocol, and of what exporters put together in a datagram. */

enum { VENDOR = 4242, VARIABLE = 65535 };

static const struct export_header header = { .export_s = TEST_EXPORT_S,
	                                     .uptime_ms = 100000,
	                                     .domain = 1 };
static const struct wire_field flow[] = { { 0, 8, 4 }, { 0, 12, 4 }, { 0, 1, 4 } };
static const uint64_t flow_values[] = { 0x0a000001, 0x0a000002, 777 };
enum { FLOW = G_N_ELEMENTS(flow) };

typedef GByteArray *(*opener)(const struct export_header *header);
typedef void (*template_adder)(GByteArray *message, uint16_t id, const struct wire_field *fields,
                               size_t count);
typedef void (*options_adder)(GByteArray *message, uint16_t id, const struct wire_field *fields,
                              size_t scopes, size_t count);

static const struct protocol {
	opener open;
	template_adder add_template;
	options_adder add_options;
	uint16_t template_set;
} protocols[] = {
	{ netflow9_open, netflow9_add_template, netflow9_add_options_template, 0 },
	{ ipfix_open, ipfix_add_template, ipfix_add_options_template, 2 },
};

static void
put_values(GByteArray *message, const struct wire_field *fields, size_t count,
           const uint64_t *values)
{
	for (size_t i = 0; i < count; i++)
		export_put(message, values[i], fields[i].length);
}

static void
put_template(GByteArray *message, uint16_t id, const struct wire_field *fields, size_t count)
{
	export_put(message, id, 2);
	export_put(message, count, 2);
	for (size_t i = 0; i < count; i++) {
		export_put(message, fields[i].element, 2);
		export_put(message, fields[i].length, 2);
	}
}

static void
reads_several_templates_of_one_set(void)
{
	static const struct wire_field other[] = { { 0, 12, 4 }, { 0, 1, 8 }, { 0, 8, 4 } };
	static const uint64_t other_values[] = { 0x0a000002, 777, 0x0a000001 };

	for (size_t i = 0; i < G_N_ELEMENTS(protocols); i++) {
		struct decoding decoding = decoding_start();
		GByteArray *message = protocols[i].open(&header);
		size_t set = export_open_set(message, protocols[i].template_set);

		put_template(message, 256, flow, FLOW);
		put_template(message, 257, other, 3);
		put_template(message, 258, flow, FLOW);
		export_close_set(message, set);
		export_add_record(message, 258, flow, FLOW, flow_values);
		export_add_record(message, 257, other, 3, other_values);
		export_add_record(message, 256, flow, FLOW, flow_values);
		decoding_feed(&decoding, message);
		g_assert_cmpuint(decoding.records->len, ==, 3);
		for (size_t k = 0; k < 3; k++) {
			g_assert_cmpuint(decoding_record(&decoding, k)->octets, ==, 777);
			g_assert_cmpuint(decoding_record(&decoding, k)->source.octets[15], ==, 1);
		}
		decoding_stop(&decoding);
	}
}

static void
finds_a_sampler_by_an_id_of_any_width(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(protocols); i++) {
		for (uint16_t announced = 1; announced <= 8; announced++) {
			const struct wire_field options[] = { { 0, 1, 4 },
				                              { 0, 48, announced },
				                              { 0, 50, 4 } };
			const uint64_t told[] = { 0, 7, 512 };
			uint16_t used = (uint16_t)(9 - announced);
			const struct wire_field fields[] = { { 0, 8, 4 }, { 0, 48, used } };
			const uint64_t values[] = { 1, 7 };
			struct decoding decoding = decoding_start();
			GByteArray *message = protocols[i].open(&header);

			protocols[i].add_options(message, 400, options, 1, 3);
			export_add_record(message, 400, options, 3, told);
			protocols[i].add_template(message, 300, fields, 2);
			export_add_record(message, 300, fields, 2, values);
			decoding_feed(&decoding, message);
			g_assert_cmpuint(decoding.records->len, ==, 1);
			g_assert_cmpuint(decoding_record(&decoding, 0)->sampling_interval, ==, 512);
			decoding_stop(&decoding);
		}
	}
}

static void
reads_options_of_every_scope(void)
{
	/* System, interface, line card, cache, Template. */
	for (uint16_t scope = 1; scope <= 5; scope++) {
		const struct wire_field options[] = { { 0, scope, 4 }, { 0, 34, 4 }, { 0, 35, 1 } };
		static const uint64_t told[] = { 3, 100, 1 };
		static const struct wire_field fields[] = { { 0, 8, 4 }, { 0, 10, 4 } };
		static const uint64_t of_interface[] = { 1, 3 }, of_another[] = { 1, 4 };
		struct decoding decoding = decoding_start();
		GByteArray *message = netflow9_open(&header);

		netflow9_add_options_template(message, 400, options, 1, 3);
		export_add_record(message, 400, options, 3, told);
		netflow9_add_template(message, 300, fields, 2);
		export_add_record(message, 300, fields, 2, of_interface);
		export_add_record(message, 300, fields, 2, of_another);
		decoding_feed(&decoding, message);
		g_assert_cmpuint(decoding_record(&decoding, 0)->sampling_interval, ==, 100);
		/* The only sampler there is tells of other interfaces too. */
		g_assert_cmpuint(decoding_counters(&decoding).records_options, ==, 1);
		decoding_stop(&decoding);
	}
}

static void
reads_on_when_an_id_changes_its_kind(void)
{
	static const struct wire_field options[] = { { 0, 149, 4 }, { 0, 34, 4 } };
	static const uint64_t told[] = { 1, 64 };

	for (size_t i = 0; i < G_N_ELEMENTS(protocols); i++) {
		struct decoding decoding = decoding_start();
		GByteArray *first = protocols[i].open(&header), *second, *third;

		protocols[i].add_template(first, 300, flow, FLOW);
		export_add_record(first, 300, flow, FLOW, flow_values);
		decoding_feed(&decoding, first);
		second = protocols[i].open(&header);
		protocols[i].add_options(second, 300, options, 1, 2);
		export_add_record(second, 300, options, 2, told);
		decoding_feed(&decoding, second);
		third = protocols[i].open(&header);
		protocols[i].add_template(third, 300, flow, FLOW);
		export_add_record(third, 300, flow, FLOW, flow_values);
		decoding_feed(&decoding, third);
		g_assert_cmpuint(decoding.records->len, ==, 2);
		g_assert_cmpuint(decoding_record(&decoding, 1)->sampling_interval, ==, 64);
		g_assert_cmpuint(decoding_counters(&decoding).templates_redefined, ==, 2);
		decoding_stop(&decoding);
	}
}

static void
keeps_the_templates_of_two_protocols_apart(void)
{
	static const struct wire_field other[] = { { 0, 8, 4 }, { 0, 2, 8 } };
	static const uint64_t other_values[] = { 9, 5 };
	struct decoding decoding = decoding_start();
	GByteArray *netflow = netflow9_open(&header), *ipfix = ipfix_open(&header);

	netflow9_add_template(netflow, 300, flow, FLOW);
	decoding_feed(&decoding, netflow);
	ipfix_add_template(ipfix, 300, other, 2);
	decoding_feed(&decoding, ipfix);
	netflow = netflow9_open(&header);
	export_add_record(netflow, 300, flow, FLOW, flow_values);
	decoding_feed(&decoding, netflow);
	ipfix = ipfix_open(&header);
	export_add_record(ipfix, 300, other, 2, other_values);
	decoding_feed(&decoding, ipfix);
	g_assert_cmpuint(decoding.records->len, ==, 2);
	g_assert_cmpuint(decoding_record(&decoding, 0)->octets, ==, 777);
	g_assert_cmpuint(decoding_record(&decoding, 1)->packets, ==, 5);
	decoding_stop(&decoding);
}

static void
skips_what_a_vendor_puts_between_the_fields(void)
{
	static const struct wire_field fields[] = {
		{ VENDOR, 8, 3 },    { 0, 8, 4 },         { VENDOR, 12, VARIABLE },
		{ 0, 12, 4 },        { VENDOR, 1, 900 },  { VENDOR, 2, 0 },
		{ 0, 1, 4 },         { 0, 82, VARIABLE }, { 0, 2, 3 },
		{ VENDOR, 32767, 1 }
	};
	static const size_t lengths[] = { 0, 1, 254, 255, 256, 5000 };

	for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
		struct decoding decoding = decoding_start();
		GByteArray *message = ipfix_open(&header);
		const struct flow_record *record;
		size_t set;

		ipfix_add_template(message, 300, fields, G_N_ELEMENTS(fields));
		set = export_open_set(message, 300);
		export_put(message, 0xffffff, 3);
		export_put(message, 0x0a000001, 4);
		if (lengths[i] >= 255)
			export_put(message, 255, 1);
		export_put(message, lengths[i], lengths[i] >= 255 ? 2 : 1);
		for (size_t k = 0; k < lengths[i]; k++)
			export_put(message, 0xee, 1);
		export_put(message, 0x0a000002, 4);
		for (size_t k = 0; k < 900; k++)
			export_put(message, 0xdd, 1);
		export_put(message, 777, 4);
		/* The long form is good for any length. */
		export_put(message, 255, 1);
		export_put(message, 2, 2);
		export_put(message, 0x6869, 2);
		export_put(message, 5, 3);
		export_put(message, 0xff, 1);
		export_close_set(message, set);
		decoding_feed(&decoding, message);
		g_assert_cmpuint(decoding.records->len, ==, 1);
		record = decoding_record(&decoding, 0);
		g_assert_cmpuint(record->source.octets[15], ==, 1);
		g_assert_cmpuint(record->destination.octets[15], ==, 2);
		g_assert_cmpuint(record->octets, ==, 777);
		g_assert_cmpuint(record->packets, ==, 5);
		decoding_stop(&decoding);
	}
}

static void
reads_no_record_of_padding_of_any_length(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(protocols); i++) {
		for (size_t padding = 0; padding < 12; padding++) {
			struct decoding decoding = decoding_start();
			GByteArray *message = protocols[i].open(&header);
			size_t set;

			protocols[i].add_template(message, 300, flow, FLOW);
			set = export_open_set(message, 300);
			put_values(message, flow, FLOW, flow_values);
			put_values(message, flow, FLOW, flow_values);
			for (size_t k = 0; k < padding; k++)
				export_put(message, 0, 1);
			export_close_set(message, set);
			/* The Set's own length, padding counted in. */
			export_put_at(message, set + 2, 4 + 2 * 12 + padding, 2);
			g_byte_array_set_size(message, (guint)(set + 4 + 2 * 12 + padding));
			export_add_record(message, 300, flow, FLOW, flow_values);
			decoding_feed(&decoding, message);
			g_assert_cmpuint(decoding.records->len, ==, 3);
			decoding_stop(&decoding);
		}
	}
}

static void
takes_exporters_of_ipv6_and_keeps_them_apart(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(protocols); i++) {
		struct decoding decoding = decoding_start();
		GByteArray *taught = protocols[i].open(&header);
		GByteArray *data = protocols[i].open(&header);
		struct datagram datagram = { .arrival = decoding.arrival };
		size_t records[2] = { 0, 0 };

		protocols[i].add_template(taught, 300, flow, FLOW);
		export_close(taught);
		export_add_record(data, 300, flow, FLOW, flow_values);
		export_close(data);
		g_assert_true(host_address_parse("2001:db8::1", &datagram.exporter));
		datagram.octets = taught->data;
		datagram.length = taught->len;
		decoder_take(decoding.decoder, &datagram);
		datagram.octets = data->data;
		datagram.length = data->len;
		for (unsigned k = 0; k < 2; k++) {
			datagram.exporter.octets[15] = (uint8_t)(1 + k);
			decoder_take(decoding.decoder, &datagram);
			while (decoder_next(decoding.decoder, decoding.batch))
				records[k] += decoding.batch->count;
		}
		g_assert_cmpuint(records[0], ==, 1);
		g_assert_cmpuint(records[1], ==, 0);
		g_byte_array_unref(taught);
		g_byte_array_unref(data);
		decoding_stop(&decoding);
	}
}

/* An IPv4 packet of TCP, 60 octets long. */
static void
put_packet(GByteArray *message)
{
	export_put(message, 0x4500003c, 4);
	export_put(message, 0x0000000040060000, 8);
	export_put(message, 0x0a0000010a000002, 8);
	export_put(message, 0x04d2005000000000, 8);
	export_put(message, 0x000000005002ffff, 8);
	export_put(message, 0, 4);
}

enum { PACKET_OCTETS = 40, FRAME_OCTETS = 54 };

static void
reads_a_flow_from_the_section_of_a_packet(void)
{
	static const struct {
		uint16_t element;
		bool has_frame;
	} cases[] = {
		{ 104, true }, /* layer2packetSectionData */
		{ 315, true }, /* dataLinkFrameSection */
		{ 313, false } /* ipHeaderPacketSection */
	};

	for (size_t i = 0; i < 4 * G_N_ELEMENTS(cases); i++) {
		bool has_frame = cases[i / 4].has_frame, variable = i % 2 == 1;
		const struct protocol *protocol = &protocols[i / 2 % 2];
		uint16_t octets = has_frame ? FRAME_OCTETS : PACKET_OCTETS;
		const struct wire_field fields[] = {
			{ 0, 34, 4 }, { 0, cases[i / 4].element, variable ? VARIABLE : octets }
		};
		struct decoding decoding = decoding_start();
		GByteArray *message = protocol->open(&header);
		const struct flow_record *record;
		size_t set;

		protocol->add_template(message, 300, fields, 2);
		set = export_open_set(message, 300);
		export_put(message, 100, 4);
		if (variable)
			export_put(message, octets, 1);
		if (has_frame) {
			export_put(message, 0x020000000001, 6);
			export_put(message, 0x020000000002, 6);
			export_put(message, 0x0800, 2);
		}
		put_packet(message);
		export_close_set(message, set);
		decoding_feed(&decoding, message);
		g_assert_cmpuint(decoding.records->len, ==, 1);
		record = decoding_record(&decoding, 0);
		g_assert_cmpuint(record->source.octets[15], ==, 1);
		g_assert_cmpuint(record->destination.octets[15], ==, 2);
		g_assert_cmpuint(record->source_port, ==, 1234);
		g_assert_cmpuint(record->destination_port, ==, 80);
		g_assert_cmpuint(record->tcp_flags, ==, 2);
		g_assert_cmpuint(record->octets, ==, 60);
		g_assert_cmpuint(record->packets, ==, 1);
		g_assert_cmpuint(record->sampling_interval, ==, 100);
		g_assert_cmpuint(record->marks & FLOW_PACKET_SECTION, !=, 0);
		decoding_stop(&decoding);
	}
}

/* Of a message whose export time is so far ahead of its arrival. */
static int64_t
feed_ahead(struct decoding *decoding, int64_t ahead_ms)
{
	GByteArray *message = ipfix_open(&header);

	decoding->arrival.ms = TEST_EXPORT_S * INT64_C(1000) - ahead_ms;
	ipfix_add_template(message, 300, flow, FLOW);
	export_add_record(message, 300, flow, FLOW, flow_values);
	decoding_feed(decoding, message);
	return decoding->batch->clock_offset_ms;
}

static int64_t
offset_of(int64_t tolerance_ms, int64_t ahead_ms)
{
	struct exporter_limits limits = decoding_limits();
	struct decoding decoding;
	int64_t offset_ms;

	limits.clock_tolerance_ms = tolerance_ms;
	decoding = decoding_start_with(&limits);
	offset_ms = feed_ahead(&decoding, ahead_ms);
	g_assert_cmpuint(decoding.records->len, ==, 1);
	decoding_stop(&decoding);
	return offset_ms;
}

static void
corrects_what_comes_from_the_future_and_nothing_after_it(void)
{
	enum { HOUR = 3600000, DAY = 24 * HOUR };
	struct exporter_limits limits = decoding_limits();
	struct decoding decoding;

	limits.clock_ahead_ms = HOUR;
	decoding = decoding_start_with(&limits);
	g_assert_cmpint(feed_ahead(&decoding, -DAY), ==, 0);
	g_assert_cmpint(feed_ahead(&decoding, HOUR), ==, 0);
	g_assert_cmpint(feed_ahead(&decoding, DAY), ==, DAY);
	g_assert_cmpint(feed_ahead(&decoding, DAY - 1000), ==, DAY); /* a delay on the way */
	g_assert_cmpint(feed_ahead(&decoding, 5), ==, 0);
	decoding_stop(&decoding);
}

static void
corrects_an_exporters_clock_beyond_the_tolerance(void)
{
	g_assert_cmpint(offset_of(0, 3600000), ==, 0); /* never */
	g_assert_cmpint(offset_of(5000, 4000), ==, 0);
	g_assert_cmpint(offset_of(5000, 3600000), ==, 3600000);
	g_assert_cmpint(offset_of(5000, -3600000), ==, -3600000);
}

int
main(int argc, char **argv)
{
#define TEST(name) g_test_add_func("/decoder/" #name, name)
	g_test_init(&argc, &argv, NULL);
	TEST(reads_several_templates_of_one_set);
	TEST(finds_a_sampler_by_an_id_of_any_width);
	TEST(reads_options_of_every_scope);
	TEST(reads_on_when_an_id_changes_its_kind);
	TEST(keeps_the_templates_of_two_protocols_apart);
	TEST(skips_what_a_vendor_puts_between_the_fields);
	TEST(reads_no_record_of_padding_of_any_length);
	TEST(takes_exporters_of_ipv6_and_keeps_them_apart);
	TEST(reads_a_flow_from_the_section_of_a_packet);
	TEST(corrects_an_exporters_clock_beyond_the_tolerance);
	TEST(corrects_what_comes_from_the_future_and_nothing_after_it);
	return g_test_run();
}
