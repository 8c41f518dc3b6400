/*
 * What the detector says about one host: a value, as it lies in the verdict table, the store and an
 * alert.
 *
 * Threads: values.
 */
#ifndef DETECTOR_VERDICT_H
#define DETECTOR_VERDICT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/host_address.h"
#include "detector/assessment.h"

/* The score from which on a host is infected, and the one from which on its evidence is worth
 * keeping. */
#define VERDICT_INFECTED_SCORE 0.5
#define VERDICT_NEAR_SCORE     0.25

enum verdict_kind { VERDICT_UNKNOWN, VERDICT_NORMAL, VERDICT_INFECTED };

/* What is told to the outside. */
enum verdict_act { ACT_NONE, ACT_DETECTED, ACT_UPDATED, ACT_CLEARED };

struct verdict {
	struct host_address host;
	enum verdict_kind kind;
	double score;      /* of the last window; of an infected host the greatest since since_ms */
	double peak_score; /* the greatest ever */
	int64_t since_ms;  /* when the kind fell */
	int64_t first_detected_ms; /* when it was first infected; 0: never */
	int64_t infected_ms; /* when the last infection was found, be it cleared or not; 0: never */
	int64_t first_seen_ms;
	int64_t last_seen_ms;
	int64_t evidence_ms; /* end of the last minute with a score that is enough; 0: never */
	int64_t alerted_ms;  /* the last alert; 0: none */
	int64_t judged_ms;   /* end of the newest window that was judged; 0: none */
	uint32_t bins;       /* minutes with traffic */
	uint32_t judged;     /* windows judged below the score since evidence_ms */
	uint32_t sampling_interval;
	unsigned cannot_tell; /* enum cannot_tell, of the last window */
	unsigned behaviours;  /* bits (1 << enum behaviour), of an infected host since since_ms */
};

const char *verdict_name(enum verdict_kind kind);   /* "infected" */
const char *verdict_act_name(enum verdict_act act); /* "detected"; "none" */

/* False: there is no such name. */
bool verdict_find(const char *name, enum verdict_kind *kind);

/* ACT_NONE when there is no such name. */
enum verdict_act verdict_act_find(const char *name);

/* Bits to comma lists and back; unknown names are passed over. */
void verdict_add_behaviours(GString *text, unsigned behaviours);
unsigned verdict_parse_behaviours(const char *text);
void verdict_add_cannot_tell(GString *text, unsigned cannot_tell);
unsigned verdict_parse_cannot_tell(const char *text);

/* The behaviours whose evidence is enough for infected, as bits. */
unsigned verdict_strong_behaviours(const struct assessment *assessment);

#endif
