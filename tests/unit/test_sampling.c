#include <glib.h>

#include "collector/sampling.h"

static void
multiplies_every_counter(void)
{
	g_autofree struct flow_batch *batch = g_new0(struct flow_batch, 1);
	struct flow_record *record = &batch->records[0];

	batch->count = 1;
	*record = (struct flow_record){ .octets = 3,
		                        .packets = 2,
		                        .reverse_octets = 5,
		                        .reverse_packets = 4,
		                        .sizes = { 2 },
		                        .sampling_interval = 100 };
	sampling_scale(batch, 0);
	g_assert_cmpuint(record->octets, ==, 300);
	g_assert_cmpuint(record->packets, ==, 200);
	g_assert_cmpuint(record->reverse_octets, ==, 500);
	g_assert_cmpuint(record->reverse_packets, ==, 400);
	g_assert_cmpuint(record->sizes[0], ==, 200);
	g_assert_cmpuint(record->marks & FLOW_SCALED, !=, 0);
	sampling_scale(batch, 0);
	g_assert_cmpuint(record->octets, ==, 300);
}

static void
saturates_instead_of_wrapping(void)
{
	g_autofree struct flow_batch *batch = g_new0(struct flow_batch, 1);

	batch->count = 1;
	batch->records[0] = (struct flow_record){ .octets = UINT64_MAX / 2,
		                                  .sizes = { 1000000000 },
		                                  .sampling_interval = UINT32_MAX };
	sampling_scale(batch, 0);
	g_assert_cmpuint(batch->records[0].octets, ==, UINT64_MAX);
	g_assert_cmpuint(batch->records[0].sizes[0], ==, UINT32_MAX);
}

static void
believes_the_operator_before_the_exporter(void)
{
	g_autofree struct flow_batch *batch = g_new0(struct flow_batch, 1);

	batch->count = 2;
	batch->records[0] = (struct flow_record){ .octets = 10, .sampling_interval = 1000 };
	batch->records[1] = (struct flow_record){ .octets = 10 };
	sampling_scale(batch, 50);
	g_assert_cmpuint(batch->records[0].octets, ==, 500);
	g_assert_cmpuint(batch->records[1].octets, ==, 500);
	g_assert_cmpuint(batch->records[1].sampling_interval, ==, 50);
}

static void
leaves_records_alone_whose_sampling_is_not_known(void)
{
	g_autofree struct flow_batch *batch = g_new0(struct flow_batch, 1);

	batch->count = 1;
	batch->records[0] = (struct flow_record){ .octets = 10 };
	sampling_scale(batch, 0);
	g_assert_cmpuint(batch->records[0].octets, ==, 10);
	g_assert_cmpuint(batch->records[0].marks & FLOW_SCALED, ==, 0);
}

static enum sampler_change
announce(struct sampler_table *table, enum sampler_scope scope, uint32_t interval, uint64_t key)
{
	return sampler_table_announce(table, &(struct sampler){ scope, interval, key });
}

static void
falls_back_from_interface_to_domain_to_the_only_sampler(void)
{
	struct sampler_table table = { .count = 0 };

	g_assert_cmpuint(sampler_table_default(&table, 3), ==, 0);
	announce(&table, SAMPLER_BY_ID, 10, 7);
	g_assert_cmpuint(sampler_table_default(&table, 3), ==, 10);
	announce(&table, SAMPLER_BY_ID, 20, 8);
	g_assert_cmpuint(sampler_table_default(&table, 3), ==, 0);
	announce(&table, SAMPLER_OF_DOMAIN, 30, 0);
	g_assert_cmpuint(sampler_table_default(&table, 3), ==, 30);
	announce(&table, SAMPLER_OF_INTERFACE, 40, 3);
	g_assert_cmpuint(sampler_table_default(&table, 3), ==, 40);
	g_assert_cmpuint(sampler_table_default(&table, 4), ==, 30);
	g_assert_cmpuint(sampler_table_find(&table, 8), ==, 20);
}

static void
tells_news_from_repetition(void)
{
	struct sampler_table table = { .count = 0 };

	g_assert_cmpint(announce(&table, SAMPLER_BY_ID, 10, 7), ==, SAMPLER_CHANGED);
	g_assert_cmpint(announce(&table, SAMPLER_BY_ID, 10, 7), ==, SAMPLER_REPEATED);
	g_assert_cmpint(announce(&table, SAMPLER_BY_ID, 20, 7), ==, SAMPLER_CHANGED);
	g_assert_cmpint(announce(&table, SAMPLER_OF_INTERFACE, 20, 7), ==, SAMPLER_CHANGED);
}

static void
refuses_one_sampler_too_many(void)
{
	struct sampler_table table = { .count = 0 };

	for (uint64_t id = 0; id < SAMPLERS_MAX; id++)
		g_assert_cmpint(announce(&table, SAMPLER_BY_ID, 10, id), ==, SAMPLER_CHANGED);
	g_assert_cmpint(announce(&table, SAMPLER_BY_ID, 10, SAMPLERS_MAX), ==, SAMPLER_REFUSED);
	g_assert_cmpint(announce(&table, SAMPLER_BY_ID, 11, 5), ==, SAMPLER_CHANGED);
	g_assert_cmpuint(sampler_table_find(&table, 5), ==, 11);
}

int
main(int argc, char **argv)
{
#define TEST(name) g_test_add_func("/sampling/" #name, name)
	g_test_init(&argc, &argv, NULL);
	TEST(multiplies_every_counter);
	TEST(saturates_instead_of_wrapping);
	TEST(believes_the_operator_before_the_exporter);
	TEST(leaves_records_alone_whose_sampling_is_not_known);
	TEST(falls_back_from_interface_to_domain_to_the_only_sampler);
	TEST(tells_news_from_repetition);
	TEST(refuses_one_sampler_too_many);
	return g_test_run();
}
