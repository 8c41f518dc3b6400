#include <glib.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/control.h"

enum { TIMEOUT_MS = 5000 };

struct fixture {
	char *folder;
	char *path;
};

static void
set_up(struct fixture *fixture, gconstpointer data)
{
	g_assert_null(data);
	fixture->folder = g_dir_make_tmp("control.XXXXXX", NULL);
	fixture->path = g_build_filename(fixture->folder, "daemon.sock", NULL);
}

static void
tear_down(struct fixture *fixture, gconstpointer data)
{
	g_assert_null(data);
	g_unlink(fixture->path);
	g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
	g_free(fixture->path);
	g_free(fixture->folder);
}

/* A client in a thread of its own, as a program of its own would be. */
struct question {
	const char *path;
	const char *command;
};

static gpointer
ask(gpointer data)
{
	const struct question *question = data;

	return control_ask(question->path, question->command, TIMEOUT_MS, NULL);
}

static int
connect_raw(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);

	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	g_assert_cmpint(connect(descriptor, (const struct sockaddr *)&address, sizeof(address)), ==,
	                0);
	return descriptor;
}

/* Waits for a command as a daemon's loop does. */
static const char *
wait_command(ControlServer *server)
{
	const char *command = NULL;

	for (int i = 0; i < 100 && command == NULL; i++) {
		struct pollfd waiting = { .fd = control_fd(server), .events = POLLIN };
		poll(&waiting, 1, 50);
		command = control_next(server);
	}
	g_assert_nonnull(command);
	return command;
}

static char *
answer_one(ControlServer *server, const char *path, const char *command, const char *answer)
{
	struct question question = { path, command };
	GThread *client = g_thread_new("client", ask, &question);

	g_assert_cmpstr(wait_command(server), ==, command);
	control_answer(server, answer);
	for (int i = 0; i < 40; i++) { /* the rest of a long answer */
		struct pollfd waiting = { .fd = control_fd(server), .events = POLLIN };
		if (poll(&waiting, 1, 10) > 0)
			g_assert_null(control_next(server));
	}
	return g_thread_join(client);
}

static void
answers_a_command(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(ControlServer) server = control_open(fixture->path, NULL);
	g_autofree char *answer = answer_one(server, fixture->path, "status", "{\"ok\":true}");

	g_assert_null(data);
	g_assert_cmpstr(answer, ==, "{\"ok\":true}\n");
	g_assert_null(control_next(server));
}

static void
a_long_answer_arrives_whole(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(ControlServer) server = control_open(fixture->path, NULL);
	g_autofree char *text = g_strnfill(3 << 20, 'x');
	g_autofree char *answer = answer_one(server, fixture->path, "exporters", text);

	g_assert_null(data);
	g_assert_cmpuint(strlen(answer), ==, (3 << 20) + 1);
}

static void
the_socket_is_the_owners_alone_and_goes_with_the_server(struct fixture *fixture, gconstpointer data)
{
	ControlServer *server = control_open(fixture->path, NULL);
	struct stat status;

	g_assert_null(data);
	g_assert_cmpint(stat(fixture->path, &status), ==, 0);
	g_assert_cmpuint(status.st_mode & 0777, ==, 0600);
	control_close(server);
	g_assert_cmpint(stat(fixture->path, &status), !=, 0);
}

static void
a_live_server_is_not_replaced(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(ControlServer) server = control_open(fixture->path, NULL);
	g_autoptr(GError) error = NULL;

	g_assert_null(data);
	g_assert_nonnull(server);
	g_assert_null(control_open(fixture->path, &error));
	g_assert_nonnull(strstr(error->message, fixture->path));
}

static void
a_socket_left_behind_is_replaced(struct fixture *fixture, gconstpointer data)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int dead = socket(AF_UNIX, SOCK_STREAM, 0);

	g_assert_null(data);
	g_strlcpy(address.sun_path, fixture->path, sizeof(address.sun_path));
	g_assert_cmpint(bind(dead, (const struct sockaddr *)&address, sizeof(address)), ==, 0);
	close(dead);
	g_autoptr(ControlServer) server = control_open(fixture->path, NULL);
	g_assert_nonnull(server);
}

static void
silent_clients_do_not_shut_others_out(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(ControlServer) server = control_open(fixture->path, NULL);
	g_autofree char *answer = NULL;
	int silent[20];

	g_assert_null(data);
	for (size_t i = 0; i < G_N_ELEMENTS(silent); i++) {
		silent[i] = connect_raw(fixture->path);
		g_assert_null(control_next(server));
	}
	answer = answer_one(server, fixture->path, "status", "{}");
	g_assert_cmpstr(answer, ==, "{}\n");
	for (size_t i = 0; i < G_N_ELEMENTS(silent); i++)
		close(silent[i]);
}

static void
a_client_that_says_too_much_is_dropped(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(ControlServer) server = control_open(fixture->path, NULL);
	g_autofree char *text = g_strnfill(5000, 'x');
	char octet;
	int client = connect_raw(fixture->path);

	g_assert_null(data);
	g_assert_cmpint(send(client, text, 5000, MSG_NOSIGNAL), >, 0);
	for (int i = 0; i < 5; i++)
		g_assert_null(control_next(server));
	g_assert_cmpint(recv(client, &octet, 1, MSG_DONTWAIT), <=, 0);
	close(client);
}

static void
a_path_longer_than_an_address_works(struct fixture *fixture, gconstpointer data)
{
	g_autofree char *name = g_strnfill(60, 'd');
	g_autofree char *outer = g_build_filename(fixture->folder, name, NULL);
	g_autofree char *inner = g_build_filename(outer, name, NULL);
	g_autofree char *path = g_build_filename(inner, "daemon.sock", NULL);
	g_autofree char *answer = NULL;
	ControlServer *server;

	g_assert_null(data);
	g_assert_cmpint(g_mkdir_with_parents(inner, 0700), ==, 0);
	server = control_open(path, NULL);
	g_assert_nonnull(server);
	answer = answer_one(server, path, "status", "{}");
	g_assert_cmpstr(answer, ==, "{}\n");
	control_close(server);
	g_rmdir(inner);
	g_rmdir(outer);
}

static void
nobody_there_is_an_error_that_names_the_path(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(data);
	g_assert_null(control_ask(fixture->path, "status", 100, &error));
	g_assert_nonnull(strstr(error->message, fixture->path));
}

static void
a_server_that_does_not_answer_times_out(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(ControlServer) server = control_open(fixture->path, NULL);
	g_autoptr(GError) error = NULL;

	g_assert_null(data);
	g_assert_null(control_ask(fixture->path, "status", 50, &error));
	g_assert_nonnull(error);
}

#define ADD(test) g_test_add("/control/" #test, struct fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(answers_a_command);
	ADD(a_long_answer_arrives_whole);
	ADD(the_socket_is_the_owners_alone_and_goes_with_the_server);
	ADD(a_live_server_is_not_replaced);
	ADD(a_socket_left_behind_is_replaced);
	ADD(silent_clients_do_not_shut_others_out);
	ADD(a_client_that_says_too_much_is_dropped);
	ADD(a_path_longer_than_an_address_works);
	ADD(nobody_there_is_an_error_that_names_the_path);
	ADD(a_server_that_does_not_answer_times_out);
	return g_test_run();
}
