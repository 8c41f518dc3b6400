/*
 * Configuration by table.  A program's keys are the rows of a file in schemas, each
 *
 *     KEY(name, type, least, most, default, help)
 *
 * with the type as below and the default as text; from the same rows come the struct, the defaults,
 * the checks and the help.  In a file the keys stand in one section ("[collector]"); values that
 * come from options go through the same checks (config_set()).
 *
 * An unknown section or key, a wrong type and a value out of range are errors whose message names
 * file, key and what is allowed.
 *
 * Threads: values and tables; one thread for each struct that is set.
 */
#ifndef COMMON_CONFIG_READER_H
#define COMMON_CONFIG_READER_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum config_type {
	CONFIG_boolean, /* true, false, yes, no, 1, 0; bounds unused */
	CONFIG_integer, /* least to most */
	CONFIG_number,  /* least to most */
	CONFIG_octets,  /* an integer that may end in K, M or G (1024 each) */
	CONFIG_text,    /* bounds are those of its length */
	CONFIG_list,    /* separated by ";" or ","; bounds are those of the number of entries */
};

/* The struct's field of each type. */
typedef bool config_boolean;
typedef int64_t config_integer;
typedef double config_number;
typedef int64_t config_octets;
typedef char *config_text;  /* never NULL */
typedef char **config_list; /* GStrv, never NULL */

struct config_key {
	const char *name;
	enum config_type type;
	double least;
	double most;
	const char *fallback; /* the default, as text */
	const char *help;
	size_t offset; /* of the field */
};

struct config_table {
	const char *section;
	const struct config_key *keys;
	size_t count;
};

/* Writes a struct's fields and its rows from a .def file:
 *   struct my_config {
 *   #define KEY(...) CONFIG_FIELD(__VA_ARGS__)
 *   #include "schemas/my_config.def"
 *   #undef KEY
 *   };
 *   static const struct config_key keys[] = {
 *   #define KEY(...) CONFIG_ROW(struct my_config, __VA_ARGS__)
 *   ...
 */
#define CONFIG_FIELD(name, type, least, most, fallback, help) config_##type name;
#define CONFIG_ROW(owner, name, type, least, most, fallback, help)                                 \
	{ #name, CONFIG_##type, least, most, fallback, help, offsetof(owner, name) },

/* Sets every field of `config`, which is zero, to its default. */
void config_set_defaults(const struct config_table *table, void *config);

/* Frees what the fields own. */
void config_clear(const struct config_table *table, void *config);

/* Reads a file over what is set.  On an error `config` may have been changed in part. */
bool config_read(const struct config_table *table, const char *path, void *config, GError **error);

/* One assignment from an option. `origin` is named in the error, such as "--ring-size". */
struct config_assignment {
	const char *origin;
	const char *name;
	const char *value;
};
bool config_set(const struct config_table *table, const struct config_assignment *assignment,
                void *config, GError **error);

/*
 * The keys as options of a program, of the same names with "-" for "_"; a list's may be given
 * several times.  The entries go to a GOptionContext; what was parsed is then applied over what the
 * file said.
 */
typedef struct ConfigOptions ConfigOptions;

ConfigOptions *config_options_new(const struct config_table *table);
void config_options_free(ConfigOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ConfigOptions, config_options_free)
const GOptionEntry *config_options_entries(const ConfigOptions *options);
bool config_options_are_set(const ConfigOptions *options, const char *name);
bool config_options_apply(const ConfigOptions *options, void *config, GError **error);

/* All keys with default, range and help, as a file that could be read; free with g_free(). */
char *config_describe(const struct config_table *table);

#endif
