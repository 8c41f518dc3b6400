/* kenchi version: the version, and where the state is. */
#include <stdio.h>

#include "common/json_writer.h"
#include "tools/kenchi/json_text.h"
#include "tools/kenchi/subcommand.h"
#include "tools/kenchi/text.h"

int
subcommand_version(struct invocation *invocation, int argc, char **argv)
{
	g_autoptr(GString) line = g_string_new(NULL);
	g_autofree char *state = NULL;

	if (!subcommand_parse(invocation, NULL, 0, &argc, &argv))
		return EXIT_CODE_USAGE;
	state = text_escape(invocation->state);
	if (!invocation->json) {
		printf("kenchi %s\nstate folder %s\n", KENCHI_VERSION, state);
		return EXIT_CODE_OK;
	}
	json_open_object(line, NULL);
	json_add_string(line, "version", KENCHI_VERSION);
	json_add_string(line, "state", invocation->state);
	json_close_object(line);
	json_end_line(line);
	json_text_print(line);
	return EXIT_CODE_OK;
}
