/*
 * A syslog server over TCP, with or without TLS: messages framed by their length (RFC 6587,
 * section 3.4.1; RFC 5425, section 4.3), so that what stands in one never ends it.
 *
 * A thread of its own looks the name up, connects and sends: nobody waits for it.  Messages wait in
 * a bounded queue. When the server is away or closes, it is tried again, first at once and then
 * every few seconds; the message at hand is sent again as a whole.  What the server's kernel took
 * and the server never read is lost: syslog has no receipts.
 *
 * TLS: the server's certificate must be good for its name, by the system's authorities or by those
 * of a file.  GLib's TLS comes with the package glib-networking, which is looked for when the
 * stream is made.
 *
 * The only file that uses GIO's sockets.
 *
 * Errors:  a GError where there is no TLS; what fails later is counted, and tried again.
 * Threads: one, beside its own.
 */
#ifndef DETECTOR_SYSLOG_STREAM_H
#define DETECTOR_SYSLOG_STREAM_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct SyslogStream SyslogStream;

struct syslog_stream_server {
	const char *host; /* name or address */
	uint16_t port;
	bool tls;
	const char *authorities; /* PEM file for TLS; NULL: the system's */
};

struct syslog_stream_counters {
	uint64_t sent;
	uint64_t failed; /* attempts to connect or to send */
	uint64_t waiting;
};

/* NULL: there is no TLS here, or the authorities cannot be read.  Connects later. */
SyslogStream *syslog_stream_new(const struct syslog_stream_server *server, size_t queue_max,
                                GError **error);

/* Gives what waits a few seconds to go out; returns how many messages were left.  NULL is allowed.
 */
uint64_t syslog_stream_free(SyslogStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SyslogStream, syslog_stream_free)

/* False: the queue is full. */
bool syslog_stream_put(SyslogStream *stream, const GString *message);

struct syslog_stream_counters syslog_stream_counters(SyslogStream *stream);

#endif
