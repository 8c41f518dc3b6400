#include "collector/collector_config.h"

#include <string.h>

#include "common/fault.h"
#include "common/state_folder.h"

static const struct config_key keys[] = {
#define KEY(...) CONFIG_ROW(CollectorConfig, __VA_ARGS__)
#include "schemas/collector_config.def"
#undef KEY
};

static const struct config_table table = { "collector", keys, G_N_ELEMENTS(keys) };

const struct config_table *
collector_config_table(void)
{
	return &table;
}

CollectorConfig *
collector_config_new(void)
{
	CollectorConfig *config = g_new0(CollectorConfig, 1);

	config_set_defaults(&table, config);
	return config;
}

void
collector_config_free(CollectorConfig *config)
{
	if (config == NULL)
		return;
	config_clear(&table, config);
	g_strfreev(config->captures);
	g_free(config->write_bins);
	prefix_set_free(config->monitored_hosts);
	prefix_set_free(config->allowed_exporters);
	g_free(config->state_path);
	g_free(config->ring_path);
	g_free(config);
}

static bool
add_prefixes(PrefixSet *set, char *const *texts, const char *key, GError **error)
{
	for (; *texts != NULL; texts++) {
		if (!prefix_set_add(set, *texts, error)) {
			g_prefix_error(error, "%s: ", key);
			return false;
		}
	}
	return true;
}

bool
collector_config_parse_sampling(const char *text, char **prefix, uint32_t *interval, GError **error)
{
	g_autoptr(PrefixSet) trial = prefix_set_new();
	const char *equals = strchr(text, '=');
	g_autofree char *before = NULL;
	guint64 number;

	if (equals == NULL ||
	    !g_ascii_string_to_unsigned(equals + 1, 10, 1, UINT32_MAX, &number, NULL))
		return fault_input(error, "sampling: \"%s\" must be PREFIX=N, with N from 1 to %u",
		                   text, UINT32_MAX);
	before = g_strndup(text, (gsize)(equals - text));
	if (!prefix_set_add(trial, before, error)) {
		g_prefix_error(error, "sampling: ");
		return false;
	}
	*prefix = g_steal_pointer(&before);
	*interval = (uint32_t)number;
	return true;
}

static bool
check_sampling(char *const *texts, GError **error)
{
	for (; *texts != NULL; texts++) {
		g_autofree char *prefix = NULL;
		uint32_t interval;

		if (!collector_config_parse_sampling(*texts, &prefix, &interval, error))
			return false;
	}
	return true;
}

bool
collector_config_finish(CollectorConfig *config, GError **error)
{
	config->monitored_hosts = prefix_set_new();
	if (!add_prefixes(config->monitored_hosts, config->monitored, "monitored", error))
		return false;
	if (prefix_set_is_empty(config->monitored_hosts))
		prefix_set_add_private(config->monitored_hosts);
	if (config->allow[0] != NULL) {
		config->allowed_exporters = prefix_set_new();
		if (!add_prefixes(config->allowed_exporters, config->allow, "allow", error))
			return false;
	}
	if (!check_sampling(config->sampling, error))
		return false;
	if (config->dump_flows && config->write_bins != NULL)
		return fault_input(error, "--write-bins: no bins are made with --dump-flows");
	if (config->captures != NULL && config->workers > 1)
		return fault_input(error, "workers: a capture is read by one worker, not by %d",
		                   (int)config->workers);
	if (config->workers > 1 && (config->dump_flows || config->write_bins != NULL))
		return fault_input(error, "workers: one output is written by one worker, not by %d",
		                   (int)config->workers);
	config->state_path =
		config->state[0] != '\0' ? g_strdup(config->state) : state_folder_default();
	config->ring_path = g_strdup(config->ring[0] != '\0' ? config->ring : config->state_path);
	return true;
}

bool
collector_config_has_ring(const CollectorConfig *config)
{
	if (config->dump_flows)
		return false;
	return config->captures == NULL || config->write_bins == NULL || config->ring[0] != '\0';
}
