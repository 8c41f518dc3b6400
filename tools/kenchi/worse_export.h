/*
 * A capture as a worse exporter would have sent it, by way of kenchi-collector and kenchi-flowgen:
 * what a model for such an exporter is made and measured with, from labelled captures of a good
 * one.
 *
 * Errors:  a GError that names the capture or the wrong word.
 */
#ifndef TOOLS_KENCHI_WORSE_EXPORT_H
#define TOOLS_KENCHI_WORSE_EXPORT_H

#include <glib.h>
#include <stdbool.h>

struct worse_export {
	const char *sample;    /* one packet in so many; NULL: all */
	const char *direction; /* "out" or "in" of the monitored hosts; NULL: both */
	bool no_flags;
};

/* "sampled=N", "no-flags", "out", "in", comma-separated; the words of `worse` lie in `text`, which
 * is changed. */
bool worse_export_parse(char *text, struct worse_export *worse, GError **error);

/* Writes the capture once more, as `export` in a folder; `monitored`: prefixes, NULL: the
 * collector's default. */
bool worse_export_make(const struct worse_export *worse, const char *capture,
                       char *const *monitored, const char *export, GError **error);

#endif
