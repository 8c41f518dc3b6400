/*
 * How far the exporters' clocks have moved: what makes open bins due, without any clock of our own.
 *
 * An exporter's *progress* is how far its export times have moved since it was first heard of.  A
 * step counts for `step_max_ms` at most, so a clock that jumps, stands or is wrong by years moves
 * nothing but the exporter's own bins. The *lead* is the greatest progress of all; against it one
 * sees which exporters have fallen silent.
 *
 * Threads: one.
 */
#ifndef COLLECTOR_EXPORT_PROGRESS_H
#define COLLECTOR_EXPORT_PROGRESS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/wall_time.h"

typedef struct ExportProgress ExportProgress;

enum { EXPORT_PROGRESS_EXPORTERS = 65534 }; /* told apart; those above share the last place */

ExportProgress *export_progress_new(int64_t step_max_ms);
void export_progress_free(ExportProgress *progress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ExportProgress, export_progress_free)

/* A Message came.  Returns the exporter's place, by which it is asked for. */
uint16_t export_progress_note(ExportProgress *progress, uint32_t exporter,
                              struct wall_time export_time);

/* Places are numbered from 0 to count - 1; those between that were never noted ask like silent
 * ones. */
uint16_t export_progress_count(const ExportProgress *progress);
int64_t export_progress_of(const ExportProgress *progress, uint16_t place);
int64_t export_progress_lead(const ExportProgress *progress);

/* How far the lead has moved since the exporter last did. */
int64_t export_progress_silence(const ExportProgress *progress, uint16_t place);

/* Newest export time of one exporter; newest and least of those that have been silent for less than
 * `alive_ms`. */
struct wall_time export_progress_time(const ExportProgress *progress, uint16_t place);
struct wall_time export_progress_newest(const ExportProgress *progress, int64_t alive_ms);
struct wall_time export_progress_least(const ExportProgress *progress, int64_t alive_ms);

#endif
