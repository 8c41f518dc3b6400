/*
 * Some minutes of one host, merged into one bin with its detail: what features and experts look at.
 *
 * Threads: values.
 */
#ifndef DETECTOR_HOST_WINDOW_H
#define DETECTOR_HOST_WINDOW_H

#include <stdint.h>

#include "common/host_bin.h"
#include "detector/host_history.h"
#include "detector/host_services.h"
#include "detector/prevalence.h"

enum host_window_length { HOST_WINDOW_1, HOST_WINDOW_5, HOST_WINDOW_15, HOST_WINDOWS };

extern const unsigned host_window_minutes[HOST_WINDOWS];

struct host_window {
	uint32_t minute;  /* the newest */
	unsigned minutes; /* how many were asked for */
	unsigned active;  /* how many of them the host has a bin of */
	struct host_bin total;
	struct host_bin_extension
		detail; /* of `total`, always valid: touches have been folded in */
};

/* One host at one minute, as features and experts see it. */
struct host_view {
	const struct known_host *host; /* its minutes are open */
	uint32_t minute;               /* the newest */
	unsigned history_minutes;      /* looked at */
	const Prevalence *prevalence;  /* NULL: every peer counts as rare */
	uint64_t sketch_key;
	bool hears; /* what the host receives is exported: what did not come back was not sent */
	const struct host_window
		*windows; /* HOST_WINDOWS of them, those that are looked at merged at `minute` */
	const struct host_services *services; /* collected at `minute` */
};

/* Merges the open minutes of `host` from `minute` - `minutes` + 1 to `minute`. */
void host_window_merge(struct host_window *window, const struct known_host *host, uint32_t minute,
                       unsigned minutes, uint64_t sketch_key);

/* The bases alone: sums without detail. */
void host_window_total(struct host_bin *total, const struct known_host *host, uint32_t minute,
                       unsigned minutes);

/* The detail of one minute; `scratch` is where it is made when the bin is not extended. */
const struct host_bin_extension *host_minute_detail(const struct host_minute *minute,
                                                    struct host_bin_extension *scratch,
                                                    uint64_t sketch_key);

/* sketch_linear_estimate(), looked up. */
double bitmap_estimate(const uint64_t *bitmap, size_t words);

/* Services that did not answer, of a pair of bitmaps of the detail: linear counts of sent less
 * those of sent and heard. */
struct bucket_count {
	double sent;    /* distinct peers (or ports) */
	double failing; /* of them without an answer */
};
struct bucket_count bucket_count(const uint64_t *sent, const uint64_t *heard, size_t words);

#endif
