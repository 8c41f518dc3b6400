#include "tools/kenchi/daemons.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fault.h"

enum { COLLECTOR, DETECTOR, COUNT };

struct child {
	const char *name;
	pid_t process; /* 0: has ended */
	int status;
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
stop_all(const struct child *children)
{
	for (int i = 0; i < COUNT; i++) {
		if (children[i].process != 0)
			kill(children[i].process, SIGTERM);
	}
}

/* Takes the children that have ended; returns how many run, and stops the rest when one has failed.
 * `*failed` becomes the first that did: how the others ended then is this program's doing. */
static int
reap(struct child *children, const struct child **failed)
{
	int running = 0;

	for (int i = 0; i < COUNT; i++) {
		struct child *child = &children[i];

		if (child->process == 0 ||
		    waitpid(child->process, &child->status, WNOHANG) != child->process)
			continue;
		child->process = 0;
		if (child->status == 0)
			continue;
		if (*failed == NULL)
			*failed = child;
		stop_all(children);
	}
	for (int i = 0; i < COUNT; i++)
		running += children[i].process != 0;
	return running;
}

static bool
wait_for_all(struct child *children, const sigset_t *signals, const struct child **failed)
{
	bool stopped = false;

	while (reap(children, failed) > 0) {
		int number = sigwaitinfo(signals, NULL);

		if (number == SIGINT || number == SIGTERM || number == SIGHUP) {
			stopped = true;
			stop_all(children);
		}
	}
	return stopped;
}

/* `failed`: NULL when none has. */
static enum daemons_result
judge(const struct child *failed, GError **error)
{
	if (failed == NULL)
		return DAEMONS_DONE;
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
daemons_run(char **collector, char **detector, GError **error)
{
	struct child children[COUNT] = { [COLLECTOR] = { .name = "kenchi-collector" },
		                         [DETECTOR] = { .name = "kenchi-detector" } };
	const struct child *failed = NULL;
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
	started = start(&children[COLLECTOR], collector, true, error) &&
	          start(&children[DETECTOR], detector, false, error);
	if (!started)
		stop_all(children);
	stopped = wait_for_all(children, &signals, &failed);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (stopped)
		return DAEMONS_STOPPED;
	return started ? judge(failed, error) : DAEMONS_FAILED;
}
