#include <glib.h>

#include "collector/due_queue.h"

enum { PERIOD = 60000, BUSY = 10 };

typedef struct {
	struct share_log log;
	DueQueue *queue;
	GArray *due;
} fixture;

static void
set_up(fixture *f, const void *data)
{
	(void)data;
	share_log_init(&f->log, 1000);
	f->queue = due_queue_new(&f->log, PERIOD);
	f->due = g_array_new(FALSE, FALSE, sizeof(struct due));
}

static void
tear_down(fixture *f, const void *data)
{
	(void)data;
	due_queue_free(f->queue);
	share_log_clear(&f->log);
	g_array_unref(f->due);
}

/* So many seconds behind a multiple of the period. */
static int64_t
time_of(int64_t seconds)
{
	return 28000000 * (int64_t)PERIOD + seconds * 1000;
}

/* At half of the period. */
static struct share_partition *
begin(fixture *f, uint32_t number, uint16_t owner, uint16_t since)
{
	struct share_partition *partition = share_log_partition(&f->log, number);

	partition->owner = owner;
	partition->since = since;
	due_queue_add(f->queue, partition, time_of(30));
	return partition;
}

static size_t
take_at(fixture *f, uint16_t owner, const struct due_clock *clock)
{
	g_array_set_size(f->due, 0);
	due_queue_take(f->queue, owner, clock, f->due);
	return f->due->len;
}

static size_t
take(fixture *f, uint16_t owner, int64_t seconds)
{
	return take_at(f, owner,
	               &(struct due_clock){ 28000000 * (int64_t)PERIOD + seconds * 1000,
	                                    (uint16_t)seconds, BUSY, false, 0 });
}

static void
expect(fixture *f, guint place, uint32_t number, enum due_kind kind)
{
	g_assert_cmpuint(g_array_index(f->due, struct due, place).partition, ==, number);
	g_assert_cmpint(g_array_index(f->due, struct due, place).kind, ==, kind);
}

static void
partitions_are_due_once_in_a_period_of_their_owners_clock(fixture *f, const void *data)
{
	(void)data;
	begin(f, 1, 3, 0);
	begin(f, 2, 1, 0);
	g_assert_cmpuint(take(f, 3, 30), ==, 0);
	g_assert_cmpuint(take(f, 3, 79), ==, 0);
	g_assert_cmpuint(take(f, 3, 80), ==, 1);
	expect(f, 0, 1, DUE_QUIET);
	g_assert_cmpuint(take(f, 3, 200), ==, 0);
	g_assert_cmpuint(take(f, 1, 1000), ==, 1); /* a clock that jumped */
	expect(f, 0, 2, DUE_QUIET);
	g_assert_cmpuint(take(f, 7, 60), ==, 0);
}

static void
all_partitions_of_a_silent_owner_are_due(fixture *f, const void *data)
{
	const struct due_clock silent = { 1, 0, BUSY, true, 0 };

	(void)data;
	begin(f, 1, 0, 0);
	begin(f, 2, 0, 0);
	g_assert_cmpuint(take_at(f, 0, &silent), ==, 2);
	g_assert_cmpuint(take_at(f, 0, &silent), ==, 0);
}

static void
busy_partitions_are_due_sooner_and_again_with_all(fixture *f, const void *data)
{
	struct share_partition *busy = begin(f, 2, 0, 35);
	struct share_partition *later = begin(f, 3, 0, 36);

	(void)data;
	due_queue_add_busy(f->queue, later);
	due_queue_add_busy(f->queue, busy);
	g_assert_cmpuint(take(f, 0, 44), ==, 0);
	g_assert_cmpuint(take(f, 0, 45), ==, 1);
	expect(f, 0, 2, DUE_BUSY);
	g_assert_cmpuint(take(f, 0, 46), ==, 1);
	expect(f, 0, 3, DUE_BUSY);
	share_log_take(&f->log, later);
	g_assert_cmpuint(take(f, 0, 80), ==, 1);
	expect(f, 0, 2, DUE_QUIET);
}

static void
partitions_that_were_taken_out_are_not_due(fixture *f, const void *data)
{
	struct share_partition *partition = begin(f, 1, 0, 0);

	(void)data;
	due_queue_add_busy(f->queue, partition);
	share_log_take(&f->log, partition);
	begin(f, 1, 0, 30); /* anew */
	g_assert_cmpuint(take(f, 0, 80), ==, 1);
	expect(f, 0, 1, DUE_QUIET);
}

/* A clock that stands still makes nothing due, however often parts are sent for want of room. */
static void
queues_do_not_grow_with_what_was_taken_out(fixture *f, const void *data)
{
	size_t octets = 0;

	(void)data;
	for (uint32_t i = 0; i < 100000; i++) {
		struct share_partition *partition = begin(f, i, 0, 0);

		due_queue_add_busy(f->queue, partition);
		share_log_take(&f->log, partition);
		if (i == 1000)
			octets = due_queue_octets(f->queue);
	}
	g_assert_cmpuint(due_queue_octets(f->queue), ==, octets);
}

/* Each of many owners has had all partitions once. */
static void
queues_give_back_what_they_needed_once(fixture *f, const void *data)
{
	enum { OWNERS = 50, PARTITIONS = 20000 };
	size_t octets = 0;

	(void)data;
	for (uint16_t owner = 0; owner < OWNERS; owner++) {
		const struct due_clock silent = { 1, 0, BUSY, true, 0 };

		for (uint32_t i = 0; i < PARTITIONS; i++)
			due_queue_add_busy(f->queue, begin(f, i, owner, 0));
		octets = MAX(octets, due_queue_octets(f->queue) / (owner + 1));
		g_assert_cmpuint(take_at(f, owner, &silent), ==, PARTITIONS);
		for (uint32_t i = 0; i < PARTITIONS; i++)
			share_log_take(&f->log, share_log_partition(&f->log, i));
		g_assert_cmpuint(take_at(f, owner, &silent), ==, 0);
	}
	g_assert_cmpuint(due_queue_octets(f->queue), <, octets);
}

#define ADD(test) g_test_add("/due_queue/" #test, fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(partitions_are_due_once_in_a_period_of_their_owners_clock);
	ADD(all_partitions_of_a_silent_owner_are_due);
	ADD(busy_partitions_are_due_sooner_and_again_with_all);
	ADD(partitions_that_were_taken_out_are_not_due);
	ADD(queues_do_not_grow_with_what_was_taken_out);
	ADD(queues_give_back_what_they_needed_once);
	return g_test_run();
}
