#include "detector/ring_set.h"

#include <glib/gstdio.h>

#include "common/ring_layout.h"

struct fixture {
	char *folder;
	RingWriter *writers[2];
	RingSet *set;
};

static void
open_writer(struct fixture *fixture, unsigned worker)
{
	fixture->writers[worker] = ring_open_writer(fixture->folder, worker, RING_SIZE_LEAST, NULL);
	g_assert_nonnull(fixture->writers[worker]);
}

static void
set_up(struct fixture *fixture, const void *lockstep)
{
	fixture->folder = g_dir_make_tmp("rings-XXXXXX", NULL);
	fixture->writers[0] = fixture->writers[1] = NULL;
	fixture->set = ring_set_new(fixture->folder, lockstep != NULL);
}

static void
tear_down(struct fixture *fixture, const void *unused)
{
	g_autoptr(GDir) directory = g_dir_open(fixture->folder, 0, NULL);
	const char *name;

	(void)unused;
	ring_set_free(fixture->set);
	ring_close_writer(fixture->writers[0]);
	ring_close_writer(fixture->writers[1]);
	while ((name = g_dir_read_name(directory)) != NULL) {
		g_autofree char *path = g_build_filename(fixture->folder, name, NULL);

		g_unlink(path);
	}
	g_rmdir(fixture->folder);
	g_free(fixture->folder);
}

static void
look(struct fixture *fixture)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(ring_set_look(fixture->set, &error));
	g_assert_no_error(error);
}

static void
push_watermark(struct fixture *fixture, unsigned worker, int64_t export_ms)
{
	struct ring_watermark watermark = { .export_ms = export_ms,
		                            .least_ms = export_ms,
		                            .exporters = 1 };

	g_assert_true(ring_push_watermark(fixture->writers[worker], &watermark));
	ring_publish(fixture->writers[worker]);
}

static int64_t
pop_watermark(struct fixture *fixture)
{
	struct ring_entry entry;

	g_assert_true(ring_set_pop(fixture->set, &entry));
	g_assert_cmpint(entry.type, ==, RING_WATERMARK);
	return entry.watermark.export_ms;
}

static void
expect_nothing(struct fixture *fixture)
{
	struct ring_entry entry;

	g_assert_false(ring_set_pop(fixture->set, &entry));
}

static void
finds_rings_as_they_appear(struct fixture *fixture, const void *unused)
{
	(void)unused;
	look(fixture);
	g_assert_cmpuint(ring_set_count(fixture->set), ==, 0);
	open_writer(fixture, 1);
	look(fixture);
	g_assert_cmpuint(ring_set_count(fixture->set), ==, 1);
	g_assert_cmpuint(ring_set_worker(fixture->set, 0), ==, 1);
	open_writer(fixture, 0);
	look(fixture);
	g_assert_cmpuint(ring_set_count(fixture->set), ==, 2);
	g_assert_cmpuint(ring_set_worker(fixture->set, 0), ==, 0);
	g_assert_true(ring_set_has_writer(fixture->set, 0));
}

static void
clock_is_the_least_of_living_rings_and_never_goes_back(struct fixture *fixture, const void *unused)
{
	struct ring_watermark watermark;

	(void)unused;
	open_writer(fixture, 0);
	open_writer(fixture, 1);
	look(fixture);
	g_assert_false(ring_set_watermark(fixture->set, &watermark));
	push_watermark(fixture, 0, 5000);
	pop_watermark(fixture);
	g_assert_true(ring_set_watermark(fixture->set, &watermark));
	g_assert_cmpint(watermark.least_ms, ==, 5000);
	push_watermark(fixture, 1, 3000);
	pop_watermark(fixture);
	g_assert_true(ring_set_watermark(fixture->set, &watermark));
	g_assert_cmpint(watermark.least_ms, ==, 5000);
	push_watermark(fixture, 0, 9000);
	pop_watermark(fixture);
	g_assert_true(ring_set_watermark(fixture->set, &watermark));
	g_assert_cmpint(watermark.export_ms, ==, 9000);
	g_assert_cmpint(watermark.least_ms, ==, 5000);
	g_assert_cmpuint(watermark.exporters, ==, 2);
	g_clear_pointer(&fixture->writers[1], ring_close_writer); /* is dead: holds nobody up */
	g_assert_true(ring_set_watermark(fixture->set, &watermark));
	g_assert_cmpint(watermark.least_ms, ==, 9000);
}

static void
lockstep_takes_the_ring_that_is_behind(struct fixture *fixture, const void *unused)
{
	(void)unused;
	open_writer(fixture, 0);
	open_writer(fixture, 1);
	look(fixture);
	push_watermark(fixture, 0, 1000);
	push_watermark(fixture, 0, 2000);
	push_watermark(fixture, 0, 3000);
	g_assert_cmpint(pop_watermark(fixture), ==, 1000);
	expect_nothing(fixture); /* nothing of ring 1 yet: it must be waited for */
	push_watermark(fixture, 1, 1500);
	push_watermark(fixture, 1, 2500);
	g_assert_cmpint(pop_watermark(fixture), ==, 1500);
	g_assert_cmpint(pop_watermark(fixture), ==, 2000);
	g_assert_cmpint(pop_watermark(fixture), ==, 2500);
	g_assert_cmpint(pop_watermark(fixture), ==, 3000);
	expect_nothing(fixture);
}

static void
ends_when_every_ring_has_ended(struct fixture *fixture, const void *unused)
{
	struct ring_entry entry;

	(void)unused;
	g_assert_false(ring_set_ended(fixture->set));
	open_writer(fixture, 0);
	open_writer(fixture, 1);
	look(fixture);
	for (unsigned worker = 0; worker < 2; worker++) {
		g_assert_false(ring_set_ended(fixture->set));
		ring_push_end(fixture->writers[worker]);
		ring_publish(fixture->writers[worker]);
		g_assert_true(ring_set_pop(fixture->set, &entry));
		g_assert_cmpint(entry.type, ==, RING_END);
	}
	g_assert_true(ring_set_ended(fixture->set));
}

static void
goes_on_behind_what_was_committed_or_kept(struct fixture *fixture, const void *unused)
{
	struct ring_position kept, popped;

	(void)unused;
	open_writer(fixture, 0);
	look(fixture);
	for (int64_t at = 1; at <= 4; at++)
		push_watermark(fixture, 0, at);
	pop_watermark(fixture);
	ring_set_settle(fixture->set, true);
	ring_set_commit(fixture->set);
	pop_watermark(fixture);
	ring_set_settle(fixture->set, true);
	kept = ring_set_position(fixture->set, 0);
	pop_watermark(fixture);
	popped = ring_set_popped(fixture->set, 0);
	ring_set_free(fixture->set);
	fixture->set = ring_set_new(fixture->folder, false);
	ring_set_restore(fixture->set, 0, kept, popped);
	look(fixture);
	g_assert_cmpint(pop_watermark(fixture), ==, 3);
	g_assert_true(ring_set_comes_again(fixture->set));
	g_assert_cmpuint(ring_set_popped(fixture->set, 0).sequence, ==, popped.sequence);
	g_assert_cmpint(pop_watermark(fixture), ==, 4);
	g_assert_false(ring_set_comes_again(fixture->set));
	g_assert_cmpuint(ring_set_popped(fixture->set, 0).sequence, ==, popped.sequence + 1);
}

/* A watermark each minute from 1000000 on. */
static void
pop_minutes(struct fixture *fixture, int minutes)
{
	struct ring_watermark watermark;

	open_writer(fixture, 0);
	look(fixture);
	for (int i = 0; i < minutes; i++) {
		push_watermark(fixture, 0, 1000000 + 60000 * (int64_t)i);
		pop_watermark(fixture);
	}
	g_assert_true(ring_set_watermark(fixture->set, &watermark));
	ring_set_settle(fixture->set, false);
}

static void
holds_back_the_longest_window(struct fixture *fixture, const void *unused)
{
	(void)unused;
	pop_minutes(fixture, 20);
	g_assert_cmpuint(ring_set_position(fixture->set, 0).sequence, ==, 5);
	ring_set_commit(fixture->set);
	g_clear_pointer(&fixture->set, ring_set_free);
	fixture->set = ring_set_new(fixture->folder, false);
	look(fixture);
	g_assert_cmpint(pop_watermark(fixture), ==, 1300000);
}

static void
holds_back_what_is_under_way_of_a_capture(struct fixture *fixture, const void *unused)
{
	(void)unused;
	pop_minutes(fixture, 20);
	g_assert_cmpuint(ring_set_position(fixture->set, 0).sequence, ==, 18);
}

/* Counters of a quarter of the ring, behind the watermarks. */
static void
holds_back_what_is_under_way_in_a_ring_that_fills_up(struct fixture *fixture, const void *unused)
{
	g_autofree char *counters = g_strnfill(RING_SIZE_LEAST / 16, ' ');
	struct ring_entry entry;

	(void)unused;
	pop_minutes(fixture, 20);
	ring_set_commit(fixture->set);
	for (int i = 0; i < 5; i++)
		g_assert_true(ring_push_counters(fixture->writers[0], counters));
	ring_publish(fixture->writers[0]);
	while (ring_set_pop(fixture->set, &entry))
		continue;
	g_assert_false(ring_set_crowded(fixture->set));
	ring_set_settle(fixture->set, false);
	g_assert_cmpuint(ring_set_position(fixture->set, 0).sequence, ==, 18);
}

static void
gives_back_everything_when_the_ring_is_crowded(struct fixture *fixture, const void *unused)
{
	struct ring_watermark watermark = { .export_ms = 1, .least_ms = 1 };
	struct ring_entry entry;
	uint64_t pushed = 0;

	(void)unused;
	open_writer(fixture, 0);
	look(fixture);
	while (ring_push_watermark(fixture->writers[0], &watermark))
		pushed++;
	ring_publish(fixture->writers[0]);
	g_assert_false(ring_set_crowded(fixture->set));
	while (ring_set_pop(fixture->set, &entry))
		continue;
	g_assert_true(ring_set_crowded(fixture->set));
	ring_set_settle(fixture->set, false);
	ring_set_commit(fixture->set);
	g_assert_cmpuint(ring_set_position(fixture->set, 0).sequence, ==, pushed);
	g_assert_false(ring_set_crowded(fixture->set));
}

static void
reads_a_replaced_ring_to_its_end_and_opens_the_new_one(struct fixture *fixture, const void *unused)
{
	(void)unused;
	open_writer(fixture, 0);
	look(fixture);
	push_watermark(fixture, 0, 1);
	g_clear_pointer(&fixture->writers[0], ring_close_writer);
	fixture->writers[0] = ring_open_writer(fixture->folder, 0, 2 * RING_SIZE_LEAST, NULL);
	push_watermark(fixture, 0, 2);
	look(fixture);
	g_assert_cmpint(pop_watermark(fixture), ==, 1);
	expect_nothing(fixture);
	look(fixture);
	g_assert_cmpint(pop_watermark(fixture), ==, 2);
	g_assert_cmpuint(ring_set_counters(fixture->set).missed, ==, 0);
}

static void
counts_what_the_collector_dropped(struct fixture *fixture, const void *unused)
{
	struct ring_watermark watermark = { .export_ms = 1 };
	struct ring_entry entry;

	(void)unused;
	open_writer(fixture, 0);
	look(fixture);
	for (uint64_t dropped = 0; dropped <= 10; dropped += 5) {
		watermark.dropped = dropped;
		ring_push_watermark(fixture->writers[0], &watermark);
	}
	ring_publish(fixture->writers[0]);
	while (ring_set_pop(fixture->set, &entry))
		continue;
	g_assert_cmpuint(ring_set_counters(fixture->set).dropped, ==, 10);
}

static void
tells_of_a_ring_that_cannot_be_opened_once(struct fixture *fixture, const void *unused)
{
	g_autofree char *path = ring_path(fixture->folder, 7);
	g_autoptr(GError) error = NULL;

	(void)unused;
	g_assert_true(g_file_set_contents(path, "no ring", -1, NULL));
	g_assert_false(ring_set_look(fixture->set, &error));
	g_assert_nonnull(strstr(error->message, path));
	look(fixture);
}

static void *
push_later(void *fixture)
{
	g_usleep(100000);
	push_watermark(fixture, 1, 1000);
	return NULL;
}

static void
wakes_for_whichever_ring_has_something(struct fixture *fixture, const void *unused)
{
	enum { LONG_MS = 20000 };
	struct ring_entry entry;
	int64_t start_us;
	GThread *pusher;
	bool got = false;

	(void)unused;
	open_writer(fixture, 0);
	open_writer(fixture, 1);
	look(fixture);
	expect_nothing(fixture);
	start_us = g_get_monotonic_time();
	pusher = g_thread_new("pusher", push_later, fixture);
	for (int i = 0; i < LONG_MS / 10 && !got; i++) {
		ring_set_wait(fixture->set, LONG_MS);
		got = ring_set_pop(fixture->set, &entry);
	}
	g_thread_join(pusher);
	g_assert_cmpint(g_get_monotonic_time() - start_us, <, LONG_MS * 1000 / 2);
	g_assert_true(got);
	g_assert_cmpint(entry.watermark.export_ms, ==, 1000);
}

#define ADD(function, lockstep)                                                                    \
	g_test_add("/ring_set/" #function, struct fixture, lockstep, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(finds_rings_as_they_appear, NULL);
	ADD(clock_is_the_least_of_living_rings_and_never_goes_back, NULL);
	ADD(lockstep_takes_the_ring_that_is_behind, "lockstep");
	ADD(ends_when_every_ring_has_ended, NULL);
	ADD(goes_on_behind_what_was_committed_or_kept, NULL);
	ADD(holds_back_the_longest_window, NULL);
	ADD(holds_back_what_is_under_way_of_a_capture, "lockstep");
	ADD(holds_back_what_is_under_way_in_a_ring_that_fills_up, NULL);
	ADD(gives_back_everything_when_the_ring_is_crowded, NULL);
	ADD(reads_a_replaced_ring_to_its_end_and_opens_the_new_one, NULL);
	ADD(counts_what_the_collector_dropped, NULL);
	ADD(tells_of_a_ring_that_cannot_be_opened_once, NULL);
	ADD(wakes_for_whichever_ring_has_something, NULL);
	return g_test_run();
}
