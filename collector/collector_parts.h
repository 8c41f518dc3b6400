/*
 * What the files of the collector share: collector.c opens, runs and closes, collector_control.c
 * counts and answers questions.
 *
 * Threads: one, the collector's own; what workers own is entered for the moment.
 */
#ifndef COLLECTOR_COLLECTOR_PARTS_H
#define COLLECTOR_COLLECTOR_PARTS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "collector/capture_merge.h"
#include "collector/collector.h"
#include "collector/collector_stats.h"
#include "collector/data_path.h"
#include "collector/udp_listener.h"
#include "collector/worker.h"
#include "common/control.h"
#include "common/mono_time.h"

enum { WORKERS_MOST = 64 };

struct Collector {
	const CollectorConfig *config;
	bool live;
	size_t count;
	Worker *workers[WORKERS_MOST]; /* live; none for a capture */
	ControlServer *control;        /* NULL: a capture or a dump */
	DataPath *path;                /* of a capture; NULL: live */
	CaptureMerge *captures;        /* NULL: live */
	struct collector_rates rates;
	struct mono_time started;
	struct mono_time next_tick;
	struct mono_time next_tell;
	struct mono_time next_expire;
	struct mono_time next_save;
	struct mono_time next_save_all;
	bool saving_fails; /* of Templates, and was told of */
	GError *failure;   /* ends the program */
};

/* Of one worker, and of all that there is. */
struct collector_counts collector_count_worker(Worker *worker);
struct collector_counts collector_count_all(Collector *collector);

/* As one JSON object with its line end; free with g_free(). */
char *collector_format_counters(const Collector *collector, const struct collector_counts *counts);

/* The addresses that are listened on, by number: one socket's status or, of those of several
 * workers that share its address, the sum. */
size_t collector_count_addresses(Collector *collector);
struct udp_socket_status collector_sum_socket(Collector *collector, size_t index);

/* Answers what was asked at the control socket. */
void collector_answer(Collector *collector);

#endif
