#include "common/control.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/fault.h"

enum {
	CLIENTS = 8,        /* served at a time; a further one takes the place of the oldest */
	COMMAND_SIZE = 256, /* a line, its end and the final zero */
	ANSWER_MOST = 64 << 20,
};

struct client {
	int descriptor; /* -1: free */
	uint64_t order; /* of coming */
	size_t length;
	char command[COMMAND_SIZE];
	GString *answer; /* NULL until the command has been answered */
	size_t sent;
};

/* The descriptor that the daemon polls is an epoll instance over the listening socket and the
 * clients. */
struct ControlServer {
	int poller;
	int listener;
	char *path;
	uint64_t accepted;
	struct client *asking; /* whose command control_next() has returned */
	struct client clients[CLIENTS];
};

/*
 * A path that does not fit into the address is reached through a descriptor of its folder, which
 * the caller closes when it is not -1.
 */
static bool
make_address(const char *path, struct sockaddr_un *address, int *folder)
{
	g_autofree char *parent = NULL;
	g_autofree char *name = NULL;
	int length;

	*folder = -1;
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (g_strlcpy(address->sun_path, path, sizeof(address->sun_path)) <
	    sizeof(address->sun_path))
		return true;
	parent = g_path_get_dirname(path);
	name = g_path_get_basename(path);
	*folder = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*folder < 0)
		return false;
	length = g_snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/%s",
	                    *folder, name);
	if ((size_t)length < sizeof(address->sun_path))
		return true;
	close(*folder);
	*folder = -1;
	errno = ENAMETOOLONG;
	return false;
}

static int
open_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static int
connect_to(const char *path)
{
	struct sockaddr_un address;
	int folder;
	int descriptor = -1;
	int number;

	if (!make_address(path, &address, &folder))
		return -1;
	descriptor = open_socket();
	if (descriptor >= 0 &&
	    connect(descriptor, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		number = errno;
		close(descriptor);
		descriptor = -1;
		errno = number;
	}
	number = errno;
	if (folder >= 0)
		close(folder);
	errno = number;
	return descriptor;
}

/* A socket that nobody answers at was left behind by a program that was killed. */
static bool
remove_stale(const char *path, GError **error)
{
	int descriptor = connect_to(path);

	if (descriptor >= 0 || errno == EAGAIN) {
		if (descriptor >= 0)
			close(descriptor);
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE,
		            "another program is running with this state folder: it answers at %s",
		            path);
		return false;
	}
	if (errno == ECONNREFUSED && unlink(path) != 0)
		return fault_system(error, "cannot remove the stale socket %s", path);
	return true;
}

static bool
bind_to(int descriptor, const char *path)
{
	struct sockaddr_un address;
	int folder;
	bool bound;
	int number;

	if (!make_address(path, &address, &folder))
		return false;
	/* Before bind(), so that the socket is never there with wider rights. */
	bound = fchmod(descriptor, 0600) == 0 &&
	        bind(descriptor, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
	        listen(descriptor, CLIENTS) == 0;
	number = errno;
	if (folder >= 0)
		close(folder);
	errno = number;
	return bound;
}

static bool
watch(ControlServer *server, int descriptor, struct client *client)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };

	return epoll_ctl(server->poller, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

ControlServer *
control_open(const char *path, GError **error)
{
	g_autoptr(ControlServer) server = NULL;

	if (!remove_stale(path, error))
		return NULL;
	server = g_new0(ControlServer, 1);
	for (size_t i = 0; i < CLIENTS; i++)
		server->clients[i].descriptor = -1;
	server->poller = epoll_create1(EPOLL_CLOEXEC);
	server->listener = open_socket();
	if (server->poller < 0 || server->listener < 0 || !bind_to(server->listener, path)) {
		fault_system(error, "cannot open the control socket %s", path);
		return NULL;
	}
	server->path = g_strdup(path);
	if (!watch(server, server->listener, NULL)) {
		fault_system(error, "cannot watch the control socket %s", path);
		return NULL;
	}
	return g_steal_pointer(&server);
}

static void
drop_client(ControlServer *server, struct client *client)
{
	if (client->descriptor >= 0)
		close(client->descriptor);
	if (client->answer != NULL)
		g_string_free(client->answer, TRUE);
	if (server->asking == client)
		server->asking = NULL;
	*client = (struct client){ .descriptor = -1 };
}

void
control_close(ControlServer *server)
{
	if (server == NULL)
		return;
	for (size_t i = 0; i < CLIENTS; i++)
		drop_client(server, &server->clients[i]);
	if (server->path != NULL)
		unlink(server->path);
	if (server->listener >= 0)
		close(server->listener);
	if (server->poller >= 0)
		close(server->poller);
	g_free(server->path);
	g_free(server);
}

int
control_fd(const ControlServer *server)
{
	return server->poller;
}

static struct client *
choose_place(ControlServer *server)
{
	struct client *oldest = &server->clients[0];

	for (size_t i = 0; i < CLIENTS; i++) {
		struct client *client = &server->clients[i];
		if (client->descriptor < 0)
			return client;
		if (client->order < oldest->order)
			oldest = client;
	}
	drop_client(server, oldest);
	return oldest;
}

static void
accept_client(ControlServer *server)
{
	int descriptor = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *client;

	if (descriptor < 0)
		return;
	client = choose_place(server);
	client->descriptor = descriptor;
	client->order = ++server->accepted;
	if (!watch(server, descriptor, client))
		drop_client(server, client);
}

/* True when the command is complete.  A client that says too much or goes away is dropped. */
static bool
read_command(ControlServer *server, struct client *client)
{
	size_t room = COMMAND_SIZE - 1 - client->length;
	ssize_t got =
		recv(client->descriptor, client->command + client->length, room, MSG_DONTWAIT);
	char *end;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got <= 0) {
		drop_client(server, client);
		return false;
	}
	client->length += (size_t)got;
	client->command[client->length] = '\0';
	end = memchr(client->command, '\n', client->length);
	if (end != NULL) {
		*end = '\0';
		g_strchomp(client->command);
		return true;
	}
	if (client->length == COMMAND_SIZE - 1)
		drop_client(server, client);
	return false;
}

/* Sends what the socket takes; the rest goes when it takes more. */
static void
send_answer(ControlServer *server, struct client *client)
{
	struct epoll_event event = { .events = EPOLLOUT, .data.ptr = client };
	size_t left = client->answer->len - client->sent;
	ssize_t sent = send(client->descriptor, client->answer->str + client->sent, left,
	                    MSG_DONTWAIT | MSG_NOSIGNAL);

	if (sent < 0 && errno != EAGAIN && errno != EINTR) {
		drop_client(server, client);
		return;
	}
	client->sent += sent > 0 ? (size_t)sent : 0;
	if (client->sent == client->answer->len ||
	    epoll_ctl(server->poller, EPOLL_CTL_MOD, client->descriptor, &event) != 0)
		drop_client(server, client);
}

const char *
control_next(ControlServer *server)
{
	struct epoll_event event;

	while (server->asking == NULL && epoll_wait(server->poller, &event, 1, 0) == 1) {
		struct client *client = event.data.ptr;
		if (client == NULL)
			accept_client(server);
		else if (client->answer != NULL)
			send_answer(server, client);
		else if (read_command(server, client))
			server->asking = client;
	}
	return server->asking != NULL ? server->asking->command : NULL;
}

void
control_answer(ControlServer *server, const char *json_lines)
{
	struct client *client = server->asking;

	if (client == NULL)
		return;
	server->asking = NULL;
	client->answer = g_string_new(json_lines);
	if (client->answer->len == 0 || client->answer->str[client->answer->len - 1] != '\n')
		g_string_append_c(client->answer, '\n');
	send_answer(server, client);
}

static bool
send_command(int descriptor, const char *command)
{
	g_autofree char *line = g_strdup_printf("%s\n", command);
	size_t length = strlen(line);

	return send(descriptor, line, length, MSG_NOSIGNAL) == (ssize_t)length;
}

static bool
read_answer(int descriptor, gint64 until_us, GString *answer)
{
	for (;;) {
		struct pollfd waiting = { .fd = descriptor, .events = POLLIN };
		gint64 left_us = until_us - g_get_monotonic_time();
		char part[16384];
		ssize_t got;

		if (left_us <= 0 || poll(&waiting, 1, (int)(left_us / 1000) + 1) == 0) {
			errno = ETIMEDOUT;
			return false;
		}
		got = recv(descriptor, part, sizeof(part), MSG_DONTWAIT);
		if (got == 0)
			return true;
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		if (got > 0)
			g_string_append_len(answer, part, got);
		if (answer->len > ANSWER_MOST) {
			errno = EMSGSIZE;
			return false;
		}
	}
}

char *
control_ask(const char *path, const char *command, int timeout_ms, GError **error)
{
	gint64 until_us = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
	GString *answer = g_string_new(NULL);
	int descriptor = connect_to(path);
	bool answered = descriptor >= 0 && send_command(descriptor, command) &&
	                read_answer(descriptor, until_us, answer);

	if (!answered)
		fault_system(error, "nobody answers at %s", path);
	else if (answer->len == 0)
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
		            "%s: the connection was closed without an answer", path);
	if (descriptor >= 0)
		close(descriptor);
	if (answered && answer->len > 0)
		return g_string_free(answer, FALSE);
	g_string_free(answer, TRUE);
	return NULL;
}
