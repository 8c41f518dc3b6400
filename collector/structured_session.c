#include "collector/structured_session.h"

#include <fixbuf/public.h>
#include <string.h>

#include "collector/plan_step.h"

enum {
	ENTERPRISE = 32473,      /* RFC 5612: our elements are numbered by their rows */
	ELEMENT_SKIPPED = 20001, /* octets that nobody wants */
	ELEMENT_BASIC_LIST = 291,
	ELEMENT_SUB_TEMPLATE_LIST = 292,
	ELEMENT_SUB_TEMPLATE_MULTI_LIST = 293,
	ID_LAYOUTS = 300,   /* the first one's in Messages */
	ID_INTERNAL = 1000, /* is added to it for what is made of them */
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

struct StructuredSession {
	fbInfoModel_t *model; /* NULL: no list has come yet */
	fBuf_t *buffer;       /* owns the session; NULL: it has none now */
	GHashTable *layouts;  /* struct layout_key -> struct layout */
	GPtrArray *by_id;     /* struct layout, from ID_LAYOUTS on */
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

StructuredSession *
structured_session_new(void)
{
	StructuredSession *session = g_new0(StructuredSession, 1);

	session->layouts =
		g_hash_table_new_full(layout_key_hash, layout_key_equal, NULL, layout_free);
	session->by_id = g_ptr_array_new();
	return session;
}

void
structured_session_forget(StructuredSession *session)
{
	g_hash_table_remove_all(session->layouts);
	g_ptr_array_set_size(session->by_id, 0);
	if (session->buffer != NULL)
		fBufFree(session->buffer);
	session->buffer = NULL;
}

void
structured_session_free(StructuredSession *session)
{
	if (session == NULL)
		return;
	structured_session_forget(session);
	if (session->model != NULL)
		fbInfoModelFree(session->model);
	g_hash_table_unref(session->layouts);
	g_ptr_array_unref(session->by_id);
	g_free(session);
}

size_t
structured_session_count(const StructuredSession *session)
{
	return session->by_id->len;
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
add_template(StructuredSession *session, bool internal, uint16_t id, fbTemplate_t *template)
{
	g_autoptr(GError) cause = NULL;

	if (!fbSessionAddTemplate(fBufGetSession(session->buffer), internal, id, template, &cause))
		g_error("libfixbuf refuses Template %u: %s", id, cause->message);
}

/* A Template of one field of variable length. */
static void
add_wrapper(StructuredSession *session, uint16_t id, uint32_t enterprise, uint16_t element)
{
	for (int internal = 0; internal < 2; internal++) {
		fbTemplate_t *template = fbTemplateAlloc(session->model);

		append(template, enterprise, element, FB_IE_VARLEN);
		add_template(session, internal != 0, id, template);
	}
}

static void
open_session(StructuredSession *session)
{
	if (session->buffer != NULL)
		return;
	if (session->model == NULL)
		session->model = model_new();
	session->buffer = fBufAllocForCollection(fbSessionAlloc(session->model), NULL);
	fBufSetAutomaticMode(session->buffer, FALSE);
	add_wrapper(session, STRUCTURED_BASIC_LIST, 0, ELEMENT_BASIC_LIST);
	add_wrapper(session, STRUCTURED_SUB_TEMPLATE_LIST, 0, ELEMENT_SUB_TEMPLATE_LIST);
	add_wrapper(session, STRUCTURED_SUB_TEMPLATE_MULTI_LIST, 0,
	            ELEMENT_SUB_TEMPLATE_MULTI_LIST);
	add_wrapper(session, STRUCTURED_SKIPPED, ENTERPRISE, ELEMENT_SKIPPED);
	/* Pairs, once there is one, are all that is read of sub-Templates. */
	fbSessionAddTemplatePair(fBufGetSession(session->buffer), STRUCTURED_BASIC_LIST,
	                         STRUCTURED_BASIC_LIST);
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
lay_out(StructuredSession *session, struct layout *layout)
{
	fbTemplate_t *template = fbTemplateAlloc(session->model);

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
layout_new(StructuredSession *session, const struct export_template *known, uint16_t id)
{
	struct layout *layout;
	struct wire_template wire = { .template = NULL };

	if (known->record_octets > LIST_OCTETS_MAX)
		return NULL;
	layout = g_new0(struct layout, 1);
	layout->id = id;
	wire.template = fbTemplateAlloc(session->model);
	/* One field may make two, and what is skipped behind the last one a third. */
	for (size_t i = 0; i < known->field_count && wire.fields + 3 <= STRUCTURED_FIELDS_MAX; i++)
		take_field(layout, &wire, &known->fields[i]);
	flush_skipped(&wire);
	if (wire.fields + 2 >= STRUCTURED_FIELDS_MAX) {
		fbTemplateFreeUnused(wire.template);
		layout_free(layout);
		return NULL;
	}
	add_template(session, false, id, wire.template);
	layout->is_wanted = layout->field_count + layout->list_count > 0;
	if (layout->is_wanted) {
		add_template(session, true, id + ID_INTERNAL, lay_out(session, layout));
		fbSessionAddTemplatePair(fBufGetSession(session->buffer), id, id + ID_INTERNAL);
	}
	layout->plan = plan_of(layout);
	return layout;
}

static const struct layout *
find_layout(StructuredSession *session, const struct export_template *known)
{
	const struct layout_key key = { known->fields_hash, known->field_count, known->fields };
	struct layout *layout = g_hash_table_lookup(session->layouts, &key);

	if (layout != NULL || session->by_id->len == STRUCTURED_LAYOUTS_MAX)
		return layout;
	layout = layout_new(session, known, (uint16_t)(ID_LAYOUTS + session->by_id->len));
	if (layout == NULL)
		return NULL;
	layout->key = key;
	layout->key.fields = g_memdup2(key.fields, key.count * sizeof(*key.fields));
	g_hash_table_insert(session->layouts, &layout->key, layout);
	g_ptr_array_add(session->by_id, layout);
	return layout;
}

/* Finds how libfixbuf knows the Templates of all parts; false: there is one that it cannot. */
static bool
find_layouts(StructuredSession *session, const struct list_check *check,
             const struct layout *layouts[])
{
	for (size_t i = 0; i < check->part_count; i++) {
		const struct list_part *part = &check->parts[i];
		const struct layout *layout;

		layouts[i] = NULL;
		if (part->known == NULL)
			continue;
		layout = find_layout(session, part->known);
		/* Its own sums have 16 bits. */
		if (layout == NULL || part->records * layout->octets > UINT16_MAX)
			return false;
		layouts[i] = layout->is_wanted ? layout : NULL;
	}
	return true;
}

bool
structured_session_prepare(StructuredSession *session, const struct list_check *check,
                           const struct layout *layouts[static LIST_PARTS_MAX])
{
	open_session(session);
	if (find_layouts(session, check, layouts))
		return true;
	if (session->by_id->len < STRUCTURED_LAYOUTS_MAX)
		return false;
	structured_session_forget(session);
	open_session(session);
	return find_layouts(session, check, layouts);
}

bool
structured_session_wants(const struct basic_list_head *head)
{
	if (head->element_octets > NUMBER_OCTETS)
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(list_rows); i++)
		if (list_rows[i].enterprise == head->enterprise &&
		    list_rows[i].element == head->element)
			return true;
	return false;
}

static size_t octets_of(enum structured_template template)
{
	switch (template) {
	case STRUCTURED_BASIC_LIST:
		return sizeof(fbBasicList_t);
	case STRUCTURED_SUB_TEMPLATE_LIST:
		return sizeof(fbSubTemplateList_t);
	case STRUCTURED_SUB_TEMPLATE_MULTI_LIST:
		return sizeof(fbSubTemplateMultiList_t);
	case STRUCTURED_SKIPPED:
		break;
	}
	return 0;
}

bool
structured_session_decode(StructuredSession *session, enum structured_template template,
                          uint8_t *message, size_t length, void *record)
{
	g_autoptr(GError) cause = NULL;
	size_t octets = octets_of(template);

	open_session(session);
	fBufSetBuffer(session->buffer, message, length);
	return fBufNextMessage(session->buffer, &cause) &&
	       fBufSetInternalTemplate(session->buffer, template, &cause) &&
	       fBufNext(session->buffer, record, &octets, &cause);
}

const struct layout *
structured_session_layout(const StructuredSession *session, uint16_t made_id)
{
	unsigned number = made_id - (unsigned)(ID_LAYOUTS + ID_INTERNAL);

	return number < session->by_id->len ? g_ptr_array_index(session->by_id, number) : NULL;
}
