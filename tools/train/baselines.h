/*
 * Known detectors to stand beside, computed from the same bins: what they see is what the bins
 * tell, so they are likenesses of the originals.
 *
 * Source: scan detector of NEMEA (M. Svepes, T. Cejka, 2015); TRW: J. Jung et al., Fast portscan
 * detection using sequential hypothesis testing (2004), parameters of SiLK; rwscan: C. Gates et
 * al., Scan detection on very large networks using logistic regression modeling (2006),
 * coefficients of SiLK's rwscan for TCP; RITA's regularity of the flows to one service.
 *
 * Threads: one.
 */
#ifndef TOOLS_TRAIN_BASELINES_H
#define TOOLS_TRAIN_BASELINES_H

#include <glib.h>

#include "common/ring.h"
#include "detector/assessment.h"

enum baseline {
	BASELINE_FAILING, /* services without answer in a minute */
	BASELINE_TRW,     /* ln of the likelihood ratio of the first contacts of five minutes */
	BASELINE_RWSCAN,  /* probability of a TCP scan in five minutes; 0 below 32 flows */
	BASELINE_BEACON,  /* regularity of the most regular service, 0 to 1 */
	BASELINES
};

/* Where each calls a host infected. */
extern const double baseline_thresholds[BASELINES];

typedef struct Baselines Baselines;

Baselines *baselines_new(size_t hosts_max, uint64_t sketch_key);
void baselines_free(Baselines *baselines);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Baselines, baselines_free)

void baselines_add(Baselines *baselines, const struct ring_bin *part);

/* Of the window of an assessment that has features. */
void baselines_judge(const Baselines *baselines, const struct assessment *assessment,
                     float scores[static BASELINES]);

#endif
