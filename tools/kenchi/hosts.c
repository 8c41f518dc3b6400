/* kenchi hosts: every monitored host, or those that a filter leaves. */
#include <string.h>

#include "tools/kenchi/host_lines.h"
#include "tools/kenchi/store_access.h"
#include "tools/kenchi/subcommand.h"

static bool
check_verdict(const char *verdict)
{
	if (verdict == NULL || strcmp(verdict, "infected") == 0 || strcmp(verdict, "normal") == 0 ||
	    strcmp(verdict, "unknown") == 0)
		return true;
	subcommand_complain("hosts: --verdict \"%s\": it is infected, normal or unknown", verdict);
	return false;
}

static bool
check_limit(int64_t limit)
{
	if (limit >= 0)
		return true;
	subcommand_complain("hosts: --limit %" G_GINT64_FORMAT ": it must not be negative", limit);
	return false;
}

int
subcommand_hosts(struct invocation *invocation, int argc, char **argv)
{
	g_autofree char *verdict = NULL;
	gboolean near = FALSE;
	gint64 limit = 0;
	const GOptionEntry entries[] = {
		{ "verdict", 0, 0, G_OPTION_ARG_STRING, &verdict,
		  "Only infected, normal or unknown ones", "VERDICT" },
		{ "near", 0, 0, G_OPTION_ARG_NONE, &near,
		  "Only hosts that are, or were, near the verdict infected", NULL },
		{ "limit", 0, 0, G_OPTION_ARG_INT64, &limit, "At most so many", "COUNT" },
		{ NULL, 0, 0, 0, NULL, NULL, NULL },
	};
	g_autoptr(StoreReader) store = NULL;
	struct store_filter filter = { 0 };
	int result;

	if (!subcommand_parse(invocation, entries, 0, &argc, &argv) || !check_verdict(verdict) ||
	    !check_limit(limit))
		return EXIT_CODE_USAGE;
	store = store_access(invocation, &result);
	if (store == NULL)
		return result;
	filter = (struct store_filter){ .verdict = verdict, .near = near, .limit = limit };
	store_select_hosts(store, &filter);
	host_lines_print(store, invocation->json);
	result = store_access_end(store);
	return result != EXIT_CODE_OK ? result : store_check_age(store, invocation);
}
