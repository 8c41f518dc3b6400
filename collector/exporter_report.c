#include "collector/exporter_state.h"
#include "common/json_writer.h"

enum { CLOCK_NOTICE_MS = 5000 };

/* What no Template of the Exporter's flows has. */
static unsigned
find_lacks(const struct exporter *exporter)
{
	GHashTableIter domains, templates;
	gpointer value;
	unsigned lacks = UINT32_MAX;

	g_hash_table_iter_init(&domains, exporter->domains);
	while (g_hash_table_iter_next(&domains, NULL, &value)) {
		const struct observation_domain *domain = value;

		if (domain->version == 5)
			lacks &= PLAN_LACKS_DIRECTION | PLAN_LACKS_SIZES;
		g_hash_table_iter_init(&templates, domain->templates);
		while (g_hash_table_iter_next(&templates, NULL, &value)) {
			const struct export_template *known = value;

			if (!known->is_options && template_plan_has_address(known->plan))
				lacks &= template_plan_lacks(known->plan);
		}
	}
	return lacks == UINT32_MAX ? 0 : lacks;
}

static void
add_lacks(const struct exporter *exporter, GString *line)
{
	static const struct {
		unsigned lack;
		const char *name;
	} rows[] = {
		{ PLAN_LACKS_FLAGS, "tcpControlBits" }, { PLAN_LACKS_TIMES, "times" },
		{ PLAN_LACKS_OCTETS, "octets" },        { PLAN_LACKS_PACKETS, "packets" },
		{ PLAN_LACKS_PORTS, "ports" },          { PLAN_LACKS_DIRECTION, "flowDirection" },
		{ PLAN_LACKS_SIZES, "packetSizes" },
	};
	unsigned lacks = find_lacks(exporter);

	json_open_array(line, "cannotTell");
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		if ((lacks & rows[i].lack) != 0)
			json_add_string(line, NULL, rows[i].name);
	json_close_array(line);
}

static gint
by_template_id(gconstpointer a, gconstpointer b)
{
	const struct export_template *const *left = a, *const *right = b;

	return (gint)(*left)->id - (gint)(*right)->id;
}

static gint
by_domain(gconstpointer a, gconstpointer b)
{
	const struct observation_domain *const *left = a, *const *right = b;

	if ((*left)->version != (*right)->version)
		return (gint)(*left)->version - (gint)(*right)->version;
	return ((*left)->id > (*right)->id) - ((*left)->id < (*right)->id);
}

/* The table's values, sorted so that the same state is always told in the same words. */
static GPtrArray *
sorted_values(GHashTable *table, GCompareFunc compare)
{
	GPtrArray *values = g_ptr_array_new();
	GHashTableIter iterator;
	gpointer value;

	g_hash_table_iter_init(&iterator, table);
	while (g_hash_table_iter_next(&iterator, NULL, &value))
		g_ptr_array_add(values, value);
	g_ptr_array_sort(values, compare);
	return values;
}

static void
add_templates(const struct observation_domain *domain, struct wall_time now, GString *line)
{
	g_autoptr(GPtrArray) templates = sorted_values(domain->templates, by_template_id);

	json_open_array(line, "templates");
	for (guint i = 0; i < templates->len; i++) {
		const struct export_template *known = g_ptr_array_index(templates, i);

		json_open_object(line, NULL);
		json_add_unsigned(line, "id", known->id);
		json_add_boolean(line, "options", known->is_options);
		json_add_unsigned(line, "fields", known->field_count);
		json_add_integer(line, "ageSeconds", (now.ms - known->seen.ms) / 1000);
		json_close_object(line);
	}
	json_close_array(line);
}

static void
add_samplers(const struct observation_domain *domain, GString *line)
{
	static const char *const scopes[] = {
		[SAMPLER_OF_DOMAIN] = "domain",
		[SAMPLER_BY_ID] = "sampler",
		[SAMPLER_OF_INTERFACE] = "interface",
	};

	json_open_array(line, "samplers");
	for (size_t i = 0; i < domain->samplers.count; i++) {
		const struct sampler *sampler = &domain->samplers.samplers[i];

		json_open_object(line, NULL);
		json_add_string(line, "of", scopes[sampler->scope]);
		if (sampler->scope != SAMPLER_OF_DOMAIN)
			json_add_unsigned(line, "id", sampler->key);
		json_add_unsigned(line, "interval", sampler->interval);
		json_close_object(line);
	}
	json_close_array(line);
}

static void
add_domains(const struct exporter *exporter, struct wall_time now, GString *line)
{
	g_autoptr(GPtrArray) domains = sorted_values(exporter->domains, by_domain);

	json_open_array(line, "domains");
	for (guint i = 0; i < domains->len; i++) {
		const struct observation_domain *domain = g_ptr_array_index(domains, i);

		json_open_object(line, NULL);
		json_add_unsigned(line, "version", domain->version);
		json_add_unsigned(line, "id", domain->id);
		json_add_string(line, "sequenceCounts", sequence_rule_name(domain->sequence.rule));
		if (domain->clock.known)
			json_add_integer(line, "bootMilliseconds",
			                 uptime_clock_boot(&domain->clock).ms);
		else if (domain->boot_known)
			json_add_integer(line, "bootMilliseconds", domain->boot.ms);
		add_samplers(domain, line);
		add_templates(domain, now, line);
		json_close_object(line);
	}
	json_close_array(line);
}

static void
add_warnings(const struct exporter *exporter, bool is_silent, GString *line)
{
	const struct decode_counters *counters = &exporter->counters;

	json_open_array(line, "warnings");
	if (is_silent)
		json_add_string(line, NULL, "silent");
	if (exporter->clock.known && ABS(exporter->clock.ms) > CLOCK_NOTICE_MS)
		json_add_string(line, NULL, "clock is off");
	if (counters->sequence_lost > 0)
		json_add_string(line, NULL, "datagrams were lost");
	if (counters->sets_waiting > 0 || counters->sets_template_late > 0 ||
	    counters->sets_template_missing > 0)
		json_add_string(line, NULL, "data without its template");
	if (counters->records_times_impossible > 0)
		json_add_string(line, NULL, "times that cannot be");
	json_close_array(line);
}

static bool
has_domain_of(const struct exporter *exporter, uint8_t version)
{
	GHashTableIter iterator;
	gpointer value;

	g_hash_table_iter_init(&iterator, exporter->domains);
	while (g_hash_table_iter_next(&iterator, NULL, &value))
		if (((const struct observation_domain *)value)->version == version)
			return true;
	return false;
}

static void
add_protocols(const struct exporter *exporter, GString *line)
{
	const struct decode_counters *counters = &exporter->counters;

	/* Of one that was restored, its domains tell. */
	json_open_array(line, "protocols");
	if (counters->datagrams_netflow5 > 0)
		json_add_string(line, NULL, "NetFlow v5");
	if (counters->datagrams_netflow9 > 0 || has_domain_of(exporter, 9))
		json_add_string(line, NULL, "NetFlow v9");
	if (counters->datagrams_ipfix > 0 || has_domain_of(exporter, 10))
		json_add_string(line, NULL, "IPFIX");
	json_close_array(line);
}

void
exporter_table_describe(const ExporterTable *table, uint32_t number, struct wall_time now,
                        int64_t silent_after_ms, GString *line)
{
	const struct exporter *exporter = exporter_table_get(table, number);
	char address[HOST_ADDRESS_TEXT_SIZE];
	struct wall_time last;
	struct rates rates;
	bool is_silent;

	if (exporter == NULL)
		return;
	last = exporter->heard.ms != 0 ? exporter->heard : exporter->last_arrival;
	is_silent = now.ms - last.ms > silent_after_ms;
	rates = exporter_rates(exporter, now);
	json_open_object(line, NULL);
	json_add_string(line, "exporter", host_address_format(&exporter->address, address));
	if (exporter->port != 0)
		json_add_unsigned(line, "port", exporter->port);
	add_protocols(exporter, line);
	/* Of one that was restored and has sent nothing since, the last run's word is passed on. */
	if (exporter->is_heard)
		json_add_integer(line, "firstArrivalMilliseconds", exporter->first_arrival.ms);
	if (exporter->heard.ms != 0)
		json_add_integer(line, "lastArrivalMilliseconds", exporter->heard.ms);
	json_add_boolean(line, "silent", is_silent);
	json_add_double(line, "datagramsPerSecond", rates.datagrams_per_s);
	json_add_double(line, "recordsPerSecond", rates.records_per_s);
	json_add_unsigned(line, "lost", exporter->counters.sequence_lost);
	json_add_integer(line, "clockOffsetMilliseconds", exporter->clock.ms);
	if (exporter->sampling_override != 0)
		json_add_unsigned(line, "samplingOverride", exporter->sampling_override);
	add_lacks(exporter, line);
	add_warnings(exporter, is_silent, line);
	json_open_object(line, "counters");
	decode_counters_format(&exporter->counters, false, line);
	json_close_object(line);
	add_domains(exporter, now, line);
	json_close_object(line);
}
