/*
 * Checks structured data (RFC 6313) before anything reads it: every length, the nesting, the
 * number of records, and that each sub-Template is known and its records have a length.
 *
 * Source: RFC 6313, sections 4.5 and 6; RFC 7011, section 7.
 * Threads: pure functions.
 */
#ifndef COLLECTOR_LIST_CHECK_H
#define COLLECTOR_LIST_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/observation_domain.h"

enum {
	LIST_DEPTH_MAX = 4,      /* lists within lists */
	LIST_RECORDS_MAX = 1024, /* records of sub-Templates, of all depths together */
	LIST_PARTS_MAX = 1024,   /* runs of records of one sub-Template */
	LIST_OCTETS_MAX = 65000, /* of the whole list */
};

/* Records of one sub-Template, one behind the other. */
struct list_part {
	size_t id_offset; /* where in the list its id stands, in two octets */
	size_t records;
	const struct export_template *known; /* NULL: not known, or of options: to be passed over */
};

struct list_check {
	size_t records;
	size_t missing; /* parts whose Template is not known */
	size_t part_count;
	struct list_part parts[LIST_PARTS_MAX];
};

/* The content of a subTemplateList, or subTemplateMultiList (`multi`), without its own length.
 * False: it is malformed or breaks a limit. */
bool list_check(const struct observation_domain *domain, bool multi, const uint8_t *octets,
                size_t length, struct list_check *check);

/* The head of a basicList. */
struct basic_list_head {
	uint32_t enterprise;
	uint16_t element;
	uint16_t element_octets; /* FIELD_VARIABLE: each has a length of its own */
	size_t head_octets;
};

/* False: it is cut, or its elements have no length or do not fill it. */
bool list_check_basic(const uint8_t *octets, size_t length, struct basic_list_head *head);

#endif
