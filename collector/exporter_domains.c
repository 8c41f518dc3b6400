#include <string.h>

#include "collector/exporter_table_parts.h"
#include "common/keyed_hash.h"

enum {
	DOMAINS_PER_EXPORTER = 4, /* on average, when the table is full */
	SETTLE_MS = 10 * 1000,    /* how often what is out of date is looked for */
	/* Who has said nothing for a day is not held to have broken a promise. */
	SILENCE_MS = 24 * 3600 * 1000,
};

static guint
domain_key_hash(gconstpointer key)
{
	return (guint)keyed_hash_octets(key, sizeof(uint64_t), exporter_table_key());
}

static gboolean
domain_key_equal(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(uint64_t)) == 0;
}

static void
domain_free(gpointer data)
{
	observation_domain_free(data);
}

GHashTable *
exporter_domains_new(void)
{
	return g_hash_table_new_full(domain_key_hash, domain_key_equal, g_free, domain_free);
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

void
exporter_domains_forget(ExporterTable *table, struct exporter *exporter)
{
	GHashTableIter iterator;
	gpointer value;

	g_hash_table_iter_init(&iterator, exporter->domains);
	while (g_hash_table_iter_next(&iterator, NULL, &value))
		forget_domain(table, exporter, value);
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
