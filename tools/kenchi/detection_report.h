/*
 * Prints how well hosts are told apart: tables for people, one JSON line for each detector.
 */
#ifndef TOOLS_KENCHI_DETECTION_REPORT_H
#define TOOLS_KENCHI_DETECTION_REPORT_H

#include <stdbool.h>

#include "tools/train/detection.h"

void detection_report_print(const Detection *detection, bool json);

#endif
