/*
 * What the files of the detector share: detector.c has the loop, detector_open.c what is opened and
 * closed, detector_take.c the way of entries and assessments, detector_commit.c the transactions,
 * detector_control.c the answers to questions.
 *
 * Threads: one.
 */
#ifndef DETECTOR_DETECTOR_PARTS_H
#define DETECTOR_DETECTOR_PARTS_H

#include <stdio.h>

#include "common/control.h"
#include "common/mono_time.h"
#include "common/ring.h"
#include "detector/alert_sink.h"
#include "detector/assessor.h"
#include "detector/detector.h"
#include "detector/feature_vector.h"
#include "detector/ring_set.h"
#include "detector/verdict_store.h"
#include "detector/verdict_table.h"

struct Detector {
	const struct detector_config *config;
	struct detector_mode mode;
	char *state;
	VerdictStore *store;
	VerdictTable *table;
	Assessor *assessor;
	RingSet *rings;
	ControlServer *control;
	FILE *scores;
	GPtrArray *sinks; /* of AlertSink */
	GArray *unsent;   /* of struct alert_lines, made in the open transaction */
	bool in_transaction;
	const char *feature_names[FEATURE_COUNT];
	char device[256];
	int64_t clock_ms;       /* newest export time dealt with */
	uint32_t judged_minute; /* up to it minutes need not be judged again after a start */
	uint32_t judged_before; /* the same of the start that was */
	int64_t detail_lost_ms; /* detail may be missing up to that export time */
	uint64_t lost;          /* parts and entries lost, as seen last */
	uint64_t entries;       /* since the start */
	uint64_t parts;
	uint64_t uncommitted;
	uint64_t alerts;
	bool judging; /* assessments of the last watermark are left */
	bool ended;
	uint64_t sketch_key;
	struct ring_bin expanded; /* the bin of a part that came as shares */
	struct mono_time started, committed, looked, pruned, heard;
};

/* Entries */

void detector_take_entry(Detector *detector, const struct ring_entry *entry);

/* Has the hosts found that are to be assessed; `finish`: the capture is at its end, all are. */
void detector_begin_judging(Detector *detector, bool finish);

/* Takes some of the assessments; false: there was none left. */
bool detector_judge_some(Detector *detector);

/* Transactions */

void detector_need_transaction(Detector *detector);

/* `all`: rows that may wait too. */
bool detector_commit(Detector *detector, bool all, GError **error);
bool detector_commit_when_due(Detector *detector, GError **error);

/* The control socket */

void detector_answer(Detector *detector);

#endif
