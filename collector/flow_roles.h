/*
 * Roles of many records at once: what flow_role_of() tells of each, where the processor
 * can (AVX2) eight records to a vector and without branches, for what a record is nobody could
 * guess.
 *
 * Records:  `count` pointers, borrowed for the call; any number of them.
 * Roles:    `count`, the caller's, in the same order.
 * Threads:  a pure function of the records.
 */
#ifndef COLLECTOR_FLOW_ROLES_H
#define COLLECTOR_FLOW_ROLES_H

#include <stddef.h>

#include "collector/flow_record.h"
#include "collector/flow_role.h"

void flow_roles_of(const struct flow_record *const *records, size_t count, struct flow_role *roles);

#endif
