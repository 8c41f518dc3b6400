/*
 * When partitions are looked through: once in a period, DUE_BEHIND_MS after a multiple of it by the
 * export times of the exporter that began them.  So what a quiet host has of a minute is sent in
 * one part when the minute is over, with what was exported late, and before it is judged.
 *
 * Partitions with a busy host are due sooner, by their age, and then again with the others.
 * Those of an exporter whose clock hardly moves are due when the others' have moved on by some
 * periods.
 *
 * A partition that was taken out leaves its entries behind; they are known by its serial, and
 * dropped when they are met or when a queue has become too long.
 *
 * Threads: one.
 */
#ifndef COLLECTOR_DUE_QUEUE_H
#define COLLECTOR_DUE_QUEUE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "collector/share_log.h"

typedef struct DueQueue DueQueue;

/* The detector waits as long before it judges a minute. */
enum { DUE_BEHIND_MS = 20000 };

/* `log` must outlive it. */
DueQueue *due_queue_new(const struct share_log *log, int64_t period_ms);
void due_queue_free(DueQueue *queue); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DueQueue, due_queue_free)

/* A partition was begun, at that export time of its owner; a host of it has become busy. */
void due_queue_add(DueQueue *queue, const struct share_partition *partition, int64_t export_ms);
void due_queue_add_busy(DueQueue *queue, const struct share_partition *partition);

/* What a partition is due for. */
enum due_kind {
	DUE_BUSY,  /* what its busy hosts have */
	DUE_QUIET, /* but for the minutes that go on, what the others have too */
	DUE_ALL,
};

struct due {
	uint32_t partition;
	enum due_kind kind;
};

/* Where an exporter's clocks are. */
struct due_clock {
	int64_t export_ms; /* newest export time; never falls */
	uint16_t progress; /* modulo 2^16, in the unit of the partitions' since */
	uint16_t busy_age; /* in that unit */
	bool silent;       /* it is not waited for: all its partitions are due */
	int64_t lead_ms;   /* how far the clocks of all have moved on; never falls */
};

/* Takes the partitions of the exporter that have become due since the last call, and appends them
 * to `due`. */
void due_queue_take(DueQueue *queue, uint16_t owner, const struct due_clock *clock, GArray *due);

size_t due_queue_octets(const DueQueue *queue);

#endif
