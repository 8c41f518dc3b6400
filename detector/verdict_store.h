/*
 * The verdict store: verdicts, their changes, what speaks for them, and how far the rings have been
 * read, in one SQLite database (schemas/verdicts.sql), written by the detector alone.
 *
 * Between verdict_store_begin() and verdict_store_commit() everything is one transaction, so that
 * after a kill the positions of the rings belong to the verdicts.  The first failure inside it is
 * kept: what follows does nothing, and verdict_store_commit() reports it.
 *
 * Bounds:  for each host the newest STORE_FEATURE_WINDOWS windows and STORE_PEERS peers; else by
 *          verdict_store_prune().
 * Readers: any number, in other processes; they are not waited for (WAL).
 * Errors:  a GError that names the file.
 * Threads: one.
 */
#ifndef DETECTOR_VERDICT_STORE_H
#define DETECTOR_VERDICT_STORE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/ring.h"
#include "detector/alert.h"
#include "detector/assessment.h"
#include "detector/verdict.h"

enum { STORE_FEATURE_WINDOWS = 60, STORE_PEERS = 24 };

typedef struct VerdictStore VerdictStore;

/* Opens or makes the database; an error names it when it is foreign, newer or broken. */
VerdictStore *verdict_store_open(const char *path, GError **error);
void
verdict_store_close(VerdictStore *store); /* what is not committed is undone; NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VerdictStore, verdict_store_close)

/* What was kept. */

/* The next verdict, longest silent host first; false: that was all, or *error is set. */
bool verdict_store_next_verdict(VerdictStore *store, struct verdict *verdict, GError **error);

/* The position of a worker's ring; {0, 0} when there is none. */
struct ring_position verdict_store_position(VerdictStore *store, unsigned worker);

/* A single value; NULL: there is none.  Free with g_free(). */
char *verdict_store_state(VerdictStore *store, const char *key);

/* The next alert that was not handed out before the last end; false: that was all.  Its texts are
 * the caller's. */
bool verdict_store_next_unsent(VerdictStore *store, struct alert_lines *lines);

void verdict_store_begin(VerdictStore *store);
bool verdict_store_commit(VerdictStore *store, GError **error);

void verdict_store_put_verdict(VerdictStore *store, const struct verdict *verdict,
                               const char *reason);
void verdict_store_delete_host(VerdictStore *store, const struct host_address *host);

/* The event, and its lines until verdict_store_mark_sent(). */
void verdict_store_put_event(VerdictStore *store, const struct alert *alert,
                             const struct alert_lines *lines);
void verdict_store_mark_sent(VerdictStore *store);

/* Evidence, peers and, when the classifier ran, features (`names` are theirs) of one assessment. */
void verdict_store_put_assessment(VerdictStore *store, const struct assessment *assessment,
                                  const char *const *names);

void verdict_store_put_position(VerdictStore *store, unsigned worker,
                                struct ring_position position);
void verdict_store_put_state(VerdictStore *store, const char *key, const char *value);
void verdict_store_put_state_number(VerdictStore *store, const char *key, int64_t value);

/* Forgets events, and evidence, features and peers of hosts that are not infected, from before
 * `before_ms`. */
void verdict_store_prune(VerdictStore *store, int64_t before_ms);

#endif
