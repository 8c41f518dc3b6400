#include "collector/options_data.h"

#include "collector/ipfix.h"

enum {
	SCOPE_SYSTEM = 1, /* NetFlow v9 scope types (RFC 3954, section 6.1) */
	SCOPE_INTERFACE = 2,
	VARIABLE_LONG = 255,
	NUMBER_OCTETS_MAX = 8,
};

enum {
	ELEMENT_INGRESS_INTERFACE = 10,
	ELEMENT_EGRESS_INTERFACE = 14,
	ELEMENT_SAMPLING_INTERVAL = 34,
	ELEMENT_SAMPLER_ID = 48,
	ELEMENT_SAMPLER_RANDOM_INTERVAL = 50,
	ELEMENT_OBSERVATION_DOMAIN = 149,
	ELEMENT_SYSTEM_INIT_TIME = 160,
	ELEMENT_SELECTOR_ID = 302,
	ELEMENT_PACKET_INTERVAL = 305,
	ELEMENT_PACKET_SPACE = 306,
	ELEMENT_TIME_INTERVAL = 307,
	ELEMENT_TIME_SPACE = 308,
	ELEMENT_SAMPLING_SIZE = 309,
	ELEMENT_SAMPLING_POPULATION = 310,
	ELEMENT_SAMPLING_PROBABILITY = 311,
};

/* What one options record tells; 0: not told. */
struct announcement {
	bool names_sampler;
	bool names_interface;
	uint64_t sampler;
	uint64_t interface;
	uint64_t domain; /* 0: not told */
	uint64_t interval;
	uint64_t taken, passed; /* packets, or time, of each round */
	bool tells_passed;
	uint64_t size, population;
	double probability;
	uint64_t boot_ms;
};

static void
note_scope(struct announcement *told, uint16_t type, uint64_t value)
{
	if (type == SCOPE_INTERFACE) {
		told->names_interface = true;
		told->interface = value;
	}
}

static void
note_element(struct announcement *told, uint16_t element, uint64_t value)
{
	switch (element) {
	case ELEMENT_INGRESS_INTERFACE:
	case ELEMENT_EGRESS_INTERFACE:
		note_scope(told, SCOPE_INTERFACE, value);
		break;
	case ELEMENT_OBSERVATION_DOMAIN:
		told->domain = value;
		break;
	case ELEMENT_SAMPLER_ID:
	case ELEMENT_SELECTOR_ID:
		told->names_sampler = true;
		told->sampler = value;
		break;
	case ELEMENT_SAMPLING_INTERVAL:
	case ELEMENT_SAMPLER_RANDOM_INTERVAL:
		told->interval = value;
		break;
	case ELEMENT_PACKET_INTERVAL:
	case ELEMENT_TIME_INTERVAL:
		told->taken = value;
		break;
	case ELEMENT_PACKET_SPACE:
	case ELEMENT_TIME_SPACE:
		told->passed = value;
		told->tells_passed = true;
		break;
	case ELEMENT_SAMPLING_SIZE:
		told->size = value;
		break;
	case ELEMENT_SAMPLING_POPULATION:
		told->population = value;
		break;
	case ELEMENT_SYSTEM_INIT_TIME:
		told->boot_ms = value;
		break;
	default:
		break;
	}
}

static void
note_field(struct announcement *told, const struct template_field *field, const uint8_t *octets,
           size_t length)
{
	uint64_t value = 0;

	if (octets == NULL || length == 0 || length > NUMBER_OCTETS_MAX)
		return;
	for (size_t i = 0; i < length; i++)
		value = value << 8 | octets[i];
	if (field->enterprise == ENTERPRISE_V9_SCOPE)
		note_scope(told, field->element, value);
	else if (field->enterprise == 0 && field->element == ELEMENT_SAMPLING_PROBABILITY)
		told->probability = sampling_read_probability(octets, length);
	else if (field->enterprise == 0)
		note_element(told, field->element, value);
}

static size_t
field_length(const struct template_field *field, struct wire_reader *reader)
{
	size_t length = field->length;

	if (length != FIELD_VARIABLE)
		return length;
	length = wire_read_u8(reader);
	return length == VARIABLE_LONG ? wire_read_u16(reader) : length;
}

/* False: the record goes past the Set. */
static bool
read_record(const struct export_template *known, struct wire_reader *reader,
            struct announcement *told)
{
	*told = (struct announcement){ .names_sampler = false };
	for (size_t i = 0; i < known->field_count; i++) {
		size_t length = field_length(&known->fields[i], reader);

		note_field(told, &known->fields[i], wire_take(reader, length), length);
	}
	return !wire_failed(reader);
}

/* One packet in how many; 0: the record tells nothing of sampling. */
static uint32_t
interval_of(const struct announcement *told)
{
	uint64_t interval = told->interval;

	if (told->taken > 0 && told->tells_passed)
		interval = told->passed > UINT32_MAX || told->taken > UINT32_MAX
		                   ? 0
		                   : (told->taken + told->passed) / told->taken;
	else if (told->taken > 0)
		/* Alone it is what exporters mean by one in n. */
		interval = told->taken;
	else if (told->size > 0 && told->population >= told->size)
		interval = told->population / told->size;
	else if (told->probability > 0)
		interval = sampling_interval_of(told->probability);
	return interval <= UINT32_MAX ? (uint32_t)interval : 0;
}

/* The domain that the record is about besides the Message's.  Domain 0 speaks for the whole
 * Exporter (RFC 7011, section 3.1); any other may name itself wrongly, but not another one.  NULL:
 * none, or no room for it. */
static struct observation_domain *
find_named(struct message *message, const struct announcement *told)
{
	if (message->version != IPFIX_VERSION || message->domain->id != 0 || told->domain == 0 ||
	    told->domain > UINT32_MAX)
		return NULL;
	return exporter_table_name_domain(message->table, message->exporter, IPFIX_VERSION,
	                                  (uint32_t)told->domain);
}

static void
announce(struct message *message, const struct announcement *told, const struct sampler *sampler)
{
	struct observation_domain *named = find_named(message, told);

	exporter_table_announce(message->table, message->exporter, message->domain, sampler);
	if (named != NULL)
		exporter_table_announce(message->table, message->exporter, named, sampler);
}

static void
take(struct message *message, const struct announcement *told)
{
	const struct sampler sampler = {
		.scope = told->names_sampler     ? SAMPLER_BY_ID
		         : told->names_interface ? SAMPLER_OF_INTERFACE
		                                 : SAMPLER_OF_DOMAIN,
		.interval = interval_of(told),
		.key = told->names_sampler ? told->sampler : told->interface,
	};

	if (sampler.interval > 0)
		announce(message, told, &sampler);
	if (told->boot_ms > 0 && told->boot_ms < UINT64_C(1) << 52)
		exporter_table_note_boot(message->table, message->domain,
		                         (struct wall_time){ (int64_t)told->boot_ms });
}

void
options_data_read(struct message *message, const struct export_template *known,
                  struct wire_reader set)
{
	struct decode_counters *counters = &message->exporter->counters;

	while (wire_left(&set) >= known->record_octets) {
		struct announcement told;

		counters->records_taken++;
		if (!read_record(known, &set, &told)) {
			counters->records_cut++;
			message->records_known = false;
			return;
		}
		counters->records_options++;
		message->records++;
		message->options++;
		take(message, &told);
	}
}
