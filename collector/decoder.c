#include "collector/decoder.h"

#include "collector/ipfix.h"
#include "collector/message.h"
#include "collector/netflow5.h"
#include "collector/netflow9.h"
#include "collector/options_data.h"
#include "collector/plan_finish.h"
#include "collector/record_lists.h"
#include "common/wire_reader.h"

/* What the records that come next are read from. */
enum stage {
	STAGE_IDLE,
	STAGE_NETFLOW5,
	STAGE_MESSAGE, /* the Data Sets noted in `message` */
	STAGE_READY,   /* a Set that had waited, noted in `message` */
};

struct Decoder {
	ExporterTable *exporters;
	TemplatePlan *netflow5_plan;
	StructuredData *structured;
	enum stage stage;
	struct message message;
	struct waiting_set *ready;
	struct datagram rest; /* another IPFIX Message of the datagram; length 0: none */
	size_t set;           /* index in message.data_sets */
	size_t position;      /* in that set */
	const uint8_t *netflow5_records;
	uint32_t netflow5_sampling;
};

Decoder *
decoder_new(ExporterTable *exporters)
{
	Decoder *decoder = g_new0(Decoder, 1);

	decoder->exporters = exporters;
	decoder->netflow5_plan = netflow5_plan();
	decoder->structured = structured_data_new();
	decoder->message.table = exporters;
	decoder->message.data_sets = g_array_new(false, false, sizeof(struct data_set));
	decoder->message.fields = g_new0(struct template_field, TEMPLATE_FIELDS_MAX);
	return decoder;
}

void
decoder_free(Decoder *decoder)
{
	if (decoder == NULL)
		return;
	template_plan_free(decoder->netflow5_plan);
	structured_data_free(decoder->structured);
	g_array_unref(decoder->message.data_sets);
	g_free(decoder->message.fields);
	g_free(decoder->ready);
	g_free(decoder);
}

/* Counts a datagram that is refused before its Exporter was made. */
static void
refuse(Decoder *decoder, const struct datagram *datagram, size_t reason)
{
	struct decode_counters *counters = exporter_table_counters_of(
		decoder->exporters, &datagram->exporter, datagram->exporter_port);

	counters->datagrams_taken++;
	*(uint64_t *)(void *)((char *)counters + reason) += 1;
}

#define REASON(name) offsetof(struct decode_counters, name)

/* Finds whom the message is of; false: refused and counted. */
static bool
open_message(Decoder *decoder, const struct datagram *datagram, uint8_t version, uint32_t domain,
             struct wall_time export_time)
{
	struct message *message = &decoder->message;

	message->exporter = exporter_table_take(decoder->exporters, &datagram->exporter,
	                                        datagram->exporter_port, datagram->arrival);
	if (message->exporter == NULL)
		return false;
	message->domain =
		exporter_table_domain(decoder->exporters, message->exporter, version, domain);
	if (message->domain == NULL)
		return false;
	message->domain->keeps_templates = datagram->from_file;
	message->version = version;
	message->context = (struct plan_context){
		.export_time = export_time,
		.samplers = &message->domain->samplers,
	};
	message->clock_correction_ms = 0;
	message->records = 0;
	message->options = 0;
	message->records_known = true;
	clock_offset_take(&message->exporter->clock, export_time, datagram->arrival);
	return true;
}

static void
take_uptime(struct message *message, uint32_t uptime_ms)
{
	const struct uptime_header header = {
		.export_time = message->context.export_time,
		.arrival = message->exporter->last_arrival,
		.uptime_ms = uptime_ms,
		.open_ms = message->version == 9 ? UPTIME_CLOCK_SECONDS : UPTIME_CLOCK_EXACT,
	};

	message->context.uptime_known = true;
	message->context.uptime_ms = uptime_ms;
	message->context.uptime_at = message->context.export_time;
	message->clock_correction_ms = uptime_clock_take(&message->domain->clock, &header);
}

/* Each header says it anew: told for the operator's eye. */
static void
note_netflow5_sampling(struct message *message, uint32_t interval)
{
	const struct sampler sampler = { .scope = SAMPLER_OF_DOMAIN, .interval = interval };

	if (interval > 0 || message->domain->samplers.count > 0)
		(void)sampler_table_announce(&message->domain->samplers, &sampler);
}

static void
take_netflow5(Decoder *decoder, const struct datagram *datagram)
{
	struct message *message = &decoder->message;
	struct wire_reader reader = wire_reader(datagram->octets, datagram->length);
	struct netflow5_header header;

	if (!netflow5_read_header(&reader, &header)) {
		refuse(decoder, datagram, REASON(datagrams_short));
		return;
	}
	if (header.record_count == 0 || header.record_count > NETFLOW5_RECORDS_MAX) {
		refuse(decoder, datagram, REASON(datagrams_count));
		return;
	}
	if (wire_left(&reader) < (size_t)header.record_count * NETFLOW5_RECORD_OCTETS) {
		refuse(decoder, datagram, REASON(datagrams_length));
		return;
	}
	if (!open_message(decoder, datagram, NETFLOW5_VERSION, header.engine, header.export_time))
		return;
	message->exporter->counters.datagrams_netflow5++;
	take_uptime(message, header.uptime_ms);
	message->sequence = header.sequence;
	message->records = header.record_count;
	decoder->netflow5_records = reader.next;
	decoder->netflow5_sampling = header.sampling_interval;
	note_netflow5_sampling(message, header.sampling_interval);
	decoder->stage = STAGE_NETFLOW5;
}

static void
take_netflow9(Decoder *decoder, const struct datagram *datagram)
{
	struct wire_reader reader = wire_reader(datagram->octets, datagram->length);
	struct netflow9_header header;

	if (!netflow9_read_header(&reader, &header)) {
		refuse(decoder, datagram, REASON(datagrams_short));
		return;
	}
	if (!open_message(decoder, datagram, NETFLOW9_VERSION, header.source_id,
	                  header.export_time))
		return;
	decoder->message.exporter->counters.datagrams_netflow9++;
	take_uptime(&decoder->message, header.uptime_ms);
	decoder->message.sequence = header.sequence;
	netflow9_walk(&decoder->message, reader);
	decoder->stage = STAGE_MESSAGE;
}

/* The boot time that the domain has announced, or another one of the same Exporter: it is one
 * device. */
static const struct observation_domain *
find_boot(const struct message *message)
{
	GHashTableIter iterator;
	gpointer value;

	if (message->domain->boot_known)
		return message->domain;
	g_hash_table_iter_init(&iterator, message->exporter->domains);
	while (g_hash_table_iter_next(&iterator, NULL, &value))
		if (((const struct observation_domain *)value)->boot_known)
			return value;
	return NULL;
}

static void
count_from_boot(struct plan_context *context, struct wall_time boot)
{
	static const uint32_t half_turn_ms = UINT32_C(1) << 31;
	int64_t up_ms = context->export_time.ms - boot.ms;

	context->uptime_known = true;
	if (up_ms < 0) {
		/* One of the two is wrong, and the header is no help: uptimes count from the boot.
		 */
		context->uptime_at = wall_time_add_ms(boot, half_turn_ms);
		context->uptime_ms = half_turn_ms;
		return;
	}
	context->uptime_at = context->export_time;
	context->uptime_ms = (uint32_t)up_ms;
	/* Once uptime has wrapped, any value may lie before the export time. */
	context->uptime_inferred = up_ms <= UINT32_MAX;
}

/* IPFIX headers tell no uptime: it follows from the boot time, if that was announced. */
static void
infer_uptime(struct message *message)
{
	for (guint i = 0; i < message->data_sets->len; i++) {
		const struct data_set *set = &g_array_index(message->data_sets, struct data_set, i);
		const struct observation_domain *domain;

		if (!template_plan_needs_uptime(set->known->plan))
			continue;
		domain = find_boot(message);
		if (domain != NULL)
			count_from_boot(&message->context, domain->boot);
		return;
	}
}

/* RFC 7011 sends each Message in a datagram of its own but does not forbid more: what follows a
 * Message and is one is read as if it had come alone. */
static void
keep_rest(Decoder *decoder, const struct datagram *datagram, size_t used)
{
	struct datagram rest = *datagram;
	struct wire_reader reader;
	struct ipfix_header header;

	rest.octets += used;
	rest.length -= used;
	reader = wire_reader(rest.octets, rest.length);
	if (wire_read_u16(&reader) != IPFIX_VERSION)
		return;
	reader = wire_reader(rest.octets, rest.length);
	if (ipfix_read_header(&reader, &header) && header.length >= IPFIX_HEADER_OCTETS &&
	    header.length <= rest.length)
		decoder->rest = rest;
}

static void
take_ipfix(Decoder *decoder, const struct datagram *datagram)
{
	struct wire_reader reader = wire_reader(datagram->octets, datagram->length);
	struct ipfix_header header;

	if (!ipfix_read_header(&reader, &header)) {
		refuse(decoder, datagram, REASON(datagrams_short));
		return;
	}
	/* RFC 7011, section 9: a Message of another length than it says is malformed; what it says
	 * is taken when it is all there. */
	if (header.length < IPFIX_HEADER_OCTETS || header.length > datagram->length) {
		refuse(decoder, datagram, REASON(datagrams_length));
		return;
	}
	keep_rest(decoder, datagram, header.length);
	if (!open_message(decoder, datagram, IPFIX_VERSION, header.observation_domain,
	                  header.export_time))
		return;
	decoder->message.exporter->counters.datagrams_ipfix++;
	decoder->message.sequence = header.sequence;
	ipfix_walk(&decoder->message,
	           wire_read_nested(&reader, header.length - (size_t)IPFIX_HEADER_OCTETS));
	infer_uptime(&decoder->message);
	decoder->stage = STAGE_MESSAGE;
}

static void
restart_sets(Decoder *decoder)
{
	g_array_set_size(decoder->message.data_sets, 0);
	decoder->set = 0;
	decoder->position = 0;
}

/* Why a datagram of this version is refused: by name, so that its sender can be told what to do. */
static size_t
version_reason(uint16_t version, uint16_t next)
{
	switch (version) {
	case 0: /* sFlow's version has four octets */
		return next == 2 || next == 4 || next == 5 ? REASON(datagrams_sflow)
		                                           : REASON(datagrams_version);
	case 1:
	case 6:
	case 7:
	case 8:
		return REASON(datagrams_old);
	default:
		return REASON(datagrams_version);
	}
}

void
decoder_take(Decoder *decoder, const struct datagram *datagram)
{
	struct wire_reader reader = wire_reader(datagram->octets, datagram->length);
	uint16_t version = wire_read_u16(&reader);

	decoder->stage = STAGE_IDLE;
	decoder->rest.length = 0;
	g_clear_pointer(&decoder->ready, g_free);
	restart_sets(decoder);
	exporter_table_settle(decoder->exporters, datagram->arrival);
	if (wire_failed(&reader))
		refuse(decoder, datagram, REASON(datagrams_short));
	else if (version == NETFLOW5_VERSION)
		take_netflow5(decoder, datagram);
	else if (version == NETFLOW9_VERSION)
		take_netflow9(decoder, datagram);
	else if (version == IPFIX_VERSION)
		take_ipfix(decoder, datagram);
	else
		refuse(decoder, datagram, version_reason(version, wire_read_u16(&reader)));
}

static void
read_netflow5(Decoder *decoder, struct flow_batch *batch)
{
	struct message *message = &decoder->message;

	template_plan_read(decoder->netflow5_plan, &message->context, decoder->netflow5_records,
	                   message->records, batch->records);
	batch->count = message->records;
	for (size_t i = 0; i < batch->count; i++)
		batch->records[i].sampling_interval = decoder->netflow5_sampling;
	message->exporter->counters.records_taken += batch->count;
}

/* Records of no use: counted, not read. */
static void
pass_over(Decoder *decoder, const struct data_set *set)
{
	struct message *message = &decoder->message;
	struct decode_counters *counters = &message->exporter->counters;
	size_t octets = set->known->record_octets;
	size_t count = 0;

	if (!template_plan_is_variable(set->known->plan)) {
		count = set->length / octets;
		decoder->position = set->length;
	}
	while (set->length - decoder->position >= octets && decoder->position < set->length) {
		size_t length = template_plan_read_variable(set->known->plan, &message->context,
		                                            set->octets + decoder->position,
		                                            set->length - decoder->position, NULL);

		if (length == 0) {
			counters->records_taken++;
			counters->records_cut++;
			message->records_known = false;
			break;
		}
		decoder->position += length;
		count++;
	}
	counters->records_taken += count;
	counters->records_without_address += count;
	message->records += (uint32_t)count;
}

/* True: the Set is used up. */
static bool
read_fixed(Decoder *decoder, const struct data_set *set, struct flow_batch *batch)
{
	size_t octets = set->known->record_octets;
	size_t left = (set->length - decoder->position) / octets;
	size_t count = MIN(left, FLOW_BATCH_RECORDS - batch->count);

	template_plan_read(set->known->plan, &decoder->message.context,
	                   set->octets + decoder->position, count, batch->records + batch->count);
	batch->count += count;
	decoder->position += count * octets;
	decoder->message.records += (uint32_t)count;
	decoder->message.exporter->counters.records_taken += count;
	return count == left;
}

static bool
read_variable(Decoder *decoder, const struct data_set *set, struct flow_batch *batch)
{
	struct message *message = &decoder->message;
	struct decode_counters *counters = &message->exporter->counters;

	while (batch->count < FLOW_BATCH_RECORDS) {
		struct flow_record *record = &batch->records[batch->count];
		size_t left = set->length - decoder->position;
		size_t length;

		if (left < set->known->record_octets)
			return true; /* padding */
		counters->records_taken++;
		length = template_plan_read_variable(set->known->plan, &message->context,
		                                     set->octets + decoder->position, left, record);
		if (length == 0) {
			counters->records_cut++;
			message->records_known = false;
			return true;
		}
		batch->count++;
		message->records++;
		decoder->position += length;
	}
	return false;
}

/* Counts what became of a record with lists; true: go on behind it. */
static bool
note_lists(Decoder *decoder, enum lists_outcome outcome, const struct lists_made *made)
{
	struct message *message = &decoder->message;
	struct decode_counters *counters = &message->exporter->counters;

	if (outcome == LISTS_NO_ROOM)
		return false;
	counters->records_taken += outcome == LISTS_MADE ? made->count : 1;
	counters->lists_template_missing += made->missing;
	if (outcome == LISTS_CUT) {
		counters->records_cut++;
		message->records_known = false;
		return false;
	}
	counters->records_without_address += outcome == LISTS_WITHOUT_ADDRESS;
	counters->records_lists += outcome == LISTS_REFUSED;
	counters->records_from_lists += made->subs;
	message->records++;
	decoder->position += made->length;
	return true;
}

/* True: the Set is used up. */
static bool
read_listed(Decoder *decoder, const struct data_set *set, struct flow_batch *batch)
{
	for (;;) {
		size_t left = set->length - decoder->position;
		const struct lists_source source = { set->known->plan, &decoder->message.context,
			                             decoder->message.domain,
			                             set->octets + decoder->position, left };
		struct lists_made made;
		enum lists_outcome outcome;

		if (left < set->known->record_octets)
			return true; /* padding */
		outcome = record_lists_make(decoder->structured, &source,
		                            batch->records + batch->count,
		                            FLOW_BATCH_RECORDS - batch->count, &made);
		if (!note_lists(decoder, outcome, &made))
			return outcome == LISTS_CUT;
		if (outcome == LISTS_MADE)
			batch->count += made.count;
	}
}

static void
read_sets(Decoder *decoder, struct flow_batch *batch)
{
	const GArray *sets = decoder->message.data_sets;

	while (decoder->set < sets->len && batch->count < FLOW_BATCH_RECORDS) {
		const struct data_set *set = &g_array_index(sets, struct data_set, decoder->set);
		bool used_up = true;

		decoder->message.context.template_id = set->known->id;
		if (template_plan_has_lists(set->known->plan))
			used_up = read_listed(decoder, set, batch);
		else if (!template_plan_has_address(set->known->plan))
			pass_over(decoder, set);
		else if (template_plan_is_variable(set->known->plan))
			used_up = read_variable(decoder, set, batch);
		else
			used_up = read_fixed(decoder, set, batch);
		if (!used_up)
			return;
		decoder->set++;
		decoder->position = 0;
	}
}

/* Records whose packet section could not be read have no address after all. */
static void
drop_unreadable(struct flow_batch *batch, struct decode_counters *counters)
{
	size_t kept = 0;

	for (size_t i = 0; i < batch->count; i++) {
		const struct flow_record *record = &batch->records[i];
		static const struct host_address unset;

		if ((record->marks & (FLOW_STRUCTURED_REFUSED | FLOW_PACKET_SECTION)) ==
		            FLOW_STRUCTURED_REFUSED &&
		    host_address_equal(&record->source, &unset) &&
		    host_address_equal(&record->destination, &unset)) {
			counters->records_without_address++;
			continue;
		}
		if (kept != i)
			batch->records[kept] = *record;
		kept++;
	}
	batch->count = kept;
}

static void
count_marks(struct flow_batch *batch, struct decode_counters *counters)
{
	static const uint32_t rare = FLOW_EVENT | FLOW_TIMES_IMPOSSIBLE | FLOW_PACKET_SECTION |
	                             FLOW_HAS_SIZES | FLOW_STRUCTURED_REFUSED;
	uint32_t any = 0, all = UINT32_MAX;

	for (size_t i = 0; i < batch->count; i++) {
		any |= batch->records[i].marks;
		all &= batch->records[i].marks;
	}
	if ((any & FLOW_STRUCTURED_REFUSED) != 0)
		drop_unreadable(batch, counters);
	counters->records_decoded += batch->count;
	if ((any & rare) == 0 && (all & FLOW_HAS_TIMES) != 0)
		return;
	for (size_t i = 0; i < batch->count; i++) {
		uint32_t marks = batch->records[i].marks;

		counters->records_events += (marks & FLOW_EVENT) != 0;
		counters->records_without_times += (marks & FLOW_HAS_TIMES) == 0;
		counters->records_times_impossible += (marks & FLOW_TIMES_IMPOSSIBLE) != 0;
		counters->records_packet_section += (marks & FLOW_PACKET_SECTION) != 0;
		counters->records_sizes_told += (marks & FLOW_HAS_SIZES) != 0;
		counters->records_structured_refused += (marks & FLOW_STRUCTURED_REFUSED) != 0;
	}
}

/* All records of the message at hand have been given out. */
static void
close_message(Decoder *decoder)
{
	const struct message *message = &decoder->message;
	const struct sequence_message sequence = { message->sequence, message->records,
		                                   message->options, message->records_known };

	if (decoder->stage == STAGE_NETFLOW5 || decoder->stage == STAGE_MESSAGE)
		sequence_check_take(&message->domain->sequence, &sequence,
		                    &message->exporter->counters);
	g_clear_pointer(&decoder->ready, g_free);
	restart_sets(decoder);
	decoder->stage = STAGE_IDLE;
}

static bool
take_rest(Decoder *decoder)
{
	struct datagram rest = decoder->rest;

	decoder->rest.length = 0;
	if (rest.length > 0)
		take_ipfix(decoder, &rest);
	return rest.length > 0;
}

/* Notes the Set that waited as the only one of a message of its own. */
static void
open_ready(Decoder *decoder, struct waiting_set *ready)
{
	struct message *message = &decoder->message;
	struct decode_counters *counters = &ready->exporter->counters;
	const struct export_template *known = observation_domain_find(ready->domain, ready->set_id);
	struct data_set noted = { known, ready->octets, ready->length };

	decoder->ready = ready;
	decoder->stage = STAGE_READY;
	message->exporter = ready->exporter;
	message->domain = ready->domain;
	message->version = ready->domain->version;
	message->clock_correction_ms = ready->clock_correction_ms;
	message->context = (struct plan_context){
		.export_time = ready->export_time,
		.uptime_ms = ready->uptime_ms,
		.uptime_at = ready->export_time,
		.uptime_known = ready->domain->version == NETFLOW9_VERSION,
		.samplers = &ready->domain->samplers,
	};
	if (known == NULL) {
		counters->sets_template_late++;
		return;
	}
	if (known->record_octets == 0) {
		counters->sets_template_unusable++;
		return;
	}
	counters->sets_data++;
	if (known->is_options)
		options_data_read(message, known, wire_reader(ready->octets, ready->length));
	else
		g_array_append_val(message->data_sets, noted);
	if (message->version == IPFIX_VERSION)
		infer_uptime(message);
}

/* An IPFIX File may have been made of traffic long past: then it is the flows that tell when they
 * were seen, and the header when the File was written. */
static void
date_by_flows(struct flow_batch *batch)
{
	struct wall_time latest = { 0 };

	for (size_t i = 0; i < batch->count; i++)
		if (batch->records[i].end.ms > latest.ms)
			latest = batch->records[i].end;
	/* No later than the header. */
	if (latest.ms <= 0 || latest.ms >= batch->export_time.ms)
		return;
	for (size_t i = 0; i < batch->count; i++)
		if ((batch->records[i].marks & FLOW_TIMES_IMPOSSIBLE) == 0)
			return;
	batch->export_time = latest;
	for (size_t i = 0; i < batch->count; i++)
		if (plan_times_possible(latest, &batch->records[i]))
			batch->records[i].marks &= ~(uint32_t)FLOW_TIMES_IMPOSSIBLE;
}

static bool
is_beyond(int64_t ms, int64_t tolerance_ms)
{
	return tolerance_ms > 0 && ms > tolerance_ms;
}

static void
head_batch(const Decoder *decoder, struct flow_batch *batch)
{
	const struct message *message = &decoder->message;
	const struct exporter_limits *limits = exporter_table_limits(decoder->exporters);
	int64_t offset_ms = message->exporter->clock.ms;

	batch->export_time = message->context.export_time;
	batch->exporter = message->exporter->number;
	batch->observation_domain = message->domain->id;
	batch->version = message->version;
	batch->clock_correction_ms = message->clock_correction_ms;
	if (message->domain->keeps_templates)
		date_by_flows(batch);
	batch->clock_offset_ms = is_beyond(ABS(offset_ms), limits->clock_tolerance_ms) ||
	                                         is_beyond(offset_ms, limits->clock_ahead_ms)
	                                 ? offset_ms
	                                 : 0;
}

bool
decoder_next(Decoder *decoder, struct flow_batch *batch)
{
	for (;;) {
		bool was_netflow5 = decoder->stage == STAGE_NETFLOW5;
		struct waiting_set *ready;

		batch->count = 0;
		if (was_netflow5)
			read_netflow5(decoder, batch);
		else if (decoder->stage != STAGE_IDLE)
			read_sets(decoder, batch);
		if (batch->count > 0) {
			head_batch(decoder, batch);
			count_marks(batch, &decoder->message.exporter->counters);
		}
		if (was_netflow5)
			close_message(decoder);
		if (batch->count > 0)
			return true;
		if (decoder->stage != STAGE_IDLE && decoder->set >= decoder->message.data_sets->len)
			close_message(decoder);
		else if (decoder->stage != STAGE_IDLE)
			continue;
		ready = waiting_sets_next(exporter_table_waiting(decoder->exporters));
		if (ready != NULL)
			open_ready(decoder, ready);
		else if (!take_rest(decoder))
			return false;
	}
}
