#include <string.h>

#include "collector/exporter_state.h"
#include "common/fault.h"

/*
 * The state file is text: a first line, then lines of words, each about what stands in the lines
 * above it, and as the last line a checksum of all before.
 *
 *   kenchi-templates 1
 *   exporter ADDRESS PORT [HEARD-MS]
 *   domain VERSION ID BOOT-MS
 *   sampler SCOPE KEY INTERVAL
 *   template ID OPTIONS SCOPES AGE-MS ENTERPRISE/ELEMENT/LENGTH ...
 *   checksum SHA256
 */
#define FIRST_LINE "kenchi-templates 1\n"
#define LAST_WORD  "checksum "

enum { WORDS_MAX = TEMPLATE_FIELDS_MAX + 5 };

/* Of times and ages: what is greater is none, and differences would overflow. */
static const uint64_t ms_most = (UINT64_C(1) << 52) - 1;

static void
save_template(const struct export_template *known, struct wall_time now, GString *text)
{
	g_string_append_printf(text, "template %u %d %u %" G_GINT64_FORMAT, known->id,
	                       known->is_options, known->scope_count,
	                       MAX(now.ms - known->seen.ms, 0));
	for (size_t i = 0; i < known->field_count; i++)
		g_string_append_printf(text, " %u/%u/%u", known->fields[i].enterprise,
		                       known->fields[i].element, known->fields[i].length);
	g_string_append_c(text, '\n');
}

static void
save_domain(const struct observation_domain *domain, GString *text)
{
	GHashTableIter iterator;
	gpointer value;

	g_string_append_printf(text, "domain %u %u %" G_GINT64_FORMAT "\n", domain->version,
	                       domain->id, domain->boot_known ? domain->boot.ms : -1);
	for (size_t i = 0; i < domain->samplers.count; i++) {
		const struct sampler *sampler = &domain->samplers.samplers[i];

		g_string_append_printf(text, "sampler %d %" G_GUINT64_FORMAT " %u\n",
		                       sampler->scope, sampler->key, sampler->interval);
	}
	g_hash_table_iter_init(&iterator, domain->templates);
	while (g_hash_table_iter_next(&iterator, NULL, &value))
		save_template(value, domain->last_arrival, text);
}

static void
save_exporter(const struct exporter *exporter, GString *text)
{
	char address[HOST_ADDRESS_TEXT_SIZE];
	GHashTableIter iterator;
	gpointer value;

	g_string_append_printf(text, "exporter %s %u %" G_GINT64_FORMAT "\n",
	                       host_address_format(&exporter->address, address), exporter->port,
	                       exporter->heard.ms);
	g_hash_table_iter_init(&iterator, exporter->domains);
	while (g_hash_table_iter_next(&iterator, NULL, &value))
		if (((const struct observation_domain *)value)->version != 5)
			save_domain(value, text);
}

bool
exporter_table_save(ExporterTable *table, const char *path, GError **error)
{
	g_autoptr(GString) text = g_string_new(FIRST_LINE);
	g_autofree char *checksum = NULL;

	for (size_t i = 0; i < exporter_table_count(table); i++)
		save_exporter(exporter_table_get(table, i), text);
	checksum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text->str, (gssize)text->len);
	g_string_append_printf(text, LAST_WORD "%s\n", checksum);
	if (!g_file_set_contents_full(path, text->str, (gssize)text->len,
	                              G_FILE_SET_CONTENTS_CONSISTENT, 0600, error))
		return false;
	exporter_table_mark_saved(table);
	return true;
}

/* What the lines that come next are about. */
struct loader {
	ExporterTable *table;
	struct wall_time now;
	struct exporter *exporter;
	struct observation_domain *domain;
	struct template_field fields[TEMPLATE_FIELDS_MAX];
};

static bool
read_number(const char *word, uint64_t most, uint64_t *value)
{
	return word != NULL && g_ascii_string_to_unsigned(word, 10, 0, most, value, NULL);
}

static bool
load_exporter(struct loader *loader, char **words)
{
	struct host_address address;
	uint64_t port, heard = 0;

	if (words[1] == NULL || !host_address_parse(words[1], &address) ||
	    !read_number(words[2], UINT16_MAX, &port) ||
	    (words[3] != NULL && !read_number(words[3], ms_most, &heard)))
		return false;
	loader->exporter =
		exporter_table_restore(loader->table, &address, (uint16_t)port, loader->now);
	if (loader->exporter != NULL && !loader->exporter->is_heard)
		loader->exporter->heard.ms = (int64_t)heard;
	loader->domain = NULL;
	return true;
}

static bool
load_domain(struct loader *loader, char **words)
{
	uint64_t version, id, boot;

	if (!read_number(words[1], 10, &version) || !read_number(words[2], UINT32_MAX, &id) ||
	    (words[3][0] != '-' && !read_number(words[3], ms_most, &boot)))
		return false;
	loader->domain = loader->exporter == NULL
	                         ? NULL
	                         : exporter_table_domain(loader->table, loader->exporter,
	                                                 (uint8_t)version, (uint32_t)id);
	if (loader->domain != NULL && words[3][0] != '-') {
		loader->domain->boot_known = true;
		loader->domain->boot.ms = (int64_t)boot;
	}
	return true;
}

static bool
load_sampler(const struct loader *loader, char **words)
{
	uint64_t scope, key, interval;
	struct sampler sampler;

	if (!read_number(words[1], SAMPLER_OF_INTERFACE, &scope) ||
	    !read_number(words[2], UINT64_MAX, &key) ||
	    !read_number(words[3], UINT32_MAX, &interval))
		return false;
	sampler = (struct sampler){ (enum sampler_scope)scope, (uint32_t)interval, key };
	if (loader->domain != NULL)
		(void)sampler_table_announce(&loader->domain->samplers, &sampler);
	return true;
}

static bool
load_field(const char *word, struct template_field *field)
{
	g_auto(GStrv) parts = g_strsplit(word, "/", 4);
	uint64_t enterprise, element, length;

	if (!read_number(parts[0], UINT32_MAX, &enterprise) || parts[1] == NULL ||
	    !read_number(parts[1], UINT16_MAX, &element) || parts[2] == NULL ||
	    !read_number(parts[2], UINT16_MAX, &length) || parts[3] != NULL)
		return false;
	*field = (struct template_field){ (uint32_t)enterprise, (uint16_t)element,
		                          (uint16_t)length };
	return true;
}

static bool
load_template(struct loader *loader, char **words)
{
	struct template_draft draft = { .fields = loader->fields };
	uint64_t id, options, scopes, age_ms;
	struct decode_counters before;
	struct export_template *known;

	if (!read_number(words[1], UINT16_MAX, &id) || !read_number(words[2], 1, &options) ||
	    !read_number(words[3], UINT16_MAX, &scopes) || !read_number(words[4], ms_most, &age_ms))
		return false;
	for (; words[5 + draft.field_count] != NULL; draft.field_count++)
		if (draft.field_count == TEMPLATE_FIELDS_MAX ||
		    !load_field(words[5 + draft.field_count], &loader->fields[draft.field_count]))
			return false;
	draft.id = (uint16_t)id;
	draft.is_options = options != 0;
	draft.scope_count = (uint16_t)scopes;
	if (draft.field_count == 0 || draft.scope_count > draft.field_count || id < 256)
		return false;
	if (loader->domain == NULL)
		return true;
	before = loader->exporter->counters;
	exporter_table_learn(loader->table, loader->exporter, loader->domain, &draft);
	loader->exporter->counters = before; /* they tell of what came, not of what was kept */
	known = observation_domain_find(loader->domain, draft.id);
	if (known != NULL)
		known->seen = wall_time_add_ms(loader->now, -(int64_t)age_ms);
	return true;
}

static bool
load_line(struct loader *loader, const char *line)
{
	g_auto(GStrv) words = g_strsplit(line, " ", WORDS_MAX);

	if (words[0] == NULL || words[1] == NULL)
		return false;
	if (strcmp(words[0], "exporter") == 0)
		return words[2] != NULL && load_exporter(loader, words);
	if (words[2] == NULL || words[3] == NULL)
		return false;
	if (strcmp(words[0], "domain") == 0)
		return load_domain(loader, words);
	if (strcmp(words[0], "sampler") == 0)
		return load_sampler(loader, words);
	if (words[4] == NULL || strcmp(words[0], "template") != 0)
		return false;
	return load_template(loader, words);
}

/* Is the text whole?  Cuts the checksum off. */
static bool
is_whole(char *text, size_t length)
{
	g_autofree char *checksum = NULL;
	char *last;

	if (strlen(text) != length || !g_str_has_prefix(text, FIRST_LINE))
		return false;
	last = g_strrstr(text, "\n" LAST_WORD);
	if (last == NULL)
		return false;
	last++;
	checksum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, last - text);
	g_strchomp(last);
	if (strcmp(last + strlen(LAST_WORD), checksum) != 0)
		return false;
	*last = '\0';
	return true;
}

/* Does every line read well?  Tried on a table that nobody sees, so that a damaged file changes
 * nothing. */
static bool
load_lines(ExporterTable *table, char *const *lines, struct wall_time now)
{
	g_autofree struct loader *loader = g_new0(struct loader, 1);

	loader->table = table;
	loader->now = now;
	for (size_t i = 1; lines[i] != NULL; i++)
		if (lines[i][0] != '\0' && !load_line(loader, lines[i]))
			return false;
	return true;
}

bool
exporter_table_load(ExporterTable *table, const char *path, struct wall_time now, GError **error)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	g_autoptr(ExporterTable) trial = exporter_table_new(exporter_table_limits(table));
	g_autoptr(GError) reason = NULL;
	size_t length;

	if (!g_file_get_contents(path, &text, &length, &reason)) {
		if (g_error_matches(reason, G_FILE_ERROR, G_FILE_ERROR_NOENT))
			return true;
		g_propagate_error(error, g_steal_pointer(&reason));
		return false;
	}
	if (!is_whole(text, length))
		return fault_input(error, "%s is damaged: Templates are learned anew", path);
	lines = g_strsplit(text, "\n", -1);
	if (!load_lines(trial, lines, now))
		return fault_input(error, "%s is no file of Templates of this version", path);
	(void)load_lines(table, lines, now);
	exporter_table_mark_saved(table);
	return true;
}
