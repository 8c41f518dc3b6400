#include <glib.h>

#include "collector/observation_domain.h"
#include "collector/structured_data.h"
#include "tests/support/export_builder.h"

enum { CESNET = 8057, LENGTHS = 1013, HISTOGRAM = 1060, YAF = 6871, VARIABLE = 65535 };

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

static bool
read_list(GByteArray *list, struct told_sizes *told)
{
	g_autofree uint8_t *exact = g_memdup2(list->data, list->len);
	bool is_good = structured_data_read_basic_list(exact, list->len, told);

	g_byte_array_unref(list);
	return is_good;
}

static void
reads_a_histogram(void)
{
	GByteArray *list = basic_list(CESNET, HISTOGRAM, 4);
	struct told_sizes told = { .payloads_count = 0 };

	for (uint32_t i = 0; i < 8; i++)
		export_put(list, i + 1, 4);
	g_assert_true(read_list(list, &told));
	for (size_t i = 0; i < 8; i++)
		g_assert_cmpuint(told.forward.numbers[TOLD_CESNET_BIN_0 + i], ==, i + 1);
}

static void
passes_over_lists_of_other_elements(void)
{
	GByteArray *others[] = { basic_list(0, 82, VARIABLE), basic_list(9, 1, 3),
		                 basic_list(CESNET, 1, 1) };

	for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
		struct told_sizes told = { .payloads_count = 0 };

		export_put(others[i], 1, 7);
		g_assert_true(read_list(others[i], &told));
		g_assert_cmpuint(told.payloads_count, ==, 0);
	}
}

static void
refuses_lists_of_half_an_element(void)
{
	GByteArray *list = basic_list(CESNET, LENGTHS, 2);
	GByteArray *zero = basic_list(CESNET, LENGTHS, 0);
	struct told_sizes told = { .payloads_count = 0 };

	export_put(list, 1, 3);
	g_assert_false(read_list(list, &told));
	export_put(zero, 1, 3);
	g_assert_false(read_list(zero, &told));
}

static void
refuses_every_truncated_header(void)
{
	for (size_t length = 0; length < 9; length++) {
		GByteArray *list = basic_list(CESNET, LENGTHS, 2);
		struct told_sizes told = { .payloads_count = 0 };

		g_byte_array_set_size(list, (guint)length);
		g_assert_false(read_list(list, &told));
	}
}

static void
keeps_no_more_packets_than_there_is_room_for(void)
{
	GByteArray *list = basic_list(CESNET, LENGTHS, 1);
	struct told_sizes told = { .payloads_count = 0 };

	for (int i = 0; i < 2000; i++)
		export_put(list, 1, 1);
	g_assert_true(read_list(list, &told));
	g_assert_cmpuint(told.payloads_count, ==, TOLD_PACKETS_MAX);
}

struct sub {
	struct observation_domain *domain;
	struct told_sizes told;
	struct flow_record record;
};

static struct sub
start_sub(void)
{
	static const struct template_field fields[] = { { YAF, 14, 1 },
		                                        { YAF, 500, 4 },
		                                        { 0, 8, 4 } };
	static const struct template_draft draft = { .id = 300,
		                                     .field_count = 3,
		                                     .fields = fields };
	struct sub sub = { .domain = observation_domain_new(10, 1) };

	g_assert_cmpint(observation_domain_learn(sub.domain, &draft, (struct wall_time){ 0 }), ==,
	                TEMPLATE_LEARNED);
	return sub;
}

static void
put_sub_record(GByteArray *list)
{
	export_put(list, 0x12, 1);
	export_put(list, 5, 4);
	export_put(list, 0x0a000001, 4);
}

static void
takes_flags_and_sizes_but_no_addresses_from_a_sub_template(void)
{
	static const struct host_address unset;
	g_autoptr(GByteArray) list = g_byte_array_new();
	struct sub sub = start_sub();

	export_put(list, 3, 1);
	export_put(list, 300, 2);
	put_sub_record(list);
	g_assert_true(structured_data_read_sub_template_list(sub.domain, list->data, list->len,
	                                                     &sub.told, &sub.record));
	g_assert_cmpuint(sub.record.tcp_flags, ==, 0x12);
	g_assert_cmpuint(sub.told.forward.numbers[TOLD_YAF_SMALL], ==, 5);
	g_assert_true(host_address_equal(&sub.record.source, &unset));
	observation_domain_free(sub.domain);
}

static void
skips_sub_templates_that_are_not_known(void)
{
	g_autoptr(GByteArray) list = g_byte_array_new();
	struct sub sub = start_sub();

	export_put(list, 3, 1);
	export_put(list, 999, 2);
	export_put(list, 4 + 5, 2);
	export_put(list, 0, 5);
	export_put(list, 300, 2);
	export_put(list, 4 + 9, 2);
	put_sub_record(list);
	g_assert_true(structured_data_read_multi_list(sub.domain, list->data, list->len, &sub.told,
	                                              &sub.record));
	g_assert_cmpuint(sub.record.tcp_flags, ==, 0x12);
	observation_domain_free(sub.domain);
}

static void
refuses_sub_lists_that_go_past_their_end(void)
{
	static const uint16_t lengths[] = { 0, 3, 14, 65535 };

	for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
		g_autoptr(GByteArray) list = g_byte_array_new();
		struct sub sub = start_sub();

		export_put(list, 3, 1);
		export_put(list, 300, 2);
		export_put(list, lengths[i], 2);
		put_sub_record(list);
		g_assert_false(structured_data_read_multi_list(sub.domain, list->data, list->len,
		                                               &sub.told, &sub.record));
		observation_domain_free(sub.domain);
	}
}

int
main(int argc, char **argv)
{
#define TEST(name) g_test_add_func("/structured_data/" #name, name)
	g_test_init(&argc, &argv, NULL);
	TEST(reads_a_histogram);
	TEST(passes_over_lists_of_other_elements);
	TEST(refuses_lists_of_half_an_element);
	TEST(refuses_every_truncated_header);
	TEST(keeps_no_more_packets_than_there_is_room_for);
	TEST(takes_flags_and_sizes_but_no_addresses_from_a_sub_template);
	TEST(skips_sub_templates_that_are_not_known);
	TEST(refuses_sub_lists_that_go_past_their_end);
	return g_test_run();
}
