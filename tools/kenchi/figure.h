/*
 * Figures of one host's traffic, as a script for gnuplot that holds the data too: octets per second
 * over time, what was received above what was sent, each with a scale of its own; and the share of
 * packets by size class.  Several sources stand side by side with the same scales.
 *
 * Source:  Mori et al., A study on features of malicious traffic, figures 3 to 8.
 * Pure functions: the same traffic gives the same script.
 */
#ifndef TOOLS_KENCHI_FIGURE_H
#define TOOLS_KENCHI_FIGURE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "tools/kenchi/host_traffic.h"

struct figure_source {
	const char *name; /* such as "from flow records" */
	const HostTraffic *traffic;
};

struct figure_options {
	const char *title;
	bool octets;
	bool sizes;
};

enum { FIGURE_SOURCES = 2 }; /* at most */

/* A script that prints an SVG to stdout; NULL: no source has traffic. */
GString *figure_script(const struct figure_options *options, const struct figure_source *sources,
                       size_t count);

#endif
