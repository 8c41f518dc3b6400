/*
 * The open bins of each exporter in the order in which they were opened: what is due stands at the
 * front, so that finding it costs nothing for the bins that are not.  Busy bins, which are due
 * sooner, also stand in a shorter queue of their own.
 *
 * A bin that was closed leaves its entries behind; they are known by its serial, and dropped when
 * they are met or when a queue has become too long.
 *
 * Times are the exporter's own, in a unit of the caller's, modulo 2^16.  Threads: one.
 */
#ifndef COLLECTOR_DUE_QUEUE_H
#define COLLECTOR_DUE_QUEUE_H

#include <glib.h>
#include <stdint.h>

#include "collector/open_bins.h"

typedef struct DueQueue DueQueue;

/* `bins` must outlive it; their numbers are below `bins_max`. */
DueQueue *due_queue_new(const OpenBins *bins, size_t bins_max);
void due_queue_free(DueQueue *queue); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DueQueue, due_queue_free)

/* A bin was opened; it has become busy. */
void due_queue_add(DueQueue *queue, uint32_t number);
void due_queue_add_busy(DueQueue *queue, uint32_t number);

/* Marks the exporter's bins that were opened `quiet_age` ago, and the busy ones that were
 * `busy_age` ago. */
struct due_ages {
	uint16_t now;
	uint16_t quiet_age;
	uint16_t busy_age;
};

void due_queue_mark(DueQueue *queue, uint16_t owner, const struct due_ages *ages);
void due_queue_mark_all(DueQueue *queue);
void due_queue_mark_one(DueQueue *queue, uint32_t number);

/* Writes the marked numbers in ascending order to `numbers`, where all have room, and clears their
 * marks; returns how many. */
size_t due_queue_take_marked(DueQueue *queue, uint32_t *numbers);

size_t due_queue_octets(const DueQueue *queue);

#endif
