#include <glib.h>

#include "collector/due_queue.h"

enum { BINS = 200, QUIET = 60, BUSY = 10 };

typedef struct {
	OpenBins *bins;
	DueQueue *queue;
	uint32_t numbers[BINS];
} fixture;

static void
set_up(fixture *f, const void *data)
{
	static const struct open_bins_limits limits = { BINS, BINS, BINS };

	(void)data;
	f->bins = open_bins_new(&limits, 1, 2);
	f->queue = due_queue_new(f->bins, BINS);
}

static void
tear_down(fixture *f, const void *data)
{
	(void)data;
	due_queue_free(f->queue);
	open_bins_free(f->bins);
}

static uint32_t
open_bin(fixture *f, uint32_t host, uint16_t owner, uint16_t opened)
{
	struct host_address address = host_address_from_ipv4(host);
	struct open_bin_key key = { &address, 1, open_bins_hash(f->bins, &address, 1), owner,
		                    opened };
	uint32_t number = open_bins_open(f->bins, &key);

	due_queue_add(f->queue, number);
	return number;
}

static void
close_bin(fixture *f, uint32_t number)
{
	struct bin_part part;

	open_bins_close(f->bins, number, &part);
	open_bins_release(f->bins, number);
}

static size_t
take(fixture *f, uint16_t owner, uint16_t now)
{
	struct due_ages ages = { now, QUIET, BUSY };

	due_queue_mark(f->queue, owner, &ages);
	return due_queue_take_marked(f->queue, f->numbers);
}

static void
bins_are_due_by_their_age_on_their_owners_clock(fixture *f, const void *data)
{
	uint32_t first = open_bin(f, 1, 3, 65530); /* the clock wraps */
	uint32_t second = open_bin(f, 2, 3, 10);
	uint32_t other = open_bin(f, 3, 1, 0);

	(void)data;
	g_assert_cmpuint(take(f, 3, 53), ==, 0);
	g_assert_cmpuint(take(f, 3, 54), ==, 1);
	g_assert_cmpuint(f->numbers[0], ==, first);
	g_assert_cmpuint(take(f, 3, 54), ==, 0);
	g_assert_cmpuint(take(f, 3, 70), ==, 1);
	g_assert_cmpuint(f->numbers[0], ==, second);
	g_assert_cmpuint(take(f, 1, 60), ==, 1);
	g_assert_cmpuint(f->numbers[0], ==, other);
	g_assert_cmpuint(take(f, 7, 60), ==, 0);
}

static void
busy_bins_are_due_sooner(fixture *f, const void *data)
{
	uint32_t quiet = open_bin(f, 1, 0, 0);
	uint32_t busy = open_bin(f, 2, 0, 5);
	uint32_t later = open_bin(f, 3, 0, 6);

	(void)data;
	due_queue_add_busy(f->queue, later);
	due_queue_add_busy(f->queue, busy);
	g_assert_cmpuint(take(f, 0, 14), ==, 0);
	g_assert_cmpuint(take(f, 0, 15), ==, 1);
	g_assert_cmpuint(f->numbers[0], ==, busy);
	g_assert_cmpuint(take(f, 0, 16), ==, 1);
	g_assert_cmpuint(f->numbers[0], ==, later);
	close_bin(f, busy);
	close_bin(f, later);
	g_assert_cmpuint(take(f, 0, 70), ==, 1);
	g_assert_cmpuint(f->numbers[0], ==, quiet);
}

static void
closed_bins_are_not_due(fixture *f, const void *data)
{
	uint32_t number = open_bin(f, 1, 0, 0);

	(void)data;
	due_queue_add_busy(f->queue, number);
	close_bin(f, number);
	g_assert_cmpuint(open_bin(f, 2, 0, 50), ==, number); /* used again */
	g_assert_cmpuint(take(f, 0, 100), ==, 0);
	g_assert_cmpuint(take(f, 0, 110), ==, 1);
}

static void
marked_numbers_come_out_once_and_ascending(fixture *f, const void *data)
{
	static const uint32_t expected[] = { 0, 63, 64, 199 };

	(void)data;
	for (uint32_t i = 0; i < BINS; i++)
		open_bin(f, i, 0, 0);
	due_queue_mark_one(f->queue, 199);
	due_queue_mark_one(f->queue, 64);
	due_queue_mark_one(f->queue, 0);
	due_queue_mark_one(f->queue, 63);
	due_queue_mark_one(f->queue, 64);
	g_assert_cmpuint(due_queue_take_marked(f->queue, f->numbers), ==, 4);
	g_assert_cmpmem(f->numbers, sizeof(expected), expected, sizeof(expected));
	g_assert_cmpuint(due_queue_take_marked(f->queue, f->numbers), ==, 0);
	close_bin(f, 7);
	due_queue_mark_all(f->queue);
	g_assert_cmpuint(due_queue_take_marked(f->queue, f->numbers), ==, BINS - 1);
}

/* A clock that stands still makes nothing due, however often bins are sent for want of room. */
static void
queues_do_not_grow_with_what_is_closed(fixture *f, const void *data)
{
	size_t octets = 0;

	(void)data;
	for (uint32_t i = 0; i < 100000; i++) {
		uint32_t number = open_bin(f, i, 0, 0);

		due_queue_add_busy(f->queue, number);
		close_bin(f, number);
		if (i == 1000)
			octets = due_queue_octets(f->queue);
	}
	g_assert_cmpuint(due_queue_octets(f->queue), ==, octets);
}

#define ADD(test) g_test_add("/due_queue/" #test, fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(bins_are_due_by_their_age_on_their_owners_clock);
	ADD(busy_bins_are_due_sooner);
	ADD(closed_bins_are_not_due);
	ADD(marked_numbers_come_out_once_and_ascending);
	ADD(queues_do_not_grow_with_what_is_closed);
	return g_test_run();
}
