/*
 * What the daemons answer on their control sockets, for people.
 */
#ifndef TOOLS_KENCHI_DAEMON_STATUS_H
#define TOOLS_KENCHI_DAEMON_STATUS_H

#include <json-glib/json-glib.h>
#include <stdbool.h>

/* Asks FOLDER/`daemon`.sock; the first line as an object, or NULL when nobody answers. Free with
 * json_node_unref(). */
JsonNode *daemon_status_ask(const char *folder, const char *daemon, const char *command);

/* All lines of the answer, each parsed; NULL when nobody answers.  Free with g_ptr_array_unref().
 */
GPtrArray *daemon_status_ask_lines(const char *folder, const char *daemon, const char *command);

/* Why a daemon does not answer: it does not run, or it cannot be asked.  Free with g_free(). */
char *daemon_status_silence(const char *folder, const char *daemon);

/* A number by its path, such as "bins.late"; 0 when it is not there or `status` is NULL. */
double daemon_status_number(JsonNode *status, const char *path);

/* `status` is NULL when the daemon of that folder does not answer; `counters`, `all`: every
 * counter. */
void daemon_status_print_collector(const char *folder, JsonNode *status, bool counters);
void daemon_status_print_detector(const char *folder, JsonNode *status, JsonNode *counters,
                                  bool all);

#endif
