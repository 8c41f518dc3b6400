/* One host in one line: as a row of a table, and as JSON (schemas/verdict.schema.json). */
#ifndef TOOLS_KENCHI_HOST_LINES_H
#define TOOLS_KENCHI_HOST_LINES_H

#include <glib.h>
#include <stdbool.h>

#include "tools/kenchi/store_reader.h"

/* Prints the hosts of a query that was begun with store_select_hosts(); returns how many. */
size_t host_lines_print(StoreReader *store, bool json);

/* The members of one host, without the braces around them. */
void host_lines_add_members(GString *json, const struct store_host *host);

/* "horizontal scan, beacon" for "horizontal_scan,beacon"; free with g_free(). */
char *host_lines_titles(const char *names);

/* The row of schemas/behaviours.def: its title and what it means; the name and "" when there is
 * none. */
const char *host_lines_title(const char *behaviour);
const char *host_lines_meaning(const char *behaviour);

#endif
