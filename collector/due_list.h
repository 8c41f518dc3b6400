/*
 * The open bins of each exporter, in the order in which they were opened: what is due stands at the
 * front, so that finding it costs nothing for the bins that are not.
 *
 * Bins are named by their numbers in the pool.  Threads: one.
 */
#ifndef COLLECTOR_DUE_LIST_H
#define COLLECTOR_DUE_LIST_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct DueList DueList;

#define DUE_LIST_END UINT32_MAX

/* For bin numbers below `bins_max`. */
DueList *due_list_new(size_t bins_max);
void due_list_free(DueList *list); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DueList, due_list_free)

/* The bin goes to the end of its owner's list; it must be in none. */
void due_list_add(DueList *list, uint16_t owner, uint32_t number);
void due_list_remove(DueList *list, uint16_t owner, uint32_t number);

uint32_t due_list_first(const DueList *list, uint16_t owner);
uint32_t due_list_next(const DueList *list, uint32_t number);

/* Marks of the bins that are due.  Taken out in ascending order, whatever the order of marking. */
void due_list_mark(DueList *list, uint32_t number);
/* Appends the marked numbers (uint32_t) below `limit` and clears their marks. */
void due_list_take_marked(DueList *list, uint32_t limit, GArray *numbers);

/* Octets for numbers below `limit`. */
size_t due_list_memory(const DueList *list, uint32_t limit);

#endif
