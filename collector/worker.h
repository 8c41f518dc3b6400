/*
 * One thread that takes datagrams from its sockets and sends them on their data path, until a
 * signal comes.  Workers share nothing; which exporter belongs to which one is told in
 * udp_listener.h.
 *
 * Threads: worker_start(), worker_join() and worker_free() are the owner's.  worker_enter() gives
 * what the worker owns to the caller, between two turns of the worker's loop, until worker_leave().
 * Errors:  a worker that fails ends; worker_join() says why.
 */
#ifndef COLLECTOR_WORKER_H
#define COLLECTOR_WORKER_H

#include <glib.h>
#include <stdbool.h>

#include "collector/collector_config.h"
#include "collector/data_path.h"
#include "collector/udp_listener.h"

typedef struct Worker Worker;

/* The worker owns `listener` and `path` from now on. */
Worker *worker_new(const CollectorConfig *config, UdpListener *listener, DataPath *path);
void worker_free(Worker *worker); /* NULL is allowed; not while the thread runs */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Worker, worker_free)

void worker_start(Worker *worker);

/* Has the thread ended, or will it soon? */
bool worker_has_failed(Worker *worker);

/*
 * Waits for the thread's end, which a signal or a failure brings about: what the sockets still held
 * has been taken, and the open bins are sent.  False: it had failed.
 */
bool worker_join(Worker *worker, GError **error);

struct worker_parts {
	UdpListener *listener;
	DataPath *path;
};

struct worker_parts worker_enter(Worker *worker);
void worker_leave(Worker *worker);

#endif
