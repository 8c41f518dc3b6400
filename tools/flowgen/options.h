/*
 * What kenchi-flowgen is to do: its options, and what it says of those that cannot be.
 *
 * Ownership: texts are the struct's; free them with options_clear().
 * Threads:   one.
 */
#ifndef TOOLS_FLOWGEN_OPTIONS_H
#define TOOLS_FLOWGEN_OPTIONS_H

#include <glib.h>
#include <stdbool.h>

struct options {
	char *format;
	char *pcap;
	char *to;
	char *labels;
	char *start;
	char *from;
	char *direction;
	char **seen;
	gint64 seed;
	gint hosts;
	gint flows;
	gint exporters;
	gint templates;
	gint records;
	gint minutes;
	gdouble speed;
	gint rate;
	gint sample;
	gboolean ipv4_only;
	gboolean no_flags;
};

struct options options_default(void);

/* Adds them to a context, whose parsing sets them. */
void options_add(GOptionContext *context, struct options *options);

/* Can it be done?  `argc` and `argv`: what parsing has left.  False: a message says why not. */
bool options_check(const struct options *options, int argc, char **argv);
void options_clear(struct options *options);

/* A message about one value of an option.  Returns false. */
bool options_complain(const char *what, const char *value, const char *why);

#endif
