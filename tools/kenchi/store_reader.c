#include "tools/kenchi/store_reader.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/host_address.h"

enum {
	STORE_VERSION = 1, /* user_version that is understood */
	STORE_BUSY_MS = 3000,
};

struct StoreReader {
	sqlite3 *database;
	sqlite3_stmt *query; /* the one that runs, or NULL */
	char *path;
	char *value; /* what store_state() gave last */
	char *failure;
	bool checkpoint;
};

G_DEFINE_QUARK(store - error, store_error)

static void
remember_failure(StoreReader *store)
{
	if (store->failure == NULL)
		store->failure = g_strdup(sqlite3_errmsg(store->database));
}

static void
end_query(StoreReader *store)
{
	sqlite3_finalize(store->query);
	store->query = NULL;
}

static bool
open_database(StoreReader *store, const char *parameters)
{
	g_autofree char *escaped = g_uri_escape_string(store->path, "/", TRUE);
	g_autofree char *uri = g_strdup_printf("file:%s?%s", escaped, parameters);

	sqlite3_close(store->database);
	store->database = NULL;
	if (sqlite3_open_v2(uri, &store->database, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) !=
	    SQLITE_OK)
		return false;
	sqlite3_busy_timeout(store->database, STORE_BUSY_MS);
	/* Reads the file, so that what is wrong with it shows here; and holds its state for what
	 * follows. */
	return sqlite3_exec(store->database, "BEGIN; SELECT count(*) FROM sqlite_schema", NULL,
	                    NULL, NULL) == SQLITE_OK;
}

/* SQLite compares text; addresses are to be in their own order, IPv4 before IPv6. */
static void
address_key(sqlite3_context *context, int count, sqlite3_value **values)
{
	const char *text = (const char *)sqlite3_value_text(values[0]);
	struct host_address address;

	(void)count;
	if (text != NULL && host_address_parse(text, &address)) {
		char key[1 + sizeof(address.octets)];

		key[0] = host_address_is_ipv4(&address) ? 4 : 6;
		memcpy(key + 1, address.octets, sizeof(address.octets));
		sqlite3_result_blob(context, key, sizeof(key), SQLITE_TRANSIENT);
	} else {
		sqlite3_result_value(context, values[0]);
	}
}

static int64_t
user_version(StoreReader *store)
{
	sqlite3_stmt *query = NULL;
	int64_t version = 0;

	if (sqlite3_prepare_v2(store->database, "PRAGMA user_version", -1, &query, NULL) ==
	            SQLITE_OK &&
	    sqlite3_step(query) == SQLITE_ROW)
		version = sqlite3_column_int64(query, 0);
	sqlite3_finalize(query);
	return version;
}

/* What is only in the log is missed by a reader that cannot read it. */
static bool
has_log(const StoreReader *store)
{
	g_autofree char *path = g_strconcat(store->path, "-wal", NULL);
	GStatBuf status;

	return g_stat(path, &status) == 0 && status.st_size > 0;
}

/* A detector has just begun to make it. */
static bool
is_empty(const StoreReader *store)
{
	GStatBuf status;

	return g_stat(store->path, &status) == 0 && status.st_size == 0 && !has_log(store);
}

static bool
check_version(StoreReader *store, GError **error)
{
	int64_t version = user_version(store);

	if (version == STORE_VERSION)
		return true;
	if (version == 0 && is_empty(store))
		g_set_error(error, STORE_ERROR, STORE_ERROR_MISSING,
		            "nothing is in the store yet: %s", store->path);
	else if (version == 0 && store->checkpoint)
		g_set_error(
			error, STORE_ERROR, STORE_ERROR_BROKEN,
			"%s: all of it is in its log, which only who may write to the folder can read",
			store->path);
	else
		g_set_error(error, STORE_ERROR, STORE_ERROR_BROKEN,
		            "%s: the store has version %" G_GINT64_FORMAT
		            ", this kenchi reads version %d",
		            store->path, version, STORE_VERSION);
	return false;
}

static bool
check_file(const StoreReader *store, const char *folder, GError **error)
{
	if (access(store->path, R_OK) == 0)
		return true;
	if (errno == ENOENT || errno == ENOTDIR)
		g_set_error(
			error, STORE_ERROR, STORE_ERROR_MISSING,
			"no verdict store in %s (is that the state folder of the daemons? --state DIR)",
			folder);
	else
		g_set_error(error, STORE_ERROR, STORE_ERROR_BROKEN, "cannot read the store %s: %s",
		            store->path, g_strerror(errno));
	return false;
}

StoreReader *
store_open(const char *folder, GError **error)
{
	g_autoptr(StoreReader) store = g_new0(StoreReader, 1);

	store->path = g_build_filename(folder, "verdicts.db", NULL);
	if (!check_file(store, folder, error))
		return NULL;
	/*
	 * In WAL mode a reader needs the shared index of the log; where that can neither be found
	 * nor made, the database is read without its log.
	 */
	if (!open_database(store, "mode=ro")) {
		store->checkpoint = has_log(store);
		if (!open_database(store, "mode=ro&immutable=1")) {
			g_set_error(error, STORE_ERROR, STORE_ERROR_BROKEN,
			            "cannot read the store %s: %s", store->path,
			            sqlite3_errmsg(store->database));
			return NULL;
		}
	}
	sqlite3_create_function(store->database, "address_key", 1,
	                        SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, address_key, NULL, NULL);
	if (!check_version(store, error))
		return NULL;
	return g_steal_pointer(&store);
}

void
store_close(StoreReader *store)
{
	if (store == NULL)
		return;
	end_query(store);
	sqlite3_close(store->database);
	g_free(store->path);
	g_free(store->value);
	g_free(store->failure);
	g_free(store);
}

bool
store_is_checkpoint(const StoreReader *store)
{
	return store->checkpoint;
}

void
store_refresh(StoreReader *store)
{
	end_query(store);
	sqlite3_exec(store->database, "COMMIT", NULL, NULL, NULL);
	if (sqlite3_exec(store->database, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		remember_failure(store);
}

bool
store_failed(const StoreReader *store, GError **error)
{
	if (store->failure == NULL)
		return false;
	g_set_error(error, STORE_ERROR, STORE_ERROR_BROKEN, "cannot read the store %s: %s",
	            store->path, store->failure);
	return true;
}

static void
begin_query(StoreReader *store, const char *sql)
{
	end_query(store);
	if (sqlite3_prepare_v2(store->database, sql, -1, &store->query, NULL) != SQLITE_OK)
		remember_failure(store);
}

static void
bind_text(StoreReader *store, const char *name, const char *value)
{
	int index = sqlite3_bind_parameter_index(store->query, name);

	if (value != NULL)
		sqlite3_bind_text(store->query, index, value, -1, SQLITE_TRANSIENT);
}

static void
bind_number(StoreReader *store, const char *name, int64_t value)
{
	sqlite3_bind_int64(store->query, sqlite3_bind_parameter_index(store->query, name), value);
}

static bool
next_row(StoreReader *store)
{
	int result;

	if (store->query == NULL)
		return false;
	result = sqlite3_step(store->query);
	if (result == SQLITE_ROW)
		return true;
	if (result != SQLITE_DONE)
		remember_failure(store);
	end_query(store);
	return false;
}

static const char *
text_column(StoreReader *store, int column)
{
	const char *text = (const char *)sqlite3_column_text(store->query, column);

	return text == NULL ? "" : text;
}

static int64_t
number_column(StoreReader *store, int column)
{
	return sqlite3_column_int64(store->query, column);
}

static int64_t
time_column(StoreReader *store, int column)
{
	bool null = sqlite3_column_type(store->query, column) == SQLITE_NULL;

	return null ? STORE_NEVER : sqlite3_column_int64(store->query, column);
}

const char *
store_state(StoreReader *store, const char *key)
{
	begin_query(store, "SELECT value FROM state WHERE key = :key");
	bind_text(store, ":key", key);
	g_clear_pointer(&store->value, g_free);
	if (next_row(store))
		store->value = g_strdup(text_column(store, 0));
	end_query(store);
	return store->value;
}

int64_t
store_state_number(StoreReader *store, const char *key, int64_t otherwise)
{
	const char *text = store_state(store, key);
	char *end;
	int64_t number;

	if (text == NULL)
		return otherwise;
	number = g_ascii_strtoll(text, &end, 10);
	return end == text || *end != '\0' ? otherwise : number;
}

bool
store_count(StoreReader *store, struct store_counts *counts, GError **error)
{
	begin_query(
		store,
		"SELECT count(*), coalesce(sum(verdict = 'infected'), 0), coalesce(sum(verdict = 'unknown'), 0),"
		" (SELECT count(*) FROM event) FROM verdict");
	if (next_row(store)) {
		counts->hosts = number_column(store, 0);
		counts->infected = number_column(store, 1);
		counts->unknown = number_column(store, 2);
		counts->events = number_column(store, 3);
	}
	end_query(store);
	return !store_failed(store, error);
}

#define HOST_QUERY(order)                                                                          \
	"SELECT host, verdict, reason, cannot_tell, behaviours, score, peak_score, since_ms,"      \
	" first_detected_ms, first_seen_ms, last_seen_ms, bins, sampling_interval FROM verdict"    \
	" WHERE (:verdict IS NULL OR verdict = :verdict) AND (:host IS NULL OR host = :host)"      \
	" AND (NOT :near OR (verdict <> 'infected' AND max(score, peak_score) >= :near_score))"    \
	" ORDER BY " order " LIMIT :limit"

void
store_select_hosts(StoreReader *store, const struct store_filter *filter)
{
	begin_query(
		store,
		filter->by_host
			? HOST_QUERY("address_key(host)")
			: HOST_QUERY(
				  "verdict = 'infected' DESC, peak_score DESC, address_key(host)"));
	if (store->query == NULL)
		return;
	bind_text(store, ":verdict", filter->verdict);
	bind_text(store, ":host", filter->host);
	bind_number(store, ":near", filter->near);
	bind_number(store, ":limit", filter->limit > 0 ? filter->limit : -1);
	sqlite3_bind_double(store->query, sqlite3_bind_parameter_index(store->query, ":near_score"),
	                    STORE_NEAR_SCORE);
}

bool
store_next_host(StoreReader *store, struct store_host *host)
{
	if (!next_row(store))
		return false;
	*host = (struct store_host){
		.host = text_column(store, 0),
		.verdict = text_column(store, 1),
		.reason = text_column(store, 2),
		.cannot_tell = text_column(store, 3),
		.behaviours = text_column(store, 4),
		.score = sqlite3_column_double(store->query, 5),
		.peak_score = sqlite3_column_double(store->query, 6),
		.since_ms = number_column(store, 7),
		.first_detected_ms = time_column(store, 8),
		.first_seen_ms = number_column(store, 9),
		.last_seen_ms = number_column(store, 10),
		.bins = number_column(store, 11),
		.sampling_interval = number_column(store, 12),
	};
	return true;
}

void
store_select_evidence(StoreReader *store, const char *host)
{
	begin_query(
		store,
		"SELECT behaviour, unit, peers, first_ms, last_ms, minutes, measured, threshold, usual, strength"
		" FROM evidence WHERE host = :host ORDER BY strength DESC, behaviour");
	bind_text(store, ":host", host);
}

bool
store_next_evidence(StoreReader *store, struct store_evidence *evidence)
{
	if (!next_row(store))
		return false;
	*evidence = (struct store_evidence){
		.behaviour = text_column(store, 0),
		.unit = text_column(store, 1),
		.peers = text_column(store, 2),
		.first_ms = number_column(store, 3),
		.last_ms = number_column(store, 4),
		.minutes = number_column(store, 5),
		.measured = sqlite3_column_double(store->query, 6),
		.threshold = sqlite3_column_double(store->query, 7),
		.usual = sqlite3_column_double(store->query, 8),
		.strength = sqlite3_column_double(store->query, 9),
	};
	return true;
}

void
store_select_peers(StoreReader *store, const char *host)
{
	begin_query(
		store,
		"SELECT peer, port, protocol, flows, octets_out, octets_in, answered, last_ms FROM peer"
		" WHERE host = :host ORDER BY octets_out + octets_in DESC, flows DESC, address_key(peer), port");
	bind_text(store, ":host", host);
}

bool
store_next_peer(StoreReader *store, struct store_peer *peer)
{
	if (!next_row(store))
		return false;
	*peer = (struct store_peer){
		.peer = text_column(store, 0),
		.port = number_column(store, 1),
		.protocol = number_column(store, 2),
		.flows = number_column(store, 3),
		.octets_out = number_column(store, 4),
		.octets_in = number_column(store, 5),
		.answered = number_column(store, 6) != 0,
		.last_ms = number_column(store, 7),
	};
	return true;
}

void
store_select_features(StoreReader *store, const char *host, int64_t limit)
{
	begin_query(store, "SELECT time_ms, score, feature_values FROM feature WHERE host = :host"
	                   " ORDER BY time_ms DESC LIMIT :limit");
	bind_text(store, ":host", host);
	bind_number(store, ":limit", limit > 0 ? limit : -1);
}

bool
store_next_feature(StoreReader *store, struct store_feature *feature)
{
	if (!next_row(store))
		return false;
	*feature = (struct store_feature){
		.time_ms = number_column(store, 0),
		.score = sqlite3_column_double(store->query, 1),
		.values = text_column(store, 2),
	};
	return true;
}

void
store_select_events(StoreReader *store, const struct store_event_filter *filter)
{
	begin_query(
		store,
		"SELECT * FROM (SELECT id, time_ms, host, act, verdict, behaviours, score FROM event"
		" WHERE (:host IS NULL OR host = :host) AND time_ms >= :since AND id > :after"
		" ORDER BY id DESC LIMIT :limit) ORDER BY id");
	if (store->query == NULL)
		return;
	bind_text(store, ":host", filter->host);
	bind_number(store, ":since", filter->since_ms);
	bind_number(store, ":after", filter->after_id);
	bind_number(store, ":limit", filter->limit > 0 ? filter->limit : -1);
}

bool
store_next_event(StoreReader *store, struct store_event *event)
{
	if (!next_row(store))
		return false;
	*event = (struct store_event){
		.id = number_column(store, 0),
		.time_ms = number_column(store, 1),
		.host = text_column(store, 2),
		.act = text_column(store, 3),
		.verdict = text_column(store, 4),
		.behaviours = text_column(store, 5),
		.score = sqlite3_column_double(store->query, 6),
	};
	return true;
}
