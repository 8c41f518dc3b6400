/*
 * What is told to the outside when a verdict falls, goes on or is cleared: a value, and the lines
 * made of it.
 *
 * Threads: values.
 */
#ifndef DETECTOR_ALERT_H
#define DETECTOR_ALERT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "detector/assessment.h"
#include "detector/verdict.h"

struct alert {
	enum verdict_act act;
	struct verdict verdict;
	int64_t time_ms;  /* newest export time when it was made */
	int64_t start_ms; /* of the minute with the evidence; of an update since_ms; of a clearing
	                     evidence_ms */
	int64_t end_ms;
	char id[33];           /* the same for all alerts about one infection of one host */
	const char *model;     /* borrowed */
	const char *device;    /* the machine's name; borrowed */
	size_t evidence_count; /* strongest first */
	struct evidence evidence[BEHAVIOUR_COUNT];
};

/* The lines of an alert, as they go to the outputs; texts are owned by whoever holds the struct. */
struct alert_lines {
	enum verdict_act act;
	int64_t time_ms;
	int severity; /* 0 to 10, of CEF */
	char *cef;    /* without end of line */
	char *ecs;
};

/* Where alerts come from: the same for all of them. */
struct alert_origin {
	const char *model;
	const char *device;
};

/* `act` is not ACT_NONE; `assessment` is the one that led to it. */
void alert_make(struct alert *alert, enum verdict_act act, const struct verdict *verdict,
                const struct assessment *assessment, const struct alert_origin *origin);

/* CEF severity: the greatest of the behaviours', 3 for a clearing. */
int alert_severity(const struct alert *alert);

/* "10.0.0.5 infected: horizontal scan 750 peers (threshold 40, usual 3)". */
void alert_add_text(const struct alert *alert, GString *text);

/* Decimal with at most four places, no exponent, no needless zero, whatever the locale. */
void alert_add_number(GString *text, double number);

/* "tcp", or the number. */
void alert_add_protocol(GString *text, uint8_t protocol);

/* A JSON array of the evidence's peers, each an object. */
void alert_add_peers(GString *json, const char *name, const struct evidence *evidence);

void alert_lines_clear(struct alert_lines *lines);

#endif
