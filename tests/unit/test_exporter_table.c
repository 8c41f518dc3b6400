#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "collector/exporter_state.h"
#include "tests/support/decoding.h"
#include "tests/support/export_builder.h"

static const struct wire_field fields[] = { { 0, 8, 4 }, { 0, 48, 1 }, { 0, 1, 4 } };
static const uint64_t values[] = { 1, 7, 100 };
enum { FIELDS = G_N_ELEMENTS(fields) };

static GByteArray *
open_message(uint32_t domain)
{
	const struct export_header header = { .export_s = TEST_EXPORT_S,
		                              .uptime_ms = 5000,
		                              .domain = domain };

	return netflow9_open(&header);
}

static void
feed_template(struct decoding *decoding, uint32_t domain, uint16_t id)
{
	GByteArray *message = open_message(domain);

	netflow9_add_template(message, id, fields, FIELDS);
	decoding_feed(decoding, message);
}

static void
feed_record(struct decoding *decoding, uint32_t domain, uint16_t id)
{
	GByteArray *message = open_message(domain);

	export_add_record(message, id, fields, FIELDS, values);
	decoding_feed(decoding, message);
}

static void
feed_sampler(struct decoding *decoding, uint32_t domain)
{
	static const struct wire_field sampler[] = { { 0, 1, 4 }, { 0, 48, 1 }, { 0, 50, 4 } };
	static const uint64_t told[] = { 0, 7, 64 };
	GByteArray *message = open_message(domain);

	netflow9_add_options_template(message, 999, sampler, 1, 3);
	export_add_record(message, 999, sampler, 3, told);
	decoding_feed(decoding, message);
}

static void
refuses_one_exporter_too_many(void)
{
	struct exporter_limits limits = decoding_limits();
	struct decoding decoding;

	limits.exporters_max = 3;
	decoding = decoding_start_with(&limits);
	for (int i = 0; i < 5; i++, decoding.exporter++)
		feed_template(&decoding, 1, 256);
	g_assert_cmpuint(exporter_table_count(decoding.exporters), ==, 3);
	g_assert_cmpuint(decoding_counters(&decoding).datagrams_exporters_full, ==, 2);
	decoding_stop(&decoding);
}

static void
gives_the_room_of_a_silent_exporter_to_a_new_one(void)
{
	struct exporter_limits limits = decoding_limits();
	struct decoding decoding;
	struct host_address third = host_address_from_ipv4(TEST_EXPORTER + 2);
	struct host_address first;

	limits.exporters_max = 2;
	decoding = decoding_start_with(&limits);
	feed_template(&decoding, 1, 256);
	decoding.exporter++;
	decoding.arrival.ms += 31 * 60 * 1000;
	feed_template(&decoding, 1, 256);
	decoding.exporter++;
	feed_template(&decoding, 1, 256);
	feed_record(&decoding, 1, 256);
	g_assert_cmpuint(exporter_table_count(decoding.exporters), ==, 2);
	first = exporter_table_get(decoding.exporters, 0)->address;
	g_assert_true(host_address_equal(&first, &third));
	g_assert_cmpuint(decoding.records->len, ==, 1);
	g_assert_cmpuint(decoding_counters(&decoding).datagrams_taken, ==, 4);
	decoding_stop(&decoding);
}

static void
refuses_one_domain_too_many(void)
{
	struct exporter_limits limits = decoding_limits();
	struct decoding decoding;

	limits.domains_max = 4;
	decoding = decoding_start_with(&limits);
	for (uint32_t domain = 0; domain < 10; domain++)
		feed_template(&decoding, domain, 256);
	g_assert_cmpuint(decoding_counters(&decoding).datagrams_domains_full, ==, 6);
	decoding_stop(&decoding);
}

static void
refuses_one_template_too_many(void)
{
	struct exporter_limits limits = decoding_limits();
	struct decoding decoding;

	limits.templates_max = 4;
	decoding = decoding_start_with(&limits);
	for (uint16_t id = 256; id < 266; id++)
		feed_template(&decoding, 1, id);
	/* What is there may still be repeated. */
	feed_template(&decoding, 1, 256);
	g_assert_cmpuint(decoding_counters(&decoding).templates_full, ==, 6);
	g_assert_cmpuint(decoding_counters(&decoding).templates_refreshed, ==, 1);
	decoding_stop(&decoding);
}

static void
refuses_templates_of_too_many_fields(void)
{
	struct exporter_limits limits = decoding_limits();
	struct decoding decoding;

	limits.fields_max = 2;
	decoding = decoding_start_with(&limits);
	feed_template(&decoding, 1, 256);
	g_assert_cmpuint(decoding_counters(&decoding).templates_fields, ==, 1);
	decoding_stop(&decoding);
}

static void
refuses_exporters_that_are_not_allowed(void)
{
	struct decoding decoding = decoding_start();
	g_autoptr(PrefixSet) allowed = prefix_set_new();

	g_assert_true(prefix_set_add(allowed, "192.0.2.0/31", NULL));
	exporter_table_allow_only(decoding.exporters, allowed);
	feed_template(&decoding, 1, 256);
	decoding.exporter += 5;
	feed_template(&decoding, 1, 256);
	g_assert_cmpuint(decoding_counters(&decoding).datagrams_not_allowed, ==, 1);
	g_assert_cmpuint(exporter_table_count(decoding.exporters), ==, 1);
	decoding_stop(&decoding);
}

static void
knows_the_operators_sampling(void)
{
	struct decoding decoding = decoding_start();
	g_autoptr(GError) error = NULL;

	g_assert_true(
		exporter_table_override_sampling(decoding.exporters, "192.0.2.0/24", 100, NULL));
	g_assert_true(exporter_table_override_sampling(decoding.exporters, "192.0.2.1", 200, NULL));
	g_assert_false(
		exporter_table_override_sampling(decoding.exporters, "192.0.2.1", 0, &error));
	g_assert_nonnull(error);
	feed_template(&decoding, 1, 256);
	decoding.exporter++;
	feed_template(&decoding, 1, 256);
	decoding.exporter = 0x0a000001;
	feed_template(&decoding, 1, 256);
	g_assert_cmpuint(exporter_table_sampling_override(decoding.exporters, 0), ==, 200);
	g_assert_cmpuint(exporter_table_sampling_override(decoding.exporters, 1), ==, 100);
	g_assert_cmpuint(exporter_table_sampling_override(decoding.exporters, 2), ==, 0);
	decoding_stop(&decoding);
}

struct state_file {
	char *folder;
	char *path;
};

static struct state_file
make_state_file(void)
{
	struct state_file file = { .folder = g_dir_make_tmp("kenchi-XXXXXX", NULL) };

	file.path = g_build_filename(file.folder, "templates", NULL);
	return file;
}

static void
remove_state_file(struct state_file *file)
{
	g_remove(file->path);
	g_rmdir(file->folder);
	g_free(file->path);
	g_free(file->folder);
}

static void
keeps_templates_over_a_restart(void)
{
	struct state_file file = make_state_file();
	struct decoding before = decoding_start(), after = decoding_start();

	feed_template(&before, 1, 256);
	feed_template(&before, 2, 257);
	feed_sampler(&before, 1);
	g_assert_true(exporter_table_is_unsaved(before.exporters));
	g_assert_true(exporter_table_save(before.exporters, file.path, NULL));
	g_assert_true(exporter_table_load(after.exporters, file.path, after.arrival, NULL));
	g_assert_false(exporter_table_is_unsaved(after.exporters));
	feed_record(&after, 1, 256);
	feed_record(&after, 2, 257);
	g_assert_cmpuint(after.records->len, ==, 2);
	g_assert_cmpuint(decoding_record(&after, 0)->sampling_interval, ==, 64);
	g_assert_cmpuint(decoding_counters(&after).templates_taken, ==, 0);
	decoding_stop(&before);
	decoding_stop(&after);
	remove_state_file(&file);
}

static void
feed_sampling_of(struct decoding *decoding, uint64_t sampler, uint64_t interval)
{
	static const struct wire_field told[] = { { 0, 1, 4 }, { 0, 48, 1 }, { 0, 50, 4 } };
	GByteArray *message = open_message(1);

	export_add_record(message, 999, told, 3, (const uint64_t[]){ 0, sampler, interval });
	decoding_feed(decoding, message);
}

static void
keeps_sampling_that_came_after_the_templates_were_saved(void)
{
	struct state_file file = make_state_file();
	struct decoding before = decoding_start(), after = decoding_start();

	feed_template(&before, 1, 256);
	feed_sampler(&before, 1);
	g_assert_true(exporter_table_save(before.exporters, file.path, NULL));
	feed_sampling_of(&before, 7, 64);
	g_assert_false(exporter_table_is_unsaved(before.exporters));
	feed_sampling_of(&before, 7, 1000);
	g_assert_true(exporter_table_is_unsaved(before.exporters));
	g_assert_true(exporter_table_save(before.exporters, file.path, NULL));
	g_assert_true(exporter_table_load(after.exporters, file.path, after.arrival, NULL));
	feed_record(&after, 1, 256);
	g_assert_cmpuint(decoding_record(&after, 0)->sampling_interval, ==, 1000);
	decoding_stop(&before);
	decoding_stop(&after);
	remove_state_file(&file);
}

static void
tells_when_a_restored_exporter_was_heard_last(void)
{
	struct state_file file = make_state_file();
	struct decoding before = decoding_start(), after = decoding_start();
	g_autofree char *heard =
		g_strdup_printf("\"lastArrivalMilliseconds\":%" G_GINT64_FORMAT, before.arrival.ms);
	g_autoptr(GString) restored = g_string_new(NULL), again = g_string_new(NULL);

	feed_template(&before, 1, 256);
	g_assert_true(exporter_table_save(before.exporters, file.path, NULL));
	after.arrival.ms += 3600 * 1000;
	g_assert_true(exporter_table_load(after.exporters, file.path, after.arrival, NULL));
	exporter_table_describe(after.exporters, 0, after.arrival, 60000, restored);
	g_assert_nonnull(strstr(restored->str, heard));
	g_assert_nonnull(strstr(restored->str, "\"silent\":true"));
	g_assert_nonnull(strstr(restored->str, "\"protocols\":[\"NetFlow v9\"]"));
	g_assert_null(strstr(restored->str, "firstArrivalMilliseconds"));
	feed_record(&after, 1, 256);
	exporter_table_describe(after.exporters, 0, after.arrival, 60000, again);
	g_assert_null(strstr(again->str, heard));
	g_assert_nonnull(strstr(again->str, "\"silent\":false"));
	g_assert_nonnull(strstr(again->str, "firstArrivalMilliseconds"));
	decoding_stop(&before);
	decoding_stop(&after);
	remove_state_file(&file);
}

static void
tells_rates_of_the_time_there_is(void)
{
	struct decoding decoding = decoding_start();
	g_autoptr(GString) first = g_string_new(NULL), silent = g_string_new(NULL);

	feed_template(&decoding, 1, 256);
	for (int i = 0; i < 19; i++) {
		decoding.arrival.ms += 500;
		feed_record(&decoding, 1, 256);
	}
	decoding.arrival.ms += 500;
	exporter_table_describe(decoding.exporters, 0, decoding.arrival, 60000, first);
	/* Twenty datagrams in ten seconds. */
	g_assert_nonnull(strstr(first->str, "\"datagramsPerSecond\":2,"));
	g_assert_nonnull(strstr(first->str, "\"recordsPerSecond\":1.9,"));
	exporter_table_describe(decoding.exporters, 0,
	                        wall_time_add_ms(decoding.arrival, 990 * 1000), 60000, silent);
	g_assert_nonnull(strstr(silent->str, "\"datagramsPerSecond\":0.02,"));
	decoding_stop(&decoding);
}

static void
tells_rates_of_the_last_minute(void)
{
	struct decoding decoding = decoding_start();
	g_autoptr(GString) line = g_string_new(NULL);

	feed_template(&decoding, 1, 256);
	for (int i = 0; i < 130; i++) {
		decoding.arrival.ms += 1000;
		feed_record(&decoding, 1, 256);
	}
	exporter_table_describe(decoding.exporters, 0, decoding.arrival, 60000, line);
	g_assert_nonnull(strstr(line->str, "\"datagramsPerSecond\":1,"));
	g_assert_nonnull(strstr(line->str, "\"recordsPerSecond\":1,"));
	decoding_stop(&decoding);
}

static void
keeps_room_for_the_templates_of_others(void)
{
	struct exporter_limits limits = decoding_limits();
	struct decode_counters counters;
	struct decoding decoding;

	limits.exporters_max = 10;
	limits.template_octets_max = 100000;
	decoding = decoding_start_with(&limits);
	/* One that makes as many Templates as it can. */
	for (uint16_t domain = 0; domain < 10; domain++)
		for (uint16_t id = 256; id < 356; id++)
			feed_template(&decoding, domain, id);
	counters = decoding_counters(&decoding);
	g_assert_cmpuint(counters.templates_memory, >, 0);
	g_assert_cmpuint(counters.templates_learned, <, 60);
	decoding.exporter++;
	for (uint16_t id = 256; id < 261; id++)
		feed_template(&decoding, 1, id);
	g_assert_cmpuint(decoding_counters(&decoding).templates_learned, ==,
	                 counters.templates_learned + 5);
	decoding_stop(&decoding);
}

static void
keeps_room_for_the_data_of_others_that_waits(void)
{
	struct exporter_limits limits = decoding_limits();
	struct decoding decoding;

	limits.exporters_max = 10;
	limits.waiting_octets_max = 10000;
	decoding = decoding_start_with(&limits);
	for (int i = 0; i < 200; i++)
		feed_record(&decoding, 1, 256);
	g_assert_cmpuint(decoding_counters(&decoding).sets_template_missing, >, 100);
	decoding.exporter++;
	feed_record(&decoding, 1, 256);
	feed_template(&decoding, 1, 256);
	g_assert_cmpuint(decoding.records->len, ==, 1);
	decoding_stop(&decoding);
}

static void
takes_a_file_that_is_not_there_for_an_empty_one(void)
{
	struct decoding decoding = decoding_start();

	g_assert_true(exporter_table_load(decoding.exporters, "/nonexistent/templates",
	                                  decoding.arrival, NULL));
	decoding_stop(&decoding);
}

static void
refuses_a_file_that_any_damage_was_done_to(void)
{
	struct state_file file = make_state_file();
	struct decoding before = decoding_start(), after = decoding_start();
	g_autofree char *whole = NULL;
	size_t length;

	feed_template(&before, 1, 256);
	g_assert_true(exporter_table_save(before.exporters, file.path, NULL));
	g_assert_true(g_file_get_contents(file.path, &whole, &length, NULL));
	for (size_t i = 0; i + 1 < length; i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *damaged = g_memdup2(whole, length);

		damaged[i] ^= 1;
		g_assert_true(g_file_set_contents(file.path, damaged, (gssize)length, NULL));
		g_assert_false(
			exporter_table_load(after.exporters, file.path, after.arrival, &error));
		g_assert_nonnull(strstr(error->message, file.path));
		g_assert_true(g_file_set_contents(file.path, whole, (gssize)i, NULL));
		g_assert_false(
			exporter_table_load(after.exporters, file.path, after.arrival, NULL));
	}
	g_assert_cmpuint(exporter_table_count(after.exporters), ==, 0);
	decoding_stop(&before);
	decoding_stop(&after);
	remove_state_file(&file);
}

/* Whole, but with a time of which no difference can be taken. */
static void
refuses_a_file_with_times_that_cannot_be(void)
{
	static const char *const texts[] = {
		"exporter 192.0.2.1 2055 9223372036854775807\n",
		"exporter 192.0.2.1 2055 0\ndomain 9 1 9223372036854775807\n",
		"exporter 192.0.2.1 2055 0\ndomain 9 1 -1\ntemplate 256 0 0 9223372036854775807 0/1/4\n",
	};
	struct state_file file = make_state_file();
	struct decoding after = decoding_start();

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autofree char *text = g_strconcat("kenchi-templates 1\n", texts[i], NULL);
		g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
		g_autofree char *whole = g_strconcat(text, "checksum ", sum, "\n", NULL);

		g_assert_true(g_file_set_contents(file.path, whole, -1, NULL));
		g_assert_false(
			exporter_table_load(after.exporters, file.path, after.arrival, NULL));
	}
	g_assert_cmpuint(exporter_table_count(after.exporters), ==, 0);
	decoding_stop(&after);
	remove_state_file(&file);
}

static void
describes_an_exporter_as_one_line_of_json(void)
{
	struct decoding decoding = decoding_start();
	g_autoptr(GString) line = g_string_new(NULL);

	feed_template(&decoding, 1, 256);
	feed_sampler(&decoding, 1);
	feed_record(&decoding, 1, 256);
	exporter_table_describe(decoding.exporters, 0, wall_time_add_ms(decoding.arrival, 90000),
	                        60000, line);
	g_assert_nonnull(strstr(line->str, "\"exporter\":\"192.0.2.1\""));
	g_assert_nonnull(strstr(line->str, "\"protocols\":[\"NetFlow v9\"]"));
	g_assert_nonnull(strstr(line->str, "\"silent\":true"));
	g_assert_nonnull(strstr(line->str, "\"tcpControlBits\""));
	g_assert_nonnull(strstr(line->str, "{\"of\":\"sampler\",\"id\":7,\"interval\":64}"));
	g_assert_null(strchr(line->str, '\n'));
	decoding_stop(&decoding);
}

int
main(int argc, char **argv)
{
#define TEST(name) g_test_add_func("/exporter_table/" #name, name)
	g_test_init(&argc, &argv, NULL);
	TEST(refuses_one_exporter_too_many);
	TEST(gives_the_room_of_a_silent_exporter_to_a_new_one);
	TEST(refuses_one_domain_too_many);
	TEST(refuses_one_template_too_many);
	TEST(refuses_templates_of_too_many_fields);
	TEST(refuses_exporters_that_are_not_allowed);
	TEST(knows_the_operators_sampling);
	TEST(keeps_templates_over_a_restart);
	TEST(keeps_sampling_that_came_after_the_templates_were_saved);
	TEST(tells_when_a_restored_exporter_was_heard_last);
	TEST(tells_rates_of_the_time_there_is);
	TEST(tells_rates_of_the_last_minute);
	TEST(keeps_room_for_the_templates_of_others);
	TEST(keeps_room_for_the_data_of_others_that_waits);
	TEST(takes_a_file_that_is_not_there_for_an_empty_one);
	TEST(refuses_a_file_that_any_damage_was_done_to);
	TEST(refuses_a_file_with_times_that_cannot_be);
	TEST(describes_an_exporter_as_one_line_of_json);
	return g_test_run();
}
