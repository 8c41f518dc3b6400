/* Both sides of a ring are killed at random moments, and started again, while entries flow. */
#include <glib/gstdio.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/ring_layout.h"

enum { ROUNDS = 120, ALIVE_US = 8000, BATCH = 64 };

/* What a reader keeps as a store does: position and results change together or not at all. */
struct kept {
	struct {
		struct ring_position position;
		uint64_t entries;
	} versions[2];
	_Atomic unsigned current;
};

static char *folder;
static struct kept *kept;

/* Ends the process with a message, so that the parent sees that something was wrong. */
static void
require(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "child: %s\n", what);
	_exit(1);
}

G_NORETURN static void
write_until_killed(uint32_t seed)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
	RingWriter *writer = ring_open_writer(folder, 0, RING_SIZE_LEAST, NULL);
	struct host_address host = host_address_from_ipv4(0x0a000001);
	struct host_bin bin;

	require(writer != NULL, "the writer cannot open the ring");
	host_bin_init(&bin, &host, 29000000);
	for (;;) {
		int count = g_rand_int_range(rand, 1, 2 * BATCH);

		for (int i = 0; i < count; i++) {
			bin.octets[0] = g_rand_int(rand);
			bin.octets[1] = bin.octets[0] * 2654435761u;
			while (!ring_push_bin(writer, 1, &bin, NULL))
				ring_wait_room(writer, 2);
		}
		ring_publish(writer);
	}
}

static void
keep(struct ring_position position, uint64_t entries)
{
	unsigned other = 1 - atomic_load(&kept->current);

	kept->versions[other].position = position;
	kept->versions[other].entries = entries;
	atomic_store(&kept->current, other);
}

static void
check_entry(const struct ring_entry *entry, struct ring_position last)
{
	require(entry->type == RING_BIN, "an entry that nobody wrote");
	require(entry->position.sequence == last.sequence + 1, "an entry is lost or comes twice");
	require(entry->position.epoch >= last.epoch, "the epoch goes back");
	require(entry->bin->bin.octets[1] == entry->bin->bin.octets[0] * 2654435761u,
	        "an entry is torn");
}

/* Reads until it is killed, or with `drain` until there is nothing left. */
static void
read_entries(bool drain)
{
	unsigned current = atomic_load(&kept->current);
	struct ring_position position = kept->versions[current].position;
	uint64_t entries = kept->versions[current].entries;
	RingReader *reader = ring_open_reader(folder, 0, position, NULL);
	struct ring_entry entry;

	require(reader != NULL, "the reader cannot open the ring");
	for (;;) {
		unsigned taken = 0;

		while (taken < BATCH && ring_pop(reader, &entry)) {
			check_entry(&entry, position);
			position = entry.position;
			entries++;
			taken++;
		}
		keep(position, entries);
		ring_commit(reader, position);
		require(ring_reader_missed(reader) == 0 && ring_reader_refused(reader) == 0,
		        "losses");
		if (taken == 0 && drain)
			break;
		if (taken == 0)
			ring_wait_entry(reader, 2);
	}
	ring_close_reader(reader);
}

static pid_t
start(bool writer, uint32_t seed)
{
	pid_t pid = fork();

	g_assert_cmpint(pid, >=, 0);
	if (pid > 0)
		return pid;
	if (writer)
		write_until_killed(seed);
	read_entries(false);
	_exit(0);
}

static void
stop(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void
no_entry_is_lost_or_comes_twice_over_kills(void)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(3);
	RingWriter *made = ring_open_writer(folder, 0, RING_SIZE_LEAST, NULL);
	pid_t pids[2];
	unsigned current;

	ring_close_writer(made); /* so that a reader finds one */
	pids[0] = start(true, 0);
	pids[1] = start(false, 0);
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		int side = g_rand_int_range(rand, 0, 2);

		g_usleep((gulong)g_rand_int_range(rand, 0, ALIVE_US));
		stop(pids[side]);
		pids[side] = start(side == 0, round);
	}
	g_usleep(ALIVE_US);
	stop(pids[0]);
	stop(pids[1]);
	read_entries(true);
	current = atomic_load(&kept->current);
	g_assert_cmpuint(kept->versions[current].entries, ==,
	                 kept->versions[current].position.sequence);
	g_assert_cmpuint(kept->versions[current].entries, >, ROUNDS);
	g_test_message("%u kills, %" G_GUINT64_FORMAT " entries", ROUNDS + 2,
	               kept->versions[current].entries);
}

int
main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	folder = g_dir_make_tmp("ring-XXXXXX", NULL);
	kept = mmap(NULL, sizeof(*kept), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	g_assert_true(kept != MAP_FAILED);
	g_test_add_func("/ring_kill/no_entry_is_lost_or_comes_twice_over_kills",
	                no_entry_is_lost_or_comes_twice_over_kills);
	status = g_test_run();
	for (const char *const *name = (const char *const[]){ "ring.0", "ring.0.reader", NULL };
	     *name; name++) {
		g_autofree char *path = g_build_filename(folder, *name, NULL);

		g_unlink(path);
	}
	g_rmdir(folder);
	g_free(folder);
	return status;
}
