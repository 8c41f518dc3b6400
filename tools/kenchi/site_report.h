/*
 * What a threshold from a site's own traffic is worth, printed.
 */
#ifndef TOOLS_KENCHI_SITE_REPORT_H
#define TOOLS_KENCHI_SITE_REPORT_H

#include <stdbool.h>

#include "tools/train/detection.h"

void site_report_print(const Detection *detection, bool json);

#endif
