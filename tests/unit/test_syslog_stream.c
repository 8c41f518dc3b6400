#include "detector/syslog_stream.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { QUEUE = 4 };

/* A port of the loopback that is bound; who connects is refused until somebody listens. */
static int
bind_port(struct syslog_stream_server *server)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	struct timeval patience = { .tv_sec = 20 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	g_assert_cmpint(bind(fd, (struct sockaddr *)&address, length), ==, 0);
	g_assert_cmpint(getsockname(fd, (struct sockaddr *)&address, &length), ==, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	*server = (struct syslog_stream_server){ .host = "127.0.0.1",
		                                 .port = ntohs(address.sin_port) };
	return fd;
}

static void
put(SyslogStream *stream, const char *text, bool taken)
{
	g_autoptr(GString) message = g_string_new(text);

	g_assert_cmpint(syslog_stream_put(stream, message), ==, taken);
}

/* Reads as many octets as `expected` has, which they must be. */
static void
expect(int connection, const char *expected)
{
	char octets[128];

	g_assert_cmpint(recv(connection, octets, strlen(expected), MSG_WAITALL), ==,
	                (ssize_t)strlen(expected));
	g_assert_cmpint(memcmp(octets, expected, strlen(expected)), ==, 0);
}

static void
frames_each_message_by_its_length(void)
{
	struct syslog_stream_server server;
	int port = bind_port(&server), connection;
	g_autoptr(SyslogStream) stream = NULL;

	g_assert_cmpint(listen(port, 1), ==, 0);
	stream = syslog_stream_new(&server, QUEUE, NULL);
	put(stream, "<132>1 one", true);
	put(stream, "two\nlines", true);
	connection = accept(port, NULL, NULL);
	expect(connection, "10 <132>1 one9 two\nlines");
	close(connection);
	close(port);
}

static void
connects_again_when_the_server_has_closed(void)
{
	struct syslog_stream_server server;
	int port = bind_port(&server), connection;
	g_autoptr(SyslogStream) stream = NULL;

	g_assert_cmpint(listen(port, 1), ==, 0);
	stream = syslog_stream_new(&server, QUEUE, NULL);
	put(stream, "one", true);
	connection = accept(port, NULL, NULL);
	expect(connection, "3 one");
	close(connection);
	g_usleep(100 * 1000);
	put(stream, "two", true);
	connection = accept(port, NULL, NULL);
	expect(connection, "3 two");
	close(connection);
	close(port);
}

static void
keeps_what_a_server_that_is_away_would_get(void)
{
	struct syslog_stream_server server;
	int port = bind_port(&server), connection;
	g_autoptr(SyslogStream) stream = syslog_stream_new(&server, QUEUE, NULL);

	put(stream, "one", true);
	while (syslog_stream_counters(stream).failed == 0)
		g_usleep(1000);
	for (unsigned i = 1; i < QUEUE; i++)
		put(stream, "more", true);
	put(stream, "too many", false);
	g_assert_cmpuint(syslog_stream_counters(stream).waiting, ==, QUEUE);
	g_assert_cmpint(listen(port, 1), ==, 0);
	connection = accept(port, NULL, NULL);
	expect(connection, "3 one4 more4 more4 more");
	close(connection);
	close(port);
}

static void
tells_how_many_were_left_at_the_end(void)
{
	struct syslog_stream_server server;
	int port = bind_port(&server);
	SyslogStream *stream = syslog_stream_new(&server, QUEUE, NULL);

	put(stream, "one", true);
	put(stream, "two", true);
	g_assert_cmpuint(syslog_stream_free(stream), ==, 2);
	close(port);
}

static void
names_authorities_that_cannot_be_read(void)
{
	const struct syslog_stream_server server = { "127.0.0.1", 6514, true, "/nowhere/ca.pem" };
	g_autoptr(GError) error = NULL;

	g_assert_null(syslog_stream_new(&server, QUEUE, &error));
	if (strstr(error->message, "glib-networking") != NULL)
		g_test_skip("there is no TLS for GLib here");
	else
		g_assert_nonnull(strstr(error->message, "/nowhere/ca.pem"));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(function) g_test_add_func("/syslog_stream/" #function, function)
	ADD(frames_each_message_by_its_length);
	ADD(connects_again_when_the_server_has_closed);
	ADD(keeps_what_a_server_that_is_away_would_get);
	ADD(tells_how_many_were_left_at_the_end);
	ADD(names_authorities_that_cannot_be_read);
	return g_test_run();
}
