#include <glib.h>

#include "tests/support/decoding.h"
#include "tests/support/export_builder.h"

/* The many ways in which IPFIX tells when a flow was. */

static const int64_t export_ms = (int64_t)TEST_EXPORT_S * 1000;
static const struct export_header header = { .export_s = TEST_EXPORT_S, .domain = 1 };

static uint64_t
ntp(uint64_t unix_s, uint64_t ms)
{
	return (unix_s + 2208988800U) << 32 | (ms << 32) / 1000;
}

struct time_case {
	uint16_t start, end; /* elements */
	uint16_t width;
	uint64_t start_value, end_value;
	int64_t start_ms, end_ms; /* before the export time */
};

static void
reads_times_of_every_unit(void)
{
	static const uint64_t s = TEST_EXPORT_S;
	const struct time_case cases[] = {
		{ 150, 151, 4, s - 5, s - 1, 5000, 1000 },
		{ 152, 153, 8, s * 1000 - 4750, s * 1000 - 250, 4750, 250 },
		{ 154, 155, 8, ntp(s - 5, 250), ntp(s - 1, 750), 4750, 250 },
		{ 156, 157, 8, ntp(s - 5, 250), ntp(s - 1, 750), 4750, 250 },
		{ 158, 159, 4, 4750000, 250000, 4750, 250 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const struct wire_field fields[] = {
			{ 0, 8, 4 },
			{ 0, 12, 4 },
			{ 0, cases[i].start, cases[i].width },
			{ 0, cases[i].end, cases[i].width },
		};
		const uint64_t values[] = { 1, 2, cases[i].start_value, cases[i].end_value };
		struct decoding decoding = decoding_start();

		decoding_feed(&decoding, ipfix_with_record(&header, fields, 4, values));
		g_assert_cmpint(ABS(decoding_only_record(&decoding)->start.ms -
		                    (export_ms - cases[i].start_ms)),
		                <=, 1);
		g_assert_cmpint(ABS(decoding_only_record(&decoding)->end.ms -
		                    (export_ms - cases[i].end_ms)),
		                <=, 1);
		g_assert_cmpuint(decoding_only_record(&decoding)->marks & FLOW_HAS_TIMES, !=, 0);
		decoding_stop(&decoding);
	}
}

static void
reads_microseconds_and_nanoseconds_that_are_no_ntp_timestamps(void)
{
	static const uint64_t s = TEST_EXPORT_S;
	static const struct wire_field fields[] = { { 0, 8, 4 }, { 0, 154, 8 }, { 0, 157, 8 } };
	const uint64_t values[] = { 1, (s - 5) * 1000000 + 250000,
		                    (s - 1) * 1000000000 + 750000000 };
	struct decoding decoding = decoding_start();

	decoding_feed(&decoding, ipfix_with_record(&header, fields, 3, values));
	g_assert_cmpint(decoding_only_record(&decoding)->start.ms, ==, export_ms - 4750);
	g_assert_cmpint(decoding_only_record(&decoding)->end.ms, ==, export_ms - 250);
	decoding_stop(&decoding);
}

static void
takes_milliseconds_before_seconds(void)
{
	static const struct wire_field fields[] = {
		{ 0, 8, 4 }, { 0, 152, 8 }, { 0, 150, 4 }, { 0, 153, 8 }, { 0, 151, 4 },
	};
	const uint64_t values[] = { 1, (uint64_t)export_ms - 1500, TEST_EXPORT_S - 2,
		                    (uint64_t)export_ms - 500, TEST_EXPORT_S - 1 };
	struct decoding decoding = decoding_start();

	decoding_feed(&decoding, ipfix_with_record(&header, fields, G_N_ELEMENTS(fields), values));
	g_assert_cmpint(decoding_only_record(&decoding)->start.ms, ==, export_ms - 1500);
	g_assert_cmpint(decoding_only_record(&decoding)->end.ms, ==, export_ms - 500);
	decoding_stop(&decoding);
}

static void
adds_a_duration_to_the_one_time_there_is(void)
{
	static const struct wire_field from_start[] = { { 0, 161, 4 }, { 0, 8, 4 }, { 0, 152, 8 } };
	static const struct wire_field from_end[] = { { 0, 162, 4 }, { 0, 8, 4 }, { 0, 153, 8 } };
	const uint64_t started[] = { 2000, 1, (uint64_t)export_ms - 3000 };
	const uint64_t ended[] = { 2000000, 1, (uint64_t)export_ms - 1000 };
	struct decoding decoding = decoding_start();

	decoding_feed(&decoding, ipfix_with_record(&header, from_start, 3, started));
	decoding_feed(&decoding, ipfix_with_record(&header, from_end, 3, ended));
	for (size_t i = 0; i < 2; i++) {
		g_assert_cmpint(decoding_record(&decoding, i)->start.ms, ==, export_ms - 3000);
		g_assert_cmpint(decoding_record(&decoding, i)->end.ms, ==, export_ms - 1000);
	}
	decoding_stop(&decoding);
}

static void
takes_a_time_of_zero_for_one_that_was_not_told(void)
{
	static const struct wire_field fields[] = { { 0, 8, 4 }, { 0, 152, 8 }, { 0, 153, 8 } };
	const uint64_t ended[] = { 1, 0, (uint64_t)export_ms - 1000 };
	static const uint64_t neither[] = { 1, 0, 0 };
	struct decoding decoding = decoding_start();

	decoding_feed(&decoding, ipfix_with_record(&header, fields, 3, ended));
	decoding_feed(&decoding, ipfix_with_record(&header, fields, 3, neither));
	g_assert_cmpint(decoding_record(&decoding, 0)->start.ms, ==, export_ms - 1000);
	g_assert_cmpuint(decoding_record(&decoding, 0)->marks & FLOW_START_GUESSED, !=, 0);
	g_assert_cmpint(decoding_record(&decoding, 1)->start.ms, ==, export_ms);
	g_assert_cmpuint(decoding_record(&decoding, 1)->marks & FLOW_HAS_TIMES, ==, 0);
	decoding_stop(&decoding);
}

static const struct wire_field uptime_fields[] = { { 0, 8, 4 }, { 0, 22, 4 }, { 0, 21, 4 } };
static const uint64_t uptime_values[] = { 1, 50000, 60000 };

static void
leaves_uptime_alone_without_a_boot_time(void)
{
	struct decoding decoding = decoding_start();

	decoding_feed(&decoding, ipfix_with_record(&header, uptime_fields, 3, uptime_values));
	g_assert_cmpuint(decoding_only_record(&decoding)->marks & FLOW_HAS_TIMES, ==, 0);
	g_assert_cmpint(decoding_only_record(&decoding)->start.ms, ==, export_ms);
	g_assert_cmpuint(decoding_counters(&decoding).records_without_times, ==, 1);
	decoding_stop(&decoding);
}

static void
counts_uptime_from_the_boot_time_in_the_record(void)
{
	static const struct wire_field fields[] = {
		{ 0, 8, 4 }, { 0, 22, 4 }, { 0, 21, 4 }, { 0, 160, 8 }
	};
	const uint64_t values[] = { 1, 50000, 60000, (uint64_t)export_ms - 70000 };
	struct decoding decoding = decoding_start();

	decoding_feed(&decoding, ipfix_with_record(&header, fields, 4, values));
	g_assert_cmpint(decoding_only_record(&decoding)->start.ms, ==, export_ms - 20000);
	g_assert_cmpint(decoding_only_record(&decoding)->end.ms, ==, export_ms - 10000);
	decoding_stop(&decoding);
}

static const struct wire_field boot_fields[] = { { 0, 144, 4 }, { 0, 160, 8 } };

static void
add_boot(GByteArray *message, int64_t boot_ms)
{
	const uint64_t values[] = { 1, (uint64_t)boot_ms };

	ipfix_add_options_template(message, 400, boot_fields, 1, 2);
	export_add_record(message, 400, boot_fields, 2, values);
}

static void
counts_uptime_from_the_boot_time_in_options(void)
{
	struct decoding decoding = decoding_start();
	GByteArray *message = ipfix_with_record(&header, uptime_fields, 3, uptime_values);

	/* Behind the data, in the same Message. */
	add_boot(message, export_ms - 70000);
	decoding_feed(&decoding, message);
	g_assert_cmpint(decoding_only_record(&decoding)->start.ms, ==, export_ms - 20000);
	decoding_stop(&decoding);
}

static void
survives_a_wrap_of_the_uptime_since_boot(void)
{
	static const int64_t turn_ms = INT64_C(1) << 32;
	struct decoding decoding = decoding_start();
	GByteArray *message = ipfix_with_record(&header, uptime_fields, 3, uptime_values);

	add_boot(message, export_ms - 3 * turn_ms - 70000);
	decoding_feed(&decoding, message);
	g_assert_cmpint(decoding_only_record(&decoding)->start.ms, ==, export_ms - 20000);
	decoding_stop(&decoding);
}

int
main(int argc, char **argv)
{
#define TEST(name) g_test_add_func("/ipfix_times/" #name, name)
	g_test_init(&argc, &argv, NULL);
	TEST(reads_times_of_every_unit);
	TEST(reads_microseconds_and_nanoseconds_that_are_no_ntp_timestamps);
	TEST(takes_milliseconds_before_seconds);
	TEST(adds_a_duration_to_the_one_time_there_is);
	TEST(takes_a_time_of_zero_for_one_that_was_not_told);
	TEST(leaves_uptime_alone_without_a_boot_time);
	TEST(counts_uptime_from_the_boot_time_in_the_record);
	TEST(counts_uptime_from_the_boot_time_in_options);
	TEST(survives_a_wrap_of_the_uptime_since_boot);
	return g_test_run();
}
