/*
 * kenchi: the analyst's command.  Finds the sub-command and leaves the rest to it.
 */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "common/written.h"
#include "tools/kenchi/subcommand.h"

/* Options before the sub-command's name are its options too: "--state DIR" and the like are put
 * behind it. */
static int
find_name(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (argv[i][0] != '-')
			return i;
		if (strcmp(argv[i], "--state") == 0 || strcmp(argv[i], "--max-age") == 0)
			i++;
	}
	return 0;
}

static int
refuse_without_name(const char *last)
{
	if (strcmp(last, "--state") == 0 || strcmp(last, "--max-age") == 0)
		subcommand_complain("%s wants a value", last);
	else
		subcommand_complain("which sub-command? (see kenchi help)");
	return EXIT_CODE_USAGE;
}

static char *
name_of_option(const char *option)
{
	static char version[] = "version";
	static char help[] = "help";

	if (strcmp(option, "--version") == 0 || strcmp(option, "-V") == 0)
		return version;
	if (strcmp(option, "--help") == 0 || strcmp(option, "-h") == 0)
		return help;
	return NULL;
}

static int
run(int argc, char **argv)
{
	struct invocation invocation = { .max_age_s = MAX_AGE_S };
	const struct subcommand *row = subcommand_find(argv[0]);
	int result;

	if (row == NULL) {
		subcommand_complain("there is no sub-command \"%s\" (see kenchi help)", argv[0]);
		return EXIT_CODE_USAGE;
	}
	result = row->run(&invocation, argc, argv);
	g_free(invocation.state);
	return result;
}

int
main(int argc, char **argv)
{
	int at = find_name(argc, argv);
	char *name = at > 0 ? argv[at] : NULL;
	char *alone[] = { NULL, NULL };
	g_autoptr(GError) error = NULL;
	int result;

	/* Not LC_NUMERIC: the decimal point of what is printed is a point. */
	setlocale(LC_CTYPE, ""); /* NOLINT(concurrency-mt-unsafe): there is one thread yet */
	if (at == 0) {
		alone[0] = name_of_option(argc > 1 ? argv[1] : "");
		if (alone[0] == NULL)
			return refuse_without_name(argv[argc - 1]);
		result = run(1, alone);
	} else {
		memmove(argv + 1, argv, (size_t)at * sizeof(*argv));
		argv[1] = name;
		result = run(argc - 1, argv + 1);
	}
	if (!written_whole(stdout, "the standard output", &error)) {
		subcommand_complain("%s", error->message);
		result = EXIT_CODE_FAILED;
	}
	return result;
}
