/*
 * Alerts as lines of the Common Event Format, version 0; keys and constants are the rows of
 * schemas/cef.def.
 *
 * Escaping: in the header "\" and "|"; in values "\", "=" and ends of line; "|" in values and "="
 * in the header stay as they are, since strict parsers refuse them escaped.  What cannot be told
 * (control characters) becomes a space, what is not UTF-8 the replacement character.  One space
 * between pairs, no empty value, no end of line.
 *
 * Threads: pure functions.
 */
#ifndef DETECTOR_CEF_FORMAT_H
#define DETECTOR_CEF_FORMAT_H

#include <glib.h>

#include "detector/alert.h"

/* Appends the line. */
void cef_format(const struct alert *alert, GString *line);

/* Append one field of the header, one value of an extension. */
void cef_add_header(GString *line, const char *text);
void cef_add_value(GString *line, const char *text);

#endif
