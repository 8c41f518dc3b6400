/* kenchi infected: the hosts that are infected, the surest first. */
#include <stdio.h>

#include "tools/kenchi/host_lines.h"
#include "tools/kenchi/store_access.h"
#include "tools/kenchi/subcommand.h"

static void
tell_none(StoreReader *store)
{
	struct store_counts counts;

	if (store_count(store, &counts, NULL))
		subcommand_complain("no infected host among %" G_GINT64_FORMAT " (%" G_GINT64_FORMAT
		                    " cannot be judged yet)",
		                    counts.hosts, counts.unknown);
}

int
subcommand_infected(struct invocation *invocation, int argc, char **argv)
{
	gboolean exit_code = FALSE;
	const GOptionEntry entries[] = {
		{ "exit-code", 0, 0, G_OPTION_ARG_NONE, &exit_code,
		  "Exit with 1 when a host is infected", NULL },
		{ NULL, 0, 0, 0, NULL, NULL, NULL },
	};
	const struct store_filter filter = { .verdict = "infected" };
	g_autoptr(StoreReader) store = NULL;
	size_t count;
	int result;
	int age;

	if (!subcommand_parse(invocation, entries, 0, &argc, &argv))
		return EXIT_CODE_USAGE;
	store = store_access(invocation, &result);
	if (store == NULL)
		return result;
	store_select_hosts(store, &filter);
	count = host_lines_print(store, invocation->json);
	result = store_access_end(store);
	if (result != EXIT_CODE_OK)
		return result;
	age = store_check_age(store, invocation);
	if (count == 0 && age == EXIT_CODE_OK)
		tell_none(store);
	return count > 0 && exit_code ? EXIT_CODE_INFECTED : age;
}
