/*
 * A Template compiled to a plan: which octets of a record go to which field of a flow record.
 *
 * Records of fixed length are read column by column: each step of the plan goes over all records
 * before the next; those of Templates as most exporters send them are read whole (plan_row.h).  The
 * caller checks the bounds once, before the loop (count times the record's length), and the plan
 * never looks past a record's length.  Records of variable length are measured one by one, and the
 * same steps read what was found.
 *
 * Source: RFC 3954, RFC 7011 (6.2 reduced-size encoding), RFC 7012, RFC 5103;
 * schemas/information_elements.def.
 * Threads: any; a plan is only read once it is made.
 */
#ifndef COLLECTOR_TEMPLATE_PLAN_H
#define COLLECTOR_TEMPLATE_PLAN_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/flow_record.h"
#include "collector/sampling.h"
#include "collector/told_sizes.h"
#include "common/wall_time.h"

typedef struct TemplatePlan TemplatePlan;

enum {
	TEMPLATE_FIELDS_MAX = 1024,
	PLAN_LISTS_MAX = 32,    /* lists of one record that are read */
	FIELD_VARIABLE = 65535, /* length of a field whose length stands in the record */
};

struct template_field {
	uint32_t enterprise;
	uint16_t element;
	uint16_t length;
};

/* What the octets alone do not tell. */
struct plan_context {
	uint16_t template_id;
	struct wall_time export_time;
	bool uptime_known;
	bool uptime_inferred; /* from a boot time that was announced: a flow cannot lie before it */
	uint32_t uptime_ms;   /* the Exporter's uptime, modulo 2^32, */
	struct wall_time uptime_at;           /* at this time */
	const struct sampler_table *samplers; /* NULL: none */
};

/* How the octets of an element are read. */
enum plan_load {
	LOAD_UNSIGNED,
	LOAD_OR,
	LOAD_IPV4,
	LOAD_IPV6,
	LOAD_SECONDS,
	LOAD_NTP,    /* 64-bit NTP timestamp */
	LOAD_UPTIME, /* milliseconds since boot */
	LOAD_AGO,    /* microseconds before the export time */
	LOAD_BOOT,   /* the boot time that the record's uptimes count from */
	LOAD_DURATION_MS,
	LOAD_DURATION_US,
	LOAD_SAMPLER,
	LOAD_SAMPLING_SPACE,
	LOAD_SAMPLING_POPULATION,
	LOAD_SAMPLING_PROBABILITY,
	LOAD_ICMP_TYPE,
	LOAD_FLAG_FIN,
	LOAD_FLAG_SYN,
	LOAD_FLAG_RST,
	LOAD_FLAG_PSH,
	LOAD_FLAG_ACK,
	LOAD_SIZES, /* a number that tells of packet sizes: see told_sizes.h */
	LOAD_SECTION_IP,
	LOAD_SECTION_ETHERNET,
	LOAD_BASIC_LIST,
	LOAD_SUB_TEMPLATE_LIST,
	LOAD_SUB_TEMPLATE_MULTI_LIST,
};

enum plan_end {
	PLAN_SOURCE = 1 << 0,
	PLAN_DESTINATION = 1 << 1,
	PLAN_BOTH_ENDS = PLAN_SOURCE | PLAN_DESTINATION,
};

/* What a plan's records lack, for the operator's eye. */
enum plan_lack {
	PLAN_LACKS_FLAGS = 1 << 0,
	PLAN_LACKS_TIMES = 1 << 1,
	PLAN_LACKS_OCTETS = 1 << 2,
	PLAN_LACKS_PACKETS = 1 << 3,
	PLAN_LACKS_PORTS = 1 << 4,
	PLAN_LACKS_DIRECTION = 1 << 5,
	PLAN_LACKS_SIZES = 1 << 6,
};

/* Never fails; `fields` are copied as far as needed.  `count` is at most TEMPLATE_FIELDS_MAX. */
TemplatePlan *template_plan_new(const struct template_field *fields, size_t count);
void template_plan_free(TemplatePlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TemplatePlan, template_plan_free)

/* Octets that a plan of so many fields takes in memory, at most. */
size_t template_plan_memory(size_t field_count);

/* False: its records name no address, so that there is nothing to give out. */
bool template_plan_has_address(const TemplatePlan *plan);
unsigned template_plan_lacks(const TemplatePlan *plan); /* enum plan_lack */

/* Which ends of a flow its records tell: enum plan_end. */
unsigned template_plan_ends(const TemplatePlan *plan);

/* Its records hold structured data: they are read as records of variable length, and what is in the
 * lists is told by template_plan_read_listed() alone. */
bool template_plan_has_lists(const TemplatePlan *plan);

/* Which of FLOW_HAS_OCTETS, _PACKETS and _REVERSE its records have. */
uint32_t template_plan_counters(const TemplatePlan *plan);

/* Its times are uptimes that only plan_context.uptime_ms makes real. */
bool template_plan_needs_uptime(const TemplatePlan *plan);

/* Octets of a record of fixed length, the least of one of variable length. */
size_t template_plan_record_octets(const TemplatePlan *plan);
bool template_plan_is_variable(const TemplatePlan *plan);

/* Reads `count` records of fixed length, one after the other from `octets` on. */
void template_plan_read(const TemplatePlan *plan, const struct plan_context *context,
                        const uint8_t *octets, size_t count, struct flow_record *records);

/*
 * Length of the record of variable length that begins at `octets`, and reads it into `record`
 * unless that is NULL. 0: it goes past `left`.
 */
size_t template_plan_read_variable(const TemplatePlan *plan, const struct plan_context *context,
                                   const uint8_t *octets, size_t left, struct flow_record *record);

/* A record with structured data, before its lists were read. */
struct plan_list {
	uint8_t load; /* LOAD_BASIC_LIST and the two behind it */
	uint32_t offset;
	uint16_t length;
};

struct listed_record {
	struct flow_record record; /* not finished */
	struct told_sizes told;
	size_t list_count;
	struct plan_list lists[PLAN_LISTS_MAX];
};

/* As template_plan_read_variable(), without what template_plan_finish() does. */
size_t template_plan_read_listed(const TemplatePlan *plan, const struct plan_context *context,
                                 const uint8_t *octets, size_t left, struct listed_record *listed);

/* What is to be done once the lists have been read: sizes, times, events, sampling. */
void template_plan_finish(const TemplatePlan *plan, const struct plan_context *context,
                          const struct told_sizes *told, struct flow_record *record);

/* Adds what a record of a sub-Template tells of TCP flags and packet sizes. */
void template_plan_read_sub(const TemplatePlan *plan, const uint8_t *octets,
                            struct told_sizes *told, struct flow_record *record);

/* Reads a record of a sub-Template over what `record` has from the record around it.  Not
 * finished. */
void template_plan_read_over(const TemplatePlan *plan, const struct plan_context *context,
                             const uint8_t *octets, struct told_sizes *told,
                             struct flow_record *record);

#endif
