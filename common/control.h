/*
 * Control sockets: how `kenchi` asks a running daemon.  A UNIX stream socket in the state folder;
 * the client sends one line, a command, and the server answers with lines of JSON (one object each)
 * and closes.  An unknown command is answered with {"error": "..."}.
 *
 * The server is polled by the daemon's own loop: no thread, no callback.  Clients are bounded in
 * number, in what they may send and in time; a slow one is dropped.
 *
 * Ownership: what control_next() gives is the server's.
 * Errors:    a GError that names the path.
 * Threads:   one for each server; control_ask() any.
 */
#ifndef COMMON_CONTROL_H
#define COMMON_CONTROL_H

#include <glib.h>
#include <stdbool.h>

typedef struct ControlServer ControlServer;

/* Listens on `path` (mode 0600); a stale socket there is replaced, a live one refused. */
ControlServer *control_open(const char *path, GError **error);
void control_close(ControlServer *server); /* unlinks the socket; NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ControlServer, control_close)

/* The descriptor to poll for input. */
int control_fd(const ControlServer *server);

/*
 * Accepts and reads without waiting.  Returns a command that is complete, or NULL; it is valid
 * until control_answer(), which must follow.
 */
const char *control_next(ControlServer *server);
void control_answer(ControlServer *server, const char *json_lines);

/* The client: asks and waits up to `timeout_ms`.  NULL, with `error` set, when nobody answers. Free
 * with g_free(). */
char *control_ask(const char *path, const char *command, int timeout_ms, GError **error);

#endif
