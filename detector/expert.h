/*
 * What every expert does: looks at one host at one minute and writes evidence for the behaviours it
 * knows.
 *
 * Experts know no site and no training.  A ratio of measured to threshold is turned into strength
 * by expert_strength(): 0.5 at the threshold, near 1 well above it.
 *
 * Threads: pure functions.
 */
#ifndef DETECTOR_EXPERT_H
#define DETECTOR_EXPERT_H

#include <stdbool.h>
#include <stddef.h>

#include "detector/assessment.h"
#include "detector/host_window.h"

/* 0 to 1, 0.5 where the ratio is 1; rises with the third power of the ratio. */
double expert_strength(double ratio);

/* A peer of the sample as evidence shows it; of one minute's sample it is known when its first flow
 * began. */
struct evidence_peer expert_peer(const struct host_peer *peer);
struct evidence_peer expert_peer_at(const struct host_peer *peer, uint32_t minute);

/*
 * Strength of what is told to the reader and never decides: below what the classifier finds in an
 * ordinary window, so that no order of hosts depends on it.
 */
double expert_told_strength(double ratio);

/*
 * Each writes at most EXPERT_EVIDENCE rows to `evidence` and returns how many: only what has a
 * strength worth telling.  `usual` is left zero: the calibration knows it.
 */
enum { EXPERT_EVIDENCE = 6 };

#define EXPERT_STRENGTH_LEAST 0.05

size_t scan_expert_judge(const struct host_view *view, struct evidence *evidence);
/*
 * Scans too slow for five minutes, of the window of fifteen, from their threshold on.  The first
 * tells by five minutes whether such a scan goes on, so that few hosts need fifteen merged.
 */
bool slow_scan_may_show(const struct host_window *five_minutes);
size_t slow_scan_expert_judge(const struct host_view *view, struct evidence *evidence);

size_t flood_expert_judge(const struct host_view *view, struct evidence *evidence);
size_t mail_expert_judge(const struct host_view *view, struct evidence *evidence);
size_t beacon_expert_judge(const struct host_view *view, struct evidence *evidence);

/* What is told only: they never make a host infected. */
size_t sweep_expert_judge(const struct host_view *view, struct evidence *evidence);
size_t contact_expert_judge(const struct host_view *view, struct evidence *evidence);
size_t spread_expert_judge(const struct host_view *view, struct evidence *evidence);

#endif
