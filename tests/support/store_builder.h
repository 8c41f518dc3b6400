/*
 * Verdict stores for tests, made from schemas/verdicts.sql and rows written out here, not with the
 * detector's code.
 */
#ifndef TESTS_SUPPORT_STORE_BUILDER_H
#define TESTS_SUPPORT_STORE_BUILDER_H

#include <stdint.h>

/* 2026-03-02T10:00:00Z, on the exporters' clock. */
#define STORE_BUILDER_MS INT64_C(1772445600000)

/*
 * Makes a temporary folder with a store that holds three hosts: 10.0.0.5 scans (infected), 10.0.0.9
 * is normal, 10.0.0.20 is unknown, written to `updated_wall_ms`.  Free the path with g_free() and
 * remove it with store_builder_remove().
 */
char *store_builder_make(int64_t updated_wall_ms);

/* Runs SQL on the store of a folder. */
void store_builder_run(const char *folder, const char *sql);

void store_builder_remove(const char *folder);

#endif
