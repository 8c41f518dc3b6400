/*
 * The verdict of each host, as assessments come: when a host becomes infected, goes on, is cleared,
 * is called normal.
 *
 * - infected, as soon as one assessment has a score of VERDICT_INFECTED_SCORE.
 * - Infected stays, also while the host is silent: it is cleared when clear_ms of export time have
 *   passed since the last evidence and clear_windows windows with enough traffic have been judged
 *   below the score meanwhile; where the pattern was the reason, windows for which the exporters
 *   told enough.
 * - normal, after normal_windows windows with enough traffic below the score, for which the
 *   exporters told enough (both directions, not sampled beyond sampling_max, no detail lost).
 *   Where they have told less for clear_ms it is unknown again, and so is what is cleared there.
 * - else unknown, and verdict_table_reason() says why.
 *
 * An infected host is told again when a new behaviour shows, and otherwise once in update_ms.
 *
 * Bound: hosts_max.  Above it the longest silent host that is not infected is forgotten; when there
 * is none, new hosts are refused.  Both are counted.
 *
 * What changed is handed out for the store: urgent rows (the verdict changed, or the host is
 * infected or near it) before the others, which may wait.
 *
 * Threads: one.
 */
#ifndef DETECTOR_VERDICT_TABLE_H
#define DETECTOR_VERDICT_TABLE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/host_bin.h"
#include "detector/assessment.h"
#include "detector/verdict.h"

typedef struct VerdictTable VerdictTable;

struct verdict_rules {
	size_t hosts_max;
	uint32_t normal_windows;
	uint32_t sampling_max;
	int64_t clear_ms;
	uint32_t clear_windows;
	int64_t update_ms;
};

struct verdict_counters {
	uint64_t hosts;
	uint64_t infected;
	uint64_t normal;
	uint64_t forgotten; /* hosts that made room */
	uint64_t refused;   /* parts and assessments of hosts for which there was none */
};

VerdictTable *verdict_table_new(const struct verdict_rules *rules);
void verdict_table_free(VerdictTable *table); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VerdictTable, verdict_table_free)

/* Puts a host in as it was kept. */
void verdict_table_restore(VerdictTable *table, const struct verdict *verdict);

/* A part of the host's bin came. */
void verdict_table_see(VerdictTable *table, const struct host_bin *bin);

/* The host's verdict after this assessment, valid until the next call; NULL: it was refused. */
const struct verdict *verdict_table_update(VerdictTable *table, const struct assessment *assessment,
                                           enum verdict_act *act);

/*
 * The next verdict that is to be stored; NULL: none is left (with `urgent`: none that must be
 * stored now).  Without, a host that only was seen again is left for a while when there are many
 * hosts (10 minutes at a million), until verdict_table_hurry().
 */
const struct verdict *verdict_table_next_changed(VerdictTable *table, bool urgent);

/* How many wait to be stored. */
size_t verdict_table_changed(const VerdictTable *table);

/* All that changed is to be stored now: brings it in the order of the hosts, which costs a store
 * less. */
void verdict_table_hurry(VerdictTable *table);

/* The next host that was forgotten, to be taken out of the store. */
bool verdict_table_next_forgotten(VerdictTable *table, struct host_address *host);

/* Why the verdict is what it is, in a few words. */
void verdict_table_add_reason(const VerdictTable *table, const struct verdict *verdict,
                              GString *text);

struct verdict_counters verdict_table_counters(const VerdictTable *table);

#endif
