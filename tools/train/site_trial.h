/*
 * What a threshold from a site's own traffic is worth: the detector's calibration
 * (detector/site_calibration.h) is made of the first part of each capture, with infected hosts
 * among it or without, and false positives are counted on the rest.
 *
 * Each bin file is a site.  Its hosts are those that the decision values were not trained on,
 * unverified ones among them: a site's calibration does not know who is verified.
 *
 * Nothing is random but for the intervals, whose seed is fixed.
 * Threads: one.
 */
#ifndef TOOLS_TRAIN_SITE_TRIAL_H
#define TOOLS_TRAIN_SITE_TRIAL_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "detector/evidence.h"
#include "tools/train/normal_values.h"

enum { SITE_TRIALS = 4 }; /* of each site */

/* Hosts that were flagged, and windows, in the part of the capture that was not calibrated on. */
struct site_count {
	size_t windows, windows_flagged;
	double least,
		greatest; /* 95 % interval of the windows' rate: hosts drawn with replacement */
	size_t hosts, hosts_flagged;
};

enum site_group { SITE_NORMAL, SITE_BENIGN, SITE_UNVERIFIED, SITE_GROUPS };

struct site_trial {
	const char *site;
	double infected; /* share of the hosts calibrated on; below 0: not calibrated, as shipped */
	bool calibrated; /* false: there was too little, the known tail was taken */
	size_t calibration_hosts;
	double target_share;                    /* of the windows, as wished */
	double threshold;                       /* mean over the groups that were judged */
	struct site_count target[SITE_GROUPS];  /* at the target */
	struct site_count verdict[SITE_GROUPS]; /* at the verdict's threshold */
	size_t malware, found[2];               /* hosts, and those found at the two */
	double days;                            /* of verified hosts, in that part */
};

#define SITE_TRIAL_PART 0.3 /* of the capture's time is calibrated on */

struct site_trial_input {
	const WindowSet *set;
	const double *values; /* decision values, NAN: not judged */
	const host_choice *judged;
	const unsigned *groups; /* of each of window_set_host(): who is judged by which yardstick */
	const struct yardstick *yardsticks;
	unsigned group_count;
	double target; /* share of the windows, wished */
	double alarms; /* wished */
};

/* struct site_trial, SITE_TRIALS for each site. */
GArray *site_trials_run(const struct site_trial_input *input);

#endif
