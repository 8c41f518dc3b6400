#include <glib/gstdio.h>
#include <string.h>

#include "tests/support/store_builder.h"
#include "tools/kenchi/store_reader.h"

static void
tells_that_there_is_no_store(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(store_open("/nowhere/at/all", &error));
	g_assert_error(error, STORE_ERROR, STORE_ERROR_MISSING);
	g_assert_nonnull(strstr(error->message, "/nowhere/at/all"));
}

static void
refuses_what_is_no_store(void)
{
	g_autofree char *folder = g_dir_make_tmp("kenchi-store-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "verdicts.db", NULL);
	g_autoptr(GError) error = NULL;

	g_file_set_contents(
		path,
		"this is a text file and much longer than a header of a database would be, "
		"so that it is read and found to be none of them",
		-1, NULL);
	g_assert_null(store_open(folder, &error));
	g_assert_error(error, STORE_ERROR, STORE_ERROR_BROKEN);
	g_assert_nonnull(strstr(error->message, path));
	store_builder_remove(folder);
}

static void
refuses_a_store_of_another_version(void)
{
	g_autofree char *folder = store_builder_make(0);
	g_autoptr(GError) error = NULL;

	store_builder_run(folder, "PRAGMA user_version = 99");
	g_assert_null(store_open(folder, &error));
	g_assert_error(error, STORE_ERROR, STORE_ERROR_BROKEN);
	g_assert_nonnull(strstr(error->message, "99"));
	store_builder_remove(folder);
}

static void
orders_hosts_by_verdict_and_score(void)
{
	static const char *const expected[] = { "10.0.0.5", "10.0.0.9", "10.0.0.20" };
	g_autofree char *folder = store_builder_make(0);
	g_autoptr(StoreReader) store = store_open(folder, NULL);
	struct store_filter filter = { 0 };
	struct store_host host;

	store_select_hosts(store, &filter);
	for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
		g_assert_true(store_next_host(store, &host));
		g_assert_cmpstr(host.host, ==, expected[i]);
	}
	g_assert_false(store_next_host(store, &host));
	g_assert_false(store_failed(store, NULL));
	store_builder_remove(folder);
}

static void
orders_addresses_as_numbers(void)
{
	static const char *const expected[] = { "10.0.0.5", "10.0.0.9", "10.0.0.20", "fd00::9",
		                                "fd00::10" };
	g_autofree char *folder = store_builder_make(0);
	g_autoptr(StoreReader) store = NULL;
	const struct store_filter filter = { .by_host = true };
	struct store_host host;

	store_builder_run(
		folder,
		"INSERT INTO verdict SELECT 'fd00::10', verdict, score, peak_score, reason, since_ms, NULL,"
		" 0, 0, 1, 1, '', '', NULL, NULL, 0, NULL, NULL FROM verdict WHERE host = '10.0.0.9';"
		"INSERT INTO verdict SELECT 'fd00::9', verdict, score, peak_score, reason, since_ms, NULL,"
		" 0, 0, 1, 1, '', '', NULL, NULL, 0, NULL, NULL FROM verdict WHERE host = '10.0.0.9'");
	store = store_open(folder, NULL);
	store_select_hosts(store, &filter);
	for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
		g_assert_true(store_next_host(store, &host));
		g_assert_cmpstr(host.host, ==, expected[i]);
	}
	store_builder_remove(folder);
}

static void
gives_evidence_strongest_first(void)
{
	g_autofree char *folder = store_builder_make(0);
	g_autoptr(StoreReader) store = store_open(folder, NULL);
	const struct store_filter filter = { .host = "10.0.0.5" };
	struct store_evidence evidence;
	struct store_host host;

	store_select_hosts(store, &filter);
	g_assert_true(store_next_host(store, &host));
	g_assert_cmpstr(host.behaviours, ==, "horizontal_scan");
	g_assert_cmpint(host.first_detected_ms, ==, STORE_BUILDER_MS + 60000);
	store_select_evidence(store, "10.0.0.5");
	g_assert_true(store_next_evidence(store, &evidence));
	g_assert_cmpfloat(evidence.measured, ==, 812);
	g_assert_true(store_next_evidence(store, &evidence));
	g_assert_cmpstr(evidence.behaviour, ==, "beacon");
	g_assert_false(store_next_evidence(store, &evidence));
	store_builder_remove(folder);
}

static void
finds_hosts_near_a_verdict(void)
{
	g_autofree char *folder = store_builder_make(0);
	g_autoptr(StoreReader) store = store_open(folder, NULL);
	const struct store_filter filter = { .near = true };
	struct store_host host;

	store_select_hosts(store, &filter);
	g_assert_true(store_next_host(store, &host));
	g_assert_cmpstr(host.host, ==, "10.0.0.9");
	g_assert_cmpint(host.first_detected_ms, ==, STORE_NEVER);
	g_assert_false(store_next_host(store, &host));
	store_builder_remove(folder);
}

static void
gives_events_after_one_and_after_a_time(void)
{
	g_autofree char *folder = store_builder_make(0);
	g_autoptr(StoreReader) store = store_open(folder, NULL);
	const struct store_event_filter newer = { .after_id = 1 };
	const struct store_event_filter later = { .since_ms = STORE_BUILDER_MS + 60001,
		                                  .host = "10.0.0.5" };
	const struct store_event_filter newest = { .limit = 1 };
	const struct store_event_filter *const filters[] = { &newer, &later, &newest };
	struct store_event event;

	for (size_t i = 0; i < G_N_ELEMENTS(filters); i++) {
		store_select_events(store, filters[i]);
		g_assert_true(store_next_event(store, &event));
		g_assert_cmpint(event.id, ==, 2);
		g_assert_cmpstr(event.act, ==, "updated");
		g_assert_false(store_next_event(store, &event));
	}
	store_builder_remove(folder);
}

static void
sees_what_was_stored_since_after_a_refresh(void)
{
	g_autofree char *folder = store_builder_make(0);
	g_autoptr(StoreReader) store = store_open(folder, NULL);
	struct store_counts counts;

	g_assert_true(store_count(store, &counts, NULL));
	g_assert_cmpint(counts.hosts, ==, 3);
	g_assert_cmpint(counts.infected, ==, 1);
	g_assert_cmpint(counts.unknown, ==, 1);
	g_assert_cmpint(counts.events, ==, 2);
	store_builder_run(folder, "DELETE FROM verdict WHERE host = '10.0.0.5'");
	g_assert_true(store_count(store, &counts, NULL));
	g_assert_cmpint(counts.infected, ==, 1);
	store_refresh(store);
	g_assert_true(store_count(store, &counts, NULL));
	g_assert_cmpint(counts.infected, ==, 0);
	store_builder_remove(folder);
}

static void
reads_values_of_the_state(void)
{
	g_autofree char *folder = store_builder_make(77);
	g_autoptr(StoreReader) store = store_open(folder, NULL);

	g_assert_cmpint(store_state_number(store, "updated_wall_ms", -1), ==, 77);
	g_assert_cmpint(store_state_number(store, "ended", -1), ==, -1);
	g_assert_cmpstr(store_state(store, "clock_ms"), ==, "1772445900000");
	g_assert_null(store_state(store, "model"));
	store_builder_remove(folder);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store_reader/tells_that_there_is_no_store", tells_that_there_is_no_store);
	g_test_add_func("/store_reader/refuses_what_is_no_store", refuses_what_is_no_store);
	g_test_add_func("/store_reader/refuses_a_store_of_another_version",
	                refuses_a_store_of_another_version);
	g_test_add_func("/store_reader/orders_hosts_by_verdict_and_score",
	                orders_hosts_by_verdict_and_score);
	g_test_add_func("/store_reader/orders_addresses_as_numbers", orders_addresses_as_numbers);
	g_test_add_func("/store_reader/gives_evidence_strongest_first",
	                gives_evidence_strongest_first);
	g_test_add_func("/store_reader/finds_hosts_near_a_verdict", finds_hosts_near_a_verdict);
	g_test_add_func("/store_reader/gives_events_after_one_and_after_a_time",
	                gives_events_after_one_and_after_a_time);
	g_test_add_func("/store_reader/sees_what_was_stored_since_after_a_refresh",
	                sees_what_was_stored_since_after_a_refresh);
	g_test_add_func("/store_reader/reads_values_of_the_state", reads_values_of_the_state);
	return g_test_run();
}
