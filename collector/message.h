/*
 * One export datagram of NetFlow v9 or IPFIX while it is being decoded: a header that the two
 * versions' decoders read, and Sets that they hand to the functions here.
 *
 * Templates and options are taken as the datagram is walked; Data Sets are noted, and their records
 * are read after the walk.  So what a datagram says of sampling and clocks holds for all of its
 * records, whatever the order.
 *
 * Threads: one, that of the decoder.
 */
#ifndef COLLECTOR_MESSAGE_H
#define COLLECTOR_MESSAGE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/exporter_state.h"
#include "collector/template_plan.h"
#include "common/wire_reader.h"

/* A Data Set whose Template is known. */
struct data_set {
	const struct export_template *known;
	const uint8_t *octets;
	size_t length;
};

struct message {
	ExporterTable *table;
	struct exporter *exporter;
	struct observation_domain *domain;
	struct plan_context context;
	int32_t clock_correction_ms;
	uint32_t sequence;
	uint32_t records;   /* data records, those of options included */
	uint32_t options;   /* of them, records of options */
	bool records_known; /* false: there was a Data Set without a Template */
	uint8_t version;
	GArray *data_sets;             /* struct data_set, in the order of the datagram */
	struct template_field *fields; /* TEMPLATE_FIELDS_MAX: where a Template is read into */
};

/* Learns a Template unless it breaks a limit; `draft->fields` are as read, `draft->field_count` as
 * announced. */
void message_take_template(struct message *message, const struct template_draft *draft);

/* Counts what cannot be a Template, by its reason. */
void message_refuse_template(struct message *message, uint64_t *reason);

/* A Data Set: noted, read (options), or kept for its Template. */
void message_take_data_set(struct message *message, uint16_t set_id, struct wire_reader set);

#endif
