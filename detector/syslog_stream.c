#include "detector/syslog_stream.h"

#include <gio/gio.h>

#include "common/fault.h"

enum {
	IO_TIMEOUT_S = 10,
	RETRY_S = 5,
	FAREWELL_S = 3, /* for what waits at the end */
};

struct SyslogStream {
	char *host;
	uint16_t port;
	size_t queue_max;
	GSocketClient *client;
	GTlsDatabase *authorities; /* NULL: the system's */
	GCancellable *cancellable;
	GThread *thread;
	GIOStream *connection; /* the thread's own; NULL: there is none */
	GMutex lock;           /* of what follows */
	GCond changed;
	GQueue queue; /* of GString, framed; the thread sends the first and takes it out when it has
	                 gone */
	bool ending;
	bool ended;
	struct syslog_stream_counters counters;
};

static void
free_message(void *message)
{
	g_string_free(message, TRUE);
}

static void
use_authorities(GSocketClient *client, GSocketClientEvent event, GSocketConnectable *connectable,
                GIOStream *connection, void *stream)
{
	const SyslogStream *self = stream;

	(void)client;
	(void)connectable;
	if (event == G_SOCKET_CLIENT_TLS_HANDSHAKING)
		g_tls_connection_set_database(G_TLS_CONNECTION(connection), self->authorities);
}

static void
drop_connection(SyslogStream *stream)
{
	if (stream->connection == NULL)
		return;
	(void)g_io_stream_close(stream->connection, stream->cancellable, NULL);
	g_clear_object(&stream->connection);
}

/* Has the server closed?  It has nothing to say else; TLS may have, below what is read here. */
static bool
was_closed(SyslogStream *stream)
{
	GPollableInputStream *input =
		G_POLLABLE_INPUT_STREAM(g_io_stream_get_input_stream(stream->connection));
	g_autoptr(GError) error = NULL;
	char ignored[256];
	gssize length = g_pollable_input_stream_read_nonblocking(input, ignored, sizeof(ignored),
	                                                         stream->cancellable, &error);

	return length == 0 ||
	       (length < 0 && !g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK));
}

static bool
have_connection(SyslogStream *stream)
{
	if (stream->connection != NULL && was_closed(stream))
		drop_connection(stream);
	if (stream->connection == NULL)
		stream->connection = G_IO_STREAM(g_socket_client_connect_to_host(
			stream->client, stream->host, stream->port, stream->cancellable, NULL));
	return stream->connection != NULL;
}

static bool
send_message(SyslogStream *stream, const GString *message)
{
	if (!have_connection(stream))
		return false;
	if (g_output_stream_write_all(g_io_stream_get_output_stream(stream->connection),
	                              message->str, message->len, NULL, stream->cancellable, NULL))
		return true;
	drop_connection(stream);
	return false;
}

/* Call with the lock held; the end may come before the time is over. */
static void
wait_before_retry(SyslogStream *stream)
{
	gint64 until = g_get_monotonic_time() + RETRY_S * G_TIME_SPAN_SECOND;

	while (!stream->ending && g_cond_wait_until(&stream->changed, &stream->lock, until))
		continue;
}

/* The lock is held but while the message at hand is sent; only this thread takes out of the queue.
 */
static void *
run(void *data)
{
	SyslogStream *stream = data;
	const GString *message;

	g_mutex_lock(&stream->lock);
	for (;;) {
		bool sent;

		while ((message = g_queue_peek_head(&stream->queue)) == NULL && !stream->ending)
			g_cond_wait(&stream->changed, &stream->lock);
		if (message == NULL)
			break;
		g_mutex_unlock(&stream->lock);
		sent = send_message(stream, message);
		g_mutex_lock(&stream->lock);
		if (sent) {
			stream->counters.sent++;
			free_message(g_queue_pop_head(&stream->queue));
		} else {
			stream->counters.failed++;
			if (stream->ending)
				break;
			wait_before_retry(stream);
		}
	}
	stream->ended = true;
	g_cond_broadcast(&stream->changed);
	g_mutex_unlock(&stream->lock);
	drop_connection(stream);
	return NULL;
}

static bool
load_authorities(SyslogStream *stream, const char *path, GError **error)
{
	g_autofree char *absolute = g_canonicalize_filename(path, NULL); /* no other is taken */

	stream->authorities = g_tls_file_database_new(absolute, error);
	if (stream->authorities == NULL) {
		g_prefix_error(error, "%s: ", path);
		return false;
	}
	g_signal_connect(stream->client, "event", G_CALLBACK(use_authorities), stream);
	return true;
}

static bool
prepare_tls(SyslogStream *stream, const struct syslog_stream_server *server, GError **error)
{
	if (!server->tls)
		return true;
	if (!g_tls_backend_supports_tls(g_tls_backend_get_default()))
		return fault_input(error,
		                   "syslog over TLS needs GLib's TLS: install glib-networking");
	if (server->authorities != NULL && !load_authorities(stream, server->authorities, error))
		return false;
	g_socket_client_set_tls(stream->client, TRUE);
	return true;
}

static void
clear(SyslogStream *stream)
{
	g_queue_clear_full(&stream->queue, free_message);
	g_clear_object(&stream->client);
	g_clear_object(&stream->authorities);
	g_clear_object(&stream->cancellable);
	g_mutex_clear(&stream->lock);
	g_cond_clear(&stream->changed);
	g_free(stream->host);
	g_free(stream);
}

SyslogStream *
syslog_stream_new(const struct syslog_stream_server *server, size_t queue_max, GError **error)
{
	SyslogStream *stream = g_new0(SyslogStream, 1);

	stream->host = g_strdup(server->host);
	stream->port = server->port;
	stream->queue_max = queue_max;
	stream->cancellable = g_cancellable_new();
	stream->client = g_socket_client_new();
	g_mutex_init(&stream->lock);
	g_cond_init(&stream->changed);
	g_queue_init(&stream->queue);
	g_socket_client_set_timeout(stream->client, IO_TIMEOUT_S);
	g_socket_client_set_enable_proxy(stream->client, FALSE);
	if (!prepare_tls(stream, server, error)) {
		clear(stream);
		return NULL;
	}
	stream->thread = g_thread_new("syslog", run, stream);
	return stream;
}

uint64_t
syslog_stream_free(SyslogStream *stream)
{
	gint64 until = g_get_monotonic_time() + FAREWELL_S * G_TIME_SPAN_SECOND;
	uint64_t left;

	if (stream == NULL)
		return 0;
	g_mutex_lock(&stream->lock);
	stream->ending = true;
	g_cond_broadcast(&stream->changed);
	while (!stream->ended && g_cond_wait_until(&stream->changed, &stream->lock, until))
		continue;
	g_mutex_unlock(&stream->lock);
	g_cancellable_cancel(stream->cancellable);
	g_thread_join(stream->thread);
	left = stream->queue.length;
	clear(stream);
	return left;
}

bool
syslog_stream_put(SyslogStream *stream, const GString *message)
{
	GString *framed;
	bool room;

	g_mutex_lock(&stream->lock);
	room = stream->queue.length < stream->queue_max;
	if (room) {
		framed = g_string_new(NULL);
		g_string_printf(framed, "%" G_GSIZE_FORMAT " ", message->len);
		g_string_append_len(framed, message->str, (gssize)message->len);
		g_queue_push_tail(&stream->queue, framed);
		g_cond_broadcast(&stream->changed);
	}
	g_mutex_unlock(&stream->lock);
	return room;
}

struct syslog_stream_counters
syslog_stream_counters(SyslogStream *stream)
{
	struct syslog_stream_counters counters;

	g_mutex_lock(&stream->lock);
	counters = stream->counters;
	counters.waiting = stream->queue.length;
	g_mutex_unlock(&stream->lock);
	return counters;
}
