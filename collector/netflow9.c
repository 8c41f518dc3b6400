#include "collector/netflow9.h"

enum {
	SET_TEMPLATE = 0,
	SET_OPTIONS_TEMPLATE = 1,
	SET_DATA_LEAST = 256,
	SET_HEADER_OCTETS = 4,
	FIELD_OCTETS = 4,
	/* Elements from here on are ntop's: 57472 plus the id that it has in IPFIX. */
	NTOP_LEAST = 57472,
	NTOP_ENTERPRISE = 35632,
};

bool
netflow9_read_header(struct wire_reader *reader, struct netflow9_header *header)
{
	wire_skip(reader, 2 + 2); /* version, count */
	header->uptime_ms = wire_read_u32(reader);
	header->export_time.ms = (int64_t)wire_read_u32(reader) * 1000;
	header->sequence = wire_read_u32(reader);
	header->source_id = wire_read_u32(reader);
	return !wire_failed(reader);
}

static struct template_field
read_field(struct wire_reader *set)
{
	struct template_field field = { 0, wire_read_u16(set), 0 };

	field.length = wire_read_u16(set);
	if (field.element >= NTOP_LEAST) {
		field.enterprise = NTOP_ENTERPRISE;
		field.element = (uint16_t)(field.element - NTOP_LEAST);
	}
	return field;
}

/* Reads `count` fields, keeping as many as there may be; false: the Set is cut. */
static bool
read_fields(struct message *message, struct wire_reader *set, size_t count, size_t scopes)
{
	if (count > wire_left(set) / FIELD_OCTETS)
		return false;
	for (size_t i = 0; i < count; i++) {
		struct template_field field = read_field(set);

		if (i < scopes)
			field.enterprise = ENTERPRISE_V9_SCOPE;
		if (i < TEMPLATE_FIELDS_MAX)
			message->fields[i] = field;
	}
	return true;
}

static void
walk_templates(struct message *message, struct wire_reader set)
{
	while (wire_left(&set) >= SET_HEADER_OCTETS) {
		struct template_draft draft = { .id = wire_read_u16(&set),
			                        .fields = message->fields };

		draft.field_count = wire_read_u16(&set);
		if (draft.id == 0 && draft.field_count == 0)
			return; /* padding */
		if (!read_fields(message, &set, draft.field_count, 0)) {
			message_refuse_template(message,
			                        &message->exporter->counters.templates_cut);
			return;
		}
		message_take_template(message, &draft);
	}
}

static void
walk_options_templates(struct message *message, struct wire_reader set)
{
	while (wire_left(&set) >= SET_HEADER_OCTETS + 2) {
		struct template_draft draft = { .id = wire_read_u16(&set),
			                        .is_options = true,
			                        .fields = message->fields };
		uint16_t scope_octets = wire_read_u16(&set);
		uint16_t option_octets = wire_read_u16(&set);

		if (draft.id == 0 && scope_octets == 0 && option_octets == 0)
			return; /* padding */
		draft.scope_count = scope_octets / FIELD_OCTETS;
		draft.field_count = (size_t)draft.scope_count + option_octets / FIELD_OCTETS;
		if (scope_octets % FIELD_OCTETS != 0 || option_octets % FIELD_OCTETS != 0) {
			message_refuse_template(message,
			                        &message->exporter->counters.templates_scope);
			return;
		}
		if (!read_fields(message, &set, draft.field_count, draft.scope_count)) {
			message_refuse_template(message,
			                        &message->exporter->counters.templates_cut);
			return;
		}
		message_take_template(message, &draft);
	}
}

static void
take_set(struct message *message, uint16_t id, struct wire_reader set)
{
	struct decode_counters *counters = &message->exporter->counters;

	if (id == SET_TEMPLATE) {
		counters->sets_template++;
		walk_templates(message, set);
	} else if (id == SET_OPTIONS_TEMPLATE) {
		counters->sets_template++;
		walk_options_templates(message, set);
	} else if (id < SET_DATA_LEAST) {
		counters->sets_reserved++;
	} else {
		message_take_data_set(message, id, set);
	}
}

static bool
is_set_header(struct wire_reader reader)
{
	uint16_t id = wire_read_u16(&reader);
	uint16_t length = wire_read_u16(&reader);

	return !wire_failed(&reader) && (id <= SET_OPTIONS_TEMPLATE || id >= SET_DATA_LEAST) &&
	       length >= SET_HEADER_OCTETS && length - SET_HEADER_OCTETS <= (int)wire_left(&reader);
}

/* Some exporters pad a Set to four octets but leave the padding out of its length. */
static void
skip_uncounted_padding(struct wire_reader *reader, const uint8_t *begin)
{
	struct wire_reader aligned = *reader;
	size_t behind = (size_t)(reader->next - begin) % 4;

	if (behind == 0 || is_set_header(*reader))
		return;
	wire_skip(&aligned, 4 - behind);
	if (!wire_failed(&aligned) && (is_set_header(aligned) || wire_left(&aligned) == 0))
		*reader = aligned;
}

void
netflow9_walk(struct message *message, struct wire_reader reader)
{
	struct decode_counters *counters = &message->exporter->counters;
	const uint8_t *begin = reader.next;

	while (wire_left(&reader) >= SET_HEADER_OCTETS) {
		uint16_t id = wire_read_u16(&reader);
		uint16_t length = wire_read_u16(&reader);

		if (id == 0 && length == 0)
			return;
		counters->sets_taken++;
		if (length < SET_HEADER_OCTETS ||
		    length - SET_HEADER_OCTETS > (int)wire_left(&reader)) {
			counters->sets_length++;
			message->records_known = false;
			return;
		}
		take_set(message, id,
		         wire_read_nested(&reader, length - (size_t)SET_HEADER_OCTETS));
		skip_uncounted_padding(&reader, begin);
	}
}
