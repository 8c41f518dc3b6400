/*
 * The detail of a host bin: its extension, and what touches become in it.  For common/host_bin.c
 * and its parts alone; others see common/host_bin.h.
 */
#ifndef COMMON_HOST_DETAIL_H
#define COMMON_HOST_DETAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/host_bin.h"

enum {
	TOUCH_ALL_KINDS = TOUCH_SENT | TOUCH_HEARD | TOUCH_REFUSED | TOUCH_SERVED | TOUCH_BEGUN |
	                  TOUCH_IN | TOUCH_SMALL | TOUCH_FAILING | TOUCH_STARTS | TOUCH_ENDS,
};

/* The merges that a row can name. */
#define START_sum(type)       0
#define START_or(type)        0
#define START_max(type)       0
#define START_min(type)       ((type)-1)
#define MERGE_sum(type, a, b) ((type)((a) + (b)) < (b) ? (type)-1 : (type)((a) + (b)))
#define MERGE_or(type, a, b)  ((type)((a) | (b)))
#define MERGE_max(type, a, b) ((a) > (b) ? (a) : (b))
#define MERGE_min(type, a, b) ((a) < (b) ? (a) : (b))

/* One row: merges an array; starts an array that does not start at zero. */
#define MERGE_ROW(type, name, count, merge)                                                        \
	for (size_t i = 0; i < (count); i++)                                                       \
		into->name[i] = MERGE_##merge(type, into->name[i], other->name[i]);
#define START_ROW(type, name, count, merge)                                                        \
	for (size_t i = 0; i < (count) && START_##merge(type) != 0; i++)                           \
		into->name[i] = START_##merge(type);

/* Folds a touch into an (initialised) extension. */
void host_detail_fold(struct host_bin_extension *into, const struct host_touch *touch,
                      uint64_t key);

void host_detail_merge(struct host_bin_extension *into, const struct host_bin_extension *other);

/* As host_bin_valid(), of the extension. */
bool host_detail_valid(const struct host_bin_extension *extension);

#endif
