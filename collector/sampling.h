/*
 * Sampling: what Exporters announce of their samplers, and undoing it in the records.
 *
 * Decoders write what was announced into flow_record.sampling_interval; the counters stay as they
 * were sent until sampling_scale() multiplies them.  So a dump shows raw counters.
 *
 * Threads: one, that of the exporter table.
 */
#ifndef COLLECTOR_SAMPLING_H
#define COLLECTOR_SAMPLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/flow_record.h"

/* What an announcement (an Options Data Record) is about. */
enum sampler_scope {
	SAMPLER_OF_DOMAIN,    /* everything of the Observation Domain */
	SAMPLER_BY_ID,        /* records that name the sampler (samplerId, selectorId) */
	SAMPLER_OF_INTERFACE, /* records that came in by the interface */
};

struct sampler {
	enum sampler_scope scope;
	uint32_t interval; /* one packet in n */
	uint64_t key;      /* the sampler's id or the interface */
};

enum { SAMPLERS_MAX = 64 };

/* The samplers of one Observation Domain. */
struct sampler_table {
	size_t count;
	struct sampler samplers[SAMPLERS_MAX];
};

enum sampler_change {
	SAMPLER_REFUSED, /* there is no room */
	SAMPLER_REPEATED,
	SAMPLER_CHANGED, /* it is new, or had another interval */
};

/* Adds a sampler or replaces what was announced of it before. */
enum sampler_change sampler_table_announce(struct sampler_table *table,
                                           const struct sampler *sampler);

/* The interval of the sampler with this id; 0: it has not been announced. */
uint32_t sampler_table_find(const struct sampler_table *table, uint64_t id);

/* For records that name no sampler: their interface's, the domain's, or that of the only sampler
 * there is; else 0. */
uint32_t sampler_table_default(const struct sampler_table *table, uint32_t ingress_interface);

/* The same for records that name a sampler which has not been announced: it is not that of another
 * sampler. */
uint32_t sampler_table_common(const struct sampler_table *table, uint32_t ingress_interface);

/* samplingProbability (element 311), a float of 4 or 8 octets; 0: it is neither. */
double sampling_read_probability(const uint8_t *octets, size_t length);

/* One packet in how many; 0: it is no probability. */
uint32_t sampling_interval_of(double probability);

bool sampler_table_has_interfaces(const struct sampler_table *table);

/*
 * Multiplies octets, packets and sizes (saturating) by the record's sampling interval, or by
 * `override` when it is not 0, and marks the record FLOW_SCALED.  Records that are marked already,
 * or whose interval is not known, stay as they are.
 */
void sampling_scale(struct flow_batch *batch, uint32_t override);

#endif
