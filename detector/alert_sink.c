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
	int fd;
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
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);

	if (fd < 0)
		fault_system(error, "cannot write alerts to %s", path);
	return fd;
}

/* Splits HOST:PORT and [HOST]:PORT. */
static bool
split_target(const char *target, char **host, char **port)
{
	const char *colon = strrchr(target, ':');
	size_t length;

	if (colon == NULL || colon == target || colon[1] == '\0')
		return false;
	length = (size_t)(colon - target);
	if (target[0] == '[' && target[length - 1] == ']')
		*host = g_strndup(target + 1, length - 2);
	else if (memchr(target, ':', length) == NULL)
		*host = g_strndup(target, length);
	else
		return false;
	*port = g_strdup(colon + 1);
	return true;
}

bool
alert_sink_check_syslog(const char *target, GError **error)
{
	g_autofree char *host = NULL;
	g_autofree char *port = NULL;

	if (split_target(target, &host, &port) &&
	    g_ascii_string_to_unsigned(port, 10, 1, UINT16_MAX, NULL, NULL))
		return true;
	return fault_input(error, "syslog server \"%s\": not HOST:PORT", target);
}

static int
connect_to(const struct addrinfo *addresses)
{
	for (const struct addrinfo *a = addresses; a != NULL; a = a->ai_next) {
		int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);

		if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) == 0)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

static int
open_syslog(const char *target, GError **error)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV };
	g_autofree char *host = NULL;
	g_autofree char *port = NULL;
	struct addrinfo *addresses;
	int code, fd;

	if (!alert_sink_check_syslog(target, error) || !split_target(target, &host, &port))
		return -1;
	code = getaddrinfo(host, port, &hints, &addresses);
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

AlertSink *
alert_sink_open(enum alert_output output, const char *target, size_t queue_max, GError **error)
{
	AlertSink *sink;
	int fd = -1;

	switch (output) {
	case ALERT_CEF_FILE:
	case ALERT_ECS_FILE:
		fd = open_file(target, error);
		break;
	case ALERT_CEF_STDOUT:
		fd = STDOUT_FILENO;
		break;
	case ALERT_SYSLOG:
		fd = open_syslog(target, error);
		break;
	}
	if (fd < 0)
		return NULL;
	sink = g_new0(AlertSink, 1);
	*sink = (AlertSink){ .output = output, .fd = fd, .queue_max = queue_max };
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

void
alert_sink_close(AlertSink *sink)
{
	if (sink == NULL)
		return;
	alert_sink_flush(sink);
	g_queue_clear_full(&sink->queue, free_line);
	if (sink->fd != STDOUT_FILENO)
		close(sink->fd);
	g_free(sink->target);
	g_free(sink->name);
	g_free(sink);
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
	g_autofree char *seconds = time != NULL ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%S") : NULL;
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
	g_string_append_printf(line, " kenchi-detector %d %s - ", (int)getpid(), verdict_act_name(lines->act));
}

void
alert_sink_put(AlertSink *sink, const struct alert_lines *lines, struct wall_time now, const char *device)
{
	GString *line;

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
		count = send(sink->fd, line->str, line->len, MSG_NOSIGNAL) < 0 ? -1 : (ssize_t)line->len;
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
	return counters;
}
