/*
 * One Observation Domain of an Exporter (v9: Source ID, v5: engine): its Templates, samplers, clock
 * and sequence. Data Sets that came before their Template wait here.
 *
 * Ownership: the domain owns its Templates.  One that is replaced lives on until
 * observation_domain_settle(), so that the Data Sets of the datagram at hand can still be read with
 * it.
 * Threads:   one, that of the exporter table.
 */
#ifndef COLLECTOR_OBSERVATION_DOMAIN_H
#define COLLECTOR_OBSERVATION_DOMAIN_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/sampling.h"
#include "collector/sequence_check.h"
#include "collector/template_plan.h"
#include "collector/uptime_clock.h"
#include "common/wall_time.h"

enum {
	/* NetFlow v9 scope types stand in Options Templates as elements of this enterprise. */
	ENTERPRISE_V9_SCOPE = 0xfffffffe,
};

struct export_template {
	uint16_t id;
	uint16_t field_count;
	uint16_t scope_count; /* of an Options Template: its first fields */
	bool is_options;
	struct template_field *fields;
	uint32_t fields_hash;  /* of the fields' content, whosever they are */
	size_t record_octets;  /* least, of records of variable length */
	struct wall_time seen; /* when it came last */
	TemplatePlan *plan;
};

struct observation_domain {
	uint32_t id;
	uint8_t version;      /* 5, 9 or 10 */
	bool keeps_templates; /* they are good until withdrawn */
	bool boot_known;      /* systemInitTimeMilliseconds was announced */
	struct wall_time boot;
	struct wall_time last_arrival;
	struct uptime_clock clock;
	struct sequence_check sequence;
	struct sampler_table samplers;
	GHashTable *templates; /* id -> struct export_template */
	GHashTable *waiting;   /* id -> GQueue of struct waiting_set */
	GPtrArray *retired;    /* Templates that were replaced */
};

struct observation_domain *observation_domain_new(uint8_t version, uint32_t id);
void observation_domain_free(struct observation_domain *domain);

/* NULL: not known. */
struct export_template *observation_domain_find(const struct observation_domain *domain,
                                                uint16_t id);

enum template_change {
	TEMPLATE_REFRESHED, /* it was known just so */
	TEMPLATE_LEARNED,
	TEMPLATE_REDEFINED,
};

/* What is on the wire about one Template. */
struct template_draft {
	uint16_t id;
	uint16_t scope_count;
	bool is_options;
	size_t field_count;
	const struct template_field *fields;
};

/* Takes a Template; the caller has checked the limits. */
enum template_change observation_domain_learn(struct observation_domain *domain,
                                              const struct template_draft *draft,
                                              struct wall_time now);

/* False: it was not known. */
bool observation_domain_withdraw(struct observation_domain *domain, uint16_t id);
/* All Templates, or all Options Templates; returns how many. */
size_t observation_domain_withdraw_all(struct observation_domain *domain, bool options);
/* Templates that were not seen since; returns how many. */
size_t observation_domain_expire(struct observation_domain *domain, struct wall_time since);

/* The domain was silent for so long (negative: its clock went back): Templates are as old as if it
 * had not been. */
void observation_domain_forgive(struct observation_domain *domain, int64_t silence_ms);

/* Frees what was replaced. */
void observation_domain_settle(struct observation_domain *domain);

/* Octets that a Template of so many fields takes in memory, about. */
size_t observation_domain_template_memory(size_t field_count);

#endif
