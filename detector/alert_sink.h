/*
 * Where alerts go: a file, standard output, a syslog server (RFC 5424 over UDP, TCP or TLS).
 *
 * Alerts wait in a bounded queue until the output takes them; nothing waits for the output.  When
 * the queue is full the newest is dropped and counted, for a SIEM is better served by the beginning
 * of a story.
 *
 * Errors:  a GError that names the output; what fails later is counted, and tried again.
 * Threads: one; a server over TCP has one of its own inside (syslog_stream.h).
 */
#ifndef DETECTOR_ALERT_SINK_H
#define DETECTOR_ALERT_SINK_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/wall_time.h"
#include "detector/alert.h"

typedef struct AlertSink AlertSink;

enum alert_output {
	ALERT_CEF_FILE,   /* target: path; appended to */
	ALERT_CEF_STDOUT, /* target unused */
	ALERT_SYSLOG, /* target: HOST:PORT, [IPv6]:PORT, with udp://, tcp:// or tls:// before it or
	                 not (UDP) */
	ALERT_ECS_FILE, /* target: path; JSON lines */
};

struct alert_sink_counters {
	uint64_t sent;
	uint64_t dropped; /* the queue was full */
	uint64_t failed;  /* attempts that the output refused; the alert goes on waiting */
	uint64_t waiting;
};

struct alert_sink_options {
	size_t queue_max;
	const char *syslog_authorities; /* PEM file whose certificates a server over TLS is checked
	                                   by; NULL: the system's */
};

AlertSink *alert_sink_open(enum alert_output output, const char *target,
                           const struct alert_sink_options *options, GError **error);
/* Tries once more to hand out what waits, and returns how many alerts were left; NULL is allowed.
 */
uint64_t alert_sink_close(AlertSink *sink);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AlertSink, alert_sink_close)

/* Queues the line that this output takes.  `now` and `device` are for the syslog header. */
void alert_sink_put(AlertSink *sink, const struct alert_lines *lines, struct wall_time now,
                    const char *device);

/* Hands out what the output takes without waiting.  Call now and then. */
void alert_sink_flush(AlertSink *sink);

/* Opens a file again under its name (it was moved away); other outputs stay.  On failure the old
 * one stays open. */
bool alert_sink_reopen(AlertSink *sink, GError **error);

/* "cef file /var/log/kenchi.cef". */
const char *alert_sink_name(const AlertSink *sink);
struct alert_sink_counters alert_sink_counters(const AlertSink *sink);

/* The header of RFC 5424, up to and with the space before MSG: local0, by the alert's severity; no
 * structured data. */
void alert_sink_add_syslog_header(GString *line, const struct alert_lines *lines,
                                  struct wall_time now, const char *device);

#endif
