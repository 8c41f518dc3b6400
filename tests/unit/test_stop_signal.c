#include <glib.h>
#include <poll.h>
#include <signal.h>

#include "common/stop_signal.h"

static void
a_signal_answers_and_wakes(void)
{
	struct pollfd waiting;

	g_assert_true(stop_signal_watch(NULL));
	waiting = (struct pollfd){ .fd = stop_signal_fd(), .events = POLLIN };
	g_assert_false(stop_signal_came());
	g_assert_cmpint(poll(&waiting, 1, 0), ==, 0);
	raise(SIGPIPE);
	g_assert_false(stop_signal_came());
	raise(SIGTERM);
	g_assert_true(stop_signal_came());
	g_assert_cmpint(poll(&waiting, 1, 0), ==, 1);
	raise(SIGINT);
	g_assert_cmpint(poll(&waiting, 1, 0), ==, 1);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/stop_signal/a_signal_answers_and_wakes", a_signal_answers_and_wakes);
	return g_test_run();
}
