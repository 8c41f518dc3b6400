/*
 * Where a syslog server is: [udp://|tcp://|tls://]HOST:PORT, with brackets around an IPv6 address;
 * UDP without more.
 *
 * Ownership: the host is the value's; free it with syslog_target_clear().
 * Threads:   values.
 */
#ifndef DETECTOR_SYSLOG_TARGET_H
#define DETECTOR_SYSLOG_TARGET_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum syslog_protocol { SYSLOG_UDP, SYSLOG_TCP, SYSLOG_TLS };

struct syslog_target {
	enum syslog_protocol protocol;
	char *host;
	uint16_t port;
};

/* Asks no name server.  False, with a message that names the text: it is none. */
bool syslog_target_parse(const char *text, struct syslog_target *target, GError **error);
void syslog_target_clear(struct syslog_target *target);

#endif
