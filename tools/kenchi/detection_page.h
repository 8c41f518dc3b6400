/*
 * How well hosts are told apart, as a page: the figures of tools/train/detection.h with their
 * curves, in one HTML file.
 *
 * Errors: a GError that names the file; without gnuplot the page has no curves and says so.
 */
#ifndef TOOLS_KENCHI_DETECTION_PAGE_H
#define TOOLS_KENCHI_DETECTION_PAGE_H

#include <glib.h>
#include <stdbool.h>

#include "tools/train/detection.h"

bool detection_page_write(const Detection *detection, const char *title, const char *path,
                          GError **error);

#endif
