#include "detector/host_history.h"

#include <string.h>

/* Equal pieces of memory; those given back are used again, and all go together. */
struct pool {
	size_t size;
	GPtrArray *chunks;
	void *free;
	uint64_t used;
};

enum {
	POOL_CHUNK = 64,
	PAST_MINUTES = 180, /* of each of the two bitmaps of a host's past */
};

struct kept_host {
	struct known_host known; /* first: a known_host is its kept_host */
	GList link;              /* in HostHistory.silent, the longest silent first */
};

struct HostHistory {
	struct host_history_limits limits;
	GHashTable *hosts; /* host_address of the kept_host → kept_host */
	GQueue silent;
	struct pool minutes;
	struct pool extensions;
	struct host_history_counters counters;
};

static void
pool_init(struct pool *pool, size_t size)
{
	*pool = (struct pool){ .size = size, .chunks = g_ptr_array_new_with_free_func(g_free) };
}

static void *
pool_take(struct pool *pool)
{
	void *piece;

	if (pool->free == NULL) {
		char *chunk = g_malloc(pool->size * POOL_CHUNK);

		g_ptr_array_add(pool->chunks, chunk);
		for (size_t i = 0; i < POOL_CHUNK; i++) {
			void *next = chunk + i * pool->size;

			memcpy(next, &pool->free, sizeof(pool->free));
			pool->free = next;
		}
	}
	piece = pool->free;
	memcpy(&pool->free, piece, sizeof(pool->free));
	pool->used++;
	return piece;
}

static void
pool_give(struct pool *pool, void *piece)
{
	memcpy(piece, &pool->free, sizeof(pool->free));
	pool->free = piece;
	pool->used--;
}

static guint
address_hash(gconstpointer key)
{
	const struct host_address *address = key;
	uint64_t halves[2];

	memcpy(halves, address->octets, sizeof(halves));
	halves[0] = (halves[0] ^ halves[1]) * 0x9e3779b97f4a7c15u;
	return (guint)(halves[0] >> 32);
}

static gboolean
address_equal(gconstpointer a, gconstpointer b)
{
	return host_address_equal(a, b);
}

HostHistory *
host_history_new(const struct host_history_limits *limits)
{
	HostHistory *history = g_new0(HostHistory, 1);

	history->limits = *limits;
	history->hosts = g_hash_table_new(address_hash, address_equal);
	g_queue_init(&history->silent);
	pool_init(&history->minutes, sizeof(struct host_minute));
	pool_init(&history->extensions, sizeof(struct host_bin_extension));
	return history;
}

void
host_history_free(HostHistory *history)
{
	if (history == NULL)
		return;
	for (GList *link = history->silent.head; link != NULL;) {
		struct kept_host *host = link->data;

		link = link->next;
		g_free(host);
	}
	g_hash_table_destroy(history->hosts);
	g_ptr_array_free(history->minutes.chunks, TRUE);
	g_ptr_array_free(history->extensions.chunks, TRUE);
	g_free(history);
}

static void
drop_minutes(HostHistory *history, struct host_minute *minute)
{
	while (minute != NULL) {
		struct host_minute *older = minute->older;

		if (minute->extension != NULL)
			pool_give(&history->extensions, minute->extension);
		pool_give(&history->minutes, minute);
		minute = older;
	}
}

static void
forget_one(HostHistory *history)
{
	struct kept_host *host = history->silent.head->data;

	g_queue_unlink(&history->silent, &host->link);
	g_hash_table_remove(history->hosts, &host->known.host);
	drop_minutes(history, host->known.newest);
	g_free(host);
	history->counters.forgotten++;
}

static struct kept_host *
host_of(HostHistory *history, const struct host_address *address)
{
	struct kept_host *host = g_hash_table_lookup(history->hosts, address);

	if (host != NULL) {
		g_queue_unlink(&history->silent, &host->link);
	} else {
		if (g_hash_table_size(history->hosts) >= MAX(history->limits.hosts_max, 1))
			forget_one(history);
		host = g_new0(struct kept_host, 1);
		host->known.host = *address;
		host->link.data = host;
		g_hash_table_insert(history->hosts, &host->known.host, host);
	}
	g_queue_push_tail_link(&history->silent, &host->link);
	return host;
}

/* What a host did in a minute that is dropped: two bitmaps, the older one forgotten in its time. */
static void
remember(const HostHistory *history, struct host_past *past, const struct host_minute *minute)
{
	struct host_bin_extension scratch;
	const struct host_bin_extension *detail = minute->extension;
	struct host_bin copy = minute->bin;

	if (detail == NULL) {
		host_bin_extension_init(&scratch);
		host_bin_extend(&copy, &scratch, history->limits.sketch_key);
		detail = &scratch;
	}
	if (past->sent_since == 0)
		past->sent_since = minute->bin.minute;
	if (minute->bin.minute >= past->sent_since + PAST_MINUTES) {
		memcpy(past->sent[1], past->sent[0], sizeof(past->sent[0]));
		memset(past->sent[0], 0, sizeof(past->sent[0]));
		past->sent_since = minute->bin.minute;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(past->sent[0]); i++)
		past->sent[0][i] |= detail->sent[i];
}

static void
drop_old(HostHistory *history, struct known_host *host)
{
	uint32_t newest = host->newest->bin.minute;
	struct host_minute *minute = host->newest;

	while (minute->older != NULL &&
	       minute->older->bin.minute + history->limits.minutes > newest)
		minute = minute->older;
	for (const struct host_minute *old = minute->older; old != NULL; old = old->older)
		remember(history, &host->past, old);
	drop_minutes(history, minute->older);
	minute->older = NULL;
}

/* The host's minute, made when it has none; NULL when it is older than what is kept. */
static struct host_minute *
minute_of(HostHistory *history, struct known_host *host, uint32_t wanted)
{
	struct host_minute **link = &host->newest;
	struct host_minute *minute;

	if (*link != NULL && (uint64_t)wanted + history->limits.minutes <= (*link)->bin.minute)
		return NULL;
	while (*link != NULL && (*link)->bin.minute > wanted)
		link = &(*link)->older;
	if (*link != NULL && (*link)->bin.minute == wanted)
		return *link;
	minute = pool_take(&history->minutes);
	minute->older = *link;
	minute->extension = NULL;
	host_bin_init(&minute->bin, &host->host, wanted);
	*link = minute;
	drop_old(history, host);
	return minute;
}

struct known_host *
host_history_add(HostHistory *history, const struct ring_bin *part)
{
	bool extended = part->bin.touch_count == HOST_BIN_EXTENDED;
	struct known_host *host = &host_of(history, &part->bin.host)->known;
	struct host_minute *minute = minute_of(history, host, part->bin.minute);

	history->counters.parts++;
	host->export_ms = MAX(host->export_ms, part->export_ms);
	host->exporters |= part->bin.exporters[0];
	if (minute == NULL) {
		history->counters.stale++;
		return NULL;
	}
	if (minute->extension == NULL && host_bin_merge_extends(&minute->bin, &part->bin)) {
		minute->extension = pool_take(&history->extensions);
		host_bin_extension_init(minute->extension);
	}
	host_bin_merge(&minute->bin, minute->extension, &part->bin,
	               extended ? &part->extension : NULL, history->limits.sketch_key);
	minute->changed = true;
	return host;
}

struct known_host *
host_history_find(const HostHistory *history, const struct host_address *host)
{
	struct kept_host *kept = g_hash_table_lookup(history->hosts, host);

	return kept == NULL ? NULL : &kept->known;
}

const struct host_minute *
host_history_minute(const struct known_host *host, uint32_t wanted)
{
	const struct host_minute *minute = host->newest;

	while (minute != NULL && minute->bin.minute > wanted)
		minute = minute->older;
	return minute != NULL && minute->bin.minute == wanted ? minute : NULL;
}

void
host_history_settle(struct known_host *host)
{
	for (struct host_minute *minute = host->newest; minute != NULL; minute = minute->older)
		minute->changed = false;
}

struct host_history_counters
host_history_counters(const HostHistory *history)
{
	struct host_history_counters counters = history->counters;

	counters.hosts = g_hash_table_size(history->hosts);
	counters.minutes = history->minutes.used;
	counters.extensions = history->extensions.used;
	counters.octets = counters.hosts * (sizeof(struct kept_host) + 4 * sizeof(void *)) +
	                  POOL_CHUNK * (history->minutes.chunks->len * history->minutes.size +
	                                history->extensions.chunks->len * history->extensions.size);
	return counters;
}
