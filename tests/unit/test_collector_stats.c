#include <glib.h>
#include <string.h>

#include "collector/collector_stats.h"

static void
counts_of_workers_add_up(void)
{
	struct collector_counts sum = { .kernel_dropped = 1, .newest_export_ms = 50 };
	struct collector_counts other = { .kernel_dropped = 2, .newest_export_ms = 40 };

	sum.decode.records_decoded = 3;
	other.decode.records_decoded = 4;
	sum.bins.unplaced = 5;
	other.bins.unplaced = 6;
	collector_counts_add(&sum, &other);
	g_assert_cmpuint(sum.kernel_dropped, ==, 3);
	g_assert_cmpuint(sum.decode.records_decoded, ==, 7);
	g_assert_cmpuint(sum.bins.unplaced, ==, 11);
	g_assert_cmpint(sum.newest_export_ms, ==, 50);
}

static void
counters_are_members_of_one_object(void)
{
	struct collector_counts counts = { .datagrams_received = 7 };
	g_autoptr(GString) json = g_string_new("{\"a\":1");

	counts.decode.records_decoded = 42;
	counts.bins.late = 9;
	collector_counts_format(&counts, true, json);
	g_assert_true(g_str_has_prefix(json->str, "{\"a\":1,\"datagrams_received\":7,"));
	g_assert_nonnull(strstr(json->str, ",\"records_decoded\":42,"));
	g_assert_nonnull(strstr(json->str, "\"late\":9"));
	g_assert_null(strstr(json->str, ",,"));
	g_assert_null(strstr(json->str, "\"capture\""));
}

static void
a_captures_counters_have_its_packets_instead_of_sockets(void)
{
	struct collector_counts counts = { .capture = {
						   .packets = 3, .datagrams = 2, .fragments = 1 } };
	g_autoptr(GString) json = g_string_new("{");

	collector_counts_format(&counts, false, json);
	g_assert_nonnull(strstr(json->str, "\"capture\":{\"packets\":3,\"datagrams\":2,"));
	g_assert_null(strstr(json->str, "kernel_dropped"));
}

static char *
rates_after(unsigned seconds)
{
	struct collector_rates rates = { 0 };
	GString *json = g_string_new("{");

	for (unsigned i = 0; i < seconds; i++) {
		struct collector_counts counts = { .octets_received = 1500 * (uint64_t)i };
		counts.decode.datagrams_taken = 2 * (uint64_t)i;
		/* A burst in the very first second. */
		counts.decode.records_decoded = 60 * (uint64_t)i + (i > 0 ? 100000 : 0);
		collector_rates_keep(&rates, &counts,
		                     (struct mono_time){ 5000 + 1000 * (int64_t)i });
	}
	collector_rates_format(&rates, json);
	return g_string_free(json, FALSE);
}

static void
rates_are_those_of_the_last_seconds(void)
{
	g_autofree char *json = rates_after(30);

	g_assert_cmpstr(
		json, ==,
		"{\"rates\":{\"datagrams_per_s\":2,\"octets_per_s\":1500,\"records_per_s\":60,"
		"\"parts_per_s\":0}");
}

static void
rates_are_zero_at_first(void)
{
	g_autofree char *none = rates_after(0);
	g_autofree char *one = rates_after(1);

	g_assert_nonnull(strstr(none, "\"records_per_s\":0"));
	g_assert_nonnull(strstr(one, "\"records_per_s\":0"));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/collector_stats/counts_of_workers_add_up", counts_of_workers_add_up);
	g_test_add_func("/collector_stats/counters_are_members_of_one_object",
	                counters_are_members_of_one_object);
	g_test_add_func("/collector_stats/a_captures_counters_have_its_packets_instead_of_sockets",
	                a_captures_counters_have_its_packets_instead_of_sockets);
	g_test_add_func("/collector_stats/rates_are_those_of_the_last_seconds",
	                rates_are_those_of_the_last_seconds);
	g_test_add_func("/collector_stats/rates_are_zero_at_first", rates_are_zero_at_first);
	return g_test_run();
}
