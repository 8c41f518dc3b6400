/*
 * What this run of the collector is to do: the keys of schemas/collector_config.def, and what
 * options alone can say.
 *
 * Ownership: what the fields point to is the object's, until collector_config_free().
 * Errors:    a GError that names the key and the value.
 * Threads:   once it is finished it is only read.
 */
#ifndef COLLECTOR_COLLECTOR_CONFIG_H
#define COLLECTOR_COLLECTOR_CONFIG_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/config_reader.h"
#include "common/prefix_set.h"

typedef struct CollectorConfig {
#define KEY(...) CONFIG_FIELD(__VA_ARGS__)
#include "schemas/collector_config.def"
#undef KEY
	char **captures;     /* files to read instead of sockets; NULL: live */
	bool dump_flows;     /* print flow records, and make no bins */
	char *write_bins;    /* a bin file to write; NULL: none */
	bool final_counters; /* print them at the end */
	/* Made of the keys by collector_config_finish(). */
	PrefixSet *monitored_hosts;
	PrefixSet *allowed_exporters; /* NULL: every one */
	char *state_path;
	char *ring_path;
} CollectorConfig;

const struct config_table *collector_config_table(void);

/* With every key's default. */
CollectorConfig *collector_config_new(void);
void collector_config_free(CollectorConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CollectorConfig, collector_config_free)

/* Checks what the table cannot, and makes the rest of the fields.  The message names the key and
 * the value. */
bool collector_config_finish(CollectorConfig *config, GError **error);

/* Do bins go to a ring?  Not when flow records are dumped, nor when a capture is made a bin file.
 */
bool collector_config_has_ring(const CollectorConfig *config);

/* Parses "PREFIX=N" of the key `sampling`; free the prefix. */
bool collector_config_parse_sampling(const char *text, char **prefix, uint32_t *interval,
                                     GError **error);

#endif
