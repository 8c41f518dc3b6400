/*
 * What is usual on a site, taken from its own windows, though some of its hosts may be infected.
 *
 * Of each host a fair sample of at most SITE_CALIBRATION_VALUES windows counts, so that nobody's
 * long presence decides. Above SITE_CALIBRATION_HOSTS hosts, later ones are not sampled.
 *
 * A behaviour whose tail is known from elsewhere keeps that shape, for no site has clean windows
 * enough to show its own far end; its factor becomes how many times as often as elsewhere this
 * site's windows pass the 80 % quantile.  Of that (of its logarithm) SITE_CALIBRATION_HOSTS_HALF
 * hosts decide half, many hosts nearly all.  So far inside the tail, infected hosts move it little,
 * whatever they do: one in ten of them by less than a half.
 *
 * Any other behaviour has the tail of its own values; the hosts with the greatest, one in
 * SITE_CALIBRATION_TRIM (rounded up), are left out.
 *
 * Threads: one.  No clock, no true randomness: the same windows give the same calibration.
 */
#ifndef DETECTOR_SITE_CALIBRATION_H
#define DETECTOR_SITE_CALIBRATION_H

#include <glib.h>
#include <stdint.h>

#include "detector/evidence.h"

enum {
	SITE_CALIBRATION_VALUES = 32,
	SITE_CALIBRATION_HOSTS = 8192,
	SITE_CALIBRATION_TRIM = 40,
	SITE_CALIBRATION_HOSTS_HALF = 100,
	SITE_CALIBRATION_WINDOWS_LEAST = 300, /* below these, what is usual cannot be told */
	SITE_CALIBRATION_HOSTS_LEAST = 20,
};

typedef struct SiteCalibration SiteCalibration;

SiteCalibration *site_calibration_new(void);
void site_calibration_free(SiteCalibration *site); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SiteCalibration, site_calibration_free)

/* Takes a window that the classifier has judged; a behaviour without evidence counts as zero. */
void site_calibration_add(SiteCalibration *site, const struct assessment *assessment);
void site_calibration_clear(SiteCalibration *site);

uint64_t site_calibration_windows(const SiteCalibration *site);
size_t site_calibration_hosts(const SiteCalibration *site);

/* False: there are too few windows or hosts.  Tails and alarms are written; `known`: what
 * holds elsewhere. */
bool site_calibration_make(const SiteCalibration *site, const struct calibration *known,
                           struct calibration *calibration);

#endif
