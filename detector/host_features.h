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

/* Writes the HOST_FEATURE_COUNT values, but leaves out the groups that are not chosen. */
void host_features_compute(const struct host_view *view, const struct feature_choice *choice,
                           double *values);

#endif
