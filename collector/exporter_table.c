#include "collector/exporter_table.h"

#include <string.h>

#include "collector/exporter_state.h"
#include "collector/octet_budget.h"
#include "common/fault.h"

enum {
	DOMAINS_PER_EXPORTER = 4, /* on average, when the table is full */
	SETTLE_MS = 10 * 1000,    /* how often what is out of date is looked for */
	SILENCE_MS = 24 * 3600 *
	             1000, /* who has said nothing for a day is not held to have broken a promise */
};

struct override {
	PrefixSet *prefix;
	uint32_t interval;
};

struct exporter_key {
	struct host_address address;
	uint64_t port;
};

struct ExporterTable {
	struct exporter_limits limits;
	const PrefixSet *allowed;
	GArray *overrides;      /* struct override */
	GPtrArray *exporters;   /* struct exporter, by number */
	GHashTable *by_address; /* struct exporter_key -> struct exporter */
	struct waiting_sets waiting;
	GPtrArray *unsettled;          /* domains that have something to free */
	struct decode_counters others; /* of datagrams that belong to no exporter, and of exporters
	                                  that made room */
	size_t domain_count;
	struct octet_budget template_budget;
	struct wall_time settled;
	bool is_unsaved;
};

static uint32_t seed;

static guint
key_hash(gconstpointer pointer)
{
	const struct exporter_key *key = pointer;
	uint64_t words[3], hash = seed;

	memcpy(words, key, sizeof(words));
	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15U;
		hash ^= hash >> 29;
	}
	return (guint)(hash >> 32);
}

static gboolean
key_equal(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(struct exporter_key)) == 0;
}

static guint
domain_key_hash(gconstpointer pointer)
{
	uint64_t key;

	memcpy(&key, pointer, sizeof(key));
	key = (key ^ seed) * 0x9e3779b97f4a7c15U;
	return (guint)(key >> 32);
}

static gboolean
domain_key_equal(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(uint64_t)) == 0;
}

static void
override_clear(gpointer data)
{
	prefix_set_free(((struct override *)data)->prefix);
}

static void
domain_free(gpointer data)
{
	observation_domain_free(data);
}

static void
exporter_free(gpointer data)
{
	struct exporter *exporter = data;

	if (exporter == NULL)
		return;
	g_hash_table_unref(exporter->domains);
	g_free(exporter);
}

ExporterTable *
exporter_table_new(const struct exporter_limits *limits)
{
	ExporterTable *table = g_new0(ExporterTable, 1);

	if (seed == 0)
		seed = g_random_int() | 1;
	table->limits = *limits;
	table->limits.fields_max = MIN(limits->fields_max, (size_t)TEMPLATE_FIELDS_MAX);
	table->template_budget = octet_budget(limits->template_octets_max, limits->exporters_max);
	waiting_sets_init(&table->waiting, limits->waiting_octets_max, limits->exporters_max);
	table->overrides = g_array_new(false, false, sizeof(struct override));
	g_array_set_clear_func(table->overrides, override_clear);
	table->exporters = g_ptr_array_new_with_free_func(exporter_free);
	table->by_address = g_hash_table_new_full(key_hash, key_equal, g_free, NULL);
	table->unsettled = g_ptr_array_new();
	return table;
}

void
exporter_table_free(ExporterTable *table)
{
	if (table == NULL)
		return;
	g_array_unref(table->overrides);
	g_hash_table_unref(table->by_address);
	g_ptr_array_unref(table->exporters);
	g_ptr_array_unref(table->unsettled);
	waiting_sets_clear(&table->waiting);
	g_free(table);
}

void
exporter_table_allow_only(ExporterTable *table, const PrefixSet *allowed)
{
	table->allowed = allowed;
}

bool
exporter_table_override_sampling(ExporterTable *table, const char *prefix, uint32_t interval,
                                 GError **error)
{
	struct override override = { prefix_set_new(), interval };

	if (interval == 0 || !prefix_set_add(override.prefix, prefix, error)) {
		if (interval == 0)
			fault_input(error, "sampling of %s: one packet in 0 cannot be", prefix);
		prefix_set_free(override.prefix);
		return false;
	}
	g_array_append_val(table->overrides, override);
	return true;
}

const struct exporter_limits *
exporter_table_limits(const ExporterTable *table)
{
	return &table->limits;
}

size_t
exporter_table_count(const ExporterTable *table)
{
	return table->exporters->len;
}

struct exporter *
exporter_table_get(const ExporterTable *table, size_t number)
{
	return number < table->exporters->len ? g_ptr_array_index(table->exporters, number) : NULL;
}

uint32_t
exporter_table_sampling_override(const ExporterTable *table, uint32_t exporter)
{
	const struct exporter *found = exporter_table_get(table, exporter);

	return found == NULL ? 0 : found->sampling_override;
}

struct wall_time
exporter_table_last_arrival(const ExporterTable *table, uint32_t exporter)
{
	const struct exporter *found = exporter_table_get(table, exporter);

	return found == NULL ? (struct wall_time){ 0 } : found->last_arrival;
}

struct decode_counters
exporter_table_counters(const ExporterTable *table)
{
	struct decode_counters sum = table->others;

	for (guint i = 0; i < table->exporters->len; i++)
		decode_counters_add(&sum, &exporter_table_get(table, i)->counters);
	return sum;
}

bool
exporter_table_is_unsaved(const ExporterTable *table)
{
	return table->is_unsaved;
}

void
exporter_table_mark_saved(ExporterTable *table)
{
	table->is_unsaved = false;
}

static struct exporter_key
key_of(const ExporterTable *table, const struct host_address *address, uint16_t port)
{
	return (struct exporter_key){ *address, table->limits.by_source_port ? port : 0 };
}

static uint32_t
find_override(const ExporterTable *table, const struct host_address *address)
{
	for (guint i = table->overrides->len; i-- > 0;) {
		const struct override *override =
			&g_array_index(table->overrides, struct override, i);

		if (prefix_set_contains(override->prefix, address))
			return override->interval;
	}
	return 0;
}

static size_t
template_octets(const struct observation_domain *domain)
{
	GHashTableIter iterator;
	gpointer value;
	size_t octets = 0;

	g_hash_table_iter_init(&iterator, domain->templates);
	while (g_hash_table_iter_next(&iterator, NULL, &value))
		octets += observation_domain_template_memory(
			((struct export_template *)value)->field_count);
	return octets;
}

static void
give_templates(ExporterTable *table, struct exporter *exporter, size_t octets)
{
	octet_budget_give(&table->template_budget, &exporter->template_octets, octets);
}

/* Before a domain goes: what it holds is no longer the table's. */
static void
forget_domain(ExporterTable *table, struct exporter *exporter, struct observation_domain *domain)
{
	waiting_sets_drop(&table->waiting, exporter, domain, (struct wall_time){ INT64_MAX });
	give_templates(table, exporter, template_octets(domain));
	table->domain_count--;
	g_ptr_array_remove_fast(table->unsettled, domain);
}

static void
forget_exporter(ExporterTable *table, struct exporter *exporter)
{
	struct exporter_key key = key_of(table, &exporter->address, exporter->port);
	GHashTableIter iterator;
	gpointer value;

	g_hash_table_iter_init(&iterator, exporter->domains);
	while (g_hash_table_iter_next(&iterator, NULL, &value))
		forget_domain(table, exporter, value);
	g_hash_table_remove(table->by_address, &key);
	decode_counters_add(&table->others, &exporter->counters);
}

/* The Exporter that has been silent for longest, when that is longer than Templates live. */
static struct exporter *
find_silent(const ExporterTable *table, struct wall_time now)
{
	struct exporter *silent = NULL;

	for (guint i = 0; i < table->exporters->len; i++) {
		struct exporter *exporter = exporter_table_get(table, i);

		if (silent == NULL || exporter->last_arrival.ms < silent->last_arrival.ms)
			silent = exporter;
	}
	if (silent == NULL ||
	    now.ms - silent->last_arrival.ms <= table->limits.template_lifetime_ms)
		return NULL;
	return silent;
}

static struct exporter *
add_exporter(ExporterTable *table, const struct exporter_key *key, struct wall_time arrival)
{
	struct exporter *exporter = g_new0(struct exporter, 1);

	exporter->address = key->address;
	exporter->port = (uint16_t)key->port;
	exporter->first_arrival = arrival;
	exporter->last_arrival = arrival;
	exporter->sampling_override = find_override(table, &key->address);
	exporter->domains =
		g_hash_table_new_full(domain_key_hash, domain_key_equal, g_free, domain_free);
	exporter->number = table->exporters->len;
	if (exporter->number >= table->limits.exporters_max) {
		struct exporter *silent = find_silent(table, arrival);

		if (silent == NULL) {
			exporter_free(exporter);
			return NULL;
		}
		exporter->number = silent->number;
		forget_exporter(table, silent);
		exporter_free(silent);
		table->exporters->pdata[exporter->number] = exporter;
	} else {
		g_ptr_array_add(table->exporters, exporter);
	}
	g_hash_table_insert(table->by_address, g_memdup2(key, sizeof(*key)), exporter);
	return exporter;
}

struct exporter *
exporter_table_take(ExporterTable *table, const struct host_address *address, uint16_t port,
                    struct wall_time arrival)
{
	struct exporter_key key = key_of(table, address, port);
	struct exporter *exporter = g_hash_table_lookup(table->by_address, &key);

	if (exporter == NULL && table->allowed != NULL &&
	    !prefix_set_contains(table->allowed, address)) {
		table->others.datagrams_taken++;
		table->others.datagrams_not_allowed++;
		return NULL;
	}
	if (exporter == NULL)
		exporter = add_exporter(table, &key, arrival);
	if (exporter == NULL) {
		table->others.datagrams_taken++;
		table->others.datagrams_exporters_full++;
		return NULL;
	}
	exporter->counters.datagrams_taken++;
	if (!exporter->is_heard)
		exporter->first_arrival = arrival;
	exporter->is_heard = true;
	exporter->last_arrival = exporter->heard = arrival;
	exporter_rate_take(exporter);
	return exporter;
}

struct decode_counters *
exporter_table_counters_of(ExporterTable *table, const struct host_address *address, uint16_t port)
{
	struct exporter_key key = key_of(table, address, port);
	struct exporter *exporter = g_hash_table_lookup(table->by_address, &key);

	return exporter == NULL ? &table->others : &exporter->counters;
}

struct exporter *
exporter_table_restore(ExporterTable *table, const struct host_address *address, uint16_t port,
                       struct wall_time now)
{
	struct exporter_key key = key_of(table, address, port);
	struct exporter *exporter = g_hash_table_lookup(table->by_address, &key);

	return exporter != NULL ? exporter : add_exporter(table, &key, now);
}

static void
expire_templates(ExporterTable *table, struct exporter *exporter, struct observation_domain *domain)
{
	struct wall_time since =
		wall_time_add_ms(domain->last_arrival, -table->limits.template_lifetime_ms);
	size_t before = template_octets(domain);
	size_t expired;

	if (table->limits.template_lifetime_ms <= 0 || domain->keeps_templates)
		return;
	expired = observation_domain_expire(domain, since);
	if (expired == 0)
		return;
	exporter->counters.templates_expired += expired;
	give_templates(table, exporter, before - template_octets(domain));
	table->is_unsaved = true;
}

static void
note_arrival(ExporterTable *table, struct exporter *exporter, struct observation_domain *domain)
{
	int64_t silence_ms = exporter->last_arrival.ms - domain->last_arrival.ms;

	domain->last_arrival = exporter->last_arrival;
	if (silence_ms > SILENCE_MS || silence_ms < 0)
		observation_domain_forgive(domain, silence_ms);
	else if (silence_ms >= SETTLE_MS)
		expire_templates(table, exporter, domain);
}

struct observation_domain *
exporter_table_name_domain(ExporterTable *table, struct exporter *exporter, uint8_t version,
                           uint32_t id)
{
	uint64_t key = (uint64_t)version << 32 | id;
	struct observation_domain *domain = g_hash_table_lookup(exporter->domains, &key);

	if (domain != NULL)
		return domain;
	if (g_hash_table_size(exporter->domains) >= table->limits.domains_max ||
	    (table->domain_count >= table->limits.exporters_max * DOMAINS_PER_EXPORTER &&
	     g_hash_table_size(exporter->domains) > 0))
		return NULL;
	domain = observation_domain_new(version, id);
	domain->last_arrival = exporter->last_arrival;
	g_hash_table_insert(exporter->domains, g_memdup2(&key, sizeof(key)), domain);
	table->domain_count++;
	return domain;
}

struct observation_domain *
exporter_table_domain(ExporterTable *table, struct exporter *exporter, uint8_t version, uint32_t id)
{
	struct observation_domain *domain =
		exporter_table_name_domain(table, exporter, version, id);

	if (domain == NULL)
		exporter->counters.datagrams_domains_full++;
	else
		note_arrival(table, exporter, domain);
	return domain;
}

void
exporter_table_learn(ExporterTable *table, struct exporter *exporter,
                     struct observation_domain *domain, const struct template_draft *draft)
{
	const struct export_template *known = observation_domain_find(domain, draft->id);
	size_t memory = observation_domain_template_memory(draft->field_count);
	size_t known_memory =
		known == NULL ? 0 : observation_domain_template_memory(known->field_count);

	if (known == NULL && g_hash_table_size(domain->templates) >= table->limits.templates_max) {
		exporter->counters.templates_full++;
		return;
	}
	if (!octet_budget_take(&table->template_budget, &exporter->template_octets, memory)) {
		exporter->counters.templates_memory++;
		return;
	}
	/* What it replaces, if only itself, is no longer counted. */
	give_templates(table, exporter, known_memory);
	switch (observation_domain_learn(domain, draft, exporter->last_arrival)) {
	case TEMPLATE_REFRESHED:
		exporter->counters.templates_refreshed++;
		return;
	case TEMPLATE_LEARNED:
		exporter->counters.templates_learned++;
		break;
	case TEMPLATE_REDEFINED:
		exporter->counters.templates_redefined++;
		g_ptr_array_add(table->unsettled, domain);
		break;
	}
	table->is_unsaved = true;
	waiting_sets_make_ready(&table->waiting, exporter, domain, draft->id);
}

void
exporter_table_withdraw(ExporterTable *table, struct exporter *exporter,
                        struct observation_domain *domain, uint16_t id)
{
	const struct export_template *known = observation_domain_find(domain, id);

	exporter->counters.templates_withdrawn++;
	if (known == NULL)
		return;
	give_templates(table, exporter, observation_domain_template_memory(known->field_count));
	observation_domain_withdraw(domain, id);
	g_ptr_array_add(table->unsettled, domain);
	table->is_unsaved = true;
}

void
exporter_table_withdraw_all(ExporterTable *table, struct exporter *exporter,
                            struct observation_domain *domain, bool options)
{
	size_t before = template_octets(domain);

	exporter->counters.templates_withdrawn++;
	if (observation_domain_withdraw_all(domain, options) == 0)
		return;
	give_templates(table, exporter, before - template_octets(domain));
	g_ptr_array_add(table->unsettled, domain);
	table->is_unsaved = true;
}

void
exporter_table_announce(ExporterTable *table, struct exporter *exporter,
                        struct observation_domain *domain, const struct sampler *sampler)
{
	switch (sampler_table_announce(&domain->samplers, sampler)) {
	case SAMPLER_REFUSED:
		exporter->counters.samplers_refused++;
		break;
	case SAMPLER_REPEATED:
		break;
	case SAMPLER_CHANGED:
		table->is_unsaved = true;
		break;
	}
}

void
exporter_table_note_boot(ExporterTable *table, struct observation_domain *domain,
                         struct wall_time boot)
{
	if (domain->boot_known && domain->boot.ms == boot.ms)
		return;
	domain->boot_known = true;
	domain->boot = boot;
	table->is_unsaved = true;
}

struct waiting_sets *
exporter_table_waiting(ExporterTable *table)
{
	return &table->waiting;
}

static void
expire_domain(ExporterTable *table, struct exporter *exporter, struct observation_domain *domain,
              struct wall_time now)
{
	waiting_sets_drop(&table->waiting, exporter, domain,
	                  wall_time_add_ms(now, -table->limits.waiting_ms));
	expire_templates(table, exporter, domain);
	observation_domain_settle(domain);
}

static bool
is_idle(const ExporterTable *table, const struct observation_domain *domain, struct wall_time now)
{
	return table->limits.template_lifetime_ms > 0 &&
	       now.ms - domain->last_arrival.ms > table->limits.template_lifetime_ms &&
	       g_hash_table_size(domain->templates) == 0 && g_hash_table_size(domain->waiting) == 0;
}

static void
expire_exporter(ExporterTable *table, struct exporter *exporter, struct wall_time now)
{
	GHashTableIter iterator;
	gpointer value;

	g_hash_table_iter_init(&iterator, exporter->domains);
	while (g_hash_table_iter_next(&iterator, NULL, &value)) {
		expire_domain(table, exporter, value, now);
		if (!is_idle(table, value, now))
			continue;
		forget_domain(table, exporter, value);
		g_hash_table_iter_remove(&iterator);
	}
}

void
exporter_table_expire(ExporterTable *table, struct wall_time now)
{
	waiting_sets_drop_ready(&table->waiting);
	g_ptr_array_set_size(table->unsettled, 0);
	for (guint i = 0; i < table->exporters->len; i++)
		expire_exporter(table, exporter_table_get(table, i), now);
	table->settled = now;
}

void
exporter_table_settle(ExporterTable *table, struct wall_time now)
{
	waiting_sets_drop_ready(&table->waiting);
	for (guint i = 0; i < table->unsettled->len; i++)
		observation_domain_settle(g_ptr_array_index(table->unsettled, i));
	if (table->unsettled->len > 0)
		g_ptr_array_set_size(table->unsettled, 0);
	if (now.ms - table->settled.ms >= SETTLE_MS || now.ms < table->settled.ms)
		exporter_table_expire(table, now);
}
