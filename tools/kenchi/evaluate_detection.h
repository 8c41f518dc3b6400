/*
 * kenchi evaluate detection: the protocol of tools/train/detection.h, printed and drawn.
 */
#ifndef TOOLS_KENCHI_EVALUATE_DETECTION_H
#define TOOLS_KENCHI_EVALUATE_DETECTION_H

#include <glib.h>
#include <stdbool.h>

#include "tools/kenchi/bin_inputs.h"
#include "tools/train/detection.h"

struct detection_task {
	struct bin_source source;
	char **sites; /* the network of each, to be left out of the training; NULL: not asked for */
	const char *svg;  /* folder for curves; NULL: none */
	const char *page; /* HTML file; NULL: none */
	bool json;
	struct detection_options options; /* inputs are filled in */
};

/* An exit code; problems are told on stderr. */
int evaluate_detection(struct detection_task *task);

#endif
