/*
 * Data Sets that came before their Template: they wait in their Observation Domain until it comes,
 * and are ready then.
 *
 * Each Exporter's share of the memory is bounded (octet_budget.h).  What waits, and what becomes of
 * it, is counted in the Exporter's counters.
 *
 * Threads: one, that of the exporter table.
 */
#ifndef COLLECTOR_WAITING_SETS_H
#define COLLECTOR_WAITING_SETS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/exporter.h"
#include "collector/observation_domain.h"
#include "collector/octet_budget.h"
#include "common/wall_time.h"

/* A Data Set that waits for its Template, or has waited. */
struct waiting_set {
	struct observation_domain *domain;
	struct exporter *exporter;
	struct wall_time arrival;
	struct wall_time export_time; /* of its Message */
	uint32_t uptime_ms;
	int32_t clock_correction_ms;
	uint16_t set_id;
	size_t length;
	uint8_t octets[];
};

struct waiting_sets {
	struct octet_budget budget;
	GQueue ready; /* of struct waiting_set */
};

/* `octets` of memory for the Sets of `exporters` Exporters. */
void waiting_sets_init(struct waiting_sets *sets, size_t octets, size_t exporters);
void waiting_sets_clear(struct waiting_sets *sets); /* what waits is the domains' */

/* Keeps a Data Set (`draft` says what of, its octets are `octets`), or counts that there is no
 * room. */
void waiting_sets_keep(struct waiting_sets *sets, const struct waiting_set *draft,
                       const uint8_t *octets);

/* The Template `id` has come: the Sets that wait for it are ready. */
void waiting_sets_make_ready(struct waiting_sets *sets, struct exporter *exporter,
                             struct observation_domain *domain, uint16_t id);

/* Gives up the domain's Sets that are older than `since`. */
void waiting_sets_drop(struct waiting_sets *sets, struct exporter *exporter,
                       struct observation_domain *domain, struct wall_time since);

/* A Set that is ready; free with g_free().  NULL: there is none. */
struct waiting_set *waiting_sets_next(struct waiting_sets *sets);

/* Those that nobody asked for in time; their domains may be gone after this. */
void waiting_sets_drop_ready(struct waiting_sets *sets);

#endif
