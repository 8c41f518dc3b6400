#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/observation_domain.h"
#include "collector/structured_data.h"
#include "collector/structured_session.h"
#include "tests/support/export_builder.h"

enum { CESNET = 8057, LENGTHS = 1013, HISTOGRAM = 1060, YAF = 6871, VARIABLE = 65535 };

/* libfixbuf's readers with the Templates of one domain. */
struct reading {
	struct observation_domain *domain;
	StructuredData *data;
	struct list_values values;
	struct sub_records records;
};

static struct reading
start(void)
{
	/* Nothing that libfixbuf would warn of may reach it. */
	g_log_set_always_fatal(G_LOG_LEVEL_WARNING | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
	return (struct reading){ .domain = observation_domain_new(10, 1),
		                 .data = structured_data_new() };
}

static void
stop(struct reading *reading)
{
	structured_data_free(reading->data);
	observation_domain_free(reading->domain);
}

static void
learn(struct reading *reading, uint16_t id, const struct template_field *fields, size_t count)
{
	struct template_draft draft = { .id = id, .field_count = count, .fields = fields };

	observation_domain_learn(reading->domain, &draft, (struct wall_time){ 0 });
}

static GByteArray *
basic_list(uint32_t enterprise, uint16_t element, uint16_t width)
{
	GByteArray *list = g_byte_array_new();

	export_put(list, 255, 1);
	export_put(list, enterprise != 0 ? element | 0x8000 : element, 2);
	export_put(list, width, 2);
	if (enterprise != 0)
		export_put(list, enterprise, 4);
	return list;
}

/* Reads from an exact copy, so that a sanitizer sees overreads. */
static bool
read_values(struct reading *reading, GByteArray *list)
{
	g_autofree uint8_t *exact = g_memdup2(list->data, list->len);
	bool is_good = structured_data_read_values(reading->data, wire_reader(exact, list->len),
	                                           &reading->values);

	g_byte_array_unref(list);
	return is_good;
}

static bool
read_records(struct reading *reading, bool multi, const GByteArray *list)
{
	g_autofree uint8_t *exact = g_memdup2(list->data, list->len);

	return structured_data_read_records(reading->data, reading->domain, multi,
	                                    wire_reader(exact, list->len), &reading->records);
}

static void
reads_numbers_of_any_width(void)
{
	for (uint16_t width = 1; width <= 8; width++) {
		struct reading reading = start();
		GByteArray *list = basic_list(CESNET, HISTOGRAM, width);

		for (uint64_t i = 0; i < 8; i++)
			export_put(list, i + 1, width);
		g_assert_true(read_values(&reading, list));
		g_assert_cmpuint(reading.values.enterprise, ==, CESNET);
		g_assert_cmpuint(reading.values.element, ==, HISTOGRAM);
		g_assert_cmpuint(reading.values.total, ==, 8);
		for (size_t i = 0; i < 8; i++)
			g_assert_cmpuint(reading.values.values[i], ==, i + 1);
		stop(&reading);
	}
}

static void
passes_over_lists_of_other_elements(void)
{
	GByteArray *others[] = { basic_list(0, 82, VARIABLE), basic_list(9, 1, 1),
		                 basic_list(CESNET, 1, 2), basic_list(0, 292, VARIABLE),
		                 basic_list(CESNET, LENGTHS, 10) };
	struct reading reading = start();

	for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
		export_put(others[i], 1, 1);
		export_put(others[i], 7, 1);
		for (int k = 0; i == 4 && k < 8; k++)
			export_put(others[i], 0, 1);
		g_assert_true(read_values(&reading, others[i]));
		g_assert_cmpuint(reading.values.count, ==, 0);
	}
	stop(&reading);
}

static void
refuses_lists_of_half_an_element(void)
{
	GByteArray *list = basic_list(CESNET, LENGTHS, 2);
	GByteArray *zero = basic_list(CESNET, LENGTHS, 0);
	GByteArray *past = basic_list(0, 82, VARIABLE);
	struct reading reading = start();

	export_put(list, 1, 3);
	g_assert_false(read_values(&reading, list));
	export_put(zero, 1, 3);
	g_assert_false(read_values(&reading, zero));
	export_put(past, 9, 1);
	export_put(past, 1, 3);
	g_assert_false(read_values(&reading, past));
	stop(&reading);
}

static void
refuses_every_truncated_header(void)
{
	struct reading reading = start();

	for (size_t length = 0; length < 9; length++) {
		GByteArray *list = basic_list(CESNET, LENGTHS, 2);

		g_byte_array_set_size(list, (guint)length);
		g_assert_false(read_values(&reading, list));
	}
	stop(&reading);
}

static void
keeps_no_more_values_than_there_is_room_for(void)
{
	GByteArray *list = basic_list(CESNET, LENGTHS, 1);
	struct reading reading = start();

	for (int i = 0; i < 2000; i++)
		export_put(list, 1, 1);
	g_assert_true(read_values(&reading, list));
	g_assert_cmpuint(reading.values.total, ==, 2000);
	g_assert_cmpuint(reading.values.count, ==, STRUCTURED_VALUES_MAX);
	stop(&reading);
}

/* An octet nobody wants, an address, a name of variable length, octets in three octets. */
static const struct template_field sub_fields[] = { { 9, 1, 1 },   { 0, 8, 4 }, { 0, 82, VARIABLE },
	                                            { 0, 27, 16 }, { 0, 1, 3 }, { 9, 2, 2 } };

static const uint8_t ipv6[16] = { 0x20, 1, 0x0d, 0xb8, [15] = 7 };

static void
put_sub_record(GByteArray *list, uint32_t address, uint32_t octets)
{
	export_put(list, 0xff, 1);
	export_put(list, address, 4);
	export_put(list, 2, 1);
	export_put(list, 0x6869, 2);
	export_put_octets(list, ipv6, 16);
	export_put(list, octets, 3);
	export_put(list, 0xffff, 2);
}

static void
open_part(GByteArray *list, uint16_t id, size_t octets)
{
	export_put(list, id, 2);
	export_put(list, (uint64_t)4 + octets, 2);
}

enum { SUB_OCTETS = 1 + 4 + 3 + 16 + 3 + 2, PLAN_OCTETS = 4 + 16 + 3 };

static void
gives_records_as_their_plan_reads_them(void)
{
	static const uint8_t expected[PLAN_OCTETS] = {
		10, 0, 0, 2, 0x20, 1, 0x0d, 0xb8, [19] = 7, [20] = 0x01, [21] = 0x02, [22] = 0x03
	};
	g_autoptr(GByteArray) list = g_byte_array_new();
	struct reading reading = start();

	learn(&reading, 300, sub_fields, G_N_ELEMENTS(sub_fields));
	export_put(list, 3, 1);
	export_put(list, 300, 2);
	put_sub_record(list, 0x0a000001, 1);
	put_sub_record(list, 0x0a000002, 0x010203);
	g_assert_true(read_records(&reading, false, list));
	g_assert_cmpuint(reading.records.count, ==, 2);
	g_assert_cmpuint(reading.records.missing, ==, 0);
	g_assert_cmpuint(template_plan_record_octets(reading.records.records[1].plan), ==,
	                 sizeof(expected));
	g_assert_true(memcmp(reading.records.records[1].octets, expected, sizeof(expected)) == 0);
	stop(&reading);
}

static void
passes_over_parts_without_a_template(void)
{
	g_autoptr(GByteArray) list = g_byte_array_new();
	struct reading reading = start();

	learn(&reading, 300, sub_fields, G_N_ELEMENTS(sub_fields));
	export_put(list, 3, 1);
	open_part(list, 999, 5);
	export_put(list, 0, 5);
	open_part(list, 300, 0);
	open_part(list, 300, SUB_OCTETS);
	put_sub_record(list, 1, 1);
	g_assert_true(read_records(&reading, true, list));
	g_assert_cmpuint(reading.records.missing, ==, 1);
	g_assert_cmpuint(reading.records.count, ==, 1);
	stop(&reading);
}

static void
refuses_parts_that_go_past_their_end(void)
{
	static const uint16_t lengths[] = { 0, 3, SUB_OCTETS + 3, SUB_OCTETS + 5, 65535 };

	for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
		g_autoptr(GByteArray) list = g_byte_array_new();
		struct reading reading = start();

		learn(&reading, 300, sub_fields, G_N_ELEMENTS(sub_fields));
		export_put(list, 3, 1);
		export_put(list, 300, 2);
		export_put(list, lengths[i], 2);
		put_sub_record(list, 1, 1);
		g_assert_false(read_records(&reading, true, list));
		stop(&reading);
	}
}

static void
refuses_records_without_a_length(void)
{
	static const struct template_field nothing[] = { { 0, 8, 0 }, { 0, 12, 0 } };
	g_autoptr(GByteArray) list = g_byte_array_new();
	struct reading reading = start();

	learn(&reading, 300, nothing, 2);
	export_put(list, 3, 1);
	export_put(list, 300, 2);
	export_put(list, 0, 8);
	g_assert_false(read_records(&reading, false, list));
	stop(&reading);
}

/* A list in a list in a list..., each of one record. */
static GByteArray *
nest(unsigned depth)
{
	GByteArray *inner = g_byte_array_new();

	export_put(inner, 3, 1);
	export_put(inner, 301, 2);
	export_put(inner, 5, 4);
	for (unsigned i = 1; i < depth; i++) {
		GByteArray *outer = g_byte_array_new();

		export_put(outer, 3, 1);
		export_put(outer, 300, 2);
		export_put(outer, i, 4);
		export_put(outer, inner->len, 1);
		export_put_octets(outer, inner->data, inner->len);
		g_byte_array_unref(inner);
		inner = outer;
	}
	return inner;
}

static void
reads_nested_lists_and_bounds_the_nesting(void)
{
	static const struct template_field branch[] = { { 0, 8, 4 }, { 0, 292, VARIABLE } };
	static const struct template_field leaf[] = { { 0, 12, 4 } };
	struct reading reading = start();

	learn(&reading, 300, branch, 2);
	learn(&reading, 301, leaf, 1);
	for (unsigned depth = 1; depth < 12; depth++) {
		g_autoptr(GByteArray) list = nest(depth);

		g_assert_true(read_records(&reading, false, list) == (depth <= 4));
		if (depth > 4)
			continue;
		g_assert_cmpuint(reading.records.count, ==, depth);
		for (unsigned i = 0; i < depth; i++)
			g_assert_cmpuint(reading.records.records[i].depth, ==, i + 1);
	}
	stop(&reading);
}

static void
bounds_the_number_of_records(void)
{
	static const struct template_field octet[] = { { 0, 4, 1 } };
	g_autoptr(GByteArray) list = g_byte_array_new();
	struct reading reading = start();

	learn(&reading, 300, octet, 1);
	export_put(list, 3, 1);
	export_put(list, 300, 2);
	for (int i = 0; i < 1024; i++)
		export_put(list, 6, 1);
	g_assert_true(read_records(&reading, false, list));
	g_assert_cmpuint(reading.records.count, ==, 1024);
	export_put(list, 6, 1);
	g_assert_false(read_records(&reading, false, list));
	stop(&reading);
}

/* What would cost libfixbuf quadratic time, or memory for ever. */
static void
bounds_fields_and_templates(void)
{
	struct template_field alike[400], alien[400];
	g_autoptr(GByteArray) list = g_byte_array_new();
	struct reading reading = start();

	for (uint16_t i = 0; i < 400; i++) {
		alike[i] = (struct template_field){ 0, 1, 4 };
		alien[i] = (struct template_field){ 1000U + i, i, 4 };
	}
	export_put(list, 3, 1);
	export_put(list, 300, 2);
	learn(&reading, 300, alike, 400);
	g_assert_false(read_records(&reading, false, list));
	learn(&reading, 300, alien, 400);
	g_assert_true(read_records(&reading, false, list));
	for (uint16_t i = 1; i < 3000; i++) {
		alien[0].length = i;
		learn(&reading, 300, alien, 2);
		observation_domain_settle(reading.domain);
		g_assert_true(read_records(&reading, false, list));
		g_assert_cmpuint(structured_data_layouts(reading.data), <=, STRUCTURED_LAYOUTS_MAX);
	}
	stop(&reading);
}

static void
takes_elements_of_any_length_that_templates_can_have(void)
{
	struct reading reading = start();

	for (uint32_t element = 0; element < 500; element++) {
		for (uint32_t length = 1; length <= 20; length++) {
			const struct template_field fields[] = {
				{ 0, (uint16_t)element, (uint16_t)length }, { 0, 8, 4 }
			};
			g_autoptr(GByteArray) list = g_byte_array_new();

			learn(&reading, 300, fields, 2);
			observation_domain_settle(reading.domain);
			export_put(list, 3, 1);
			export_put(list, 300, 2);
			for (uint32_t i = 0; i < length + 4; i++)
				export_put(list, i, 1);
			g_assert_true(read_records(&reading, false, list));
			g_assert_cmpuint(reading.records.count, ==, 1);
		}
	}
	stop(&reading);
}

static size_t
resident_octets(void)
{
	g_autofree char *text = NULL;

	g_assert_true(g_file_get_contents("/proc/self/statm", &text, NULL, NULL));
	return strtoul(strchr(text, ' '), NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

/* Good lists, lists that are refused, and ever new Templates: a long run takes no more memory than
 * a short one. */
static void
grows_by_nothing(void)
{
	struct template_field fields[] = { { 0, 8, 4 }, { 0, 293, VARIABLE }, { 7, 7, 1 } };
	struct reading reading = start();
	size_t before = 0;

#ifdef __SANITIZE_ADDRESS__
	before = SIZE_MAX / 2; /* what is freed stays in quarantine */
#endif
	for (uint32_t i = 0; i < 60000; i++) {
		g_autoptr(GByteArray) list = g_byte_array_new();

		fields[2] = (struct template_field){ 7 + i, 7, (uint16_t)(1 + i % 300) };
		learn(&reading, 300, fields, 3);
		observation_domain_settle(reading.domain);
		export_put(list, 3, 1);
		export_put(list, 300, 2);
		export_put(list, i, 4);
		export_put(list, 1 + 4 + 2, 1);
		export_put(list, 3, 1);
		open_part(list, 998, i % 3);
		export_put(list, 0, 2);
		for (uint32_t k = 0; k < 1 + i % 300; k++)
			export_put(list, k, 1);
		(void)read_records(&reading, false, list);
		if (i == 20000 && before == 0)
			before = resident_octets();
	}
	g_assert_cmpuint(resident_octets(), <, before + (1 << 20));
	stop(&reading);
}

int
main(int argc, char **argv)
{
#define TEST(name) g_test_add_func("/structured_data/" #name, name)
	g_test_init(&argc, &argv, NULL);
	TEST(reads_numbers_of_any_width);
	TEST(passes_over_lists_of_other_elements);
	TEST(refuses_lists_of_half_an_element);
	TEST(refuses_every_truncated_header);
	TEST(keeps_no_more_values_than_there_is_room_for);
	TEST(gives_records_as_their_plan_reads_them);
	TEST(passes_over_parts_without_a_template);
	TEST(refuses_parts_that_go_past_their_end);
	TEST(refuses_records_without_a_length);
	TEST(reads_nested_lists_and_bounds_the_nesting);
	TEST(bounds_the_number_of_records);
	TEST(bounds_fields_and_templates);
	TEST(takes_elements_of_any_length_that_templates_can_have);
	TEST(grows_by_nothing);
	return g_test_run();
}
