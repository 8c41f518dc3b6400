#include "detector/cef_format.h"

#include <string.h>

static void
add_escaped(GString *line, const char *text, bool header)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);

	for (const char *c = valid; *c != '\0'; c++) {
		if (*c == '\\' || *c == (header ? '|' : '='))
			g_string_append_c(line, '\\');
		if (!header && *c == '\n')
			g_string_append(line, "\\n");
		else if (!header && *c == '\r')
			g_string_append(line, "\\r");
		else if (g_ascii_iscntrl(*c))
			g_string_append_c(line, ' ');
		else
			g_string_append_c(line, *c);
	}
}

void
cef_add_header(GString *line, const char *text)
{
	add_escaped(line, text, true);
}

void
cef_add_value(GString *line, const char *text)
{
	add_escaped(line, text, false);
}

/* One function for each row of schemas/cef.def: what it appends is the value, nothing means that
 * there is none. */

static void
add_number(GString *value, int64_t number)
{
	g_string_append_printf(value, "%" G_GINT64_FORMAT, number);
}

static void
add_address(GString *value, const struct host_address *address)
{
	char text[HOST_ADDRESS_TEXT_SIZE];

	g_string_append(value, host_address_format(address, text));
}

static const struct evidence *
strongest(const struct alert *alert)
{
	return alert->evidence_count > 0 ? &alert->evidence[0] : NULL;
}

static const struct evidence_peer *
best_peer(const struct alert *alert)
{
	const struct evidence *evidence = strongest(alert);

	return evidence != NULL && evidence->peer_count > 0 ? &evidence->peers[0] : NULL;
}

static void
add_rt(const struct alert *alert, GString *value)
{
	add_number(value, alert->time_ms);
}

static void
add_start(const struct alert *alert, GString *value)
{
	add_number(value, alert->start_ms);
}

static void
add_end(const struct alert *alert, GString *value)
{
	add_number(value, alert->end_ms);
}

static void
add_src(const struct alert *alert, GString *value)
{
	add_address(value, &alert->verdict.host);
}

static void
add_c6a2(const struct alert *alert, GString *value)
{
	if (!host_address_is_ipv4(&alert->verdict.host))
		add_address(value, &alert->verdict.host);
}

static void
add_dst(const struct alert *alert, GString *value)
{
	if (best_peer(alert) != NULL)
		add_address(value, &best_peer(alert)->peer);
}

static void
add_c6a3(const struct alert *alert, GString *value)
{
	const struct evidence_peer *peer = best_peer(alert);

	if (peer != NULL && !host_address_is_ipv4(&peer->peer))
		add_address(value, &peer->peer);
}

static void
add_dpt(const struct alert *alert, GString *value)
{
	if (best_peer(alert) != NULL && best_peer(alert)->port != 0)
		add_number(value, best_peer(alert)->port);
}

static void
add_proto(const struct alert *alert, GString *value)
{
	const struct evidence_peer *peer = best_peer(alert);

	if (peer != NULL)
		alert_add_protocol(value, peer->protocol);
}

static void
add_cat(const struct alert *alert, GString *value)
{
	(void)alert;
	g_string_append(value, "/Host/Infection");
}

static void
add_act(const struct alert *alert, GString *value)
{
	g_string_append(value, verdict_act_name(alert->act));
}

static void
add_outcome(const struct alert *alert, GString *value)
{
	g_string_append(value, verdict_name(alert->verdict.kind));
}

static void
add_externalId(const struct alert *alert, GString *value)
{
	g_string_append(value, alert->id);
}

static void
add_dvchost(const struct alert *alert, GString *value)
{
	g_string_append(value, alert->device);
}

static void
add_cfp1(const struct alert *alert, GString *value)
{
	alert_add_number(value, alert->verdict.score);
}

static void
add_cfp2(const struct alert *alert, GString *value)
{
	if (strongest(alert) != NULL)
		alert_add_number(value, strongest(alert)->measured);
}

static void
add_cfp3(const struct alert *alert, GString *value)
{
	if (strongest(alert) != NULL)
		alert_add_number(value, strongest(alert)->threshold);
}

static void
add_cfp4(const struct alert *alert, GString *value)
{
	if (strongest(alert) != NULL)
		alert_add_number(value, strongest(alert)->usual);
}

static void
add_cs1(const struct alert *alert, GString *value)
{
	verdict_add_behaviours(value, alert->verdict.behaviours);
}

static void
add_cs2(const struct alert *alert, GString *value)
{
	for (size_t i = 0; i < alert->evidence_count; i++) {
		g_string_append_printf(value, "%s%s:", i > 0 ? "," : "",
		                       behaviour_name(alert->evidence[i].behaviour));
		alert_add_number(value, alert->evidence[i].measured);
	}
}

static void
add_cs3(const struct alert *alert, GString *value)
{
	g_string_append(value, alert->model);
}

static void
add_cs4(const struct alert *alert, GString *value)
{
	verdict_add_cannot_tell(value, alert->verdict.cannot_tell);
}

static void
add_msg(const struct alert *alert, GString *value)
{
	alert_add_text(alert, value);
}

static const struct {
	const char *key;
	const char *label;
	void (*add)(const struct alert *alert, GString *value);
} extensions[] = {
#define CEF_EXTENSION(key, label, meaning) { #key, label, add_##key },
#include "schemas/cef.def"
#undef CEF_EXTENSION
};

static const struct {
	const char *signature;
	const char *name;
} events[] = {
#define CEF_EVENT(act, signature, name) { signature, name },
#include "schemas/cef.def"
#undef CEF_EVENT
};

static void
add_headers(const struct alert *alert, GString *line)
{
	const char *fields[] = {
#define CEF_HEADER(name, value) value,
#include "schemas/cef.def"
#undef CEF_HEADER
		KENCHI_VERSION,
		events[alert->act - ACT_DETECTED].signature,
		events[alert->act - ACT_DETECTED].name,
	};

	g_string_append(line, "CEF:0|");
	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		cef_add_header(line, fields[i]);
		g_string_append_c(line, '|');
	}
	g_string_append_printf(line, "%d|", alert_severity(alert));
}

void
cef_format(const struct alert *alert, GString *line)
{
	g_autoptr(GString) value = g_string_new(NULL);
	const char *separator = "";

	add_headers(alert, line);
	for (size_t i = 0; i < G_N_ELEMENTS(extensions); i++) {
		const char *key = extensions[i].key;

		g_string_truncate(value, 0);
		extensions[i].add(alert, value);
		if (value->len == 0)
			continue;
		if (extensions[i].label != NULL)
			g_string_append_printf(line, "%s%sLabel=%s ", separator, key,
			                       extensions[i].label);
		else
			g_string_append(line, separator);
		g_string_append_printf(line, "%s=", key);
		cef_add_value(line, value->str);
		separator = " ";
	}
}
