#include "tools/kenchi/daemons.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fault.h"

enum { COLLECTOR, DETECTOR, COUNT };

struct child {
	const char *name;
	pid_t process; /* 0: has ended */
	int status;
};

struct run {
	struct child children[COUNT];
	const struct child *failed; /* first: how the others ended then is this program's doing */
	const char *state;
	ino_t old_ring; /* that was in the state folder; 0: none */
};

char *
daemons_find(const char *name, GError **error)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *folder = self == NULL ? g_strdup(".") : g_path_get_dirname(self);
	/* "kenchi-collector" is built in the folder "collector", "kenchi-flowgen" in
	 * "tools/flowgen". */
	const char *room = strchr(name, '-') + 1;
	char *candidates[] = {
		g_build_filename(folder, name, NULL),
		g_build_filename(folder, "..", "..", room, name, NULL),
		g_build_filename(folder, "..", room, name, NULL),
		g_find_program_in_path(name),
	};
	char *found = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(candidates); i++) {
		if (found == NULL && candidates[i] != NULL && access(candidates[i], X_OK) == 0)
			found = g_steal_pointer(&candidates[i]);
		g_free(candidates[i]);
	}
	if (found == NULL)
		fault_input(error, "%s is neither beside kenchi nor on PATH", name);
	return found;
}

/* The signals that this program waits for are blocked in it, and must not be in its children. */
static bool
start(struct child *child, char **arguments, bool with_input, GError **error)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int number;

	sigemptyset(&none);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_init(&actions);
	if (!with_input)
		posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	number = posix_spawn(&child->process, arguments[0], &actions, &attributes, arguments,
	                     environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	if (number == 0)
		return true;
	child->process = 0;
	errno = number;
	return fault_system(error, "cannot start %s", arguments[0]);
}

static void
stop_all(const struct run *run)
{
	for (int i = 0; i < COUNT; i++) {
		if (run->children[i].process != 0)
			kill(run->children[i].process, SIGTERM);
	}
}

static ino_t
ring_of(const char *state)
{
	g_autofree char *path = g_build_filename(state, "ring.0", NULL);
	struct stat file;

	return stat(path, &file) == 0 ? file.st_ino : 0;
}

/* Had the collector begun when it refused?  Then a capture is damaged, and what came before the
 * damage lies on the ring. */
static bool
found_damage(const struct run *run, const struct child *child)
{
	ino_t ring = ring_of(run->state);

	return child == &run->children[COLLECTOR] && WIFEXITED(child->status) &&
	       WEXITSTATUS(child->status) == 2 && ring != 0 && ring != run->old_ring;
}

/* Takes the children that have ended; returns how many run, and stops the rest when one has failed
 * and left nothing to do. */
static int
reap(struct run *run)
{
	int running = 0;

	for (int i = 0; i < COUNT; i++) {
		struct child *child = &run->children[i];

		if (child->process == 0 ||
		    waitpid(child->process, &child->status, WNOHANG) != child->process)
			continue;
		child->process = 0;
		if (child->status == 0)
			continue;
		if (run->failed == NULL)
			run->failed = child;
		if (!found_damage(run, child))
			stop_all(run);
	}
	for (int i = 0; i < COUNT; i++)
		running += run->children[i].process != 0;
	return running;
}

static bool
wait_for_all(struct run *run, const sigset_t *signals)
{
	bool stopped = false;

	while (reap(run) > 0) {
		int number = sigwaitinfo(signals, NULL);

		if (number == SIGINT || number == SIGTERM || number == SIGHUP) {
			stopped = true;
			stop_all(run);
		}
	}
	return stopped;
}

static enum daemons_result
judge(const struct run *run, GError **error)
{
	const struct child *failed = run->failed;

	if (failed == NULL)
		return DAEMONS_DONE;
	if (found_damage(run, failed) && run->children[DETECTOR].status == 0)
		return DAEMONS_DAMAGED;
	if (WIFEXITED(failed->status) && WEXITSTATUS(failed->status) == 2)
		return DAEMONS_REFUSED;
	if (WIFSIGNALED(failed->status))
		fault_input(error, "%s was ended by signal %d", failed->name,
		            WTERMSIG(failed->status));
	else
		fault_input(error, "%s failed with %d", failed->name, WEXITSTATUS(failed->status));
	return DAEMONS_FAILED;
}

enum daemons_result
daemons_run(const char *state, char **collector, char **detector, GError **error)
{
	struct run run = { .children = { [COLLECTOR] = { .name = "kenchi-collector" },
		                         [DETECTOR] = { .name = "kenchi-detector" } },
		           .state = state,
		           .old_ring = ring_of(state) };
	sigset_t signals;
	sigset_t before;
	bool started;
	bool stopped;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, &before);
	started = start(&run.children[COLLECTOR], collector, true, error) &&
	          start(&run.children[DETECTOR], detector, false, error);
	if (!started)
		stop_all(&run);
	stopped = wait_for_all(&run, &signals);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (stopped)
		return DAEMONS_STOPPED;
	return started ? judge(&run, error) : DAEMONS_FAILED;
}
