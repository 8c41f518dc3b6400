/*
 * Structured data (RFC 6313) read by libfixbuf, which sees nothing that has not been checked.
 *
 * What keeps it safe (2.4.1 and 2.5.4 read past Sets, loop for ever on records without length, take
 * quadratic time for repeated elements, keep what they do not know for ever, and lose memory on
 * errors):
 *
 * - list_check.h has walked the list to its last octet: lengths, nesting, Templates, counts.
 * - It sees one list at a time, copied into a Message made here, under Template ids given here;
 *   never a Message, a Set or a Template off the wire, and never a basicList within a list.
 * - Of a sub-Template it is told the elements of schemas/information_elements.def, under names and
 *   numbers of our own; all else is octets to skip, runs of them in one field.  So its information
 *   model never grows, and Templates are bounded in fields and number (structured_session.h).
 * - What it makes of a list is freed before the call returns.
 *
 * Fields of variable length outside of lists are read by template_plan.h: libfixbuf gives up a
 * whole Message when a number comes with variable length.
 *
 * Cost: about half a microsecond for each list, a tenth for each record in it, and five for each
 * new sub-Template.  Memory: 0.1 MB, 0.6 MB more once the first list has come, and at most 4 MB for
 * what is known of Templates.
 *
 * Ownership: what is read is this object's, valid until the next read.
 * Errors:    false; the record's reader counts it.
 * Threads:   one object each.
 */
#ifndef COLLECTOR_STRUCTURED_DATA_H
#define COLLECTOR_STRUCTURED_DATA_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/observation_domain.h"
#include "collector/template_plan.h"
#include "common/wire_reader.h"

enum { STRUCTURED_VALUES_MAX = 256 }; /* values of a basicList that are kept */

typedef struct StructuredData StructuredData;

StructuredData *structured_data_new(void);
void structured_data_free(StructuredData *data); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StructuredData, structured_data_free)

/* A record of a sub-Template: `plan` reads its octets, which are of fixed length. */
struct sub_record {
	const TemplatePlan *plan;
	const uint8_t *octets;
	unsigned depth; /* 1: of the list itself; a record within a record follows it */
};

/* Records of a list, valid until the next read. */
struct sub_records {
	size_t count;
	size_t missing; /* runs of records without a Template, passed over */
	const struct sub_record *records;
};

/* Reads a subTemplateList or subTemplateMultiList; false: it is malformed or breaks a limit. */
bool structured_data_read_records(StructuredData *data, const struct observation_domain *domain,
                                  bool multi, struct wire_reader list, struct sub_records *records);

/* The values of a basicList. */
struct list_values {
	uint32_t enterprise;
	uint16_t element;
	size_t total; /* values in the list */
	size_t count; /* values kept: the first ones; 0: of an element that nobody wants */
	uint64_t values[STRUCTURED_VALUES_MAX];
};

/* Reads a basicList of numbers; false: it is malformed. */
bool structured_data_read_values(StructuredData *data, struct wire_reader list,
                                 struct list_values *values);

/* Templates that libfixbuf knows now, for tests. */
size_t structured_data_layouts(const StructuredData *data);

#endif
