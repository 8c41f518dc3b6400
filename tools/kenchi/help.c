/* kenchi help: the sub-commands, or the options of one. */
#include <stdio.h>
#include <string.h>

#include "tools/kenchi/subcommand.h"

enum { COLUMN = 20 };

static void
print_list(void)
{
	printf("Usage: kenchi SUBCOMMAND [OPTION...]\n\n"
	       "Tells which hosts are infected, from flow records.\n\n");
	for (const struct subcommand *row = subcommands; row->name != NULL; row++) {
		g_autofree char *call = g_strdup_printf("%s %s", row->name, row->arguments);

		if (strlen(call) > COLUMN) /* on a line of its own */
			printf("  %s\n  %*s %s\n", call, COLUMN, "", row->summary);
		else
			printf("  %-*s %s\n", COLUMN, call, row->summary);
	}
	printf("\nEvery one takes --state DIR, --json, --max-age SECONDS and --help.\n"
	       "Data goes to stdout, messages go to stderr.  Exit code: 0 success; 1 a host is infected (infected\n"
	       "--exit-code), or something failed; 2 wrong use or bad input; 3 no data or stale data.\n");
}

int
subcommand_help(struct invocation *invocation, int argc, char **argv)
{
	char help[] = "--help";
	char *arguments[] = { NULL, help, NULL };
	const struct subcommand *row;

	if (!subcommand_parse(invocation, NULL, 1, &argc, &argv))
		return EXIT_CODE_USAGE;
	if (argc < 2) {
		print_list();
		return EXIT_CODE_OK;
	}
	row = subcommand_find(argv[1]);
	if (row == NULL) {
		subcommand_complain("help: there is no sub-command \"%s\" (see kenchi help)",
		                    argv[1]);
		return EXIT_CODE_USAGE;
	}
	arguments[0] = argv[1];
	return row->run(invocation, 2, arguments);
}
