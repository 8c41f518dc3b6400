#include "collector/worker.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "common/mono_time.h"
#include "common/stop_signal.h"
#include "common/wall_clock.h"

enum {
	WAIT_MS = 1000,
	BATCHES_IN_TURN = 16, /* of one socket, before the others are looked at again */
	DRAIN_MS = 1000,      /* for what the sockets hold at the end */
	PAUSE_US_MOST = 10000,
	GIVE_WAY_US = 50,
};

struct Worker {
	const CollectorConfig *config;
	UdpListener *listener;
	DataPath *path;
	GThread *thread;
	pthread_mutex_t lock; /* of all that is here, while the thread runs */
	atomic_int callers;   /* that wait for the lock: the thread gives way to them */
	atomic_bool failed;
	GError *error;              /* the thread's, until it is joined */
	struct mono_time last_step; /* of the clocks, or when something came to be held */
	int64_t lead_ms;            /* of the exporters' clocks, then */
	bool received;              /* something, in this turn */
	bool flushed;               /* nothing has come since all open bins were sent */
	int64_t pause_us;           /* after datagrams, before the sockets are looked at again */
};

/*
 * Datagrams are cheap to take together and dear to be woken for one by one.  So after some have
 * come, they are let gather for a while in which the smallest socket's buffer cannot fill, not even
 * at this rate.
 */
static int64_t
choose_pause_us(UdpListener *listener)
{
	enum { OCTETS_PER_US_MOST = 500 };
	int64_t pause_us = PAUSE_US_MOST;

	for (size_t i = 0; i < udp_listener_count(listener); i++) {
		struct udp_socket_status status = udp_listener_status(listener, i);
		pause_us = MIN(pause_us, status.buffer_octets / 2 / OCTETS_PER_US_MOST);
	}
	return pause_us;
}

Worker *
worker_new(const CollectorConfig *config, UdpListener *listener, DataPath *path)
{
	Worker *worker = g_new0(Worker, 1);

	worker->config = config;
	worker->listener = listener;
	worker->path = path;
	worker->flushed = true;
	worker->pause_us = choose_pause_us(listener);
	pthread_mutex_init(&worker->lock, NULL);
	return worker;
}

void
worker_free(Worker *worker)
{
	if (worker == NULL)
		return;
	udp_listener_close(worker->listener);
	data_path_close(worker->path);
	g_clear_error(&worker->error);
	pthread_mutex_destroy(&worker->lock);
	g_free(worker);
}

struct worker_parts
worker_enter(Worker *worker)
{
	atomic_fetch_add(&worker->callers, 1);
	pthread_mutex_lock(&worker->lock);
	atomic_fetch_sub(&worker->callers, 1);
	return (struct worker_parts){ worker->listener, worker->path };
}

void
worker_leave(Worker *worker)
{
	pthread_mutex_unlock(&worker->lock);
}

/* A thread that takes its lock again at once would keep callers out for as long as datagrams come.
 */
static void
lock_again(Worker *worker)
{
	while (atomic_load_explicit(&worker->callers, memory_order_relaxed) > 0)
		g_usleep(GIVE_WAY_US);
	pthread_mutex_lock(&worker->lock);
}

/* What one socket has, up to some batches.  `*more`: there may be more. */
static bool
take_from(Worker *worker, size_t socket, bool *more, GError **error)
{
	const struct datagram *datagrams;
	bool has_more = true;

	for (int i = 0; i < BATCHES_IN_TURN && has_more; i++) {
		size_t count = udp_listener_receive(worker->listener, socket, wall_clock_now(),
		                                    &datagrams);

		has_more = udp_listener_may_have_more(worker->listener);
		for (size_t j = 0; j < count; j++) {
			if (!data_path_take(worker->path, &datagrams[j], error))
				return false;
		}
		if (count == 0)
			continue;
		worker->received = true;
	}
	*more |= has_more;
	return true;
}

static bool
take_from_all(Worker *worker, bool *more, GError **error)
{
	*more = false;
	for (size_t i = 0; i < udp_listener_count(worker->listener); i++) {
		if (!take_from(worker, i, more, error))
			return false;
	}
	return true;
}

/* By their clocks the exporters tell when open bins are due. */
static void
note_step(Worker *worker)
{
	int64_t lead_ms = data_path_lead_ms(worker->path);

	if (worker->flushed || lead_ms != worker->lead_ms)
		worker->last_step = mono_time_now();
	worker->lead_ms = lead_ms;
	worker->flushed = false;
}

/*
 * What was held back, when there is nothing else to do.  Where the clocks stand, open bins would be
 * held for ever: nobody sends; or only Templates, or an exporter whose clock was ahead and has been
 * put back, or one that has none.
 */
static bool
use_idleness(Worker *worker, bool *more, GError **error)
{
	int64_t standing_ms = mono_time_now().ms - worker->last_step.ms;

	if (data_path_has_more(worker->path)) {
		*more = true;
		return data_path_idle(worker->path, error);
	}
	if (!worker->flushed && standing_ms >= worker->config->flush_s * 1000) {
		worker->flushed = *more = true;
		data_path_flush(worker->path);
	}
	return data_path_idle(worker->path, error);
}

/* A signal ends it early. */
static void
pause_receiving(const Worker *worker)
{
	struct timespec pause = { .tv_nsec = worker->pause_us * 1000 };
	struct pollfd stop = { .fd = stop_signal_fd(), .events = POLLIN };

	(void)ppoll(&stop, 1, &pause, NULL);
}

static void
wait_for_datagrams(const Worker *worker)
{
	struct pollfd fds[UDP_LISTENER_SOCKETS_MOST + 1];
	size_t count = udp_listener_count(worker->listener);

	udp_listener_poll_fds(worker->listener, fds);
	fds[count++] = (struct pollfd){ .fd = stop_signal_fd(), .events = POLLIN };
	(void)poll(fds, (nfds_t)count, WAIT_MS);
}

/* One turn, with the lock held. */
static bool
turn(Worker *worker, bool *more, GError **error)
{
	worker->received = false;
	if (!take_from_all(worker, more, error))
		return false;
	if (worker->received)
		note_step(worker);
	return *more || use_idleness(worker, more, error);
}

/* What was received before the signal is counted in. */
static bool
drain(Worker *worker, GError **error)
{
	int64_t until_ms = mono_time_now().ms + DRAIN_MS;
	bool more = true;

	while (more && mono_time_now().ms < until_ms) {
		if (!take_from_all(worker, &more, error))
			return false;
	}
	return data_path_end(worker->path, error);
}

static bool
run(Worker *worker, GError **error)
{
	bool more = false;
	bool done;

	while (!stop_signal_came()) {
		if (!more && worker->received)
			pause_receiving(worker);
		else if (!more)
			wait_for_datagrams(worker);
		lock_again(worker);
		done = turn(worker, &more, error);
		pthread_mutex_unlock(&worker->lock);
		if (!done)
			return false;
	}
	lock_again(worker);
	done = drain(worker, error);
	pthread_mutex_unlock(&worker->lock);
	return done;
}

static gpointer
run_thread(gpointer data)
{
	Worker *worker = data;

	if (!run(worker, &worker->error))
		atomic_store(&worker->failed, true);
	return NULL;
}

void
worker_start(Worker *worker)
{
	worker->thread = g_thread_new("worker", run_thread, worker);
}

bool
worker_has_failed(Worker *worker)
{
	return atomic_load(&worker->failed);
}

bool
worker_join(Worker *worker, GError **error)
{
	g_thread_join(g_steal_pointer(&worker->thread));
	if (worker->error == NULL)
		return true;
	g_propagate_error(error, g_steal_pointer(&worker->error));
	return false;
}
