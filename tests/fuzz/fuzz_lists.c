/*
 * Structured data: sub-Templates and a list, read by libfixbuf behind our check.  Input: the number
 * of Templates (ids from 300 on), for each the number of its fields and two octets for each field,
 * then an octet that says which kind of list, then the list.
 */
#include <glib.h>
#include <stdlib.h>

#include "collector/structured_data.h"
#include "common/wire_reader.h"

enum { TEMPLATES_MAX = 6, FIELDS_MAX = 100, FIRST_ID = 300 };

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

static struct template_field
read_field(struct wire_reader *reader)
{
	static const struct template_field interesting[] = {
		{ 0, 8, 4 },       { 0, 12, 4 },     { 0, 27, 16 },     { 0, 1, 8 },
		{ 0, 7, 2 },       { 0, 152, 8 },    { 0, 292, 65535 }, { 0, 293, 65535 },
		{ 9, 9, 3 },       { 0, 82, 65535 }, { 0, 154, 8 },     { 0, 291, 65535 },
		{ 0, 210, 60000 }, { 0, 8, 0 },      { 0, 1, 65535 },   { 0, 22, 4 },
		{ 6871, 14, 1 },   { 6871, 500, 4 }, { 0, 40005, 1 }
	};
	struct template_field field = interesting[wire_read_u8(reader) % G_N_ELEMENTS(interesting)];
	uint8_t change = wire_read_u8(reader);

	if (change != 0 && field.length != 65535)
		field.length = change;
	return field;
}

static void
learn(struct observation_domain *domain, uint16_t id, struct wire_reader *reader)
{
	struct template_field fields[FIELDS_MAX];
	struct template_draft draft = { .id = id, .fields = fields };

	draft.field_count = 1U + wire_read_u8(reader) % FIELDS_MAX;
	for (size_t i = 0; i < draft.field_count; i++)
		fields[i] = read_field(reader);
	observation_domain_learn(domain, &draft, (struct wall_time){ 0 });
}

static void
check_records(const struct sub_records *records)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < records->count; i++) {
		const struct sub_record *record = &records->records[i];

		if (record->depth == 0 || record->depth > 4)
			abort();
		for (size_t k = 0; k < template_plan_record_octets(record->plan); k++)
			sum += record->octets[k];
	}
	if (records->count > 1024 || sum > UINT32_MAX)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
	static StructuredData *data; /* as a collector keeps it */
	struct observation_domain *domain = observation_domain_new(10, 1);
	struct wire_reader reader = wire_reader(octets, length);
	size_t count = wire_read_u8(&reader) % (TEMPLATES_MAX + 1U);
	struct sub_records records;
	struct list_values values;
	g_autofree uint8_t *exact = NULL;
	uint8_t kind;

	g_log_set_always_fatal(G_LOG_LEVEL_WARNING | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
	if (data == NULL)
		data = structured_data_new();
	for (size_t i = 0; i < count; i++)
		learn(domain, (uint16_t)(FIRST_ID + i), &reader);
	kind = wire_read_u8(&reader);
	exact = g_memdup2(reader.next, wire_left(&reader));
	reader = wire_reader(exact, exact == NULL ? 0 : wire_left(&reader));
	if (kind % 3 == 2)
		structured_data_read_values(data, reader, &values);
	else if (structured_data_read_records(data, domain, kind % 3 == 1, reader, &records))
		check_records(&records);
	observation_domain_free(domain);
	return 0;
}
