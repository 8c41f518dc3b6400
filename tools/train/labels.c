#include "tools/train/labels.h"

#include <stdlib.h>
#include <string.h>

#include "tools/train/csv_reader.h"

static guint
address_hash(gconstpointer key)
{
	guint hash = 2166136261u;

	for (int i = 0; i < 16; i++)
		hash = (hash ^ ((const struct host_address *)key)->octets[i]) * 16777619u;
	return hash;
}

static gboolean
address_equal(gconstpointer a, gconstpointer b)
{
	return host_address_equal(a, b);
}

static void
host_free(gpointer data)
{
	struct labelled_host *host = data;

	g_free(host->family);
	g_free(host->implant);
	g_free(host->source_set);
	g_ptr_array_unref(host->captures);
	g_free(host);
}

static struct labelled_host *
host_of(GHashTable *hosts, const struct host_address *address)
{
	struct labelled_host *host = g_hash_table_lookup(hosts, address);

	if (host == NULL) {
		host = g_new0(struct labelled_host, 1);
		host->host = *address;
		host->fold = FOLD_NONE;
		host->family = g_strdup("");
		host->implant = g_strdup("");
		host->source_set = g_strdup("");
		host->captures = g_ptr_array_new_with_free_func(g_free);
		g_hash_table_insert(hosts, &host->host, host);
	}
	return host;
}

static bool
holds_implant(const struct labelled_host *host, const struct labelled_host *other)
{
	for (guint i = 0; *other->implant != '\0' && i < host->captures->len; i++) {
		if (strcmp(g_ptr_array_index(host->captures, i), other->implant) == 0)
			return true;
	}
	return false;
}

bool
labels_share_capture(const struct labelled_host *a, const struct labelled_host *b)
{
	return holds_implant(a, b) || holds_implant(b, a);
}

static void
set_implant(struct labelled_host *host, const CsvReader *reader)
{
	g_free(host->implant);
	host->implant = g_strdup(csv_field(reader, 5));
}

static void
add_infected(struct labelled_host *host, int64_t from_ms, const CsvReader *reader)
{
	if (host->role == ROLE_MALWARE && host->start_ms <= from_ms)
		return;
	host->role = ROLE_MALWARE;
	host->start_ms = from_ms;
	g_free(host->family);
	host->family = g_strdup(csv_field(reader, 4));
	set_implant(host, reader);
	host->scans = strcmp(csv_field(reader, 6), "scan") == 0;
}

static void
add_normal(struct labelled_host *host, int64_t from_ms, int64_t to_ms, const CsvReader *reader)
{
	const char *note = csv_field(reader, 7);

	if (!g_str_has_prefix(note, "benign implant")) {
		host->clean_ms += to_ms - from_ms;
		return;
	}
	host->benign_ms += to_ms - from_ms;
	if (host->role != ROLE_CLEAN)
		return;
	host->role = ROLE_BENIGN_IMPLANT;
	host->start_ms = from_ms;
	set_implant(host, reader);
}

static bool
read_labels(GHashTable *hosts, const char *path, GError **error)
{
	static const char *const columns[] = { "host",   "from_ms", "to_ms",     "label",
		                               "family", "capture", "behaviour", "note" };
	g_autoptr(CsvReader) reader = csv_open(path, columns, G_N_ELEMENTS(columns), error);
	struct host_address address;

	if (reader == NULL)
		return false;
	while (csv_next(reader)) {
		int64_t from_ms = g_ascii_strtoll(csv_field(reader, 1), NULL, 10);
		int64_t to_ms = g_ascii_strtoll(csv_field(reader, 2), NULL, 10);
		const char *label = csv_field(reader, 3);

		if (strchr(csv_field(reader, 0), '/') != NULL)
			continue;
		if (!host_address_parse(csv_field(reader, 0), &address) || to_ms < from_ms) {
			g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
			            "%s: line %zu: no address, or no period", path,
			            csv_line(reader));
			return false;
		}
		if (strcmp(label, "infected") == 0)
			add_infected(host_of(hosts, &address), from_ms, reader);
		else if (strcmp(label, "normal") == 0)
			add_normal(host_of(hosts, &address), from_ms, to_ms, reader);
		else
			host_of(hosts, &address)->unverified = true;
	}
	return true;
}

static bool
read_sources(GHashTable *hosts, const char *path, GError **error)
{
	static const char *const columns[] = { "host",     "capture", "orig_label",
		                               "start_ms", "end_ms",  "set" };
	g_autoptr(CsvReader) reader = csv_open(path, columns, G_N_ELEMENTS(columns), error);
	struct host_address address;

	if (reader == NULL)
		return false;
	while (csv_next(reader)) {
		int64_t start_ms = g_ascii_strtoll(csv_field(reader, 3), NULL, 10);
		int64_t end_ms = g_ascii_strtoll(csv_field(reader, 4), NULL, 10);
		bool infected = strcmp(csv_field(reader, 2), "infected") == 0;
		struct labelled_host *host;

		if (!host_address_parse(csv_field(reader, 0), &address))
			continue;
		host = g_hash_table_lookup(hosts, &address);
		if (host == NULL)
			continue;
		g_ptr_array_add(host->captures, g_strdup(csv_field(reader, 1)));
		if (strcmp(csv_field(reader, 1), host->implant) == 0) {
			g_free(host->source_set);
			host->source_set = g_strdup(csv_field(reader, 5));
		}
		if (end_ms < host->start_ms ||
		    (host->role == ROLE_MALWARE ? !infected
		                                : strcmp(csv_field(reader, 1), host->implant) != 0))
			continue;
		if (host->active_from_ms == 0 || start_ms < host->active_from_ms)
			host->active_from_ms = MAX(start_ms, host->start_ms);
		host->active_to_ms = MAX(host->active_to_ms, end_ms);
	}
	return true;
}

bool
labels_read_folds(GHashTable *hosts, const char *path, GError **error)
{
	static const char *const columns[] = { "host", "fold" };
	g_autoptr(CsvReader) reader = csv_open(path, columns, G_N_ELEMENTS(columns), error);
	struct host_address address;

	if (reader == NULL)
		return false;
	while (csv_next(reader)) {
		struct labelled_host *host = NULL;

		if (host_address_parse(csv_field(reader, 0), &address))
			host = g_hash_table_lookup(hosts, &address);
		if (host != NULL)
			host->fold = (int)(g_ascii_strtoll(csv_field(reader, 1), NULL, 10) % FOLDS);
	}
	return true;
}

/* One address a line; hosts of it are left out. */
static bool
read_left_out(GHashTable *left_out, const char *path, GError **error)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	struct host_address address;

	if (!g_file_get_contents(path, &text, NULL, error))
		return false;
	lines = g_strsplit(text, "\n", -1);
	for (size_t i = 0; lines[i] != NULL; i++) {
		if (host_address_parse(g_strstrip(lines[i]), &address))
			g_hash_table_add(left_out, g_memdup2(&address, sizeof(address)));
	}
	return true;
}

static gboolean
is_left_out(gpointer key, gpointer value, gpointer left_out)
{
	struct labelled_host *host = value;

	if (host->unverified && host->role != ROLE_MALWARE)
		host->role = ROLE_UNVERIFIED;
	return g_hash_table_contains(left_out, key);
}

GHashTable *
labels_read(const char *path, GError **error)
{
	g_autoptr(GHashTable) hosts =
		g_hash_table_new_full(address_hash, address_equal, NULL, host_free);
	g_autoptr(GHashTable) left_out =
		g_hash_table_new_full(address_hash, address_equal, g_free, NULL);
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *sources = g_build_filename(folder, "sources.csv", NULL);
	g_autofree char *folds = g_build_filename(folder, "folds.csv", NULL);
	g_autofree char *other_half = g_build_filename(folder, "other_half.txt", NULL);

	if (!read_labels(hosts, path, error))
		return NULL;
	if (g_file_test(other_half, G_FILE_TEST_EXISTS) &&
	    !read_left_out(left_out, other_half, error))
		return NULL;
	if (g_file_test(sources, G_FILE_TEST_EXISTS) && !read_sources(hosts, sources, error))
		return NULL;
	if (g_file_test(folds, G_FILE_TEST_EXISTS) && !labels_read_folds(hosts, folds, error))
		return NULL;
	g_hash_table_foreach_remove(hosts, is_left_out, left_out);
	return g_steal_pointer(&hosts);
}
