#include "collector/exporter_table.h"

#include <string.h>

#include "collector/exporter_table_parts.h"
#include "common/fault.h"
#include "common/keyed_hash.h"

struct override {
	PrefixSet *prefix;
	uint32_t interval;
};

struct exporter_key {
	struct host_address address;
	uint64_t port;
};

uint64_t
exporter_table_key(void)
{
	static gsize key;

	if (g_once_init_enter(&key))
		g_once_init_leave(&key, (gsize)g_random_int() << 32 | g_random_int() | 1);
	return key;
}

static guint
key_hash(gconstpointer key)
{
	return (guint)keyed_hash_octets(key, sizeof(struct exporter_key), exporter_table_key());
}

static gboolean
key_equal(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(struct exporter_key)) == 0;
}

static void
override_clear(gpointer data)
{
	prefix_set_free(((struct override *)data)->prefix);
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

static void
forget_exporter(ExporterTable *table, struct exporter *exporter)
{
	struct exporter_key key = key_of(table, &exporter->address, exporter->port);

	exporter_domains_forget(table, exporter);
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
	exporter->domains = exporter_domains_new();
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
