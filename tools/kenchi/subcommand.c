#include "tools/kenchi/subcommand.h"

#include <stdio.h>
#include <string.h>

#include "common/state_folder.h"
#include "tools/kenchi/text.h"

const struct subcommand subcommands[] = {
#define SUBCOMMAND(name, arguments, summary) { #name, arguments, summary, subcommand_##name },
#include "tools/kenchi/subcommands.def"
#undef SUBCOMMAND
	{ NULL, NULL, NULL, NULL },
};

const struct subcommand *
subcommand_find(const char *name)
{
	for (const struct subcommand *row = subcommands; row->name != NULL; row++) {
		if (strcmp(row->name, name) == 0)
			return row;
	}
	return NULL;
}

void
subcommand_complain(const char *format, ...)
{
	g_autofree char *message = NULL;
	g_autofree char *printable = NULL;
	va_list arguments;

	va_start(arguments, format);
	message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	printable = text_escape(message);
	fprintf(stderr, "kenchi: %s\n", printable);
}

static GOptionContext *
option_context(struct invocation *invocation, const GOptionEntry *entries,
               const struct subcommand *row)
{
	const GOptionEntry shared[] = {
		{ "state", 0, 0, G_OPTION_ARG_FILENAME, &invocation->state,
		  "The state folder of the daemons", "DIR" },
		{ "json", 0, 0, G_OPTION_ARG_NONE, &invocation->json, "One JSON object a line",
		  NULL },
		{ "max-age", 0, 0, G_OPTION_ARG_INT64, &invocation->max_age_s,
		  "Older data is stale (300; 0: never)", "SECONDS" },
		{ NULL, 0, 0, 0, NULL, NULL, NULL },
	};
	GOptionContext *context = g_option_context_new(row->arguments);

	g_option_context_set_summary(context, row->summary);
	if (entries != NULL)
		g_option_context_add_main_entries(context, entries, NULL);
	g_option_context_add_main_entries(context, shared, NULL);
	return context;
}

/* An argument of "-" is the standard input, "--" the end of the options: what is left must be few
 * enough. */
static bool
check_positional(const char *name, int positional, int *argc, char **argv)
{
	if (*argc > 1 && strcmp(argv[1], "--") == 0) {
		for (int i = 1; i < *argc; i++)
			argv[i] = argv[i + 1];
		(*argc)--;
	}
	if (positional == G_MAXINT || *argc - 1 <= positional)
		return true;
	subcommand_complain("%s: too many arguments: \"%s\" (see kenchi help %s)", name,
	                    argv[1 + positional], name);
	return false;
}

bool
subcommand_parse(struct invocation *invocation, const GOptionEntry *entries, int positional,
                 int *argc, char ***argv)
{
	const struct subcommand *row = subcommand_find((*argv)[0]);
	g_autoptr(GOptionContext) context = option_context(invocation, entries, row);
	g_autofree char *program = g_strdup_printf("kenchi %s", row->name);
	g_autoptr(GError) error = NULL;

	g_set_prgname(program);
	if (!g_option_context_parse(context, argc, argv, &error)) {
		subcommand_complain("%s: %s (see kenchi help %s)", row->name, error->message,
		                    row->name);
		return false;
	}
	if (!check_positional(row->name, positional, argc, *argv))
		return false;
	if (invocation->max_age_s < 0) {
		subcommand_complain("%s: --max-age %" G_GINT64_FORMAT ": it must not be negative",
		                    row->name, invocation->max_age_s);
		return false;
	}
	invocation->state_given = invocation->state != NULL;
	if (!invocation->state_given)
		invocation->state = state_folder_default();
	return true;
}

bool
subcommand_host(const char *origin, const char *text, char address[static HOST_ADDRESS_TEXT_SIZE])
{
	struct host_address parsed;

	if (!host_address_parse(text, &parsed)) {
		subcommand_complain("%s: \"%s\" is no IPv4 or IPv6 address", origin, text);
		return false;
	}
	host_address_format(&parsed, address);
	return true;
}
