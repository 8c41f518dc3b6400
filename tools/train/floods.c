#include "tools/train/floods.h"

#include "common/bin_file.h"
#include "tools/train/labels.h"

static void
free_table(gpointer table)
{
	g_hash_table_unref(table);
}

/* Sums up one host's minutes: minute → struct host_bin. */
static void
add_part(GHashTable *minutes, const struct host_bin *part)
{
	struct host_bin *bin = g_hash_table_lookup(minutes, GUINT_TO_POINTER(part->minute));

	if (bin == NULL) {
		bin = g_new(struct host_bin, 1);
		host_bin_init(bin, &part->host, part->minute);
		g_hash_table_insert(minutes, GUINT_TO_POINTER(part->minute), bin);
	}
	host_bin_merge_base(bin, part);
}

/* struct labelled_host → its minutes. */
static GHashTable *
read_minutes(const char *path, GHashTable *labels, GError **error)
{
	g_autoptr(BinFileReader) file = bin_file_open_reader(path, error);
	g_autoptr(GHashTable) hosts = g_hash_table_new_full(NULL, NULL, NULL, free_table);
	GError *damage = NULL;
	struct ring_bin part;

	if (file == NULL)
		return NULL;
	while (bin_file_read(file, &part, &damage)) {
		gpointer host = g_hash_table_lookup(labels, &part.bin.host);

		if (host == NULL)
			continue;
		if (!g_hash_table_contains(hosts, host))
			g_hash_table_insert(hosts, host,
			                    g_hash_table_new_full(NULL, NULL, NULL, g_free));
		add_part(g_hash_table_lookup(hosts, host), &part.bin);
	}
	if (damage == NULL)
		return g_steal_pointer(&hosts);
	g_propagate_error(error, damage);
	return NULL;
}

static void
take_minute(struct flood_most *most, GHashTable *minutes, const struct host_bin *bin)
{
	const struct host_bin *before =
		g_hash_table_lookup(minutes, GUINT_TO_POINTER(bin->minute - 1));

	for (int i = 0; i < FLOOD_KINDS; i++) {
		enum flood_kind kind = (enum flood_kind)i;
		double now = flood_measure(bin, kind);

		most[i].minute = MAX(most[i].minute, now);
		if (before != NULL)
			most[i].two = MAX(most[i].two, MIN(now, flood_measure(before, kind)));
	}
}

static void
take_host(struct flood_rates *rates, const struct labelled_host *host, GHashTable *minutes)
{
	static const enum flood_group groups[] = { [ROLE_CLEAN] = FLOOD_CLEAN,
		                                   [ROLE_BENIGN_IMPLANT] = FLOOD_BENIGN,
		                                   [ROLE_MALWARE] = FLOOD_MALWARE,
		                                   [ROLE_UNVERIFIED] = FLOOD_UNVERIFIED };
	enum flood_group group = groups[host->role];
	GHashTableIter iter;
	gpointer bin;

	rates->hosts[group]++;
	g_hash_table_iter_init(&iter, minutes);
	while (g_hash_table_iter_next(&iter, NULL, &bin))
		take_minute(rates->most[group], minutes, bin);
}

static bool
take_file(struct flood_rates *rates, const struct train_input *input, GError **error)
{
	g_autoptr(GHashTable) labels = labels_read(input->labels, error);
	g_autoptr(GHashTable) hosts =
		labels == NULL ? NULL : read_minutes(input->bins, labels, error);
	GHashTableIter iter;
	gpointer host, minutes;

	if (hosts == NULL)
		return false;
	g_hash_table_iter_init(&iter, hosts);
	while (g_hash_table_iter_next(&iter, &host, &minutes))
		take_host(rates, host, minutes);
	return true;
}

bool
floods_measure(const struct train_input *inputs, size_t count, struct flood_rates *rates,
               GError **error)
{
	*rates = (struct flood_rates){ 0 };
	for (size_t i = 0; i < count; i++) {
		if (!take_file(rates, &inputs[i], error))
			return false;
	}
	return true;
}
