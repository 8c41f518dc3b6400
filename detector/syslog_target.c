#include "detector/syslog_target.h"

#include <string.h>

#include "common/fault.h"

static const char *const schemes[] = {
	[SYSLOG_UDP] = "udp://",
	[SYSLOG_TCP] = "tcp://",
	[SYSLOG_TLS] = "tls://",
};

/* NULL: neither HOST nor [HOST]. */
static char *
host_of(const char *text, size_t length)
{
	if (length > 2 && text[0] == '[' && text[length - 1] == ']')
		return g_strndup(text + 1, length - 2);
	for (size_t i = 0; i < length; i++) {
		if (strchr(":/[]", text[i]) != NULL)
			return NULL;
	}
	return length > 0 ? g_strndup(text, length) : NULL;
}

bool
syslog_target_parse(const char *text, struct syslog_target *target, GError **error)
{
	struct syslog_target read = { .protocol = SYSLOG_UDP };
	const char *begin = text;
	const char *colon;
	guint64 port;

	for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++) {
		if (!g_str_has_prefix(text, schemes[i]))
			continue;
		read.protocol = (enum syslog_protocol)i;
		begin = text + strlen(schemes[i]);
	}
	colon = strrchr(begin, ':');
	if (colon != NULL &&
	    g_ascii_string_to_unsigned(colon + 1, 10, 1, UINT16_MAX, &port, NULL)) {
		read.host = host_of(begin, (size_t)(colon - begin));
		read.port = (uint16_t)port;
	}
	if (read.host == NULL)
		return fault_input(
			error,
			"syslog server \"%s\": not HOST:PORT, tcp://HOST:PORT or tls://HOST:PORT",
			text);
	*target = read;
	return true;
}

void
syslog_target_clear(struct syslog_target *target)
{
	g_clear_pointer(&target->host, g_free);
}
