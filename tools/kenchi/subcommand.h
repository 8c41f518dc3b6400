/*
 * What the sub-commands of kenchi share: how they are called, their exit codes, their options.
 *
 * Data goes to stdout and messages go to stderr, always.
 */
#ifndef TOOLS_KENCHI_SUBCOMMAND_H
#define TOOLS_KENCHI_SUBCOMMAND_H

#include <glib.h>
#include <stdbool.h>

#include "common/host_address.h"

enum exit_code {
	EXIT_CODE_OK = 0,
	EXIT_CODE_INFECTED = 1, /* only with --exit-code */
	EXIT_CODE_FAILED = 1,   /* a program that was started failed, stdout is full */
	EXIT_CODE_USAGE = 2,    /* wrong use or bad input; the message names it */
	EXIT_CODE_NO_DATA = 3,  /* no data, or only stale data */
};

/* The options that come before or after the name of every sub-command. */
struct invocation {
	char *state;      /* the state folder; never NULL after subcommand_parse() */
	bool state_given; /* by an option */
	gboolean json;
	gint64 max_age_s; /* older data is stale; 0: never */
};

enum { MAX_AGE_S = 300 };

struct subcommand {
	const char *name;
	const char *arguments;
	const char *summary;
	int (*run)(struct invocation *invocation, int argc, char **argv); /* argv[0] is the name */
};

/* All of them, in the order of `kenchi help`; ends with a row without name. */
extern const struct subcommand subcommands[];

/* The row of `name`, or NULL. */
const struct subcommand *subcommand_find(const char *name);

/*
 * Parses the options of a sub-command, those of `invocation` among them, and takes them out of
 * argv.  `positional` is how many further arguments it takes at most.  False: told on stderr; the
 * exit code is EXIT_CODE_USAGE.
 */
bool subcommand_parse(struct invocation *invocation, const GOptionEntry *entries, int positional,
                      int *argc, char ***argv);

/* Reads the address of a host and writes it as the store does.  False: told on stderr, `origin`
 * first. */
bool subcommand_host(const char *origin, const char *text,
                     char address[static HOST_ADDRESS_TEXT_SIZE]);

/* Prints "kenchi: ..." to stderr, control characters escaped. */
void subcommand_complain(const char *format, ...) G_GNUC_PRINTF(1, 2);

#define SUBCOMMAND(name, arguments, summary)                                                       \
	int subcommand_##name(struct invocation *invocation, int argc, char **argv);
#include "tools/kenchi/subcommands.def"
#undef SUBCOMMAND

#endif
