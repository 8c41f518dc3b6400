/*
 * Memory that many may use, so bounded that no one can take it from the others.
 *
 * Half of it is kept for parts that each of them is sure of, all alike.  Of the other half one may
 * use no more than it leaves to all others: alone the half of it, with another one a third, and
 * however many take what they can get, something is left for the next.
 *
 * Threads: values.
 */
#ifndef COLLECTOR_OCTET_BUDGET_H
#define COLLECTOR_OCTET_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

struct octet_budget {
	size_t sure;        /* of each */
	size_t common;      /* beyond that, of all together */
	size_t common_used; /* never more than `common` */
};

/* `total` octets for `users` of them. */
struct octet_budget octet_budget(size_t total, size_t users);

/* Takes `octets` for one that uses `*used`; false: it may not, and nothing changed. */
bool octet_budget_take(struct octet_budget *budget, size_t *used, size_t octets);

/* Gives back what was taken. */
void octet_budget_give(struct octet_budget *budget, size_t *used, size_t octets);

#endif
