#include "detector/alert.h"

#include <math.h>
#include <string.h>

#include "common/json_writer.h"

enum { CLEARED_SEVERITY = 3, LEAST_SEVERITY = 5 };

/* One infection: the host and the moment since when it has been infected. */
static void
make_id(const struct verdict *verdict, int64_t since_ms, char id[static 33])
{
	char address[HOST_ADDRESS_TEXT_SIZE];
	g_autofree char *name = g_strdup_printf(
		"%s %" G_GINT64_FORMAT, host_address_format(&verdict->host, address), since_ms);
	g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, name, -1);

	g_strlcpy(id, sum, 33);
}

void
alert_make(struct alert *alert, enum verdict_act act, const struct verdict *verdict,
           const struct assessment *assessment, const struct alert_origin *origin)
{
	*alert = (struct alert){
		.act = act,
		.verdict = *verdict,
		.time_ms = assessment->time_ms,
		.start_ms =
			act == ACT_DETECTED ? assessment->bin_end_ms - 60000 : verdict->since_ms,
		.end_ms = act == ACT_CLEARED ? assessment->bin_end_ms : verdict->evidence_ms,
		.model = origin->model,
		.device = origin->device,
		.evidence_count = act == ACT_CLEARED ? 0 : assessment->evidence_count,
	};
	if (act == ACT_CLEARED)
		alert->start_ms = verdict->evidence_ms;
	memcpy(alert->evidence, assessment->evidence,
	       alert->evidence_count * sizeof(alert->evidence[0]));
	make_id(verdict, verdict->infected_ms, alert->id);
}

int
alert_severity(const struct alert *alert)
{
	int severity = LEAST_SEVERITY;

	if (alert->act == ACT_CLEARED)
		return CLEARED_SEVERITY;
	for (unsigned i = 0; i < BEHAVIOUR_COUNT; i++) {
		if ((alert->verdict.behaviours & (1u << i)) != 0)
			severity = MAX(severity, behaviour_severity((enum behaviour)i));
	}
	return severity;
}

void
alert_add_number(GString *text, double number)
{
	char digits[G_ASCII_DTOSTR_BUF_SIZE + 300];
	size_t length;

	if (!isfinite(number))
		number = 0;
	g_ascii_formatd(digits, sizeof(digits), "%.4f", number);
	length = strlen(digits);
	while (digits[length - 1] == '0')
		length--;
	if (digits[length - 1] == '.')
		length--;
	g_string_append_len(text, strncmp(digits, "-0", length) == 0 ? "0" : digits,
	                    (gssize)length);
}

static void
add_evidence_text(const struct evidence *evidence, GString *text)
{
	g_string_append_printf(text, "%s ", behaviour_title(evidence->behaviour));
	alert_add_number(text, evidence->measured);
	g_string_append_printf(text, " %s (threshold ", behaviour_unit(evidence->behaviour));
	alert_add_number(text, evidence->threshold);
	g_string_append(text, ", usual ");
	alert_add_number(text, evidence->usual);
	g_string_append_c(text, ')');
}

void
alert_add_text(const struct alert *alert, GString *text)
{
	char address[HOST_ADDRESS_TEXT_SIZE];

	g_string_append(text, host_address_format(&alert->verdict.host, address));
	if (alert->act == ACT_CLEARED) {
		g_string_append(text, " is no longer called infected: no evidence since then");
		return;
	}
	g_string_append(text, alert->act == ACT_DETECTED ? " infected: " : " still infected: ");
	for (size_t i = 0; i < alert->evidence_count; i++) {
		if (i > 0)
			g_string_append(text, ", ");
		add_evidence_text(&alert->evidence[i], text);
	}
}

void
alert_add_protocol(GString *text, uint8_t protocol)
{
	switch (protocol) {
	case 1:
		g_string_append(text, "icmp");
		break;
	case 6:
		g_string_append(text, "tcp");
		break;
	case 17:
		g_string_append(text, "udp");
		break;
	case 58:
		g_string_append(text, "ipv6-icmp");
		break;
	default:
		g_string_append_printf(text, "%u", protocol);
	}
}

static void
add_peer(const struct evidence_peer *peer, GString *json)
{
	char address[HOST_ADDRESS_TEXT_SIZE];

	json_open_object(json, NULL);
	json_add_string(json, "peer", host_address_format(&peer->peer, address));
	json_add_integer(json, "port", peer->port);
	json_add_integer(json, "protocol", peer->protocol);
	json_add_unsigned(json, "flows", peer->flows);
	json_add_unsigned(json, "octets_out", peer->octets[0]);
	json_add_unsigned(json, "octets_in", peer->octets[1]);
	json_add_boolean(json, "answered", peer->answered);
	if (peer->begun_ms != 0)
		json_add_integer(json, "begun_ms", peer->begun_ms);
	if (peer->every_s > 0)
		json_add_double(json, "every_s", peer->every_s);
	json_close_object(json);
}

void
alert_add_peers(GString *json, const char *name, const struct evidence *evidence)
{
	json_open_array(json, name);
	for (size_t i = 0; i < evidence->peer_count; i++)
		add_peer(&evidence->peers[i], json);
	json_close_array(json);
}

void
alert_lines_clear(struct alert_lines *lines)
{
	g_clear_pointer(&lines->cef, g_free);
	g_clear_pointer(&lines->ecs, g_free);
}
