/*
 * How near the collector's approximations come to the packets of one capture, beside the plainest
 * way of booking the same records (record_traffic.h).
 *
 * Errors:  a GError that names the capture, file or line.
 */
#ifndef TOOLS_KENCHI_CAPTURE_EVALUATION_H
#define TOOLS_KENCHI_CAPTURE_EVALUATION_H

#include <glib.h>
#include <stdbool.h>

#include "tools/kenchi/approximation.h"
#include "tools/kenchi/record_traffic.h"

/* What is to be evaluated; strings are the caller's. */
struct capture_task {
	char *name;
	char *capture; /* of export datagrams */
	char *truth;   /* the folder of truth_1s.csv and truth_sizes.csv */
	char *label;   /* "infected", "normal"; empty: not known */
	char *source;  /* where the capture comes from; empty: not known */
};

struct capture_evaluation {
	struct approximation_error bins;
	struct approximation_error plain;
	struct record_counts counts;
	bool tcp_heavy; /* at least nine tenths of the host's packets are TCP, by the records */
};

bool capture_evaluate(const struct capture_task *task, struct capture_evaluation *evaluation,
                      GError **error);

/* Share of TCP in the host's packets; 0 when there are none. */
double capture_tcp_share(const struct record_counts *counts);

#endif
