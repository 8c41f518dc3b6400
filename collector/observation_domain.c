#include "collector/observation_domain.h"

#include <string.h>

enum { TABLE_OCTETS = 64 }; /* of an entry in a hash table, and what the allocator adds */

static void
template_free(gpointer data)
{
	struct export_template *known = data;

	template_plan_free(known->plan);
	g_free(known->fields);
	g_free(known);
}

static void
queue_free(gpointer data)
{
	g_queue_free_full(data, g_free);
}

struct observation_domain *
observation_domain_new(uint8_t version, uint32_t id)
{
	struct observation_domain *domain = g_new0(struct observation_domain, 1);

	domain->version = version;
	domain->id = id;
	sequence_check_init(&domain->sequence,
	                    version == 9 ? SEQUENCE_BY_MESSAGES : SEQUENCE_BY_RECORDS);
	domain->templates = g_hash_table_new_full(NULL, NULL, NULL, NULL);
	domain->waiting = g_hash_table_new_full(NULL, NULL, NULL, queue_free);
	domain->retired = g_ptr_array_new_with_free_func(template_free);
	return domain;
}

static bool
is_any(const struct export_template *known, const void *nothing)
{
	(void)known;
	(void)nothing;
	return true;
}

static bool
is_of_kind(const struct export_template *known, const void *options)
{
	return known->is_options == *(const bool *)options;
}

static bool
is_older(const struct export_template *known, const void *since)
{
	return known->seen.ms < ((const struct wall_time *)since)->ms;
}

/* Of the Templates those that `goes` says; how many they were. */
static size_t
retire(struct observation_domain *domain,
       bool (*goes)(const struct export_template *known, const void *than), const void *than)
{
	GHashTableIter iterator;
	gpointer known;
	size_t count = 0;

	g_hash_table_iter_init(&iterator, domain->templates);
	while (g_hash_table_iter_next(&iterator, NULL, &known)) {
		if (!goes(known, than))
			continue;
		g_ptr_array_add(domain->retired, known);
		g_hash_table_iter_remove(&iterator);
		count++;
	}
	return count;
}

void
observation_domain_free(struct observation_domain *domain)
{
	if (domain == NULL)
		return;
	(void)retire(domain, is_any, NULL);
	g_hash_table_unref(domain->templates);
	g_hash_table_unref(domain->waiting);
	g_ptr_array_unref(domain->retired);
	g_free(domain);
}

struct export_template *
observation_domain_find(const struct observation_domain *domain, uint16_t id)
{
	return g_hash_table_lookup(domain->templates, GUINT_TO_POINTER(id));
}

static bool
is_same(const struct export_template *known, const struct template_draft *draft)
{
	return known->field_count == draft->field_count &&
	       known->scope_count == draft->scope_count && known->is_options == draft->is_options &&
	       memcmp(known->fields, draft->fields, draft->field_count * sizeof(*draft->fields)) ==
	               0;
}

static uint32_t
hash_fields(const struct template_field *fields, size_t count)
{
	uint64_t hash = count;

	for (size_t i = 0; i < count; i++) {
		hash ^= (uint64_t)fields[i].enterprise << 32 | (uint32_t)fields[i].element << 16 |
		        fields[i].length;
		hash *= 0x9e3779b97f4a7c15U;
		hash ^= hash >> 29;
	}
	return (uint32_t)(hash >> 32);
}

enum template_change
observation_domain_learn(struct observation_domain *domain, const struct template_draft *draft,
                         struct wall_time now)
{
	struct export_template *known = observation_domain_find(domain, draft->id);
	struct export_template *learned;

	if (known != NULL && is_same(known, draft)) {
		known->seen = now;
		return TEMPLATE_REFRESHED;
	}
	if (known != NULL)
		g_ptr_array_add(domain->retired, known);
	learned = g_new0(struct export_template, 1);
	learned->id = draft->id;
	learned->field_count = (uint16_t)draft->field_count;
	learned->scope_count = draft->scope_count;
	learned->is_options = draft->is_options;
	learned->fields = g_memdup2(draft->fields, draft->field_count * sizeof(*draft->fields));
	learned->fields_hash = hash_fields(learned->fields, learned->field_count);
	learned->seen = now;
	learned->plan = template_plan_new(learned->fields, learned->field_count);
	learned->record_octets = template_plan_record_octets(learned->plan);
	g_hash_table_insert(domain->templates, GUINT_TO_POINTER(draft->id), learned);
	return known != NULL ? TEMPLATE_REDEFINED : TEMPLATE_LEARNED;
}

bool
observation_domain_withdraw(struct observation_domain *domain, uint16_t id)
{
	struct export_template *known = observation_domain_find(domain, id);

	if (known == NULL)
		return false;
	g_hash_table_remove(domain->templates, GUINT_TO_POINTER(id));
	g_ptr_array_add(domain->retired, known);
	return true;
}

size_t
observation_domain_withdraw_all(struct observation_domain *domain, bool options)
{
	return retire(domain, is_of_kind, &options);
}

size_t
observation_domain_expire(struct observation_domain *domain, struct wall_time since)
{
	return retire(domain, is_older, &since);
}

void
observation_domain_forgive(struct observation_domain *domain, int64_t silence_ms)
{
	GHashTableIter iterator;
	gpointer value;

	g_hash_table_iter_init(&iterator, domain->templates);
	while (g_hash_table_iter_next(&iterator, NULL, &value)) {
		struct export_template *known = value;

		known->seen = wall_time_add_ms(known->seen, silence_ms);
	}
}

void
observation_domain_settle(struct observation_domain *domain)
{
	g_ptr_array_set_size(domain->retired, 0);
}

size_t
observation_domain_template_memory(size_t field_count)
{
	return sizeof(struct export_template) + field_count * sizeof(struct template_field) +
	       template_plan_memory(field_count) + TABLE_OCTETS;
}
