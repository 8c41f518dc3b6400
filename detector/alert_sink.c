#include "detector/alert_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fault.h"
#include "detector/syslog_stream.h"
#include "detector/syslog_target.h"

enum {
	SYSLOG_LOCAL0 = 16,
	SYSLOG_CRITICAL = 2,
	SYSLOG_WARNING = 4,
	SYSLOG_NOTICE = 5,
	DEVICE_MAX = 255,
};

struct AlertSink {
	enum alert_output output;
	char *target;
	char *name;
	int fd;               /* -1: a stream */
	SyslogStream *stream; /* NULL: not syslog over TCP */
	size_t queue_max;
	GQueue queue;   /* of GString, each what one write or datagram holds */
	size_t written; /* octets of the first one that are out already */
	struct alert_sink_counters counters;
};

static const char *const output_names[] = {
	[ALERT_CEF_FILE] = "cef file",
	[ALERT_CEF_STDOUT] = "cef stdout",
	[ALERT_SYSLOG] = "syslog",
	[ALERT_ECS_FILE] = "ndjson file",
};

static int
open_file(const char *path, GError **error)
{
	int fd =
		open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);

	if (fd < 0)
		fault_system(error, "cannot write alerts to %s", path);
	return fd;
}

static int
connect_to(const struct addrinfo *addresses)
{
	for (const struct addrinfo *a = addresses; a != NULL; a = a->ai_next) {
		int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
		                a->ai_protocol);

		if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) == 0)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

static int
open_datagrams(const struct syslog_target *server, const char *target, GError **error)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV };
	g_autofree char *port = g_strdup_printf("%u", server->port);
	struct addrinfo *addresses;
	int code = getaddrinfo(server->host, port, &hints, &addresses);
	int fd;

	if (code != 0) {
		fault_input(error, "syslog server \"%s\": %s", target, gai_strerror(code));
		return -1;
	}
	fd = connect_to(addresses);
	if (fd < 0)
		fault_system(error, "syslog server \"%s\"", target);
	freeaddrinfo(addresses);
	return fd;
}

static bool
open_syslog(AlertSink *sink, const char *target, const struct alert_sink_options *options,
            GError **error)
{
	struct syslog_target parsed;
	bool opened;

	if (!syslog_target_parse(target, &parsed, error))
		return false;
	if (parsed.protocol == SYSLOG_UDP) {
		sink->fd = open_datagrams(&parsed, target, error);
		opened = sink->fd >= 0;
	} else {
		const struct syslog_stream_server server = { parsed.host, parsed.port,
			                                     parsed.protocol == SYSLOG_TLS,
			                                     options->syslog_authorities };

		sink->stream = syslog_stream_new(&server, options->queue_max, error);
		opened = sink->stream != NULL;
	}
	syslog_target_clear(&parsed);
	return opened;
}

static bool
open_output(AlertSink *sink, const char *target, const struct alert_sink_options *options,
            GError **error)
{
	switch (sink->output) {
	case ALERT_CEF_FILE:
	case ALERT_ECS_FILE:
		sink->fd = open_file(target, error);
		return sink->fd >= 0;
	case ALERT_CEF_STDOUT:
		sink->fd = STDOUT_FILENO;
		return true;
	case ALERT_SYSLOG:
		return open_syslog(sink, target, options, error);
	}
	return false;
}

AlertSink *
alert_sink_open(enum alert_output output, const char *target,
                const struct alert_sink_options *options, GError **error)
{
	AlertSink *sink = g_new0(AlertSink, 1);

	*sink = (AlertSink){ .output = output, .fd = -1, .queue_max = options->queue_max };
	if (!open_output(sink, target, options, error)) {
		g_free(sink);
		return NULL;
	}
	sink->target = g_strdup(target);
	sink->name = target != NULL ? g_strdup_printf("%s %s", output_names[output], target)
	                            : g_strdup(output_names[output]);
	return sink;
}

static void
free_line(void *line)
{
	g_string_free(line, TRUE);
}

uint64_t
alert_sink_close(AlertSink *sink)
{
	uint64_t left;

	if (sink == NULL)
		return 0;
	alert_sink_flush(sink);
	left = sink->queue.length + syslog_stream_free(sink->stream);
	g_queue_clear_full(&sink->queue, free_line);
	if (sink->fd >= 0 && sink->fd != STDOUT_FILENO)
		close(sink->fd);
	g_free(sink->target);
	g_free(sink->name);
	g_free(sink);
	return left;
}

static int
syslog_severity(const struct alert_lines *lines)
{
	if (lines->act == ACT_CLEARED)
		return SYSLOG_NOTICE;
	return lines->severity >= 9 ? SYSLOG_CRITICAL : SYSLOG_WARNING;
}

void
alert_sink_add_syslog_header(GString *line, const struct alert_lines *lines, struct wall_time now,
                             const char *device)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(now.ms / 1000);
	g_autofree char *seconds =
		time != NULL ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%S") : NULL;
	size_t length = 0;

	g_string_append_printf(line, "<%d>1 ", SYSLOG_LOCAL0 * 8 + syslog_severity(lines));
	if (seconds != NULL)
		g_string_append_printf(line, "%s.%03dZ ", seconds, (int)(now.ms % 1000));
	else
		g_string_append(line, "- ");
	for (; device[length] != '\0' && length < DEVICE_MAX; length++)
		g_string_append_c(line, g_ascii_isgraph(device[length]) ? device[length] : '_');
	if (length == 0)
		g_string_append_c(line, '-');
	g_string_append_printf(line, " kenchi-detector %d %s - ", (int)getpid(),
	                       verdict_act_name(lines->act));
}

/* The line as a message of its own, of which the stream takes a copy. */
static void
put_to_stream(AlertSink *sink, const struct alert_lines *lines, struct wall_time now,
              const char *device)
{
	g_autoptr(GString) line = g_string_new(NULL);

	alert_sink_add_syslog_header(line, lines, now, device);
	g_string_append(line, lines->cef);
	if (!syslog_stream_put(sink->stream, line))
		sink->counters.dropped++;
}

void
alert_sink_put(AlertSink *sink, const struct alert_lines *lines, struct wall_time now,
               const char *device)
{
	GString *line;

	if (sink->stream != NULL) {
		put_to_stream(sink, lines, now, device);
		return;
	}
	if (sink->queue.length >= sink->queue_max) {
		sink->counters.dropped++;
		return;
	}
	line = g_string_new(NULL);
	if (sink->output == ALERT_SYSLOG)
		alert_sink_add_syslog_header(line, lines, now, device);
	g_string_append(line, sink->output == ALERT_ECS_FILE ? lines->ecs : lines->cef);
	if (sink->output != ALERT_SYSLOG)
		g_string_append_c(line, '\n');
	g_queue_push_tail(&sink->queue, line);
}

/* One write without waiting; what is short is gone on with next time. */
static bool
write_some(AlertSink *sink, const GString *line)
{
	struct pollfd output = { .fd = sink->fd, .events = POLLOUT };
	ssize_t count;

	if (poll(&output, 1, 0) != 1 || (output.revents & POLLOUT) == 0)
		return false;
	if (sink->output == ALERT_SYSLOG)
		count = send(sink->fd, line->str, line->len, MSG_NOSIGNAL) < 0 ? -1
		                                                               : (ssize_t)line->len;
	else
		count = write(sink->fd, line->str + sink->written, line->len - sink->written);
	if (count < 0) {
		sink->counters.failed++;
		return false;
	}
	sink->written += (size_t)count;
	return true;
}

void
alert_sink_flush(AlertSink *sink)
{
	GString *line;

	while ((line = g_queue_peek_head(&sink->queue)) != NULL) {
		if (!write_some(sink, line))
			return;
		if (sink->written < line->len)
			continue;
		sink->written = 0;
		sink->counters.sent++;
		free_line(g_queue_pop_head(&sink->queue));
	}
}

bool
alert_sink_reopen(AlertSink *sink, GError **error)
{
	int fd;

	if (sink->output != ALERT_CEF_FILE && sink->output != ALERT_ECS_FILE)
		return true;
	fd = open_file(sink->target, error);
	if (fd < 0)
		return false;
	close(sink->fd);
	sink->fd = fd;
	/* What was begun in the old file begins anew in this one. */
	sink->written = 0;
	return true;
}

const char *
alert_sink_name(const AlertSink *sink)
{
	return sink->name;
}

struct alert_sink_counters
alert_sink_counters(const AlertSink *sink)
{
	struct alert_sink_counters counters = sink->counters;

	counters.waiting = sink->queue.length;
	if (sink->stream != NULL) {
		struct syslog_stream_counters stream = syslog_stream_counters(sink->stream);

		counters.sent = stream.sent;
		counters.failed = stream.failed;
		counters.waiting = stream.waiting;
	}
	return counters;
}
