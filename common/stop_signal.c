#include "common/stop_signal.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/fault.h"

static atomic_bool came = false;
static int wake_fd = -1;

void
stop_signal_send(void)
{
	const uint64_t one = 1;
	int saved = errno;

	atomic_store(&came, true);
	if (write(wake_fd, &one, sizeof(one)) < 0)
		errno = saved; /* full: readable already */
	errno = saved;
}

static void
note_signal(int number)
{
	(void)number;
	stop_signal_send();
}

static bool
note_signals(int flags)
{
	struct sigaction note = { .sa_handler = note_signal, .sa_flags = flags };

	return sigaction(SIGTERM, &note, NULL) == 0 && sigaction(SIGINT, &note, NULL) == 0;
}

bool
stop_signal_watch(GError **error)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake_fd < 0 || !note_signals(SA_RESTART) || sigaction(SIGPIPE, &ignore, NULL) != 0)
		return fault_system(error, "cannot watch for signals");
	return true;
}

void
stop_signal_interrupt_reads(void)
{
	note_signals(0);
}

bool
stop_signal_came(void)
{
	return atomic_load_explicit(&came, memory_order_relaxed);
}

int
stop_signal_fd(void)
{
	return wake_fd;
}
