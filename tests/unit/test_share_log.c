#include <glib.h>

#include "collector/share_log.h"

typedef struct {
	struct share_log log;
} fixture;

enum { SHARES = 700 };

static void
set_up(fixture *f, const void *data)
{
	(void)data;
	share_log_init(&f->log, SHARES);
}

static void
tear_down(fixture *f, const void *data)
{
	(void)data;
	share_log_clear(&f->log);
}

/* Appends shares whose minutes are numbers from `first` on; returns how many found room. */
static uint32_t
append(fixture *f, struct share_partition *partition, uint32_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct held_share *held = share_log_append(&f->log, partition);

		if (held == NULL)
			return i;
		held->minute = first + i;
	}
	return count;
}

static void
expect_numbers(fixture *f, const struct share_run *run, uint32_t first, uint32_t count)
{
	uint32_t chunk = run->first;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t line = chunk + i % SHARE_CHUNK_LINES;

		g_assert_cmpuint(f->log.lines[line].minute, ==, first + i);
		if (i == count - 1)
			g_assert_cmpuint(run->end, ==, line + 1);
		if (i % SHARE_CHUNK_LINES == SHARE_CHUNK_LINES - 1)
			chunk = share_log_next(&f->log, chunk);
	}
}

static void
a_partition_gives_its_shares_back_in_their_order(fixture *f, const void *data)
{
	(void)data;
	for (uint32_t count = 1; count < 40; count++) {
		struct share_partition *one = share_log_partition(&f->log, count);
		struct share_partition *other = share_log_partition(&f->log, count + 1);
		struct share_run run, rest;

		for (uint32_t i = 0; i < count; i++) {
			g_assert_cmpuint(append(f, one, 1000 + i, 1), ==, 1);
			g_assert_cmpuint(append(f, other, 2000 + i, 1), ==, 1);
		}
		run = share_log_take(&f->log, one);
		g_assert_cmpuint(one->first, ==, 0);
		expect_numbers(f, &run, 1000, count);
		g_assert_cmpuint(append(f, one, 3000, count), ==, count); /* the run stays */
		expect_numbers(f, &run, 1000, count);
		rest = share_log_take(&f->log, one);
		expect_numbers(f, &rest, 3000, count);
		share_log_release(&f->log, &run);
		share_log_release(&f->log, &rest);
		rest = share_log_take(&f->log, other);
		expect_numbers(f, &rest, 2000, count);
		share_log_release(&f->log, &rest);
		g_assert_cmpuint(share_log_room(&f->log).used, ==, 0);
	}
}

static void
there_is_room_for_as_many_as_were_wished_and_it_comes_back(fixture *f, const void *data)
{
	struct share_partition *partition = share_log_partition(&f->log, 9);
	uint32_t most = (uint32_t)share_log_room(&f->log).most;

	(void)data;
	g_assert_cmpuint(most, >=, SHARES);
	for (int round = 0; round < 3; round++) {
		struct share_run run;

		g_assert_true(share_log_has_room(&f->log, partition, most));
		g_assert_false(share_log_has_room(&f->log, partition, most + 1));
		g_assert_false(share_log_is_scarce(&f->log));
		g_assert_cmpuint(append(f, partition, 0, most + 1), ==, most);
		g_assert_true(share_log_is_scarce(&f->log));
		g_assert_cmpuint(share_log_room(&f->log).used, ==, most);
		run = share_log_take(&f->log, partition);
		g_assert_false(share_log_has_room(&f->log, partition, 1));
		expect_numbers(f, &run, 0, most);
		share_log_release(&f->log, &run);
	}
}

static void
room_counts_what_is_left_of_a_chunk(fixture *f, const void *data)
{
	struct share_partition *partition = share_log_partition(&f->log, 0);
	uint32_t most = (uint32_t)share_log_room(&f->log).most;

	(void)data;
	for (uint32_t used = 1; used <= most; used++) {
		g_assert_cmpuint(append(f, partition, 0, 1), ==, 1);
		g_assert_true(share_log_has_room(&f->log, partition, most - used));
		g_assert_false(share_log_has_room(&f->log, partition, most - used + 1));
	}
}

static void
a_partition_has_another_serial_once_it_was_taken(fixture *f, const void *data)
{
	struct share_partition *partition = share_log_partition(&f->log, 5);
	uint16_t serial = f->log.serials[5];
	struct share_run run;

	(void)data;
	share_log_lose(partition);
	append(f, partition, 0, 1);
	share_log_touch(partition, 3, 7);
	run = share_log_take(&f->log, partition);
	g_assert_cmpuint(run.lost, ==, 1);
	g_assert_cmpuint(partition->lost, ==, 0);
	g_assert_cmpuint(partition->touches, ==, 0);
	g_assert_cmpuint(f->log.serials[5], !=, serial);
}

static void
touches_are_counted_by_what_is_left_of_the_hash(void)
{
	struct share_partition partition = { 0 };

	for (unsigned i = 1; i <= SHARE_TOUCHES_MOST; i++)
		for (uint32_t hash = 0; hash < 16; hash++)
			g_assert_cmpuint(share_log_touch(&partition, hash + 160 * i, 1), ==, i);
	g_assert_cmpuint(share_log_touch(&partition, 9, 0), ==, SHARE_TOUCHES_MOST);
}

static void
partitions_grow_in_number_and_keep_what_they_hold(void)
{
	struct share_log log;
	uint32_t before;

	share_log_init(&log, 10000000);
	before = log.mask;
	share_log_grow(&log);
	g_assert_cmpuint(log.mask, ==, before);
	for (uint32_t i = 0; i < 2 * (before + 1); i++) {
		struct share_partition *partition = share_log_partition(&log, i);

		for (int k = 0; k < 2 * SHARE_CHUNK_LINES; k++)
			share_log_append(&log, partition)->minute = i;
	}
	share_log_grow(&log);
	g_assert_cmpuint(log.mask, ==, 2 * before + 1);
	g_assert_cmpuint(share_log_partition(&log, before + 1)->first, ==, 0);
	g_assert_cmpuint(share_log_partition(&log, before)->chunks, ==, 4);
	share_log_clear(&log);
}

#define ADD(test) g_test_add("/share_log/" #test, fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(a_partition_gives_its_shares_back_in_their_order);
	ADD(there_is_room_for_as_many_as_were_wished_and_it_comes_back);
	ADD(room_counts_what_is_left_of_a_chunk);
	ADD(a_partition_has_another_serial_once_it_was_taken);
	g_test_add_func("/share_log/touches_are_counted_by_what_is_left_of_the_hash",
	                touches_are_counted_by_what_is_left_of_the_hash);
	g_test_add_func("/share_log/partitions_grow_in_number_and_keep_what_they_hold",
	                partitions_grow_in_number_and_keep_what_they_hold);
	return g_test_run();
}
