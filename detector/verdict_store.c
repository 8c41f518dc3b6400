#include "detector/verdict_store.h"

#include <gio/gio.h>
#include <math.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

#include "common/json_writer.h"
#include "schemas/verdicts_sql.h"

enum {
	STORE_VERSION = 1,              /* user_version of schemas/verdicts.sql */
	STORE_APPLICATION = 0x6b656e63, /* its application_id */
	BUSY_MS = 5000,
};

enum statement {
	PUT_VERDICT,
	PUT_EVENT,
	PUT_OUTBOX,
	CLEAR_OUTBOX,
	PUT_EVIDENCE,
	PUT_FEATURE,
	TRIM_FEATURE,
	PUT_PEER,
	TRIM_PEER,
	PUT_POSITION,
	GET_POSITION,
	GET_STATE,
	PUT_STATE,
	NEXT_VERDICT,
	NEXT_UNSENT,
	STATEMENTS
};

static const char *const statements[STATEMENTS] = {
	[PUT_VERDICT] =
		"INSERT OR REPLACE INTO verdict (host, verdict, score, peak_score, reason, since_ms,"
		" first_detected_ms, first_seen_ms, last_seen_ms, bins, sampling_interval, cannot_tell,"
		" behaviours, infected_ms, evidence_ms, judged, alerted_ms, judged_ms)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
	[PUT_EVENT] = "INSERT INTO event (time_ms, host, act, verdict, score, behaviours)"
		      " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[PUT_OUTBOX] = "INSERT INTO outbox (id, time_ms, act, severity, cef, ecs)"
		       " VALUES (last_insert_rowid(), ?1, ?2, ?3, ?4, ?5)",
	[CLEAR_OUTBOX] = "DELETE FROM outbox",
	[PUT_EVIDENCE] =
		"INSERT INTO evidence (host, behaviour, first_ms, last_ms, minutes, measured, threshold, usual,"
		" strength, unit, peers) VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?7, ?8, ?9, ?10)"
		" ON CONFLICT (host, behaviour) DO UPDATE SET"
		" minutes = minutes + (excluded.last_ms > last_ms),"
		" first_ms = min(first_ms, excluded.first_ms), last_ms = max(last_ms, excluded.last_ms),"
		" measured = CASE WHEN excluded.strength >= strength THEN excluded.measured ELSE measured END,"
		" threshold = CASE WHEN excluded.strength >= strength THEN excluded.threshold ELSE threshold END,"
		" usual = CASE WHEN excluded.strength >= strength THEN excluded.usual ELSE usual END,"
		" peers = CASE WHEN excluded.strength >= strength THEN excluded.peers ELSE peers END,"
		" strength = max(strength, excluded.strength)",
	[PUT_FEATURE] = "INSERT OR REPLACE INTO feature (host, time_ms, score, feature_values)"
			" VALUES (?1, ?2, ?3, ?4)",
	[TRIM_FEATURE] =
		"DELETE FROM feature WHERE host = ?1 AND time_ms <= (SELECT time_ms FROM feature"
		" WHERE host = ?1 ORDER BY time_ms DESC LIMIT 1 OFFSET ?2)",
	[PUT_PEER] =
		"INSERT INTO peer (host, peer, port, protocol, flows, octets_out, octets_in, answered, last_ms)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
		" ON CONFLICT (host, peer, port, protocol) DO UPDATE SET"
		" flows = max(flows, excluded.flows), octets_out = max(octets_out, excluded.octets_out),"
		" octets_in = max(octets_in, excluded.octets_in), answered = answered OR excluded.answered,"
		" last_ms = max(last_ms, excluded.last_ms)",
	[TRIM_PEER] =
		"DELETE FROM peer WHERE host = ?1 AND (peer, port, protocol) IN (SELECT peer, port, protocol"
		" FROM peer WHERE host = ?1 ORDER BY last_ms DESC, octets_out + octets_in DESC, peer, port,"
		" protocol LIMIT -1 OFFSET ?2)",
	[PUT_POSITION] =
		"INSERT OR REPLACE INTO ring_position (worker, epoch, sequence) VALUES (?1, ?2, ?3)",
	[GET_POSITION] = "SELECT epoch, sequence FROM ring_position WHERE worker = ?1",
	[GET_STATE] = "SELECT value FROM state WHERE key = ?1",
	[PUT_STATE] = "INSERT OR REPLACE INTO state (key, value) VALUES (?1, ?2)",
	[NEXT_VERDICT] =
		"SELECT host, verdict, score, peak_score, since_ms, first_detected_ms, first_seen_ms,"
		" last_seen_ms, bins, sampling_interval, cannot_tell, behaviours, infected_ms, evidence_ms,"
		" judged, alerted_ms, judged_ms FROM verdict ORDER BY last_seen_ms, host",
	[NEXT_UNSENT] = "SELECT act, time_ms, severity, cef, ecs FROM outbox ORDER BY id",
};

struct VerdictStore {
	sqlite3 *database;
	sqlite3_stmt *prepared[STATEMENTS];
	char *path;
	GString *text;  /* scratch */
	GError *failed; /* the first one since verdict_store_begin() */
};

static void
set_error(VerdictStore *store, GError **error)
{
	g_set_error(error, G_IO_ERROR,
	            sqlite3_errcode(store->database) == SQLITE_FULL ? G_IO_ERROR_NO_SPACE
	                                                            : G_IO_ERROR_FAILED,
	            "%s: %s", store->path, sqlite3_errmsg(store->database));
}

static void
fail(VerdictStore *store)
{
	if (store->failed == NULL)
		set_error(store, &store->failed);
}

static bool
get_number(VerdictStore *store, const char *sql, int64_t *number, GError **error)
{
	sqlite3_stmt *statement = NULL;
	bool ok = sqlite3_prepare_v2(store->database, sql, -1, &statement, NULL) == SQLITE_OK &&
	          sqlite3_step(statement) == SQLITE_ROW;

	if (ok)
		*number = sqlite3_column_int64(statement, 0);
	else
		set_error(store, error);
	sqlite3_finalize(statement);
	return ok;
}

static bool
execute(VerdictStore *store, const char *sql, GError **error)
{
	if (sqlite3_exec(store->database, sql, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	set_error(store, error);
	return false;
}

/* Refuses what is not ours, and what a newer program made. */
static bool
check_kind(VerdictStore *store, GError **error)
{
	int64_t application, version, tables;

	if (!get_number(store, "PRAGMA application_id", &application, error) ||
	    !get_number(store, "PRAGMA user_version", &version, error) ||
	    !get_number(store, "SELECT count(*) FROM sqlite_schema", &tables, error))
		return false;
	if (tables == 0 && application == 0 && version == 0)
		return true;
	if (application != STORE_APPLICATION) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
		            "%s: a database of another program, not a verdict store of kenchi",
		            store->path);
		return false;
	}
	/* Version 0: a start that was killed when the store was not yet made in one transaction. */
	if (version != STORE_VERSION && version != 0) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
		            "%s: the store has version %" G_GINT64_FORMAT
		            ", this kenchi-detector writes version %d",
		            store->path, version, (int)STORE_VERSION);
		return false;
	}
	return true;
}

static bool
prepare_all(VerdictStore *store, GError **error)
{
	for (unsigned i = 0; i < STATEMENTS; i++) {
		if (sqlite3_prepare_v3(store->database, statements[i], -1,
		                       SQLITE_PREPARE_PERSISTENT, &store->prepared[i],
		                       NULL) == SQLITE_OK)
			continue;
		set_error(store, error);
		return false;
	}
	return true;
}

/* SQLite finds broken pages only when it comes to them; see them at the start, when an operator
 * looks. */
static bool
check_integrity(VerdictStore *store, GError **error)
{
	sqlite3_stmt *statement = NULL;
	const char *verdict = NULL;
	bool ok;

	if (sqlite3_prepare_v2(store->database, "PRAGMA quick_check(1)", -1, &statement, NULL) ==
	            SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		verdict = (const char *)sqlite3_column_text(statement, 0);
	ok = verdict != NULL && strcmp(verdict, "ok") == 0;
	if (!ok)
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
		            "%s: the store is damaged (%s): move it away, a new one will be made",
		            store->path,
		            verdict != NULL ? verdict : sqlite3_errmsg(store->database));
	sqlite3_finalize(statement);
	return ok;
}

VerdictStore *
verdict_store_open(const char *path, GError **error)
{
	g_autoptr(VerdictStore) store = g_new0(VerdictStore, 1);
	mode_t mask = umask(0077);
	int code = sqlite3_open_v2(path, &store->database,
	                           SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);

	store->path = g_strdup(path);
	store->text = g_string_new(NULL);
	umask(mask);
	if (code != SQLITE_OK) {
		set_error(store, error);
		return NULL;
	}
	sqlite3_busy_timeout(store->database, BUSY_MS);
	sqlite3_db_config(store->database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(store->database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	if (!check_kind(store, error) || !check_integrity(store, error) ||
	    !execute(store, verdicts_sql, error) ||
	    !execute(store, "PRAGMA synchronous = NORMAL", error) || !prepare_all(store, error))
		return NULL;
	return g_steal_pointer(&store);
}

void
verdict_store_close(VerdictStore *store)
{
	if (store == NULL)
		return;
	for (unsigned i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(store->prepared[i]);
	sqlite3_close(store->database);
	g_clear_error(&store->failed);
	if (store->text != NULL)
		g_string_free(store->text, TRUE);
	g_free(store->path);
	g_free(store);
}

static void
bind_text(sqlite3_stmt *statement, int at, const char *text)
{
	sqlite3_bind_text(statement, at, text, -1, SQLITE_TRANSIENT);
}

static void
bind_host(sqlite3_stmt *statement, int at, const struct host_address *host)
{
	char text[HOST_ADDRESS_TEXT_SIZE];

	bind_text(statement, at, host_address_format(host, text));
}

/* Zero is "never". */
static void
bind_time(sqlite3_stmt *statement, int at, int64_t ms)
{
	if (ms == 0)
		sqlite3_bind_null(statement, at);
	else
		sqlite3_bind_int64(statement, at, ms);
}

/* Runs a statement that gives no rows, and makes it ready for the next time. */
static void
run(VerdictStore *store, enum statement which)
{
	sqlite3_stmt *statement = store->prepared[which];

	if (store->failed == NULL && sqlite3_step(statement) != SQLITE_DONE)
		fail(store);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
}

static void
read_verdict(sqlite3_stmt *row, struct verdict *verdict)
{
	const char *host = (const char *)sqlite3_column_text(row, 0);
	const char *kind = (const char *)sqlite3_column_text(row, 1);
	const char *cannot_tell = (const char *)sqlite3_column_text(row, 10);
	const char *behaviours = (const char *)sqlite3_column_text(row, 11);

	*verdict = (struct verdict){
		.score = sqlite3_column_double(row, 2),
		.peak_score = sqlite3_column_double(row, 3),
		.since_ms = sqlite3_column_int64(row, 4),
		.first_detected_ms = sqlite3_column_int64(row, 5),
		.first_seen_ms = sqlite3_column_int64(row, 6),
		.last_seen_ms = sqlite3_column_int64(row, 7),
		.bins = (uint32_t)sqlite3_column_int64(row, 8),
		.sampling_interval = (uint32_t)sqlite3_column_int64(row, 9),
		.cannot_tell = verdict_parse_cannot_tell(cannot_tell != NULL ? cannot_tell : ""),
		.behaviours = verdict_parse_behaviours(behaviours != NULL ? behaviours : ""),
		.infected_ms = sqlite3_column_int64(row, 12),
		.evidence_ms = sqlite3_column_int64(row, 13),
		.judged = (uint32_t)sqlite3_column_int64(row, 14),
		.alerted_ms = sqlite3_column_int64(row, 15),
		.judged_ms = sqlite3_column_int64(row, 16),
	};
	if (kind == NULL || !verdict_find(kind, &verdict->kind))
		verdict->kind = VERDICT_UNKNOWN;
	if (host == NULL || !host_address_parse(host, &verdict->host))
		verdict->bins = 0;
}

bool
verdict_store_next_verdict(VerdictStore *store, struct verdict *verdict, GError **error)
{
	sqlite3_stmt *row = store->prepared[NEXT_VERDICT];
	int code;

	while ((code = sqlite3_step(row)) == SQLITE_ROW) {
		read_verdict(row, verdict);
		if (verdict->bins > 0) /* else it is not one of ours */
			return true;
	}
	if (code != SQLITE_DONE)
		set_error(store, error);
	sqlite3_reset(row);
	return false;
}

struct ring_position
verdict_store_position(VerdictStore *store, unsigned worker)
{
	sqlite3_stmt *row = store->prepared[GET_POSITION];
	struct ring_position position = { 0, 0 };

	sqlite3_bind_int64(row, 1, worker);
	if (sqlite3_step(row) == SQLITE_ROW) {
		position.epoch = (uint64_t)sqlite3_column_int64(row, 0);
		position.sequence = (uint64_t)sqlite3_column_int64(row, 1);
	}
	sqlite3_reset(row);
	return position;
}

char *
verdict_store_state(VerdictStore *store, const char *key)
{
	sqlite3_stmt *row = store->prepared[GET_STATE];
	char *value = NULL;

	bind_text(row, 1, key);
	if (sqlite3_step(row) == SQLITE_ROW)
		value = g_strdup((const char *)sqlite3_column_text(row, 0));
	sqlite3_reset(row);
	return value;
}

bool
verdict_store_next_unsent(VerdictStore *store, struct alert_lines *lines)
{
	sqlite3_stmt *row = store->prepared[NEXT_UNSENT];
	const char *act;

	if (sqlite3_step(row) != SQLITE_ROW) {
		sqlite3_reset(row);
		return false;
	}
	act = (const char *)sqlite3_column_text(row, 0);
	*lines = (struct alert_lines){
		.act = verdict_act_find(act != NULL ? act : ""),
		.time_ms = sqlite3_column_int64(row, 1),
		.severity = sqlite3_column_int(row, 2),
		.cef = g_strdup((const char *)sqlite3_column_text(row, 3)),
		.ecs = g_strdup((const char *)sqlite3_column_text(row, 4)),
	};
	return true;
}

void
verdict_store_begin(VerdictStore *store)
{
	g_clear_error(&store->failed);
	if (sqlite3_exec(store->database, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		fail(store);
}

bool
verdict_store_commit(VerdictStore *store, GError **error)
{
	if (store->failed == NULL &&
	    sqlite3_exec(store->database, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		fail(store);
	if (store->failed == NULL)
		return true;
	if (!sqlite3_get_autocommit(store->database))
		sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
	g_propagate_error(error, g_steal_pointer(&store->failed));
	return false;
}

void
verdict_store_put_verdict(VerdictStore *store, const struct verdict *verdict, const char *reason)
{
	sqlite3_stmt *row = store->prepared[PUT_VERDICT];

	bind_host(row, 1, &verdict->host);
	bind_text(row, 2, verdict_name(verdict->kind));
	sqlite3_bind_double(row, 3, verdict->score);
	sqlite3_bind_double(row, 4, verdict->peak_score);
	bind_text(row, 5, reason);
	sqlite3_bind_int64(row, 6, verdict->since_ms);
	bind_time(row, 7, verdict->first_detected_ms);
	sqlite3_bind_int64(row, 8, verdict->first_seen_ms);
	sqlite3_bind_int64(row, 9, verdict->last_seen_ms);
	sqlite3_bind_int64(row, 10, verdict->bins);
	sqlite3_bind_int64(row, 11, verdict->sampling_interval);
	g_string_truncate(store->text, 0);
	verdict_add_cannot_tell(store->text, verdict->cannot_tell);
	bind_text(row, 12, store->text->str);
	g_string_truncate(store->text, 0);
	verdict_add_behaviours(store->text, verdict->behaviours);
	bind_text(row, 13, store->text->str);
	bind_time(row, 14, verdict->infected_ms);
	bind_time(row, 15, verdict->evidence_ms);
	sqlite3_bind_int64(row, 16, verdict->judged);
	bind_time(row, 17, verdict->alerted_ms);
	bind_time(row, 18, verdict->judged_ms);
	run(store, PUT_VERDICT);
}

/* For statements that are too seldom to be kept prepared. */
static void
run_once(VerdictStore *store, const char *sql, const char *text, int64_t number)
{
	sqlite3_stmt *statement = NULL;

	if (store->failed != NULL)
		return;
	if (sqlite3_prepare_v2(store->database, sql, -1, &statement, NULL) == SQLITE_OK) {
		if (text != NULL)
			bind_text(statement, 1, text);
		else
			sqlite3_bind_int64(statement, 1, number);
	}
	if (statement == NULL || sqlite3_step(statement) != SQLITE_DONE)
		fail(store);
	sqlite3_finalize(statement);
}

void
verdict_store_delete_host(VerdictStore *store, const struct host_address *host)
{
	char text[HOST_ADDRESS_TEXT_SIZE];

	host_address_format(host, text);
	run_once(store, "DELETE FROM verdict WHERE host = ?1", text, 0);
	run_once(store, "DELETE FROM evidence WHERE host = ?1", text, 0);
	run_once(store, "DELETE FROM feature WHERE host = ?1", text, 0);
	run_once(store, "DELETE FROM peer WHERE host = ?1", text, 0);
}

void
verdict_store_put_event(VerdictStore *store, const struct alert *alert,
                        const struct alert_lines *lines)
{
	sqlite3_stmt *row = store->prepared[PUT_EVENT];

	sqlite3_bind_int64(row, 1, alert->time_ms);
	bind_host(row, 2, &alert->verdict.host);
	bind_text(row, 3, verdict_act_name(alert->act));
	bind_text(row, 4, verdict_name(alert->verdict.kind));
	sqlite3_bind_double(row, 5, alert->verdict.score);
	g_string_truncate(store->text, 0);
	verdict_add_behaviours(store->text, alert->verdict.behaviours);
	bind_text(row, 6, store->text->str);
	run(store, PUT_EVENT);

	row = store->prepared[PUT_OUTBOX];
	sqlite3_bind_int64(row, 1, lines->time_ms);
	bind_text(row, 2, verdict_act_name(lines->act));
	sqlite3_bind_int(row, 3, lines->severity);
	bind_text(row, 4, lines->cef);
	bind_text(row, 5, lines->ecs);
	run(store, PUT_OUTBOX);
}

void
verdict_store_mark_sent(VerdictStore *store)
{
	run(store, CLEAR_OUTBOX);
}

static void
put_evidence(VerdictStore *store, const struct assessment *assessment,
             const struct evidence *evidence)
{
	sqlite3_stmt *row = store->prepared[PUT_EVIDENCE];

	bind_host(row, 1, &assessment->host);
	bind_text(row, 2, behaviour_name(evidence->behaviour));
	sqlite3_bind_int64(row, 3, assessment->bin_end_ms - HOST_BIN_MS);
	sqlite3_bind_int64(row, 4, assessment->bin_end_ms);
	sqlite3_bind_double(row, 5, evidence->measured);
	sqlite3_bind_double(row, 6, evidence->threshold);
	sqlite3_bind_double(row, 7, evidence->usual);
	sqlite3_bind_double(row, 8, evidence->strength);
	bind_text(row, 9, behaviour_unit(evidence->behaviour));
	g_string_truncate(store->text, 0);
	alert_add_peers(store->text, NULL, evidence);
	bind_text(row, 10, store->text->str);
	run(store, PUT_EVIDENCE);
}

static void
put_peer(VerdictStore *store, const struct assessment *assessment, const struct evidence_peer *peer)
{
	sqlite3_stmt *row = store->prepared[PUT_PEER];

	bind_host(row, 1, &assessment->host);
	bind_host(row, 2, &peer->peer);
	sqlite3_bind_int(row, 3, peer->port);
	sqlite3_bind_int(row, 4, peer->protocol);
	sqlite3_bind_int64(row, 5, peer->flows);
	sqlite3_bind_int64(row, 6, (int64_t)MIN(peer->octets[0], INT64_MAX));
	sqlite3_bind_int64(row, 7, (int64_t)MIN(peer->octets[1], INT64_MAX));
	sqlite3_bind_int(row, 8, peer->answered);
	sqlite3_bind_int64(row, 9, assessment->bin_end_ms);
	run(store, PUT_PEER);
}

static void
put_features(VerdictStore *store, const struct assessment *assessment, const char *const *names)
{
	sqlite3_stmt *row = store->prepared[PUT_FEATURE];

	g_string_truncate(store->text, 0);
	json_open_object(store->text, NULL);
	for (size_t i = 0; i < assessment->feature_count; i++) {
		if (!isnan(assessment->features[i]))
			json_add_double(store->text, names[i], assessment->features[i]);
	}
	json_close_object(store->text);
	bind_host(row, 1, &assessment->host);
	sqlite3_bind_int64(row, 2, assessment->bin_end_ms);
	sqlite3_bind_double(row, 3, assessment->score);
	bind_text(row, 4, store->text->str);
	run(store, PUT_FEATURE);
}

static void
trim(VerdictStore *store, enum statement which, const struct host_address *host, int keep)
{
	sqlite3_stmt *statement = store->prepared[which];

	bind_host(statement, 1, host);
	sqlite3_bind_int(statement, 2, keep);
	run(store, which);
}

void
verdict_store_put_assessment(VerdictStore *store, const struct assessment *assessment,
                             const char *const *names)
{
	for (size_t i = 0; i < assessment->evidence_count; i++)
		put_evidence(store, assessment, &assessment->evidence[i]);
	for (size_t i = 0; i < assessment->peer_count; i++)
		put_peer(store, assessment, &assessment->peers[i]);
	if (assessment->peer_count > 0)
		trim(store, TRIM_PEER, &assessment->host, STORE_PEERS);
	if (assessment->feature_count == 0)
		return;
	put_features(store, assessment, names);
	trim(store, TRIM_FEATURE, &assessment->host, STORE_FEATURE_WINDOWS);
}

void
verdict_store_put_position(VerdictStore *store, unsigned worker, struct ring_position position)
{
	sqlite3_stmt *row = store->prepared[PUT_POSITION];

	sqlite3_bind_int64(row, 1, worker);
	sqlite3_bind_int64(row, 2, (int64_t)position.epoch);
	sqlite3_bind_int64(row, 3, (int64_t)position.sequence);
	run(store, PUT_POSITION);
}

void
verdict_store_put_state(VerdictStore *store, const char *key, const char *value)
{
	bind_text(store->prepared[PUT_STATE], 1, key);
	bind_text(store->prepared[PUT_STATE], 2, value);
	run(store, PUT_STATE);
}

void
verdict_store_put_state_number(VerdictStore *store, const char *key, int64_t value)
{
	g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, value);

	verdict_store_put_state(store, key, text);
}

void
verdict_store_prune(VerdictStore *store, int64_t before_ms)
{
	static const char not_infected[] =
		" AND host NOT IN (SELECT host FROM verdict WHERE verdict = 'infected')";
	static const char *const tables[][2] = { { "evidence", "last_ms" },
		                                 { "feature", "time_ms" },
		                                 { "peer", "last_ms" } };

	run_once(store, "DELETE FROM event WHERE time_ms < ?1", NULL, before_ms);
	for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
		g_autofree char *sql = g_strdup_printf("DELETE FROM %s WHERE %s < ?1%s",
		                                       tables[i][0], tables[i][1], not_infected);

		run_once(store, sql, NULL, before_ms);
	}
}
