/*
 * The protocol by which detection is measured: each labelled host counts once, by its greatest
 * score from its implant's start on, and malware is compared with clean hosts and with hosts that a
 * benign capture was laid on in the same way. Beside the detector stand known ones
 * (tools/train/baselines.h), and beside every area what the same score makes of laboratories:
 * benign captures of the malware's own source sets against other benign captures, which is 0.5 when
 * infections and not laboratories are told apart.
 *
 * Without a model, machines are trained without the fold they judge (tools/train/ensemble.h), and
 * what is usual is taken from the normal hosts of the other folds.  Nothing is random: the same
 * files give the same figures.
 *
 * Errors:  a GError that names the file.
 * Threads: one.
 */
#ifndef TOOLS_TRAIN_DETECTION_H
#define TOOLS_TRAIN_DETECTION_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "tools/train/alarm_curve.h"
#include "tools/train/baselines.h"
#include "tools/train/labels.h"
#include "tools/train/train.h"

struct detection_options {
	const struct train_input *inputs;
	size_t input_count;
	const char *folds;       /* instead of those beside the labels; NULL: none */
	const char *model;       /* judge with it; NULL: cross-validate */
	const char *calibration; /* of that model; NULL: the shipped one */
	const char *features;    /* cross-validation: as of `kenchi train` */
	unsigned without;        /* the same */
	double c;
	double gamma;
	int only_fold;            /* judge only hosts of it; FOLD_NONE: all */
	unsigned seed;            /* of the choice of windows to train on */
	double alarms;            /* wished in 1000 hosts and days */
	const char *const *sites; /* the network of each input, by name: judge with machines trained
	                             without it; NULL: do not */
	bool site_thresholds;     /* try thresholds from each site's own traffic
	                             (tools/train/site_trial.h) */
	double target;            /* share of the windows that those thresholds aim at */
};

enum detection_method { DETECTION_ALL, DETECTION_PATTERN, DETECTION_EXPERTS, DETECTION_BASELINES };
enum { DETECTION_METHODS = DETECTION_BASELINES + BASELINES };

/* Which malware: all, what scans, what does not. */
enum detection_kind { KIND_ALL, KIND_SCAN, KIND_QUIET, KINDS };

struct area {
	double value; /* 0.5 when a side is empty */
	double error;
	size_t above, below; /* hosts of each side */
};

struct rate {
	size_t hits, count;
	double least, greatest; /* Wilson's 95 % interval */
};

struct latency {
	size_t count; /* hosts found */
	double median_s, worst_s;
};

struct detection_figures {
	const char *name;
	double threshold;          /* of the verdict */
	struct area clean[KINDS];  /* malware against clean hosts */
	struct area benign[KINDS]; /* against benign implants */
	struct area same_set; /* against benign implants of its own source set, all sets together */
	struct area other_sets; /* against benign implants of sets that no malware comes from */
	struct area laboratory; /* benign implants of sets that malware comes from against the
	                           others: should be 0.5 */
	struct rate
		at_five[KINDS]; /* found where 5 % and 1 % of clean and benign hosts are flagged */
	struct rate at_one[KINDS];
	struct rate found[KINDS]; /* at the verdict's threshold */
	struct rate flagged[2];   /* clean (malware before its start among them); benign implants */
	double days[2];           /* of hosts, watched */
	struct latency latency[KINDS];
	GArray *scores[KINDS]; /* double, of malware */
	GArray *negatives;     /* double, clean and benign */
};

typedef struct Detection Detection;

/* `error` of the code G_FILE_ERROR_NOENT: there is nothing to judge. */
Detection *detection_run(const struct detection_options *options, GError **error);
void detection_free(Detection *detection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Detection, detection_free)

/* struct site_trial; NULL when they were not asked for. */
const GArray *detection_sites(const Detection *detection);

/* ALARM_POINTS of the whole detector. */
const struct alarm_point *detection_alarms(const Detection *detection);

const struct detection_figures *detection_figures(const Detection *detection,
                                                  enum detection_method method);

#endif
