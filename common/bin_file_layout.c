#include "common/bin_file_layout.h"

enum {
	ENTERPRISE = 32473, /* RFC 5612 */
	ENTERPRISE_BIT = 0x8000,
	FIRST_ROW = 100, /* element of the first row of schemas/host_bin.def; rows are only ever
	                    added */
};

/* One field of a Template: an element, repeated `count` times. */
struct field {
	const char *name;
	uint16_t element;
	uint16_t octets; /* up to 8: a number; else octets; FB_IE_VARLEN: of variable length */
	uint16_t count;
};

static uint8_t
type_of(size_t octets)
{
	switch (octets) {
	case 1:
		return FB_UINT_8;
	case 2:
		return FB_UINT_16;
	case 4:
		return FB_UINT_32;
	case 8:
		return FB_UINT_64;
	default:
		return FB_OCTET_ARRAY;
	}
}

static const struct field header_fields[] = {
	{ "kenchiBinLayout", 1, 8, 1 },
	{ "kenchiSketchKey", 2, 8, 1 },
};

enum row {
#define BASE(type, name, count, unit, merge, meaning) ROW_##name,
#define EXTENSION(type, name, count, unit, merge, meaning)
#include "schemas/host_bin.def"
#undef BASE
#undef EXTENSION
};

static const struct field part_fields[] = {
	{ "kenchiHost", 10, sizeof(struct host_address), 1 },
	{ "kenchiMinute", 11, 4, 1 },
	{ "kenchiTouchCount", 12, 2, 1 },
	{ "kenchiReserved", 13, 2, 1 },
#define BASE(type, name, count, unit, merge, meaning)                                              \
	{ "kenchi_" #name, FIRST_ROW + ROW_##name, sizeof(type), count },
#define EXTENSION(type, name, count, unit, merge, meaning)
#include "schemas/host_bin.def"
#undef BASE
#undef EXTENSION
	{ "kenchiReserved", 13, 2, 1 },
	{ "kenchiTouches", 14, HOST_BIN_TOUCHES * sizeof(struct host_touch), 1 },
	{ "kenchiExportMilliseconds", 15, 8, 1 },
	{ "kenchiExtension", 16, FB_IE_VARLEN, 1 },
};

static void
add_elements(fbInfoModel_t *model, const struct field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint8_t type = type_of(fields[i].octets);
		fbInfoElement_t element = FB_IE_INIT_FULL(
			fields[i].name, ENTERPRISE, fields[i].element, fields[i].octets,
			type == FB_OCTET_ARRAY ? 0 : FB_IE_F_ENDIAN, 0, 0, type, NULL);

		fbInfoModelAddElement(model, &element);
	}
}

fbInfoModel_t *
bin_file_model_new(void)
{
	fbInfoModel_t *model = fbInfoModelAlloc();

	add_elements(model, header_fields, G_N_ELEMENTS(header_fields));
	add_elements(model, part_fields, G_N_ELEMENTS(part_fields));
	return model;
}

/* Errors are always asked for: libfixbuf looks into them without asking whether there is one. */
static void
add_template(fbSession_t *session, fbInfoModel_t *model, uint16_t id, const struct field *fields,
             size_t count)
{
	fbTemplate_t *template = fbTemplateAlloc(model);
	GError *cause = NULL;

	for (size_t i = 0; i < count; i++) {
		g_autofree char *name = g_strdup(fields[i].name);
		fbInfoElementSpec_t spec = { name, fields[i].octets, 0 };

		for (size_t k = 0; k < fields[i].count; k++)
			if (!fbTemplateAppendSpec(template, &spec, 0, &cause))
				g_error("libfixbuf refuses %s: %s", name, cause->message);
	}
	if (!fbSessionAddTemplate(session, TRUE, id, template, &cause) ||
	    !fbSessionAddTemplate(session, FALSE, id, template, &cause))
		g_error("libfixbuf refuses a Template of host bins: %s", cause->message);
}

fbSession_t *
bin_file_session_new(fbInfoModel_t *model)
{
	fbSession_t *session = fbSessionAlloc(model);

	add_template(session, model, BIN_HEADER_TEMPLATE, header_fields,
	             G_N_ELEMENTS(header_fields));
	add_template(session, model, BIN_PART_TEMPLATE, part_fields, G_N_ELEMENTS(part_fields));
	return session;
}

static void
append_number(GByteArray *octets, uint64_t number, size_t width)
{
	for (size_t i = 0; i < width; i++) {
		uint8_t octet = (uint8_t)(number >> (width - 1 - i) * 8);

		g_byte_array_append(octets, &octet, 1);
	}
}

/* The octets of its records, but those of variable length. */
static size_t
append_template(GByteArray *octets, uint16_t id, const struct field *fields, size_t count)
{
	size_t length = 0;
	size_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += fields[i].count;
	append_number(octets, id, 2);
	append_number(octets, total, 2);
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < fields[i].count; k++) {
			append_number(octets, fields[i].element | ENTERPRISE_BIT, 2);
			append_number(octets, fields[i].octets, 2);
			append_number(octets, ENTERPRISE, 4);
			length += fields[i].octets == FB_IE_VARLEN ? 0 : fields[i].octets;
		}
	}
	return length;
}

size_t
bin_file_append_templates(GByteArray *octets)
{
	append_template(octets, BIN_HEADER_TEMPLATE, header_fields, G_N_ELEMENTS(header_fields));
	return append_template(octets, BIN_PART_TEMPLATE, part_fields, G_N_ELEMENTS(part_fields));
}
