/*
 * Runs the two daemons over captures: finds the programs, starts them as processes and waits for
 * both.
 */
#ifndef TOOLS_KENCHI_DAEMONS_H
#define TOOLS_KENCHI_DAEMONS_H

#include <glib.h>
#include <stdbool.h>

/* kenchi-collector, kenchi-detector or kenchi-flowgen: beside this program, in its build tree, or
 * on PATH.  Free with g_free(). */
char *daemons_find(const char *name, GError **error);

enum daemons_result {
	DAEMONS_DONE,
	DAEMONS_REFUSED, /* one ended first, with 2: what it was given is wrong, and it has said so
	                  */
	DAEMONS_DAMAGED, /* a capture was damaged: it has said so, and what came before is judged */
	DAEMONS_FAILED,
	DAEMONS_STOPPED, /* the user stopped this program */
};

/*
 * Runs both to their end, over the state folder; when one fails the other is stopped.  The
 * arguments are NULL-terminated, the program's path first.  Their messages go to stderr, their
 * stdout goes nowhere; the collector has this program's standard input.
 */
enum daemons_result daemons_run(const char *state, char **collector, char **detector,
                                GError **error);

#endif
