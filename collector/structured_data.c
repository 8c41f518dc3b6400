#include "collector/structured_data.h"

#include <fixbuf/public.h>
#include <string.h>

#include "collector/list_check.h"
#include "collector/plan_step.h"

enum {
	ENTERPRISE = 32473,      /* RFC 5612: our elements are numbered by their rows */
	ELEMENT_SKIPPED = 20001, /* octets that nobody wants */
	ELEMENT_BASIC_LIST = 291,
	ELEMENT_SUB_TEMPLATE_LIST = 292,
	ELEMENT_SUB_TEMPLATE_MULTI_LIST = 293,
};

/* Template ids in libfixbuf's session. */
enum {
	ID_BASIC_LIST = 256,
	ID_SUB_TEMPLATE_LIST,
	ID_SUB_TEMPLATE_MULTI_LIST,
	ID_SKIPPED, /* stands in for Templates that are not known */
	ID_LAYOUTS = 300,
	ID_INTERNAL = 1000, /* is added to an external id */
};

enum {
	HEADER_OCTETS = 16 + 4 + 3, /* of the Message, the Set, and the list's length */
	LAYOUT_LISTS_MAX = 4,
	NUMBER_OCTETS = 8,
	IPV6_OCTETS = 16,
};

/* What is wanted of sub-records. */
static const struct row {
	uint32_t enterprise;
	uint16_t element;
	uint16_t load; /* enum plan_load */
	const char *name;
} rows[] = {
#define ELEMENT(enterprise, id, name, load, field, rank, mark)                                     \
	{ enterprise, id, LOAD_##load, "kenchi_" #name },
#include "schemas/information_elements.def"
#undef ELEMENT
};

/* Elements of basicLists that are wanted. */
static const struct {
	uint32_t enterprise;
	uint16_t element;
	const char *name;
} list_rows[] = {
	{ 8057, 1013, "kenchi_list_packetLength" },
	{ 8057, 1016, "kenchi_list_packetDirection" },
	{ 8057, 1060, "kenchi_list_packetLengthHistogram" },
	{ 8057, 1062, "kenchi_list_reversePacketLengthHistogram" },
};

/* A field as libfixbuf leaves it, and where the plan reads it. */
struct layout_field {
	uint16_t element; /* ours */
	uint16_t from, to;
	uint16_t octets; /* on the wire, and for the plan */
	bool is_number;
	struct template_field wire;
};

struct layout_list {
	uint16_t from;
	bool multi;
};

/* Fields of a Template: their content is what counts. */
struct layout_key {
	uint32_t hash;
	size_t count;
	const struct template_field *fields;
};

/* A sub-Template in libfixbuf's session. */
struct layout {
	struct layout_key key; /* owns its fields */
	uint16_t id;
	bool is_wanted; /* it has fields or lists to read */
	size_t octets;  /* of a record as libfixbuf leaves it */
	size_t plan_octets;
	size_t field_count;
	size_t list_count;
	struct layout_field fields[STRUCTURED_FIELDS_MAX];
	struct layout_list lists[LAYOUT_LISTS_MAX];
	TemplatePlan *plan;
};

struct StructuredData {
	fbInfoModel_t *model; /* NULL: no list has come yet */
	fBuf_t *buffer;       /* owns the session */
	GHashTable *layouts;  /* struct layout_key -> struct layout */
	GPtrArray *by_id;     /* struct layout, from ID_LAYOUTS on */
	GArray *records;      /* struct sub_record */
	GByteArray *octets;   /* what the records' plans read */
	struct list_check check;
	const struct layout *parts[LIST_PARTS_MAX]; /* NULL: skipped */
	uint8_t message[HEADER_OCTETS + LIST_OCTETS_MAX];
};

static void
layout_free(gpointer pointer)
{
	struct layout *layout = pointer;

	template_plan_free(layout->plan);
	g_free((gpointer)(uintptr_t)layout->key.fields);
	g_free(layout);
}

static guint
layout_key_hash(gconstpointer key)
{
	return ((const struct layout_key *)key)->hash;
}

static gboolean
layout_key_equal(gconstpointer a, gconstpointer b)
{
	const struct layout_key *left = a, *right = b;

	return left->hash == right->hash && left->count == right->count &&
	       memcmp(left->fields, right->fields, left->count * sizeof(*left->fields)) == 0;
}

StructuredData *
structured_data_new(void)
{
	StructuredData *data = g_new0(StructuredData, 1);

	data->layouts = g_hash_table_new_full(layout_key_hash, layout_key_equal, NULL, layout_free);
	data->by_id = g_ptr_array_new();
	data->records = g_array_new(false, false, sizeof(struct sub_record));
	data->octets = g_byte_array_sized_new(1024); /* never NULL */
	return data;
}

static void
drop_session(StructuredData *data)
{
	g_hash_table_remove_all(data->layouts);
	g_ptr_array_set_size(data->by_id, 0);
	if (data->buffer != NULL)
		fBufFree(data->buffer);
	data->buffer = NULL;
}

void
structured_data_free(StructuredData *data)
{
	if (data == NULL)
		return;
	drop_session(data);
	if (data->model != NULL)
		fbInfoModelFree(data->model);
	g_hash_table_unref(data->layouts);
	g_ptr_array_unref(data->by_id);
	g_array_unref(data->records);
	g_byte_array_unref(data->octets);
	g_free(data);
}

size_t
structured_data_layouts(const StructuredData *data)
{
	return data->by_id->len;
}

static void
add_element(fbInfoModel_t *model, uint32_t enterprise, uint16_t number, const char *name,
            uint8_t type)
{
	uint16_t octets = type == FB_UINT_64 ? NUMBER_OCTETS : FB_IE_VARLEN;
	fbInfoElement_t element =
		FB_IE_INIT_FULL(name, enterprise, number, octets,
	                        type == FB_UINT_64 ? FB_IE_F_ENDIAN : 0, 0, 0, type, NULL);

	fbInfoModelAddElement(model, &element);
}

static uint16_t
element_of(size_t row)
{
	return (uint16_t)(row + 1);
}

static fbInfoModel_t *
model_new(void)
{
	fbInfoModel_t *model = fbInfoModelAlloc();

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		add_element(model, ENTERPRISE, element_of(i), rows[i].name,
		            rows[i].load == LOAD_IPV6 ? FB_OCTET_ARRAY : FB_UINT_64);
	for (size_t i = 0; i < G_N_ELEMENTS(list_rows); i++)
		add_element(model, list_rows[i].enterprise, list_rows[i].element, list_rows[i].name,
		            FB_UINT_64);
	add_element(model, ENTERPRISE, ELEMENT_SKIPPED, "kenchi_skipped", FB_OCTET_ARRAY);
	return model;
}

/* libfixbuf's own errors are our bugs: all that it is given was made here.  Errors are always asked
 * for, since it looks into them. */
static void
append(fbTemplate_t *template, uint32_t enterprise, uint16_t number, uint16_t octets)
{
	fbInfoElement_t element =
		FB_IE_INIT_FULL(NULL, enterprise, number, octets, 0, 0, 0, 0, NULL);
	g_autoptr(GError) cause = NULL;

	if (!fbTemplateAppend(template, &element, &cause))
		g_error("libfixbuf refuses element %u: %s", number, cause->message);
}

static void
add_template(StructuredData *data, bool internal, uint16_t id, fbTemplate_t *template)
{
	g_autoptr(GError) cause = NULL;

	if (!fbSessionAddTemplate(fBufGetSession(data->buffer), internal, id, template, &cause))
		g_error("libfixbuf refuses Template %u: %s", id, cause->message);
}

/* A Template of one field of variable length. */
static void
add_wrapper(StructuredData *data, uint16_t id, uint32_t enterprise, uint16_t element)
{
	for (int internal = 0; internal < 2; internal++) {
		fbTemplate_t *template = fbTemplateAlloc(data->model);

		append(template, enterprise, element, FB_IE_VARLEN);
		add_template(data, internal != 0, id, template);
	}
}

static void
open_session(StructuredData *data)
{
	if (data->model == NULL)
		data->model = model_new();
	data->buffer = fBufAllocForCollection(fbSessionAlloc(data->model), NULL);
	fBufSetAutomaticMode(data->buffer, FALSE);
	add_wrapper(data, ID_BASIC_LIST, 0, ELEMENT_BASIC_LIST);
	add_wrapper(data, ID_SUB_TEMPLATE_LIST, 0, ELEMENT_SUB_TEMPLATE_LIST);
	add_wrapper(data, ID_SUB_TEMPLATE_MULTI_LIST, 0, ELEMENT_SUB_TEMPLATE_MULTI_LIST);
	add_wrapper(data, ID_SKIPPED, ENTERPRISE, ELEMENT_SKIPPED);
	/* Pairs, once there is one, are all that is read of sub-Templates. */
	fbSessionAddTemplatePair(fBufGetSession(data->buffer), ID_BASIC_LIST, ID_BASIC_LIST);
}

/* The row of a field that a sub-record's plan can read; -1: none. */
static int
find_row(const struct template_field *field)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		enum plan_load load = rows[i].load;

		if (rows[i].enterprise != field->enterprise || rows[i].element != field->element)
			continue;
		return load < LOAD_SECTION_IP && field->length != FIELD_VARIABLE &&
		                       plan_step_length_valid(load, field->length)
		               ? (int)i
		               : -1;
	}
	return -1;
}

static bool
is_list(const struct template_field *field)
{
	return field->enterprise == 0 && field->length == FIELD_VARIABLE &&
	       (field->element == ELEMENT_SUB_TEMPLATE_LIST ||
	        field->element == ELEMENT_SUB_TEMPLATE_MULTI_LIST);
}

/* What the wire has, as libfixbuf is told of it. */
struct wire_template {
	fbTemplate_t *template;
	size_t fields;
	uint32_t skipped; /* octets not yet told of */
};

static void
flush_skipped(struct wire_template *wire)
{
	if (wire->skipped == 0)
		return;
	append(wire->template, ENTERPRISE, ELEMENT_SKIPPED, (uint16_t)wire->skipped);
	wire->skipped = 0;
	wire->fields++;
}

static void
skip_field(struct wire_template *wire, uint16_t octets)
{
	if (octets == FIELD_VARIABLE) {
		flush_skipped(wire);
		append(wire->template, ENTERPRISE, ELEMENT_SKIPPED, FB_IE_VARLEN);
		wire->fields++;
		return;
	}
	if (wire->skipped + octets >= FIELD_VARIABLE)
		flush_skipped(wire);
	wire->skipped += octets;
}

static void
take_field(struct layout *layout, struct wire_template *wire, const struct template_field *field)
{
	int row = find_row(field);

	if (is_list(field) && layout->list_count < LAYOUT_LISTS_MAX) {
		flush_skipped(wire);
		append(wire->template, 0, field->element, FB_IE_VARLEN);
		wire->fields++;
		layout->lists[layout->list_count++].multi =
			field->element == ELEMENT_SUB_TEMPLATE_MULTI_LIST;
	} else if (row >= 0) {
		flush_skipped(wire);
		append(wire->template, ENTERPRISE, element_of((size_t)row), field->length);
		wire->fields++;
		layout->fields[layout->field_count++] = (struct layout_field){
			.element = element_of((size_t)row),
			.octets = field->length,
			.is_number = rows[row].load != LOAD_IPV6,
			.wire = *field,
		};
	} else {
		skip_field(wire, field->length);
	}
}

/* The record that libfixbuf makes: lists first, so that they are aligned, then numbers of eight
 * octets and addresses of sixteen. */
static fbTemplate_t *
lay_out(StructuredData *data, struct layout *layout)
{
	fbTemplate_t *template = fbTemplateAlloc(data->model);

	for (size_t i = 0; i < layout->list_count; i++) {
		bool multi = layout->lists[i].multi;

		layout->lists[i].from = (uint16_t)layout->octets;
		layout->octets +=
			multi ? sizeof(fbSubTemplateMultiList_t) : sizeof(fbSubTemplateList_t);
		append(template, 0,
		       multi ? ELEMENT_SUB_TEMPLATE_MULTI_LIST : ELEMENT_SUB_TEMPLATE_LIST,
		       FB_IE_VARLEN);
	}
	for (size_t i = 0; i < layout->field_count; i++) {
		struct layout_field *field = &layout->fields[i];
		uint16_t octets = field->is_number ? NUMBER_OCTETS : IPV6_OCTETS;

		field->from = (uint16_t)layout->octets;
		field->to = (uint16_t)layout->plan_octets;
		layout->octets += octets;
		layout->plan_octets += field->octets;
		append(template, ENTERPRISE, field->element, octets);
	}
	return template;
}

static TemplatePlan *
plan_of(const struct layout *layout)
{
	struct template_field fields[STRUCTURED_FIELDS_MAX];

	for (size_t i = 0; i < layout->field_count; i++)
		fields[i] = layout->fields[i].wire;
	return template_plan_new(fields, layout->field_count);
}

/* NULL: it has more fields or octets than may be. */
static struct layout *
layout_new(StructuredData *data, const struct export_template *known, uint16_t id)
{
	struct layout *layout;
	struct wire_template wire = { .template = NULL };

	if (known->record_octets > LIST_OCTETS_MAX)
		return NULL;
	layout = g_new0(struct layout, 1);
	layout->id = id;
	wire.template = fbTemplateAlloc(data->model);
	/* One field may make two, and what is skipped behind the last one a third. */
	for (size_t i = 0; i < known->field_count && wire.fields + 3 <= STRUCTURED_FIELDS_MAX; i++)
		take_field(layout, &wire, &known->fields[i]);
	flush_skipped(&wire);
	if (wire.fields + 2 >= STRUCTURED_FIELDS_MAX) {
		fbTemplateFreeUnused(wire.template);
		layout_free(layout);
		return NULL;
	}
	add_template(data, false, id, wire.template);
	layout->is_wanted = layout->field_count + layout->list_count > 0;
	if (layout->is_wanted) {
		add_template(data, true, id + ID_INTERNAL, lay_out(data, layout));
		fbSessionAddTemplatePair(fBufGetSession(data->buffer), id, id + ID_INTERNAL);
	}
	layout->plan = plan_of(layout);
	return layout;
}

static const struct layout *
find_layout(StructuredData *data, const struct export_template *known)
{
	const struct layout_key key = { known->fields_hash, known->field_count, known->fields };
	struct layout *layout = g_hash_table_lookup(data->layouts, &key);

	if (layout != NULL || data->by_id->len == STRUCTURED_LAYOUTS_MAX)
		return layout;
	layout = layout_new(data, known, (uint16_t)(ID_LAYOUTS + data->by_id->len));
	if (layout == NULL)
		return NULL;
	layout->key = key;
	layout->key.fields = g_memdup2(key.fields, key.count * sizeof(*key.fields));
	g_hash_table_insert(data->layouts, &layout->key, layout);
	g_ptr_array_add(data->by_id, layout);
	return layout;
}

/* Finds how libfixbuf knows the Templates of all parts; false: there is one that it cannot. */
static bool
find_layouts(StructuredData *data)
{
	for (size_t i = 0; i < data->check.part_count; i++) {
		const struct list_part *part = &data->check.parts[i];
		const struct layout *layout;

		data->parts[i] = NULL;
		if (part->known == NULL)
			continue;
		layout = find_layout(data, part->known);
		/* Its own sums have 16 bits. */
		if (layout == NULL || part->records * layout->octets > UINT16_MAX)
			return false;
		data->parts[i] = layout->is_wanted ? layout : NULL;
	}
	return true;
}

static bool
prepare(StructuredData *data)
{
	if (data->buffer == NULL)
		open_session(data);
	if (find_layouts(data))
		return true;
	if (data->by_id->len < STRUCTURED_LAYOUTS_MAX)
		return false;
	drop_session(data);
	open_session(data);
	return find_layouts(data);
}

static void
put(uint8_t *at, uint64_t value, size_t width)
{
	for (size_t i = 0; i < width; i++)
		at[i] = (uint8_t)(value >> (width - 1 - i) * 8);
}

/* Makes a Message of one record, whose only field is the list. */
static size_t
write_message(StructuredData *data, uint16_t id, struct wire_reader list)
{
	size_t length = HEADER_OCTETS + wire_left(&list);
	uint8_t *message = data->message;

	memset(message, 0, HEADER_OCTETS);
	put(message, 10, 2);
	put(message + 2, length, 2);
	put(message + 16, id, 2);
	put(message + 18, length - 16, 2);
	put(message + 20, UINT8_MAX, 1);
	put(message + 21, wire_left(&list), 2);
	memcpy(message + HEADER_OCTETS, list.next, wire_left(&list));
	return length;
}

static bool
decode(StructuredData *data, uint16_t id, size_t length, void *record, size_t octets)
{
	g_autoptr(GError) cause = NULL;
	size_t record_octets = octets;

	fBufSetBuffer(data->buffer, data->message, length);
	return fBufNextMessage(data->buffer, &cause) &&
	       fBufSetInternalTemplate(data->buffer, id, &cause) &&
	       fBufNext(data->buffer, record, &record_octets, &cause);
}

static const struct layout *
layout_of(const StructuredData *data, uint16_t internal_id)
{
	unsigned number = internal_id - (unsigned)(ID_LAYOUTS + ID_INTERNAL);

	return number < data->by_id->len ? g_ptr_array_index(data->by_id, number) : NULL;
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
	const struct layout *layout = layout_of(data, run->id);

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
	uint16_t id = multi ? ID_SUB_TEMPLATE_MULTI_LIST : ID_SUB_TEMPLATE_LIST;
	union {
		fbSubTemplateList_t single;
		fbSubTemplateMultiList_t multi;
		uint8_t octets[1];
	} made;
	size_t length;
	bool decoded;

	if (!list_check(domain, multi, list.next, wire_left(&list), &data->check) || !prepare(data))
		return false;
	length = write_message(data, id, list);
	for (size_t i = 0; i < data->check.part_count; i++)
		put(data->message + HEADER_OCTETS + data->check.parts[i].id_offset,
		    data->parts[i] == NULL ? ID_SKIPPED : data->parts[i]->id, 2);
	g_array_set_size(data->records, 0);
	g_byte_array_set_size(data->octets, 0);
	memset(&made, 0, sizeof(made));
	decoded = decode(data, id, length, &made,
	                 multi ? sizeof(fbSubTemplateMultiList_t) : sizeof(fbSubTemplateList_t));
	take_runs(data, made.octets, multi, 1);
	point_records(data);
	if (!decoded)
		drop_session(data);
	*records = (struct sub_records){ decoded ? data->records->len : 0, data->check.missing,
		                         (const struct sub_record *)(void *)data->records->data };
	return decoded;
}

static bool
is_wanted(const struct basic_list_head *head)
{
	if (head->element_octets > NUMBER_OCTETS)
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(list_rows); i++)
		if (list_rows[i].enterprise == head->enterprise &&
		    list_rows[i].element == head->element)
			return true;
	return false;
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
	bool decoded;

	values->total = values->count = 0;
	if (!list_check_basic(list.next, wire_left(&list), &head))
		return false;
	values->enterprise = head.enterprise;
	values->element = head.element;
	if (!is_wanted(&head))
		return true;
	if (data->buffer == NULL)
		open_session(data);
	decoded = decode(data, ID_BASIC_LIST, write_message(data, ID_BASIC_LIST, list), &made,
	                 sizeof(made));
	values->total = made.numElements;
	values->count = MIN(values->total, STRUCTURED_VALUES_MAX);
	for (size_t i = 0; i < values->count; i++)
		values->values[i] =
			host_number(made.dataPtr + i * head.element_octets, head.element_octets);
	fbBasicListClear(&made);
	if (!decoded)
		drop_session(data);
	return decoded;
}
