#include "common/map_fault.h"

#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "tests/support/ring_pair.h"

/* Runs it in a process of its own; gives its status, and what it said on stderr. */
static int
run_apart(void (*touch)(struct ring_pair *), struct ring_pair *pair, char said[static 1024])
{
	const struct rlimit no_core = { 0, 0 };
	int pipe_fds[2], status;
	ssize_t length;
	pid_t child;

	g_assert_cmpint(pipe(pipe_fds), ==, 0);
	child = fork();
	g_assert_cmpint(child, >=, 0);
	if (child == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGBUS, SIG_DFL);
		dup2(pipe_fds[1], STDERR_FILENO);
		log_open("kenchi-test");
		map_fault_catch();
		touch(pair);
		_exit(0);
	}
	close(pipe_fds[1]);
	length = read(pipe_fds[0], said, 1023);
	close(pipe_fds[0]);
	said[MAX(length, 0)] = '\0';
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	return status;
}

static void
cut(const char *path)
{
	g_assert_cmpint(truncate(path, 0), ==, 0);
}

static void
push_one(struct ring_pair *pair)
{
	ring_pair_push(pair->writer, 1);
}

static void
pop_one(struct ring_pair *pair)
{
	struct ring_entry entry;

	ring_pop(pair->reader, &entry);
}

static void
commit(struct ring_pair *pair)
{
	ring_commit(pair->reader, ring_pair_oldest);
}

static void
touch_another_mapping(struct ring_pair *pair)
{
	g_autofree char *path = ring_path(pair->folder, 0);
	FILE *file = fopen(path, "r");
	const volatile char *octets = mmap(NULL, RING_PAGE, PROT_READ, MAP_SHARED, fileno(file), 0);

	cut(path);
	(void)octets[0];
}

static void
expect_named(int status, const char *said, const char *path)
{
	g_autofree char *begin = g_strdup_printf("kenchi-test: %s: cut short", path);

	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), ==, 1);
	g_assert_true(g_str_has_prefix(said, begin));
	g_assert_true(g_str_has_suffix(said, "\n"));
}

static void
names_the_ring_that_was_cut_short(struct ring_pair *pair, const void *unused)
{
	g_autofree char *path = ring_path(pair->folder, 0);
	char said[1024];

	(void)unused;
	g_assert_true(ring_set_aside(
		pair->writer, NULL)); /* else the push takes the room that was cut off anew */
	cut(path);
	expect_named(run_apart(push_one, pair, said), said, path);
	expect_named(run_apart(pop_one, pair, said), said, path);
}

static void
names_the_readers_page_that_was_cut_short(struct ring_pair *pair, const void *unused)
{
	g_autofree char *path = ring_path(pair->folder, 0);
	g_autofree char *page = ring_page_path(path);
	char said[1024];

	(void)unused;
	cut(page);
	expect_named(run_apart(commit, pair, said), said, page);
}

static void
leaves_other_faults_as_they_are(struct ring_pair *pair, const void *unused)
{
	char said[1024];
	int status = run_apart(touch_another_mapping, pair, said);

	(void)unused;
	g_assert_true(WIFSIGNALED(status));
	g_assert_cmpint(WTERMSIG(status), ==, SIGBUS);
	g_assert_null(strstr(said, "cut short"));
}

#define ADD(function)                                                                              \
	g_test_add("/map_fault/" #function, struct ring_pair, NULL, ring_pair_set_up, function,    \
	           ring_pair_tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(names_the_ring_that_was_cut_short);
	ADD(names_the_readers_page_that_was_cut_short);
	ADD(leaves_other_faults_as_they_are);
	return g_test_run();
}
