/*
 * How many infected hosts each detector finds at a rate of false positives, as a script for gnuplot
 * that holds the data. Pure function: the same figures give the same script.
 */
#ifndef TOOLS_KENCHI_ROC_FIGURE_H
#define TOOLS_KENCHI_ROC_FIGURE_H

#include <glib.h>

#include "tools/train/detection.h"

/* A script that prints an SVG to stdout. */
GString *roc_figure_script(const Detection *detection, enum detection_kind kind);

#endif
