#include "tools/train/window_set.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/bin_file.h"
#include "detector/assessor.h"

enum { HOSTS_MAX = 200000 };

struct WindowSet {
	GPtrArray *scenarios; /* struct scenario */
	GPtrArray *windows;   /* struct labelled_window, by scenario, host, time */
	GArray *hosts;        /* struct host_windows */
	GArray *early;        /* struct early_finding */
	uint32_t sampling;
};

/* One capture as it is played. */
struct player {
	WindowSet *set;
	const struct scenario *scenario;
	Assessor *assessor;
	Baselines *baselines;
};

static void
scenario_free(gpointer data)
{
	struct scenario *scenario = data;

	g_hash_table_unref(scenario->hosts);
	g_free((gpointer)(uintptr_t)scenario->name);
	g_free(scenario);
}

static void
window_free(gpointer data)
{
	struct labelled_window *window = data;

	g_free(window->contacts);
	g_free(window);
}

WindowSet *
window_set_new(void)
{
	WindowSet *set = g_new0(WindowSet, 1);

	set->scenarios = g_ptr_array_new_with_free_func(scenario_free);
	set->windows = g_ptr_array_new_with_free_func(window_free);
	set->hosts = g_array_new(FALSE, FALSE, sizeof(struct host_windows));
	set->early = g_array_new(FALSE, FALSE, sizeof(struct early_finding));
	return set;
}

void
window_set_free(WindowSet *set)
{
	if (set == NULL)
		return;
	g_ptr_array_unref(set->windows);
	g_ptr_array_unref(set->scenarios);
	g_array_unref(set->hosts);
	g_array_unref(set->early);
	g_free(set);
}

static enum window_label
label_of(const struct labelled_host *host, int64_t end_ms)
{
	int64_t start_ms = end_ms - 5 * HOST_BIN_MS;
	bool told = host->active_to_ms > 0;
	bool active = host->role != ROLE_CLEAN &&
	              end_ms > (told ? host->active_from_ms : host->start_ms) &&
	              (!told || start_ms < host->active_to_ms);

	if (host->role == ROLE_UNVERIFIED)
		return WINDOW_UNVERIFIED;
	if (host->role == ROLE_MALWARE && !active)
		return end_ms > host->start_ms ? WINDOW_AFTER : WINDOW_NORMAL;
	if (!active)
		return WINDOW_NORMAL;
	return host->role == ROLE_MALWARE ? WINDOW_INFECTED : WINDOW_BENIGN_IMPLANT;
}

static unsigned
shown_behaviours(const struct assessment *assessment)
{
	unsigned behaviours = 0;

	for (size_t i = 0; i < assessment->evidence_count; i++) {
		const struct evidence *evidence = &assessment->evidence[i];

		if (evidence->measured >= evidence->threshold)
			behaviours |= 1u << evidence->behaviour;
	}
	return behaviours;
}

static void
keep_contacts(struct labelled_window *window, const struct assessment *assessment)
{
	window->contact_count = (unsigned)assessment->contact_count;
	window->contacts = g_new(struct labelled_contact, assessment->contact_count);
	for (unsigned i = 0; i < window->contact_count; i++) {
		const struct contact_shape *shape = &assessment->contacts[i];
		struct labelled_contact *contact = &window->contacts[i];

		contact->begun_ms = shape->begun_ms;
		contact->is_active = shape->is_active;
		for (int j = 0; j < CONTACT_FEATURES; j++)
			contact->values[j] = (float)shape->values[j];
	}
}

static void
keep(const struct player *player, const struct assessment *assessment)
{
	const struct labelled_host *host =
		g_hash_table_lookup(player->scenario->hosts, &assessment->host);
	struct labelled_window *window;

	if (host == NULL)
		return;
	if (assessment->early) {
		struct early_finding finding = { host, assessment->bin_end_ms, assessment->time_ms,
			                         assessment->score };

		g_array_append_val(player->set->early, finding);
	}
	if (!assessment->enough || assessment->early)
		return;
	player->set->sampling = MAX(player->set->sampling, assessment->sampling_interval);
	window = g_new(struct labelled_window, 1);
	window->host = host;
	window->scenario = player->scenario;
	window->end_ms = assessment->bin_end_ms;
	window->time_ms = assessment->time_ms;
	window->label = label_of(host, assessment->bin_end_ms);
	window->expert_score = (float)assessment->score;
	window->behaviours = shown_behaviours(assessment);
	for (size_t i = 0; i < FEATURE_COUNT; i++)
		window->features[i] = (float)assessment->features[i];
	keep_contacts(window, assessment);
	baselines_judge(player->baselines, assessment, window->baselines);
	g_ptr_array_add(player->set->windows, window);
}

static gint
compare_windows(gconstpointer a, gconstpointer b)
{
	const struct labelled_window *x = *(const struct labelled_window *const *)a;
	const struct labelled_window *y = *(const struct labelled_window *const *)b;
	int hosts;

	if (x->scenario != y->scenario)
		return x->scenario->index - y->scenario->index;
	hosts = memcmp(&x->host->host, &y->host->host, sizeof(x->host->host));
	return hosts != 0 ? hosts : (x->end_ms > y->end_ms) - (x->end_ms < y->end_ms);
}

static gint
compare_addresses(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(struct host_address));
}

static void
index_hosts(WindowSet *set, const struct scenario *scenario, size_t first)
{
	GList *hosts = g_list_sort(g_hash_table_get_values(scenario->hosts), compare_addresses);

	for (const GList *link = hosts; link != NULL; link = link->next) {
		struct host_windows entry = { link->data, scenario, first, 0 };

		for (; first < set->windows->len && window_set_get(set, first)->host == link->data;
		     first++)
			entry.count++;
		g_array_append_val(set->hosts, entry);
	}
	g_list_free(hosts);
}

/*
 * An invented network replays its captures on several hosts: who else knows a peer would tell its
 * labels.  It has neither folds nor, for the most part, hosts that nobody has looked into.
 */
static bool
is_invented(const struct scenario *scenario)
{
	GHashTableIter iter;
	gpointer host;
	guint unverified = 0;

	g_hash_table_iter_init(&iter, scenario->hosts);
	while (g_hash_table_iter_next(&iter, NULL, &host)) {
		const struct labelled_host *labelled = host;

		if (labelled->fold != FOLD_NONE)
			return false;
		unverified += labelled->role == ROLE_UNVERIFIED;
	}
	return unverified * 2 <= g_hash_table_size(scenario->hosts);
}

static void
drain(const struct player *player)
{
	const struct assessment *assessment;

	while ((assessment = assessor_next(player->assessor)) != NULL)
		keep(player, assessment);
}

static bool
play_parts(const struct player *player, BinFileReader *file, GError **error)
{
	struct ring_watermark watermark = { .exporters = 1 };
	struct ring_bin part;
	GError *damage = NULL;

	while (bin_file_read(file, &part, &damage)) {
		if (part.export_ms > watermark.export_ms) {
			if (watermark.export_ms > 0)
				assessor_advance(player->assessor, &watermark, false);
			drain(player);
			watermark.export_ms = part.export_ms;
			watermark.least_ms = part.export_ms;
		}
		assessor_add(player->assessor, &part);
		baselines_add(player->baselines, &part);
	}
	if (damage != NULL) {
		g_propagate_error(error, damage);
		return false;
	}
	assessor_advance(player->assessor, &watermark, true);
	drain(player);
	return true;
}

/* Plays the bins through an assessor without classifier, as the detector would. */
static bool
play(WindowSet *set, const struct scenario *scenario, const char *path, GError **error)
{
	g_autoptr(BinFileReader) file = bin_file_open_reader(path, error);
	struct assessor_config config = { .model_path = "",
		                          .calibration_path = "",
		                          .hosts_max = HOSTS_MAX,
		                          .alarms_per_1000_host_days = 100 };
	struct player player = { .set = set, .scenario = scenario };
	bool whole;

	if (file == NULL)
		return false;
	config.sketch_key = bin_file_sketch_key(file);
	config.all_rare = is_invented(scenario);
	player.assessor = assessor_new(&config, error);
	if (player.assessor == NULL)
		return false;
	player.baselines = baselines_new(HOSTS_MAX, config.sketch_key);
	whole = play_parts(&player, file, error);
	assessor_free(player.assessor);
	baselines_free(player.baselines);
	return whole;
}

bool
window_set_add_folds(WindowSet *set, const char *bin_path, const char *labels_path,
                     const char *folds_path, GError **error)
{
	GHashTable *hosts = labels_read(labels_path, error);
	struct scenario *scenario;
	size_t first = set->windows->len;

	if (hosts == NULL)
		return false;
	scenario = g_new0(struct scenario, 1);
	scenario->name = g_path_get_basename(bin_path);
	scenario->hosts = hosts;
	scenario->index = (int)set->scenarios->len;
	g_ptr_array_add(set->scenarios, scenario);
	if ((folds_path != NULL && !labels_read_folds(hosts, folds_path, error)) ||
	    !play(set, scenario, bin_path, error))
		return false;
	g_ptr_array_sort(set->windows, compare_windows);
	index_hosts(set, scenario, first);
	return true;
}

bool
window_set_add(WindowSet *set, const char *bin_path, const char *labels_path, GError **error)
{
	return window_set_add_folds(set, bin_path, labels_path, NULL, error);
}

size_t
window_set_early_count(const WindowSet *set)
{
	return set->early->len;
}

const struct early_finding *
window_set_early(const WindowSet *set, size_t index)
{
	return &g_array_index(set->early, struct early_finding, index);
}

uint32_t
window_set_sampling(const WindowSet *set)
{
	return set->sampling;
}

size_t
window_set_count(const WindowSet *set)
{
	return set->windows->len;
}

const struct labelled_window *
window_set_get(const WindowSet *set, size_t index)
{
	return g_ptr_array_index(set->windows, index);
}

uint32_t
window_set_minute(const struct labelled_window *window)
{
	return (uint32_t)(window->end_ms / HOST_BIN_MS - 1);
}

size_t
window_set_host_count(const WindowSet *set)
{
	return set->hosts->len;
}

const struct host_windows *
window_set_host(const WindowSet *set, size_t index)
{
	return &g_array_index(set->hosts, struct host_windows, index);
}

static void
dump_window(FILE *file, const struct labelled_window *window)
{
	static const char *const labels[] = { "normal", "benign implant", "infected", "after",
		                              "unverified" };
	static const char *const roles[] = { "clean", "benign", "malware", "unverified" };
	char host[HOST_ADDRESS_TEXT_SIZE];

	fprintf(file, "%s,%s,%" G_GINT64_FORMAT ",%s,%s,%s,%d,%d,%.6g", window->scenario->name,
	        host_address_format(&window->host->host, host), window->end_ms,
	        labels[window->label], roles[window->host->role], window->host->family,
	        window->host->scans, window->host->fold, (double)window->expert_score);
	for (size_t i = 0; i < FEATURE_COUNT; i++)
		fprintf(file, ",%.6g", (double)window->features[i]);
	fputc('\n', file);
}

bool
window_set_dump(const WindowSet *set, const char *path, GError **error)
{
	FILE *file = fopen(path, "we");
	bool whole;

	if (file == NULL) {
		g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errno), "%s: %s",
		            path, g_strerror(errno));
		return false;
	}
	fputs("scenario,host,end_ms,label,role,family,scans,fold,experts", file);
	for (size_t i = 0; i < FEATURE_COUNT; i++)
		fprintf(file, ",%s", feature_name(i));
	fputc('\n', file);
	for (size_t i = 0; i < set->windows->len; i++)
		dump_window(file, window_set_get(set, i));
	whole = ferror(file) == 0;
	if (fclose(file) == 0 && whole)
		return true;
	g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_IO, "%s: cannot be written", path);
	return false;
}
