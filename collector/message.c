#include "collector/message.h"

#include "collector/options_data.h"

enum { TEMPLATE_ID_LEAST = 256 };

void
message_refuse_template(struct message *message, uint64_t *reason)
{
	message->exporter->counters.templates_taken++;
	(*reason)++;
}

void
message_take_template(struct message *message, const struct template_draft *draft)
{
	struct decode_counters *counters = &message->exporter->counters;

	if (draft->id < TEMPLATE_ID_LEAST) {
		message_refuse_template(message, &counters->templates_id);
	} else if (draft->field_count == 0 ||
	           draft->field_count > exporter_table_limits(message->table)->fields_max) {
		message_refuse_template(message, &counters->templates_fields);
	} else if (draft->scope_count > draft->field_count) {
		message_refuse_template(message, &counters->templates_scope);
	} else {
		counters->templates_taken++;
		exporter_table_learn(message->table, message->exporter, message->domain, draft);
	}
}

static void
wait_for_template(struct message *message, uint16_t set_id, struct wire_reader set)
{
	const struct waiting_set draft = {
		.domain = message->domain,
		.exporter = message->exporter,
		.arrival = message->exporter->last_arrival,
		.export_time = message->context.export_time,
		.uptime_ms = message->context.uptime_ms,
		.clock_correction_ms = message->clock_correction_ms,
		.set_id = set_id,
		.length = wire_left(&set),
	};

	message->records_known = false;
	waiting_sets_keep(exporter_table_waiting(message->table), &draft, set.next);
}

void
message_take_data_set(struct message *message, uint16_t set_id, struct wire_reader set)
{
	const struct export_template *known = observation_domain_find(message->domain, set_id);
	struct decode_counters *counters = &message->exporter->counters;
	struct data_set noted = { known, set.next, wire_left(&set) };

	if (known == NULL) {
		wait_for_template(message, set_id, set);
		return;
	}
	if (known->record_octets == 0) {
		counters->sets_template_unusable++;
		return;
	}
	counters->sets_data++;
	if (known->is_options)
		options_data_read(message, known, set);
	else
		g_array_append_val(message->data_sets, noted);
}
