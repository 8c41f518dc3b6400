#include <glib.h>

#include "tests/support/decoding.h"
#include "tests/support/export_builder.h"

static const struct wire_field flow_fields[] = {
	{ 0, 8, 4 }, { 0, 12, 4 }, { 0, 7, 2 },  { 0, 11, 2 }, { 0, 4, 1 },  { 0, 6, 1 },
	{ 0, 1, 4 }, { 0, 2, 4 },  { 0, 22, 4 }, { 0, 21, 4 }, { 0, 10, 2 }, { 0, 48, 1 },
};
static const uint64_t flow_values[] = {
	0x0a000001, 0x0a000002, 1234, 80, 6, 2, 1000, 5, 90000, 95000, 3, 7,
};
enum { FLOW_FIELDS = G_N_ELEMENTS(flow_fields) };

static const struct export_header header = { .export_s = TEST_EXPORT_S,
	                                     .uptime_ms = 100000,
	                                     .domain = 42 };

static void
feed_template(struct decoding *decoding)
{
	GByteArray *message = netflow9_open(&header);

	netflow9_add_template(message, 256, flow_fields, FLOW_FIELDS);
	decoding_feed(decoding, message);
}

static void
feed_flow(struct decoding *decoding)
{
	GByteArray *message = netflow9_open(&header);

	export_add_record(message, 256, flow_fields, FLOW_FIELDS, flow_values);
	decoding_feed(decoding, message);
}

static void
reads_a_record_by_its_template(void)
{
	struct decoding decoding = decoding_start();
	struct host_address source = host_address_from_ipv4(0x0a000001);
	const struct flow_record *record;

	feed_template(&decoding);
	feed_flow(&decoding);
	g_assert_cmpuint(decoding.records->len, ==, 1);
	record = decoding_record(&decoding, 0);
	g_assert_true(host_address_equal(&record->source, &source));
	g_assert_cmpuint(record->octets, ==, 1000);
	g_assert_cmpuint(record->packets, ==, 5);
	g_assert_cmpuint(record->tcp_flags, ==, 2);
	g_assert_cmpuint(record->ingress_interface, ==, 3);
	g_assert_cmpuint(record->template_id, ==, 256);
	g_assert_cmpuint(record->flow_direction, ==, 255);
	g_assert_cmpint(record->start.ms, ==, (int64_t)TEST_EXPORT_S * 1000 - 10000);
	g_assert_cmpint(record->end.ms, ==, (int64_t)TEST_EXPORT_S * 1000 - 5000);
	g_assert_cmpuint(decoding.batch->observation_domain, ==, 42);
	decoding_stop(&decoding);
}

static void
walks_by_length_when_the_count_is_wrong(void)
{
	struct decoding decoding = decoding_start();
	GByteArray *message = netflow9_open(&header);

	netflow9_add_template(message, 256, flow_fields, FLOW_FIELDS);
	export_add_record(message, 256, flow_fields, FLOW_FIELDS, flow_values);
	export_add_record(message, 256, flow_fields, FLOW_FIELDS, flow_values);
	export_put_at(message, 2, 1, 2);
	decoding_feed_octets(&decoding, message->data, message->len);
	g_byte_array_unref(message);
	g_assert_cmpuint(decoding.records->len, ==, 2);
	decoding_stop(&decoding);
}

static void
takes_zeros_behind_the_last_set_for_its_end(void)
{
	struct decoding decoding = decoding_start();
	GByteArray *message = netflow9_open(&header);

	netflow9_add_template(message, 256, flow_fields, FLOW_FIELDS);
	export_add_record(message, 256, flow_fields, FLOW_FIELDS, flow_values);
	for (int i = 0; i < 100; i++)
		export_put(message, 0, 8);
	decoding_feed_octets(&decoding, message->data, message->len);
	g_byte_array_unref(message);
	g_assert_cmpuint(decoding.records->len, ==, 1);
	g_assert_cmpuint(decoding_counters(&decoding).sets_length, ==, 0);
	decoding_stop(&decoding);
}

static void
finds_the_set_behind_padding_that_no_length_counts(void)
{
	static const struct wire_field fields[] = { { 0, 8, 4 }, { 0, 12, 4 }, { 0, 4, 1 } };
	static const uint64_t values[] = { 0x0a000001, 0x0a000002, 17 };
	struct decoding decoding = decoding_start();
	GByteArray *message = netflow9_open(&header);
	size_t set;

	netflow9_add_template(message, 256, fields, 3);
	for (int i = 0; i < 3; i++) {
		set = message->len;
		export_add_record(message, 256, fields, 3, values);
		export_put_at(message, set + 2, 4 + 9, 2);
	}
	export_put_at(message, 2, 4, 2);
	decoding_feed_octets(&decoding, message->data, message->len);
	g_byte_array_unref(message);
	g_assert_cmpuint(decoding.records->len, ==, 3);
	g_assert_cmpuint(decoding_counters(&decoding).sets_length, ==, 0);
	decoding_stop(&decoding);
}

/* Options Templates of routers: scopes without octets, and more than one of them. */
static void
reads_options_with_empty_and_with_many_scopes(void)
{
	static const struct wire_field empty[] = { { 0, 1, 0 }, { 0, 34, 4 }, { 0, 35, 1 } };
	static const uint64_t told_of_all[] = { 0, 100, 1 };
	static const struct wire_field many[] = { { 0, 1, 4 }, { 0, 2, 2 }, { 0, 34, 4 } };
	static const uint64_t told_of_3[] = { 1, 3, 500 };
	struct decoding decoding = decoding_start();
	GByteArray *message = netflow9_open(&header);

	netflow9_add_options_template(message, 300, empty, 1, 3);
	netflow9_add_options_template(message, 301, many, 2, 3);
	export_add_record(message, 300, empty, 3, told_of_all);
	netflow9_add_template(message, 256, flow_fields, FLOW_FIELDS - 1);
	export_add_record(message, 256, flow_fields, FLOW_FIELDS - 1, flow_values);
	decoding_feed(&decoding, message);
	message = netflow9_open(&header);
	export_add_record(message, 301, many, 3, told_of_3);
	export_add_record(message, 256, flow_fields, FLOW_FIELDS - 1, flow_values);
	decoding_feed(&decoding, message);
	g_assert_cmpuint(decoding_record(&decoding, 0)->sampling_interval, ==, 100);
	g_assert_cmpuint(decoding_record(&decoding, 1)->sampling_interval, ==, 500);
	decoding_stop(&decoding);
}

/* The records of a firewall: created (no counters), deleted (both directions), denied. */
static void
reads_security_events_of_a_firewall(void)
{
	static const struct wire_field fields[] = {
		{ 0, 8, 4 },     { 0, 7, 2 },     { 0, 12, 4 },  { 0, 11, 2 },  { 0, 4, 1 },
		{ 0, 40005, 1 }, { 0, 33002, 2 }, { 0, 323, 8 }, { 0, 152, 8 }, { 0, 231, 4 },
		{ 0, 232, 4 },   { 0, 33000, 8 }, { 0, 82, 5 },
	};
	static const uint64_t end_ms = (uint64_t)TEST_EXPORT_S * 1000;
	static const struct {
		uint64_t event, sent, received;
		bool is_flow;
	} cases[] = { { 1, 0, 0, false }, { 2, 300, 9000, true }, { 3, 0, 0, false } };
	struct decoding decoding = decoding_start();

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const uint64_t values[] = { 0x0a000001,
			                    40000,
			                    0x08080808,
			                    53,
			                    17,
			                    cases[i].event,
			                    2030,
			                    end_ms - 100,
			                    end_ms - 9100,
			                    cases[i].sent,
			                    cases[i].received,
			                    0,
			                    0 };
		GByteArray *message = netflow9_open(&header);
		const struct flow_record *record;

		netflow9_add_template(message, 265, fields, G_N_ELEMENTS(fields));
		export_add_record(message, 265, fields, G_N_ELEMENTS(fields), values);
		decoding_feed(&decoding, message);
		record = decoding_record(&decoding, (guint)i);
		g_assert_cmpuint(record->firewall_event, ==, cases[i].event);
		g_assert_cmpuint((record->marks & FLOW_EVENT) == 0, ==, cases[i].is_flow);
		g_assert_cmpuint(record->octets, ==, cases[i].sent);
		g_assert_cmpuint(record->reverse_octets, ==, cases[i].received);
		g_assert_cmpint(record->start.ms, ==, (int64_t)end_ms - 9100);
		g_assert_cmpint(record->end.ms, ==, (int64_t)end_ms - 100);
	}
	g_assert_cmpuint(decoding_counters(&decoding).records_events, ==, 2);
	decoding_stop(&decoding);
}

static void
takes_no_other_samplers_interval(void)
{
	static const struct wire_field fields[] = { { 0, 1, 4 }, { 0, 48, 1 }, { 0, 50, 4 } };
	static const uint64_t told[] = { 0, 9, 200 };
	struct decoding decoding = decoding_start();
	GByteArray *message = netflow9_open(&header);

	netflow9_add_options_template(message, 300, fields, 1, 3);
	export_add_record(message, 300, fields, 3, told);
	decoding_feed(&decoding, message);
	feed_template(&decoding);
	feed_flow(&decoding); /* by sampler 7 */
	g_assert_cmpuint(decoding_record(&decoding, 0)->sampling_interval, ==, 0);
	decoding_stop(&decoding);
}

static void
keeps_data_for_its_template(void)
{
	struct decoding decoding = decoding_start();

	feed_flow(&decoding);
	feed_flow(&decoding);
	g_assert_cmpuint(decoding.records->len, ==, 0);
	g_assert_cmpuint(decoding_counters(&decoding).sets_waiting, ==, 2);
	feed_template(&decoding);
	g_assert_cmpuint(decoding.records->len, ==, 2);
	g_assert_cmpuint(decoding_counters(&decoding).sets_waiting, ==, 0);
	g_assert_cmpint(decoding_record(&decoding, 1)->start.ms, ==,
	                (int64_t)TEST_EXPORT_S * 1000 - 10000);
	decoding_stop(&decoding);
}

static void
reads_data_before_its_template_in_one_datagram(void)
{
	struct decoding decoding = decoding_start();
	GByteArray *message = netflow9_open(&header);

	export_add_record(message, 256, flow_fields, FLOW_FIELDS, flow_values);
	netflow9_add_template(message, 256, flow_fields, FLOW_FIELDS);
	decoding_feed(&decoding, message);
	g_assert_cmpuint(decoding.records->len, ==, 1);
	decoding_stop(&decoding);
}

static void
counts_data_that_finds_no_room_to_wait(void)
{
	struct exporter_limits limits = decoding_limits();
	struct decoding decoding;

	limits.waiting_octets_max = 600; /* a quarter is what one may have alone */
	decoding = decoding_start_with(&limits);
	for (int i = 0; i < 10; i++)
		feed_flow(&decoding);
	g_assert_cmpuint(decoding_counters(&decoding).sets_waiting, ==, 1);
	g_assert_cmpuint(decoding_counters(&decoding).sets_template_missing, ==, 9);
	decoding_stop(&decoding);
}

static void
gives_up_data_whose_template_never_comes(void)
{
	struct decoding decoding = decoding_start();

	feed_flow(&decoding);
	decoding.arrival.ms += 11 * 60 * 1000;
	feed_template(&decoding);
	g_assert_cmpuint(decoding.records->len, ==, 0);
	g_assert_cmpuint(decoding_counters(&decoding).sets_template_late, ==, 1);
	decoding_stop(&decoding);
}

static void
keeps_domains_apart(void)
{
	struct decoding decoding = decoding_start();
	struct export_header other = header;
	GByteArray *message;

	feed_template(&decoding);
	other.domain = 43;
	message = netflow9_open(&other);
	export_add_record(message, 256, flow_fields, FLOW_FIELDS, flow_values);
	decoding_feed(&decoding, message);
	g_assert_cmpuint(decoding.records->len, ==, 0);
	decoding_stop(&decoding);
}

static void
keeps_exporters_apart(void)
{
	struct decoding decoding = decoding_start();

	feed_template(&decoding);
	decoding.exporter++;
	feed_flow(&decoding);
	g_assert_cmpuint(decoding.records->len, ==, 0);
	decoding.exporter--;
	decoding.port++;
	feed_flow(&decoding);
	g_assert_cmpuint(decoding.records->len, ==, 1);
	decoding_stop(&decoding);
}

static void
tells_exporters_apart_by_port_when_asked(void)
{
	struct exporter_limits limits = decoding_limits();
	struct decoding decoding;

	limits.by_source_port = true;
	decoding = decoding_start_with(&limits);
	feed_template(&decoding);
	decoding.port++;
	feed_flow(&decoding);
	g_assert_cmpuint(decoding.records->len, ==, 0);
	g_assert_cmpuint(exporter_table_count(decoding.exporters), ==, 2);
	decoding_stop(&decoding);
}

static void
reads_by_the_new_layout_after_a_redefinition(void)
{
	static const struct wire_field other[] = { { 0, 12, 4 }, { 0, 8, 4 }, { 0, 1, 8 } };
	static const uint64_t values[] = { 0x0a000009, 0x0a000008, 77 };
	struct decoding decoding = decoding_start();
	struct host_address source = host_address_from_ipv4(0x0a000008);
	GByteArray *message = netflow9_open(&header);

	/* Old data, new Template, new data: each by its own layout. */
	feed_template(&decoding);
	export_add_record(message, 256, flow_fields, FLOW_FIELDS, flow_values);
	netflow9_add_template(message, 256, other, G_N_ELEMENTS(other));
	export_add_record(message, 256, other, G_N_ELEMENTS(other), values);
	decoding_feed(&decoding, message);
	g_assert_cmpuint(decoding.records->len, ==, 2);
	g_assert_cmpuint(decoding_record(&decoding, 0)->octets, ==, 1000);
	g_assert_cmpuint(decoding_record(&decoding, 1)->octets, ==, 77);
	g_assert_true(host_address_equal(&decoding_record(&decoding, 1)->source, &source));
	g_assert_cmpuint(decoding_counters(&decoding).templates_redefined, ==, 1);
	decoding_stop(&decoding);
}

static void
drops_a_template_that_is_not_repeated(void)
{
	struct decoding decoding = decoding_start();

	feed_template(&decoding);
	decoding.arrival.ms += 29 * 60 * 1000;
	feed_flow(&decoding);
	g_assert_cmpuint(decoding.records->len, ==, 1);
	decoding.arrival.ms += 2 * 60 * 1000;
	feed_flow(&decoding);
	g_assert_cmpuint(decoding.records->len, ==, 1);
	g_assert_cmpuint(decoding_counters(&decoding).templates_expired, ==, 1);
	decoding_stop(&decoding);
}

static void
keeps_a_template_that_is_repeated(void)
{
	struct decoding decoding = decoding_start();

	for (int i = 0; i < 10; i++) {
		feed_template(&decoding);
		decoding.arrival.ms += 20 * 60 * 1000;
	}
	feed_flow(&decoding);
	g_assert_cmpuint(decoding.records->len, ==, 1);
	g_assert_cmpuint(decoding_counters(&decoding).templates_refreshed, ==, 9);
	decoding_stop(&decoding);
}

static const struct wire_field sampler_fields[] = {
	{ 0, 1, 4 }, { 0, 48, 1 }, { 0, 49, 1 }, { 0, 50, 4 }
};
static const uint64_t sampler_values[] = { 0, 7, 2, 512 };
enum { SAMPLER_FIELDS = G_N_ELEMENTS(sampler_fields) };

static void
takes_sampling_from_options_by_sampler(void)
{
	struct decoding decoding = decoding_start();
	GByteArray *message = netflow9_open(&header);

	netflow9_add_options_template(message, 257, sampler_fields, 1, SAMPLER_FIELDS);
	export_add_record(message, 257, sampler_fields, SAMPLER_FIELDS, sampler_values);
	decoding_feed(&decoding, message);
	feed_template(&decoding);
	feed_flow(&decoding);
	g_assert_cmpuint(decoding_record(&decoding, 0)->sampling_interval, ==, 512);
	g_assert_cmpuint(decoding_record(&decoding, 0)->octets, ==, 1000);
	g_assert_cmpuint(decoding_counters(&decoding).records_options, ==, 1);
	decoding_stop(&decoding);
}

static void
takes_sampling_that_stands_behind_the_data_in_the_datagram(void)
{
	struct decoding decoding = decoding_start();
	GByteArray *message = netflow9_open(&header);

	netflow9_add_template(message, 256, flow_fields, FLOW_FIELDS);
	export_add_record(message, 256, flow_fields, FLOW_FIELDS, flow_values);
	netflow9_add_options_template(message, 257, sampler_fields, 1, SAMPLER_FIELDS);
	export_add_record(message, 257, sampler_fields, SAMPLER_FIELDS, sampler_values);
	decoding_feed(&decoding, message);
	g_assert_cmpuint(decoding_record(&decoding, 0)->sampling_interval, ==, 512);
	decoding_stop(&decoding);
}

static void
takes_sampling_by_interface(void)
{
	static const struct wire_field fields[] = { { 0, 2, 4 },
		                                    { 0, 34, 4 } }; /* scope interface */
	static const uint64_t ours[] = { 3, 100 }, another[] = { 4, 200 };
	struct decoding decoding = decoding_start();
	GByteArray *message = netflow9_open(&header);

	netflow9_add_options_template(message, 257, fields, 1, G_N_ELEMENTS(fields));
	export_add_record(message, 257, fields, G_N_ELEMENTS(fields), another);
	export_add_record(message, 257, fields, G_N_ELEMENTS(fields), ours);
	decoding_feed(&decoding, message);
	feed_template(&decoding);
	feed_flow(&decoding);
	g_assert_cmpuint(decoding_record(&decoding, 0)->sampling_interval, ==, 100);
	decoding_stop(&decoding);
}

static void
follows_a_change_of_the_sampling(void)
{
	static const struct wire_field fields[] = { { 0, 1, 4 }, { 0, 34, 4 }, { 0, 35, 1 } };
	struct decoding decoding = decoding_start();

	feed_template(&decoding);
	for (uint64_t interval = 10; interval <= 1000; interval *= 10) {
		const uint64_t values[] = { 0, interval, 1 };
		GByteArray *message = netflow9_open(&header);

		netflow9_add_options_template(message, 257, fields, 1, G_N_ELEMENTS(fields));
		export_add_record(message, 257, fields, G_N_ELEMENTS(fields), values);
		decoding_feed(&decoding, message);
		feed_flow(&decoding);
		g_assert_cmpuint(
			decoding_record(&decoding, decoding.records->len - 1)->sampling_interval,
			==, interval);
	}
	decoding_stop(&decoding);
}

static void
counts_records_without_any_address(void)
{
	static const struct wire_field fields[] = { { 0, 1, 4 }, { 0, 2, 4 } };
	static const uint64_t values[] = { 1, 2 };
	struct decoding decoding = decoding_start();
	GByteArray *message = netflow9_open(&header);

	netflow9_add_template(message, 256, fields, G_N_ELEMENTS(fields));
	export_add_record(message, 256, fields, G_N_ELEMENTS(fields), values);
	decoding_feed(&decoding, message);
	g_assert_cmpuint(decoding_counters(&decoding).records_without_address, ==, 1);
	decoding_stop(&decoding);
}

static void
never_loops_over_records_without_length(void)
{
	static const struct wire_field fields[] = { { 0, 8, 0 }, { 0, 1, 0 } };
	struct decoding decoding = decoding_start();
	GByteArray *message = netflow9_open(&header);
	size_t set;

	netflow9_add_template(message, 256, fields, G_N_ELEMENTS(fields));
	set = export_open_set(message, 256);
	export_put(message, 0, 8);
	export_close_set(message, set);
	decoding_feed(&decoding, message);
	g_assert_cmpuint(decoding.records->len, ==, 0);
	g_assert_cmpuint(decoding_counters(&decoding).sets_template_unusable, ==, 1);
	decoding_stop(&decoding);
}

static void
skips_a_field_of_a_wrong_length(void)
{
	/* An IPv4 address of two octets, as H3C sends. */
	static const struct wire_field fields[] = { { 0, 8, 4 }, { 0, 12, 2 }, { 0, 1, 4 } };
	static const uint64_t values[] = { 0x0a000001, 5, 99 };
	struct decoding decoding = decoding_start();
	GByteArray *message = netflow9_open(&header);

	netflow9_add_template(message, 256, fields, G_N_ELEMENTS(fields));
	export_add_record(message, 256, fields, G_N_ELEMENTS(fields), values);
	decoding_feed(&decoding, message);
	g_assert_cmpuint(decoding_record(&decoding, 0)->octets, ==, 99);
	decoding_stop(&decoding);
}

static void
refuses_every_truncation(void)
{
	g_autoptr(GByteArray) message = netflow9_open(&header);
	struct decoding decoding = decoding_start();

	netflow9_add_options_template(message, 257, sampler_fields, 1, SAMPLER_FIELDS);
	export_add_record(message, 257, sampler_fields, SAMPLER_FIELDS, sampler_values);
	netflow9_add_template(message, 256, flow_fields, FLOW_FIELDS);
	export_add_record(message, 256, flow_fields, FLOW_FIELDS, flow_values);
	export_close(message);
	for (size_t length = 0; length < message->len; length++)
		decoding_feed_octets(&decoding, message->data, length);
	g_assert_cmpuint(decoding.records->len, ==, 0);
	decoding_stop(&decoding);
}

static void
refuses_templates_that_cannot_be(void)
{
	struct decoding decoding = decoding_start();
	struct decode_counters counters;
	GByteArray *message = netflow9_open(&header);
	size_t set = export_open_set(message, 0);

	export_put(message, 256, 2);
	export_put(message, 9, 2); /* fields, and none of them there */
	export_close_set(message, set);
	netflow9_add_template(message, 255, flow_fields, FLOW_FIELDS);
	netflow9_add_template(message, 256, flow_fields, 0);
	set = export_open_set(message, 1);
	export_put(message, 256, 2);
	export_put(message, 3, 2); /* octets of scopes: no multiple of four */
	export_put(message, 4, 2);
	export_put(message, 0, 8);
	export_close_set(message, set);
	decoding_feed(&decoding, message);
	counters = decoding_counters(&decoding);
	g_assert_cmpuint(counters.templates_cut, ==, 1);
	g_assert_cmpuint(counters.templates_id, ==, 1);
	g_assert_cmpuint(counters.templates_fields, ==, 1);
	g_assert_cmpuint(counters.templates_scope, ==, 1);
	g_assert_cmpuint(counters.templates_learned, ==, 0);
	decoding_stop(&decoding);
}

static void
finds_the_second_that_the_header_hides(void)
{
	struct decoding decoding = decoding_start();
	struct export_header hidden = header;
	int64_t boot_ms = (int64_t)TEST_EXPORT_S * 1000 - 100000 + 900;

	/* The real boot is 900 ms later than the first header tells, which leaves the second behind
	 * it open; the collector's clock is a day ahead and tells nothing. */
	decoding.arrival.ms += 86400000;
	feed_template(&decoding);
	feed_flow(&decoding);
	g_assert_cmpint(decoding.batch->clock_correction_ms, ==, 500);
	for (uint32_t passed_ms = 0; passed_ms <= 1000; passed_ms += 100) {
		GByteArray *message;

		hidden.uptime_ms = 100000 + passed_ms;
		hidden.export_s = (uint32_t)((boot_ms + hidden.uptime_ms) / 1000);
		message = netflow9_open(&hidden);
		export_add_record(message, 256, flow_fields, FLOW_FIELDS, flow_values);
		decoding_feed(&decoding, message);
	}
	/* 100 ms of it are left: those behind the real boot. */
	g_assert_cmpint(decoding.batch->clock_correction_ms, ==, 950);
	g_assert_cmpint(decoding_record(&decoding, decoding.records->len - 1)->start.ms + 950, ==,
	                boot_ms + 90000 + 50);
	decoding_stop(&decoding);
}

static void
knows_ntops_elements_by_their_v9_numbers(void)
{
	static const struct wire_field fields[] = {
		{ 0, 8, 4 },          { 0, 12, 4 },         { 0, 4, 1 },
		{ 0, 1, 4 },          { 0, 2, 4 },          { 0, 57472 + 88, 4 },
		{ 0, 57472 + 89, 4 }, { 0, 57472 + 90, 4 }, { 0, 57472 + 91, 4 },
		{ 0, 57472 + 92, 4 }, { 0, 57472 + 93, 4 },
	};
	/* Five of 64 octets and five of 1500. */
	static const uint64_t values[] = { 1, 2, 6, 5 * 64 + 5 * 1500, 10, 5, 0, 0, 0, 5, 0 };
	static const uint32_t sizes[8] = { [1] = 5, [6] = 0, [7] = 0 };
	struct decoding decoding = decoding_start();
	GByteArray *message = netflow9_open(&header);
	const struct flow_record *record;
	uint32_t sum = 0;

	netflow9_add_template(message, 256, fields, G_N_ELEMENTS(fields));
	export_add_record(message, 256, fields, G_N_ELEMENTS(fields), values);
	decoding_feed(&decoding, message);
	record = decoding_record(&decoding, 0);
	g_assert_cmpuint(record->marks & FLOW_HAS_SIZES, !=, 0);
	for (size_t i = 0; i < 8; i++)
		sum += record->sizes[i];
	g_assert_cmpuint(sum, ==, 10);
	g_assert_cmpuint(record->sizes[1], ==, sizes[1]);
	decoding_stop(&decoding);
}

int
main(int argc, char **argv)
{
#define TEST(name) g_test_add_func("/netflow9/" #name, name)
	g_test_init(&argc, &argv, NULL);
	TEST(reads_a_record_by_its_template);
	TEST(walks_by_length_when_the_count_is_wrong);
	TEST(takes_zeros_behind_the_last_set_for_its_end);
	TEST(finds_the_set_behind_padding_that_no_length_counts);
	TEST(reads_options_with_empty_and_with_many_scopes);
	TEST(reads_security_events_of_a_firewall);
	TEST(takes_no_other_samplers_interval);
	TEST(keeps_data_for_its_template);
	TEST(reads_data_before_its_template_in_one_datagram);
	TEST(counts_data_that_finds_no_room_to_wait);
	TEST(gives_up_data_whose_template_never_comes);
	TEST(keeps_domains_apart);
	TEST(keeps_exporters_apart);
	TEST(tells_exporters_apart_by_port_when_asked);
	TEST(reads_by_the_new_layout_after_a_redefinition);
	TEST(drops_a_template_that_is_not_repeated);
	TEST(keeps_a_template_that_is_repeated);
	TEST(takes_sampling_from_options_by_sampler);
	TEST(takes_sampling_that_stands_behind_the_data_in_the_datagram);
	TEST(takes_sampling_by_interface);
	TEST(follows_a_change_of_the_sampling);
	TEST(counts_records_without_any_address);
	TEST(never_loops_over_records_without_length);
	TEST(skips_a_field_of_a_wrong_length);
	TEST(refuses_every_truncation);
	TEST(refuses_templates_that_cannot_be);
	TEST(finds_the_second_that_the_header_hides);
	TEST(knows_ntops_elements_by_their_v9_numbers);
	return g_test_run();
}
