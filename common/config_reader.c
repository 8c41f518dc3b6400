#include "common/config_reader.h"

#include <math.h>
#include <string.h>

#include "common/fault.h"

static char *
describe_octets(double value)
{
	static const struct {
		double unit;
		char letter;
	} units[] = { { 1 << 30, 'G' }, { 1 << 20, 'M' }, { 1 << 10, 'K' } };

	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		if (value >= units[i].unit && fmod(value, units[i].unit) == 0.0)
			return g_strdup_printf("%.0f%c", value / units[i].unit, units[i].letter);
	}
	return g_strdup_printf("%.0f", value);
}

/* What a key takes, in words. */
static char *
describe_range(const struct config_key *key)
{
	g_autofree char *least = NULL;
	g_autofree char *most = NULL;

	switch (key->type) {
	case CONFIG_boolean:
		return g_strdup("true or false");
	case CONFIG_integer:
		return g_strdup_printf("an integer from %.0f to %.0f", key->least, key->most);
	case CONFIG_number:
		return g_strdup_printf("a number from %g to %g", key->least, key->most);
	case CONFIG_octets:
		least = describe_octets(key->least);
		most = describe_octets(key->most);
		return g_strdup_printf("octets from %s to %s", least, most);
	case CONFIG_text:
		return g_strdup_printf("a text of %.0f to %.0f octets", key->least, key->most);
	case CONFIG_list:
		return g_strdup_printf("a list of %.0f to %.0f values", key->least, key->most);
	default:
		return g_strdup("");
	}
}

static void *
field_of(const struct config_key *key, void *config)
{
	return (char *)config + key->offset;
}

static bool
in_range(const struct config_key *key, double value)
{
	return value >= key->least && value <= key->most;
}

static bool
parse_boolean(const char *text, bool *value)
{
	static const char *const words[] = { "false", "true", "no", "yes", "0", "1" };

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		if (g_ascii_strcasecmp(text, words[i]) == 0) {
			*value = i % 2 == 1;
			return true;
		}
	}
	return false;
}

/* An integer; with `units` it may end in K, M or G. */
static bool
parse_integer(const char *text, bool units, int64_t *value)
{
	static const char letters[] = "KMG";
	g_autofree char *digits = g_strdup(text);
	size_t length = strlen(digits);
	const char *letter = NULL;
	int64_t unit = 1;
	gint64 count;

	if (units && length > 1)
		letter = strchr(letters, g_ascii_toupper(digits[length - 1]));
	if (letter != NULL) {
		unit = (int64_t)1 << (10 * (letter - letters + 1));
		digits[length - 1] = '\0';
	}
	if (!g_ascii_string_to_signed(digits, 10, INT64_MIN / unit, INT64_MAX / unit, &count, NULL))
		return false;
	*value = count * unit;
	return true;
}

static bool
parse_number(const char *text, double *value)
{
	char *end;
	double number = g_ascii_strtod(text, &end);

	if (end == text || *end != '\0' || !isfinite(number))
		return false;
	*value = number;
	return true;
}

static void
set_text(char **field, const char *text)
{
	g_free(*field);
	*field = g_strdup(text);
}

/* An entry that is empty is left out, so that a final separator is harmless. */
static char **
parse_list(const char *text)
{
	g_auto(GStrv) parts = g_strsplit_set(text, ";,", -1);
	GStrvBuilder *builder = g_strv_builder_new();
	char **list;

	for (char **part = parts; *part != NULL; part++) {
		g_strstrip(*part);
		if (**part != '\0')
			g_strv_builder_add(builder, *part);
	}
	list = g_strv_builder_end(builder);
	g_strv_builder_unref(builder);
	return list;
}

static bool
set_list(const struct config_key *key, char ***field, const char *text)
{
	char **list = parse_list(text);

	if (!in_range(key, g_strv_length(list))) {
		g_strfreev(list);
		return false;
	}
	g_strfreev(*field);
	*field = list;
	return true;
}

/* Parses and checks; the field is written only on success. */
static bool
set_field(const struct config_key *key, const char *text, void *config)
{
	void *field = field_of(key, config);
	int64_t integer;
	double number;

	switch (key->type) {
	case CONFIG_boolean:
		return parse_boolean(text, field);
	case CONFIG_integer:
	case CONFIG_octets:
		if (!parse_integer(text, key->type == CONFIG_octets, &integer) ||
		    !in_range(key, (double)integer))
			return false;
		*(int64_t *)field = integer;
		return true;
	case CONFIG_number:
		if (!parse_number(text, &number) || !in_range(key, number))
			return false;
		*(double *)field = number;
		return true;
	case CONFIG_text:
		if (!in_range(key, (double)strlen(text)))
			return false;
		set_text(field, text);
		return true;
	case CONFIG_list:
		return set_list(key, field, text);
	default:
		return false;
	}
}

static const struct config_key *
find_key(const struct config_table *table, const char *name)
{
	for (size_t i = 0; i < table->count; i++) {
		if (strcmp(table->keys[i].name, name) == 0)
			return &table->keys[i];
	}
	return NULL;
}

void
config_set_defaults(const struct config_table *table, void *config)
{
	bool set = true;

	for (size_t i = 0; i < table->count; i++)
		set = set_field(&table->keys[i], table->keys[i].fallback, config) && set;
	g_assert(set); /* a row's default lies within the row's range */
}

void
config_clear(const struct config_table *table, void *config)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct config_key *key = &table->keys[i];
		if (key->type == CONFIG_text)
			g_clear_pointer((char **)field_of(key, config), g_free);
		else if (key->type == CONFIG_list)
			g_clear_pointer((char ***)field_of(key, config), g_strfreev);
	}
}

bool
config_set(const struct config_table *table, const struct config_assignment *assignment,
           void *config, GError **error)
{
	const struct config_key *key = find_key(table, assignment->name);
	g_autofree char *range = NULL;

	if (key == NULL)
		return fault_input(error, "%s: there is no key \"%s\"", assignment->origin,
		                   assignment->name);
	if (set_field(key, assignment->value, config))
		return true;
	range = describe_range(key);
	return fault_input(error, "%s: %s must be %s, not \"%s\"", assignment->origin, key->name,
	                   range, assignment->value);
}

static bool
read_key(const struct config_table *table, GKeyFile *file, struct config_assignment *assignment,
         void *config, GError **error)
{
	g_autofree char *value =
		g_key_file_get_string(file, table->section, assignment->name, error);

	if (value == NULL) {
		g_prefix_error(error, "%s: ", assignment->origin);
		return false;
	}
	assignment->value = value;
	return config_set(table, assignment, config, error);
}

bool
config_read(const struct config_table *table, const char *path, void *config, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_auto(GStrv) groups = NULL;
	g_auto(GStrv) names = NULL;

	if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, error)) {
		g_prefix_error(error, "%s: ", path);
		return false;
	}
	groups = g_key_file_get_groups(file, NULL);
	for (char **group = groups; *group != NULL; group++) {
		if (strcmp(*group, table->section) != 0)
			return fault_input(error, "%s: unknown section [%s]; the only one is [%s]",
			                   path, *group, table->section);
	}
	if (groups[0] == NULL)
		return true;
	names = g_key_file_get_keys(file, table->section, NULL, NULL);
	for (char **name = names; name != NULL && *name != NULL; name++) {
		struct config_assignment assignment = { .origin = path, .name = *name };
		if (!read_key(table, file, &assignment, config, error))
			return false;
	}
	return true;
}

struct ConfigOptions {
	const struct config_table *table;
	GOptionEntry *entries;
	union {
		char *text;
		char **list;
	} * values; /* as parsed; of the type that the entry has */
};

static const char *
argument_of(enum config_type type)
{
	switch (type) {
	case CONFIG_boolean:
		return "true|false";
	case CONFIG_integer:
	case CONFIG_number:
		return "NUMBER";
	case CONFIG_octets:
		return "OCTETS";
	case CONFIG_text:
	case CONFIG_list:
	default:
		return "VALUE";
	}
}

ConfigOptions *
config_options_new(const struct config_table *table)
{
	ConfigOptions *options = g_new0(ConfigOptions, 1);

	options->table = table;
	options->entries = g_new0(GOptionEntry, table->count + 1);
	options->values = g_malloc0_n(table->count, sizeof(*options->values));
	for (size_t i = 0; i < table->count; i++) {
		const struct config_key *key = &table->keys[i];
		bool is_list = key->type == CONFIG_list;
		options->entries[i] = (GOptionEntry){
			.long_name = g_strdelimit(g_strdup(key->name), "_", '-'),
			.arg = is_list ? G_OPTION_ARG_STRING_ARRAY : G_OPTION_ARG_STRING,
			.arg_data = is_list ? (void *)&options->values[i].list
			                    : (void *)&options->values[i].text,
			.description = key->help,
			.arg_description = argument_of(key->type),
		};
	}
	return options;
}

void
config_options_free(ConfigOptions *options)
{
	if (options == NULL)
		return;
	for (size_t i = 0; i < options->table->count; i++) {
		g_free((void *)(uintptr_t)options->entries[i].long_name);
		if (options->table->keys[i].type == CONFIG_list)
			g_strfreev(options->values[i].list);
		else
			g_free(options->values[i].text);
	}
	g_free(options->entries);
	g_free(options->values);
	g_free(options);
}

const GOptionEntry *
config_options_entries(const ConfigOptions *options)
{
	return options->entries;
}

bool
config_options_are_set(const ConfigOptions *options, const char *name)
{
	const struct config_key *key = find_key(options->table, name);

	return key != NULL && options->values[key - options->table->keys].text != NULL;
}

bool
config_options_apply(const ConfigOptions *options, void *config, GError **error)
{
	for (size_t i = 0; i < options->table->count; i++) {
		const struct config_key *key = &options->table->keys[i];
		g_autofree char *origin = NULL;
		g_autofree char *text = NULL;
		struct config_assignment assignment = { .name = key->name };

		if (options->values[i].text == NULL)
			continue;
		origin = g_strdup_printf("--%s", options->entries[i].long_name);
		text = key->type == CONFIG_list ? g_strjoinv(";", options->values[i].list)
		                                : g_strdup(options->values[i].text);
		assignment.origin = origin;
		assignment.value = text;
		if (!config_set(options->table, &assignment, config, error))
			return false;
	}
	return true;
}

char *
config_describe(const struct config_table *table)
{
	GString *text = g_string_new(NULL);

	g_string_append_printf(text, "[%s]\n", table->section);
	for (size_t i = 0; i < table->count; i++) {
		const struct config_key *key = &table->keys[i];
		g_autofree char *range = describe_range(key);
		g_string_append_printf(text, "# %s (%s)\n%s = %s\n", key->help, range, key->name,
		                       key->fallback);
	}
	return g_string_free(text, FALSE);
}
