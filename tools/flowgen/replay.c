#include "tools/flowgen/replay.h"

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <string.h>

#include "tools/flowgen/export_format.h"
#include "tools/flowgen/random.h"

enum {
	ACTIVE_MS =
		59000, /* a record as long as this was cut by an active timeout, and sent at once */
	INACTIVE_MS = 15000,
	DRAWN_TIMES = 64, /* of more packets than that the first and last are taken as they were */
	FIN = 0x01,
	SYN = 0x02,
	RST = 0x04,
	ICMP = 1,
	ICMPV6 = 58,
};

static uint64_t
number(JsonObject *object, const char *name)
{
	gint64 value = json_object_get_int_member_with_default(object, name, 0);

	return value > 0 ? (uint64_t)value : 0;
}

static bool
read_address(JsonObject *object, const char *name4, const char *name6, struct host_address *address)
{
	const char *text = json_object_get_string_member_with_default(object, name4, NULL);

	if (text == NULL)
		text = json_object_get_string_member_with_default(object, name6, "");
	return host_address_parse(text, address);
}

/* False: it is no record of a flow (the counters of the run, an event). */
static bool
read_record(JsonObject *object, struct export_record *record)
{
	bool has_ends =
		read_address(object, "sourceIPv4Address", "sourceIPv6Address", &record->source) &&
		read_address(object, "destinationIPv4Address", "destinationIPv6Address",
	                     &record->destination);

	int64_t correction_ms = (int64_t)number(object, "clockCorrectionMilliseconds");

	if (!has_ends)
		return false;
	record->start_ms = (int64_t)number(object, "flowStartMilliseconds") + correction_ms;
	record->end_ms = (int64_t)number(object, "flowEndMilliseconds") + correction_ms;
	record->octets = number(object, "octetDeltaCount");
	record->packets = (uint32_t)MIN(number(object, "packetDeltaCount"), UINT32_MAX);
	record->source_port = (uint16_t)number(object, "sourceTransportPort");
	record->destination_port = (uint16_t)number(object, "destinationTransportPort");
	record->protocol = (uint8_t)number(object, "protocolIdentifier");
	record->flags = (uint8_t)number(object, "tcpControlBits");
	if (record->protocol == ICMP || record->protocol == ICMPV6)
		record->destination_port = (uint16_t)number(object, "icmpTypeCode");
	return record->packets > 0 && record->end_ms >= record->start_ms && record->start_ms > 0;
}

/* One packet in `sample` of `packets`. */
static uint32_t
thin(struct random *random, uint32_t packets, uint32_t sample)
{
	uint32_t taken = 0;

	for (uint32_t i = 0; i < packets; i++)
		taken += random_between(random, 1, sample) == 1;
	return taken;
}

/* Was a certain packet among the taken ones? */
static bool
was_taken(struct random *random, uint32_t taken, uint32_t packets)
{
	return random_between(random, 1, packets) <= taken;
}

static void
thin_times(struct random *random, uint32_t taken, uint32_t packets, struct export_record *record)
{
	uint32_t duration = (uint32_t)MIN(record->end_ms - record->start_ms, UINT32_MAX - 1);
	uint32_t least = duration;
	uint32_t most = 0;

	if (taken > DRAWN_TIMES)
		return;
	for (uint32_t i = 0; i < taken; i++) {
		uint32_t at = random_between(random, 0, duration);

		least = MIN(least, at);
		most = MAX(most, at);
	}
	if (was_taken(random, taken, packets))
		least = 0;
	if (taken > 1 && was_taken(random, taken, packets))
		most = duration;
	record->end_ms = record->start_ms + MAX(least, most);
	record->start_ms += least;
}

/* False: none of its packets was taken. */
static bool
sample_record(struct random *random, uint32_t sample, struct export_record *record)
{
	static const uint8_t single[] = { SYN, FIN, RST }; /* flags of one packet each */
	uint32_t packets = record->packets;
	uint32_t taken = thin(random, packets, sample);

	if (taken == 0)
		return false;
	if (taken == packets)
		return true;
	for (size_t i = 0; i < G_N_ELEMENTS(single); i++) {
		if ((record->flags & single[i]) && !was_taken(random, taken, packets))
			record->flags &= (uint8_t)~single[i];
	}
	record->octets =
		record->octets / packets * taken + record->octets % packets * taken / packets;
	record->packets = taken;
	thin_times(random, taken, packets, record);
	return true;
}

static bool
is_seen(const struct replay_config *config, const struct export_record *record)
{
	if (config->direction == REPLAY_OUT)
		return !prefix_set_contains(config->hosts, &record->destination);
	if (config->direction == REPLAY_IN)
		return !prefix_set_contains(config->hosts, &record->source);
	return true;
}

static void
take_record(GArray *records, const struct replay_config *config, struct random *random,
            struct export_record *record)
{
	int64_t wait_ms = record->end_ms - record->start_ms >= ACTIVE_MS ? 1 : INACTIVE_MS;

	record->export_ms = record->end_ms + wait_ms;
	if (is_seen(config, record) &&
	    (config->sample <= 1 || sample_record(random, config->sample, record)))
		g_array_append_val(records, *record);
}

static bool
take_line(GArray *records, const struct replay_config *config, struct random *random,
          const char *line)
{
	g_autoptr(JsonNode) node = json_from_string(line, NULL);
	struct export_record record = { 0 };

	if (node == NULL || !JSON_NODE_HOLDS_OBJECT(node))
		return false;
	if (read_record(json_node_get_object(node), &record))
		take_record(records, config, random, &record);
	return true;
}

GArray *
replay_read(const char *path, const struct replay_config *config, GError **error)
{
	g_autoptr(GArray) records = g_array_new(FALSE, FALSE, sizeof(struct export_record));
	struct random random = { config->seed };
	g_autofree char *text = NULL;
	char *next = NULL;
	unsigned number_of_line = 1;

	if (!g_file_get_contents(path, &text, NULL, error))
		return NULL;
	for (char *line = text; line != NULL && *line != '\0'; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (!take_line(records, config, &random, line)) {
			g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
			            "line %u is no JSON object", number_of_line);
			return NULL;
		}
		number_of_line++;
	}
	return g_steal_pointer(&records);
}
