/*
 * How a row of schemas/host_bin.def is merged and started: for the sources that make code of these
 * rows.  `into` and `other` are structs with the row's field.
 */
#ifndef COMMON_MERGE_ROW_H
#define COMMON_MERGE_ROW_H

#include <stddef.h>

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

#endif
