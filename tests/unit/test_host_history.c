#include <glib.h>
#include <string.h>

#include "detector/host_history.h"

enum { MINUTE = 1000 };

static struct ring_bin
part_of(uint32_t host, uint32_t minute, uint64_t octets)
{
	struct host_address address = host_address_from_ipv4(host);
	struct ring_bin part = { .export_ms = (int64_t)minute * HOST_BIN_MS };

	host_bin_init(&part.bin, &address, minute);
	host_bin_extension_init(&part.extension);
	part.bin.octets[HOST_OUT] = octets;
	return part;
}

static struct host_touch
touch_of(uint32_t peer)
{
	return (struct host_touch){ .peer = host_address_from_ipv4(peer),
		                    .octets = 100,
		                    .port = 80,
		                    .kinds = TOUCH_SENT | TOUCH_BEGUN,
		                    .protocol = 6 };
}

static HostHistory *
history_of(size_t hosts, unsigned minutes)
{
	struct host_history_limits limits = { hosts, minutes, 7, 0 };

	return host_history_new(&limits);
}

static void
open_all(HostHistory *history, struct known_host *host)
{
	const struct history_depth all = { 0 };

	host_history_open(history, host, UINT32_MAX, &all);
}

static void
merges_parts_of_a_minute_in_any_order(void)
{
	static const uint32_t orders[][3] = { { 0, 1, 2 }, { 2, 0, 1 }, { 1, 2, 0 } };

	for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
		g_autoptr(HostHistory) history = history_of(10, 5);
		struct known_host *host = NULL;

		for (size_t j = 0; j < 3; j++) {
			struct ring_bin part =
				part_of(1, MINUTE + orders[i][j] % 2, 10 + orders[i][j]);

			host = host_history_add(history, &part);
		}
		g_assert_nonnull(host);
		open_all(history, host);
		g_assert_cmpuint(host_history_minute(host, MINUTE)->bin.octets[HOST_OUT], ==,
		                 10 + 12);
		g_assert_cmpuint(host_history_minute(host, MINUTE + 1)->bin.octets[HOST_OUT], ==,
		                 11);
		g_assert_cmpuint(host->newest->bin.minute, ==, MINUTE + 1);
		g_assert_null(host_history_minute(host, MINUTE + 2));
	}
}

static void
keeps_extensions_only_where_bins_are_extended(void)
{
	g_autoptr(HostHistory) history = history_of(10, 5);
	struct ring_bin part = part_of(1, MINUTE, 1);

	for (uint32_t i = 0; i < HOST_BIN_TOUCHES; i++) {
		struct host_touch touch = touch_of(100 + i);

		g_assert_true(host_bin_touch(&part.bin, NULL, &touch, 7));
	}
	host_history_add(history, &part);
	g_assert_cmpuint(host_history_counters(history).extensions, ==, 0);
	host_history_add(history, &part); /* three more touches need one */
	g_assert_cmpuint(host_history_counters(history).extensions, ==, 1);
	g_assert_cmpuint(host_history_counters(history).minutes, ==, 1);
}

static void
drops_minutes_that_are_too_old(void)
{
	g_autoptr(HostHistory) history = history_of(10, 3);
	struct known_host *host = NULL;

	for (uint32_t i = 0; i < 6; i++) {
		struct ring_bin part = part_of(1, MINUTE + i, i);

		host = host_history_add(history, &part);
	}
	g_assert_cmpuint(host_history_counters(history).minutes, ==, 3);
	open_all(history, host);
	g_assert_null(host_history_minute(host, MINUTE + 2));
	g_assert_nonnull(host_history_minute(host, MINUTE + 3));
}

static void
counts_parts_that_come_too_late(void)
{
	g_autoptr(HostHistory) history = history_of(10, 3);
	struct ring_bin now = part_of(1, MINUTE, 1), late = part_of(1, MINUTE - 3, 1);

	host_history_add(history, &now);
	g_assert_null(host_history_add(history, &late));
	g_assert_cmpuint(host_history_counters(history).stale, ==, 1);
	g_assert_cmpuint(host_history_counters(history).parts, ==, 2);
}

static void
forgets_the_host_that_was_silent_longest(void)
{
	g_autoptr(HostHistory) history = history_of(2, 3);
	struct host_address first = host_address_from_ipv4(1), second = host_address_from_ipv4(2);
	static const uint32_t hosts[] = { 1, 2, 1, 3 };

	for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++) {
		struct ring_bin part = part_of(hosts[i], MINUTE + (uint32_t)i, 1);

		host_history_add(history, &part);
	}
	g_assert_nonnull(host_history_find(history, &first));
	g_assert_null(host_history_find(history, &second));
	g_assert_cmpuint(host_history_counters(history).forgotten, ==, 1);
	g_assert_cmpuint(host_history_counters(history).hosts, ==, 2);
}

/* Octets for some minutes only: each host gives up its own oldest ones. */
static void
gives_up_old_minutes_when_the_room_is_used_up(void)
{
	enum { HOSTS = 10, MINUTES = 50, OCTETS = 8000 };
	const struct host_history_limits limits = { HOSTS, MINUTES, 7, OCTETS };
	g_autoptr(HostHistory) history = host_history_new(&limits);
	struct host_history_counters counters;
	uint64_t remembered;

	for (uint32_t minute = 0; minute < MINUTES; minute++) {
		for (uint32_t host = 0; host < HOSTS; host++) {
			struct ring_bin part = part_of(host, MINUTE + minute, 1 + minute);
			struct host_touch touch = touch_of(host);

			g_assert_true(host_bin_touch(&part.bin, NULL, &touch, 7));
			g_assert_nonnull(host_history_add(history, &part));
		}
	}
	counters = host_history_counters(history);
	g_assert_cmpuint(counters.octets, <=, OCTETS);
	g_assert_cmpuint(counters.hosts, ==, HOSTS);
	g_assert_cmpuint(counters.given_up, >, 0);
	g_assert_cmpuint(counters.minutes + counters.given_up, ==, HOSTS * MINUTES);
	for (uint32_t i = 0; i < HOSTS; i++) {
		struct host_address address = host_address_from_ipv4(i);
		struct known_host *host = host_history_find(history, &address);

		open_all(history, host);
		g_assert_cmpuint(host->newest->bin.octets[HOST_OUT], ==, MINUTES);
		g_assert_nonnull(host->past.sent);
		remembered = 0;
		for (size_t word = 0; word < G_N_ELEMENTS(*host->past.sent); word++)
			remembered |= host->past.sent[0][word];
		g_assert_cmpuint(remembered, !=, 0);
	}
}

/* Late parts, in any order, of hosts that come and go: against bins merged one by one. */
static void
keeps_what_a_plain_table_keeps(void)
{
	enum { HOSTS = 5, MINUTES = 12, PARTS = 5000 };
	static struct ring_bin sums[HOSTS][MINUTES];
	g_autoptr(HostHistory) history = history_of(HOSTS, MINUTES);
	g_autoptr(GRand) random = g_rand_new_with_seed(9);

	for (uint32_t i = 0; i < HOSTS * MINUTES; i++)
		sums[i / MINUTES][i % MINUTES] = part_of(i / MINUTES, MINUTE + i % MINUTES, 0);
	for (int i = 0; i < PARTS; i++) {
		uint32_t host = (uint32_t)g_rand_int_range(random, 0, HOSTS);
		uint32_t minute = (uint32_t)g_rand_int_range(random, 0, MINUTES);
		struct ring_bin part = part_of(host, MINUTE + minute, g_rand_int(random) >> 8),
				*sum = &sums[host][minute];
		struct host_touch touch = touch_of((uint32_t)g_rand_int_range(random, 0, 40));

		g_assert_true(host_bin_touch(&part.bin, NULL, &touch, 7));
		g_assert_nonnull(host_history_add(history, &part));
		host_bin_merge(&sum->bin, &sum->extension, &part.bin, NULL, 7);
	}
	for (uint32_t i = 0; i < HOSTS; i++) {
		struct host_address address = host_address_from_ipv4(i);
		struct known_host *host = host_history_find(history, &address);

		open_all(history, host);
		for (uint32_t minute = 0; minute < MINUTES; minute++) {
			const struct host_minute *found =
				host_history_minute(host, MINUTE + minute);

			g_assert_cmpmem(&found->bin, sizeof(found->bin), &sums[i][minute].bin,
			                sizeof(found->bin));
			g_assert_cmpmem(found->extension, sizeof(*found->extension),
			                &sums[i][minute].extension, sizeof(*found->extension));
		}
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/host_history/merges_parts_of_a_minute_in_any_order",
	                merges_parts_of_a_minute_in_any_order);
	g_test_add_func("/host_history/keeps_extensions_only_where_bins_are_extended",
	                keeps_extensions_only_where_bins_are_extended);
	g_test_add_func("/host_history/drops_minutes_that_are_too_old",
	                drops_minutes_that_are_too_old);
	g_test_add_func("/host_history/counts_parts_that_come_too_late",
	                counts_parts_that_come_too_late);
	g_test_add_func("/host_history/forgets_the_host_that_was_silent_longest",
	                forgets_the_host_that_was_silent_longest);
	g_test_add_func("/host_history/gives_up_old_minutes_when_the_room_is_used_up",
	                gives_up_old_minutes_when_the_room_is_used_up);
	g_test_add_func("/host_history/keeps_what_a_plain_table_keeps",
	                keeps_what_a_plain_table_keeps);
	return g_test_run();
}
