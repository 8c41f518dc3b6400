#include "collector/ipfix.h"

enum {
	SET_TEMPLATE = 2,
	SET_OPTIONS_TEMPLATE = 3,
	SET_DATA_LEAST = 256,
	SET_HEADER_OCTETS = 4,
	FIELD_OCTETS = 4,
	ENTERPRISE_BIT = 0x8000,
};

bool
ipfix_read_header(struct wire_reader *reader, struct ipfix_header *header)
{
	wire_skip(reader, 2); /* version */
	header->length = wire_read_u16(reader);
	header->export_time.ms = (int64_t)wire_read_u32(reader) * 1000;
	header->sequence = wire_read_u32(reader);
	header->observation_domain = wire_read_u32(reader);
	return !wire_failed(reader);
}

/* Reads `count` fields, keeping as many as there may be; false: the Set is cut. */
static bool
read_fields(struct message *message, struct wire_reader *set, size_t count)
{
	if (count > wire_left(set) / FIELD_OCTETS)
		return false;
	for (size_t i = 0; i < count && !wire_failed(set); i++) {
		struct template_field field = { 0, wire_read_u16(set), 0 };

		field.length = wire_read_u16(set);
		if ((field.element & ENTERPRISE_BIT) != 0) {
			field.element = (uint16_t)(field.element & ~ENTERPRISE_BIT);
			field.enterprise = wire_read_u32(set);
		}
		if (i < TEMPLATE_FIELDS_MAX)
			message->fields[i] = field;
	}
	return !wire_failed(set);
}

/* A Template without fields is a withdrawal (RFC 7011, section 8.1): of one, or of all when it has
 * the Set's id. */
static void
withdraw(struct message *message, uint16_t id, uint16_t set_id)
{
	struct decode_counters *counters = &message->exporter->counters;

	if (id == set_id) {
		counters->templates_taken++;
		exporter_table_withdraw_all(message->table, message->exporter, message->domain,
		                            set_id == SET_OPTIONS_TEMPLATE);
	} else if (id >= SET_DATA_LEAST) {
		counters->templates_taken++;
		exporter_table_withdraw(message->table, message->exporter, message->domain, id);
	} else {
		message_refuse_template(message, &counters->templates_id);
	}
}

/* False: nothing more can be read of the Set. */
static bool
take_template(struct message *message, struct wire_reader *set, uint16_t set_id)
{
	struct decode_counters *counters = &message->exporter->counters;
	struct template_draft draft = { .id = wire_read_u16(set),
		                        .is_options = set_id == SET_OPTIONS_TEMPLATE,
		                        .fields = message->fields };

	draft.field_count = wire_read_u16(set);
	if (draft.field_count == 0 && draft.id == 0)
		return false; /* padding */
	if (draft.field_count == 0) {
		withdraw(message, draft.id, set_id);
		return true;
	}
	if (draft.is_options)
		draft.scope_count = wire_read_u16(set);
	if (!read_fields(message, set, draft.field_count)) {
		message_refuse_template(message, &counters->templates_cut);
		return false;
	}
	if (draft.is_options && draft.scope_count == 0)
		message_refuse_template(message, &counters->templates_scope);
	else
		message_take_template(message, &draft);
	return true;
}

static void
take_set(struct message *message, uint16_t id, struct wire_reader set)
{
	struct decode_counters *counters = &message->exporter->counters;

	if (id == SET_TEMPLATE || id == SET_OPTIONS_TEMPLATE) {
		counters->sets_template++;
		while (wire_left(&set) >= SET_HEADER_OCTETS && take_template(message, &set, id))
			continue;
	} else if (id < SET_DATA_LEAST) {
		counters->sets_reserved++;
	} else {
		message_take_data_set(message, id, set);
	}
}

void
ipfix_walk(struct message *message, struct wire_reader reader)
{
	struct decode_counters *counters = &message->exporter->counters;

	while (wire_left(&reader) >= SET_HEADER_OCTETS) {
		uint16_t id = wire_read_u16(&reader);
		uint16_t length = wire_read_u16(&reader);

		counters->sets_taken++;
		if (length < SET_HEADER_OCTETS ||
		    length - SET_HEADER_OCTETS > (int)wire_left(&reader)) {
			counters->sets_length++;
			message->records_known = false;
			return;
		}
		take_set(message, id,
		         wire_read_nested(&reader, length - (size_t)SET_HEADER_OCTETS));
	}
}
