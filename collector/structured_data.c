#include "collector/structured_data.h"

#include <fixbuf/public.h>
#include <string.h>

#include "collector/list_check.h"
#include "collector/structured_session.h"

enum { HEADER_OCTETS = 16 + 4 + 3 }; /* of the Message, the Set, and the list's length */

struct StructuredData {
	StructuredSession *session;
	GArray *records;    /* struct sub_record */
	GByteArray *octets; /* what the records' plans read */
	struct list_check check;
	const struct layout *parts[LIST_PARTS_MAX]; /* NULL: skipped */
	uint8_t message[HEADER_OCTETS + LIST_OCTETS_MAX];
};

StructuredData *
structured_data_new(void)
{
	StructuredData *data = g_new0(StructuredData, 1);

	data->session = structured_session_new();
	data->records = g_array_new(false, false, sizeof(struct sub_record));
	data->octets = g_byte_array_sized_new(1024); /* never NULL */
	return data;
}

void
structured_data_free(StructuredData *data)
{
	if (data == NULL)
		return;
	structured_session_free(data->session);
	g_array_unref(data->records);
	g_byte_array_unref(data->octets);
	g_free(data);
}

size_t
structured_data_layouts(const StructuredData *data)
{
	return structured_session_count(data->session);
}

static void
put(uint8_t *at, uint64_t value, size_t width)
{
	for (size_t i = 0; i < width; i++)
		at[i] = (uint8_t)(value >> (width - 1 - i) * 8);
}

/* Makes a Message of one record, whose only field is the list. */
static size_t
write_message(StructuredData *data, enum structured_template template, struct wire_reader list)
{
	size_t length = HEADER_OCTETS + wire_left(&list);
	uint8_t *message = data->message;

	memset(message, 0, HEADER_OCTETS);
	put(message, 10, 2);
	put(message + 2, length, 2);
	put(message + 16, template, 2);
	put(message + 18, length - 16, 2);
	put(message + 20, UINT8_MAX, 1);
	put(message + 21, wire_left(&list), 2);
	memcpy(message + HEADER_OCTETS, list.next, wire_left(&list));
	return length;
}

/* A run of records that libfixbuf has made. */
struct run {
	uint16_t id;
	size_t count;
	uint8_t *records;
};

static void
add_record(StructuredData *data, const struct layout *layout, const uint8_t *from, unsigned depth)
{
	struct sub_record record = { layout->plan, NULL, depth };
	guint begin = data->octets->len;

	g_byte_array_set_size(data->octets, begin + (guint)layout->plan_octets);
	for (size_t i = 0; i < layout->field_count; i++) {
		const struct layout_field *field = &layout->fields[i];
		uint8_t *to = data->octets->data + begin + field->to;
		uint64_t number;

		memcpy(&number, from + field->from, sizeof(number));
		if (field->is_number)
			put(to, number, field->octets);
		else
			memcpy(to, from + field->from, field->octets);
	}
	g_array_append_val(data->records, record);
}

/* As deep as list_check() lets lists be.  NOLINTBEGIN(misc-no-recursion) */
static void take_runs(StructuredData *data, uint8_t *list, bool multi, unsigned depth);

/* Takes the records over, and frees what libfixbuf made for them. */
static void
take_run(StructuredData *data, const struct run *run, unsigned depth)
{
	const struct layout *layout = structured_session_layout(data->session, run->id);

	if (layout == NULL || run->records == NULL)
		return;
	for (size_t i = 0; i < run->count; i++) {
		uint8_t *record = run->records + i * layout->octets;

		add_record(data, layout, record, depth);
		for (size_t k = 0; k < layout->list_count; k++)
			take_runs(data, record + layout->lists[k].from, layout->lists[k].multi,
			          depth + 1);
	}
}

static void
take_runs(StructuredData *data, uint8_t *list, bool multi, unsigned depth)
{
	if (!multi) {
		fbSubTemplateList_t *runs = (fbSubTemplateList_t *)(void *)list;
		struct run run = { runs->tmplID, runs->numElements, runs->dataPtr };

		take_run(data, &run, depth);
		fbSubTemplateListClear(runs);
		return;
	}

	fbSubTemplateMultiList_t *runs = (fbSubTemplateMultiList_t *)(void *)list;

	for (size_t i = 0; i < runs->numElements; i++) {
		fbSubTemplateMultiListEntry_t *entry = &runs->firstEntry[i];
		struct run run = { entry->tmplID, entry->numElements, entry->dataPtr };

		take_run(data, &run, depth);
	}
	fbSubTemplateMultiListClear(runs);
}
/* NOLINTEND(misc-no-recursion) */

/* Where the records' octets are, now that they no longer move. */
static void
point_records(StructuredData *data)
{
	const uint8_t *octets = data->octets->data;

	for (guint i = 0; i < data->records->len; i++) {
		struct sub_record *record = &g_array_index(data->records, struct sub_record, i);

		record->octets = octets;
		octets += template_plan_record_octets(record->plan);
	}
}

bool
structured_data_read_records(StructuredData *data, const struct observation_domain *domain,
                             bool multi, struct wire_reader list, struct sub_records *records)
{
	enum structured_template template =
		multi ? STRUCTURED_SUB_TEMPLATE_MULTI_LIST : STRUCTURED_SUB_TEMPLATE_LIST;
	union {
		fbSubTemplateList_t single;
		fbSubTemplateMultiList_t multi;
		uint8_t octets[1];
	} made;
	size_t length;
	bool decoded;

	if (!list_check(domain, multi, list.next, wire_left(&list), &data->check) ||
	    !structured_session_prepare(data->session, &data->check, data->parts))
		return false;
	length = write_message(data, template, list);
	for (size_t i = 0; i < data->check.part_count; i++)
		put(data->message + HEADER_OCTETS + data->check.parts[i].id_offset,
		    data->parts[i] == NULL ? STRUCTURED_SKIPPED : data->parts[i]->id, 2);
	g_array_set_size(data->records, 0);
	g_byte_array_set_size(data->octets, 0);
	memset(&made, 0, sizeof(made));
	decoded = structured_session_decode(data->session, template, data->message, length, &made);
	take_runs(data, made.octets, multi, 1);
	point_records(data);
	if (!decoded)
		structured_session_forget(data->session);
	*records = (struct sub_records){ decoded ? data->records->len : 0, data->check.missing,
		                         (const struct sub_record *)(void *)data->records->data };
	return decoded;
}

/* libfixbuf has brought it to the host's order. */
static uint64_t
host_number(const uint8_t *octets, size_t width)
{
	uint64_t number = 0;

	for (size_t i = 0; i < width; i++)
		number |= (uint64_t)octets[i]
		          << (G_BYTE_ORDER == G_BIG_ENDIAN ? width - 1 - i : i) * 8;
	return number;
}

bool
structured_data_read_values(StructuredData *data, struct wire_reader list,
                            struct list_values *values)
{
	struct basic_list_head head;
	fbBasicList_t made = { .dataPtr = NULL };
	size_t length;
	bool decoded;

	values->total = values->count = 0;
	if (!list_check_basic(list.next, wire_left(&list), &head))
		return false;
	values->enterprise = head.enterprise;
	values->element = head.element;
	if (!structured_session_wants(&head))
		return true;
	length = write_message(data, STRUCTURED_BASIC_LIST, list);
	decoded = structured_session_decode(data->session, STRUCTURED_BASIC_LIST, data->message,
	                                    length, &made);
	values->total = made.numElements;
	values->count = MIN(values->total, STRUCTURED_VALUES_MAX);
	for (size_t i = 0; i < values->count; i++)
		values->values[i] =
			host_number(made.dataPtr + i * head.element_octets, head.element_octets);
	fbBasicListClear(&made);
	if (!decoded)
		structured_session_forget(data->session);
	return decoded;
}
