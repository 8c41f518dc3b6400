/*
 * Reads the verdict store (schemas/verdicts.sql); never writes to it.
 *
 * Works beside a running detector and on a store that nobody has open, also in a folder that cannot
 * be written: then without what is only in the write-ahead log (store_is_checkpoint() tells).  All
 * queries of one reader see the store as it was at the first one, until store_refresh().
 *
 * The store's content is as hostile as the traffic it was made from: strings are as they were
 * stored, printable or not.
 *
 * Ownership: what a query gives is borrowed until the next call.
 * Errors:    GError; STORE_ERROR_MISSING when there is no store, STORE_ERROR_BROKEN when it cannot
 * be read.
 */
#ifndef TOOLS_KENCHI_STORE_READER_H
#define TOOLS_KENCHI_STORE_READER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct StoreReader StoreReader;

#define STORE_ERROR store_error_quark()
GQuark store_error_quark(void);
enum store_error { STORE_ERROR_MISSING, STORE_ERROR_BROKEN };

enum { STORE_NEVER = -1 }; /* a time that is NULL in the store */

/* Score from which on a host that is not infected is near it. */
#define STORE_NEAR_SCORE 0.25

StoreReader *store_open(const char *folder, GError **error);
void store_close(StoreReader *store); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StoreReader, store_close)

bool store_is_checkpoint(const StoreReader *store);
/* The next queries see what has been stored since. */
void store_refresh(StoreReader *store);

/* A value of the table `state`; NULL: not there.  The number: `otherwise` when it is not there or
 * none. */
const char *store_state(StoreReader *store, const char *key);
int64_t store_state_number(StoreReader *store, const char *key, int64_t otherwise);

struct store_counts {
	int64_t hosts;
	int64_t infected;
	int64_t unknown;
	int64_t events;
};
bool store_count(StoreReader *store, struct store_counts *counts, GError **error);

struct store_host {
	const char *host;
	const char *verdict;
	const char *reason;
	const char *cannot_tell; /* comma list */
	const char *behaviours;  /* comma list */
	double score;
	double peak_score;
	int64_t since_ms;
	int64_t first_detected_ms; /* STORE_NEVER */
	int64_t first_seen_ms;
	int64_t last_seen_ms;
	int64_t bins;
	int64_t sampling_interval;
};

struct store_filter {
	const char *verdict; /* NULL: any */
	const char *host;    /* NULL: any */
	bool near;           /* not infected, but near it */
	bool by_host;        /* in the order of addresses, not of scores */
	int64_t limit;       /* 0: none */
};

struct store_evidence {
	const char *behaviour;
	const char *unit;
	const char *peers; /* JSON */
	int64_t first_ms;
	int64_t last_ms;
	int64_t minutes;
	double measured;
	double threshold;
	double usual;
	double strength;
};

struct store_peer {
	const char *peer;
	int64_t port;
	int64_t protocol;
	int64_t flows;
	int64_t octets_out;
	int64_t octets_in;
	bool answered;
	int64_t last_ms;
};

struct store_feature {
	int64_t time_ms;
	double score;
	const char *values; /* JSON */
};

struct store_event {
	int64_t id;
	int64_t time_ms;
	const char *host;
	const char *act;
	const char *verdict;
	const char *behaviours;
	double score;
};

struct store_event_filter {
	const char *host; /* NULL: any */
	int64_t since_ms;
	int64_t after_id; /* only newer ones */
	int64_t limit;    /* the newest so many; 0: all */
};

/* One query at a time: select, then next until it is false; then store_failed() tells whether that
 * was the end. */
void store_select_hosts(StoreReader *store, const struct store_filter *filter);
bool store_next_host(StoreReader *store, struct store_host *host);
void store_select_evidence(StoreReader *store, const char *host);
bool store_next_evidence(StoreReader *store, struct store_evidence *evidence);
void store_select_peers(StoreReader *store, const char *host);
bool store_next_peer(StoreReader *store, struct store_peer *peer);
void store_select_features(StoreReader *store, const char *host, int64_t limit); /* newest first */
bool store_next_feature(StoreReader *store, struct store_feature *feature);
void store_select_events(StoreReader *store,
                         const struct store_event_filter *filter); /* oldest first */
bool store_next_event(StoreReader *store, struct store_event *event);

/* True, with `error` set, when a query ended because the store could not be read. */
bool store_failed(const StoreReader *store, GError **error);

#endif
