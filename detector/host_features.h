/*
 * The harder features: shapes of sampled services, beacons, first contacts, rhythm of the
 * one-second series. A part of feature_vector, on its own for its length.
 *
 * Threads: pure functions.
 */
#ifndef DETECTOR_HOST_FEATURES_H
#define DETECTOR_HOST_FEATURES_H

#include "detector/feature_vector.h"

/* Over the services of a bin's sample that the host began flows to; zero when there are none. */
struct sample_shape {
	double ratio_median; /* ln((octets o + 100) / (octets i + 100)) */
	double ratio_least;
	double ratio_most;
	double octets_mean[2];   /* of ln(1 + octets / flows), enum host_direction */
	double octets_spread[2]; /* standard deviation of the same */
	double flows_mean;       /* of ln(flows) */
	double flows_most;
	double refused_share;
	double silent_share;
};

struct sample_shape sample_shape(const struct host_bin_extension *detail);

/* How regular the flow starts to one service are. */
struct service_rhythm {
	double regularity;        /* 1 - sd / mean of the intervals, not below 0 */
	double interval_s;        /* mean */
	unsigned intervals;       /* 0: no service has enough of them, and the rest is zero */
	struct host_peer service; /* as the newest minute's sample has it */
};

/*
 * The most regular service of the view's history, by regularity * min(1,
 * intervals / 8);
 * `*above` is how many reach 0.6.
 */
struct service_rhythm service_rhythm_find(const struct host_view *view, unsigned *above);

/* Writes the HOST_FEATURE_COUNT values. */
void host_features_compute(const struct host_view *view, double *values);

#endif
