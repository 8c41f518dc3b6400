#include "common/bin_file.h"

#include <errno.h>
#include <fixbuf/public.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/fault.h"
#include "common/wire_reader.h"

enum {
	ENTERPRISE = 32473, /* RFC 5612 */
	HEADER_TEMPLATE = 256,
	PART_TEMPLATE = 257,
	TEMPLATE_SET = 2,
	ENTERPRISE_BIT = 0x8000,
	FIRST_ROW = 100, /* element of the first row of schemas/host_bin.def; rows are only ever
	                    added */
	MESSAGE_HEADER_OCTETS = 16,
	MESSAGE_OCTETS_MAX = 65535,
	SEQUENCE_OFFSET = 8,
	IPFIX_VERSION = 10,
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

/* The records as libfixbuf reads and writes them: their fields in the order of the Templates below.
 */
struct header_record {
	uint64_t layout;
	uint64_t sketch_key;
};

struct part_record {
	struct host_bin bin;
	int64_t export_ms;
	fbVarfield_t extension;
};

_Static_assert(offsetof(struct part_record, extension) == sizeof(struct host_bin) + 8,
               "no padding");

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

struct BinFileWriter {
	char *path;
	FILE *file;
	fbInfoModel_t *model;
	fBuf_t *buffer;
	bool failed;
};

struct BinFileReader {
	char *path;
	FILE *file;
	fbInfoModel_t *model;
	fBuf_t *buffer;
	GByteArray *templates; /* the Template Set that a file must have */
	size_t part_octets;    /* of a part's record, without the extension */
	uint64_t sketch_key;
	size_t records_left; /* of the Message in hand */
	uint64_t records_read;
	uint8_t message[MESSAGE_OCTETS_MAX];
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

static fbInfoModel_t *
model_new(void)
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

/* A session that knows the Templates, of which nothing depends on what is read. */
static fbSession_t *
session_new(fbInfoModel_t *model)
{
	fbSession_t *session = fbSessionAlloc(model);

	add_template(session, model, HEADER_TEMPLATE, header_fields, G_N_ELEMENTS(header_fields));
	add_template(session, model, PART_TEMPLATE, part_fields, G_N_ELEMENTS(part_fields));
	return session;
}

static bool
select_template(fBuf_t *buffer, uint16_t id, GError **error)
{
	return fBufSetInternalTemplate(buffer, id, error) &&
	       fBufSetExportTemplate(buffer, id, error);
}

/* Turns libfixbuf's error into one that names the file. */
static bool
fail_writing(BinFileWriter *writer, GError *cause, GError **error)
{
	g_autoptr(GError) owned = cause;

	writer->failed = true;
	if (owned != NULL)
		return fault_input(error, "cannot write %s: %s", writer->path, owned->message);
	return fault_system(error, "cannot write %s", writer->path);
}

static bool
write_header(BinFileWriter *writer, uint64_t sketch_key, GError **error)
{
	struct header_record header = { host_bin_layout(), sketch_key };
	GError *cause = NULL;

	fBufSetExportTime(writer->buffer, 1);
	if (!fbSessionExportTemplates(fBufGetSession(writer->buffer), &cause) ||
	    !select_template(writer->buffer, HEADER_TEMPLATE, &cause) ||
	    !fBufAppend(writer->buffer, (uint8_t *)&header, sizeof(header), &cause) ||
	    !fBufEmit(writer->buffer, &cause) ||
	    !select_template(writer->buffer, PART_TEMPLATE, &cause))
		return fail_writing(writer, cause, error);
	return true;
}

BinFileWriter *
bin_file_open_writer(const char *path, uint64_t sketch_key, GError **error)
{
	g_autoptr(BinFileWriter) writer = g_new0(BinFileWriter, 1);

	writer->path = g_strdup(path);
	writer->file = fopen(path, "wbe");
	if (writer->file == NULL) {
		fail_writing(writer, NULL, error);
		return NULL;
	}
	writer->model = model_new();
	writer->buffer =
		fBufAllocForExport(session_new(writer->model), fbExporterAllocFP(writer->file));
	if (!write_header(writer, sketch_key, error))
		return NULL;
	return g_steal_pointer(&writer);
}

bool
bin_file_append(BinFileWriter *writer, int64_t export_ms, const struct host_bin *bin,
                const struct host_bin_extension *extension, GError **error)
{
	bool extended = bin->touch_count == HOST_BIN_EXTENDED;
	struct part_record record = { .bin = *bin, .export_ms = export_ms };
	struct host_bin_extension copy;
	GError *cause = NULL;

	if (extended) {
		copy = *extension;
		record.extension = (fbVarfield_t){ .buf = (uint8_t *)&copy, .len = sizeof(copy) };
	}
	/* Never 0, which would stand for the clock: the same bins make the same file. */
	fBufSetExportTime(writer->buffer, (uint32_t)CLAMP(export_ms / 1000, 1, UINT32_MAX));
	if (writer->failed ||
	    !fBufAppend(writer->buffer, (uint8_t *)&record, sizeof(record), &cause))
		return fail_writing(writer, cause, error);
	return true;
}

static void
free_writer(BinFileWriter *writer)
{
	if (writer->buffer != NULL)
		fBufFree(writer->buffer);
	if (writer->model != NULL)
		fbInfoModelFree(writer->model);
	g_free(writer->path);
	g_free(writer);
}

bool
bin_file_finish(BinFileWriter *writer, GError **error)
{
	GError *cause = NULL;
	bool written = writer->failed || fBufEmit(writer->buffer, &cause);
	bool closed = fclose(writer->file) == 0;

	if (!written || !closed)
		fail_writing(writer, cause, error);
	else if (writer->failed)
		fault_input(error, "cannot write %s: it failed before", writer->path);
	written = written && closed && !writer->failed;
	free_writer(writer);
	return written;
}

void
bin_file_close_writer(BinFileWriter *writer)
{
	if (writer == NULL)
		return;
	if (writer->file != NULL)
		fclose(writer->file);
	free_writer(writer);
}

static void
append_number(GByteArray *octets, uint64_t number, size_t width)
{
	for (size_t i = 0; i < width; i++) {
		uint8_t octet = (uint8_t)(number >> (width - 1 - i) * 8);

		g_byte_array_append(octets, &octet, 1);
	}
}

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

/* The Templates as they lie in a file, made without libfixbuf: any others are refused before it
 * sees them. */
static void
expect_templates(BinFileReader *reader)
{
	reader->templates = g_byte_array_new();
	append_template(reader->templates, HEADER_TEMPLATE, header_fields,
	                G_N_ELEMENTS(header_fields));
	reader->part_octets = append_template(reader->templates, PART_TEMPLATE, part_fields,
	                                      G_N_ELEMENTS(part_fields));
}

static bool
damaged(const BinFileReader *reader, const char *what, GError **error)
{
	return fault_input(error, "%s: %s", reader->path, what);
}

/* Reads a Message into `reader->message`.  0: the file is at its end, or damaged, and then `error`
 * is set. */
static size_t
read_message(BinFileReader *reader, GError **error)
{
	size_t got = fread(reader->message, 1, MESSAGE_HEADER_OCTETS, reader->file);
	size_t length;

	if (got == 0 && !ferror(reader->file))
		return 0;
	length = (size_t)reader->message[2] << 8 | reader->message[3];
	if (got < MESSAGE_HEADER_OCTETS || reader->message[0] != 0 ||
	    reader->message[1] != IPFIX_VERSION || length < MESSAGE_HEADER_OCTETS) {
		fault_input(error,
		            ferror(reader->file) ? "cannot be read" : "is no bin file, or damaged");
		return 0;
	}
	if (fread(reader->message + MESSAGE_HEADER_OCTETS, 1, length - MESSAGE_HEADER_OCTETS,
	          reader->file) != length - MESSAGE_HEADER_OCTETS) {
		fault_input(error, "is cut short");
		return 0;
	}
	return length;
}

/* The next Set of the Message: its id, and a reader of what is in it. */
static uint16_t
next_set(struct wire_reader *message, struct wire_reader *set)
{
	uint16_t id = wire_read_u16(message);
	uint16_t length = wire_read_u16(message);

	*set = wire_read_nested(message, length < 4 ? SIZE_MAX : length - 4u);
	return wire_failed(set) ? 0 : id;
}

/* Counts the parts of a Set; 0: they do not fill it, or an extension is not what it must be. */
static size_t
count_parts(const BinFileReader *reader, struct wire_reader *set)
{
	size_t parts = 0;

	for (; wire_left(set) > 0 && !wire_failed(set); parts++) {
		size_t length;

		wire_skip(set, reader->part_octets);
		length = wire_read_u8(set);
		if (length == UINT8_MAX)
			length = wire_read_u16(set);
		if (length != 0 && length != sizeof(struct host_bin_extension))
			return 0;
		wire_skip(set, length);
	}
	return wire_failed(set) ? 0 : parts;
}

/* Reads a record of the Message in hand; behind the last one lets libfixbuf see the Message's end,
 * where it counts. */
static bool
take_record(BinFileReader *reader, void *record, size_t octets, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autoptr(GError) end = NULL;
	size_t length = octets;
	uint8_t nothing[sizeof(struct part_record)];

	if (!fBufNext(reader->buffer, record, &length, &cause))
		return damaged(reader, cause->message, error);
	reader->records_read++;
	if (--reader->records_left == 0 && fBufNext(reader->buffer, nothing, &length, &end))
		return damaged(reader, "is damaged: a Message holds too much", error);
	return true;
}

/* Gives the Message, which has been checked, to libfixbuf. */
static bool
hand_over(BinFileReader *reader, size_t length, uint16_t template, GError **error)
{
	g_autoptr(GError) cause = NULL;
	uint32_t sequence = g_htonl((uint32_t)reader->records_read);

	/* As it expects them, for it would warn of others: the records so far, and one Observation
	 * Domain. */
	memcpy(reader->message + SEQUENCE_OFFSET, &sequence, sizeof(sequence));
	memset(reader->message + SEQUENCE_OFFSET + sizeof(sequence), 0, sizeof(uint32_t));
	fBufSetBuffer(reader->buffer, reader->message, length);
	if (!fBufNextMessage(reader->buffer, &cause) ||
	    !fBufSetInternalTemplate(reader->buffer, template, &cause))
		return damaged(reader, cause->message, error);
	return true;
}

/* Reads a Message of one Set, which must fill it.  0: there is none such, and `error` is set. */
static size_t
read_single_set(BinFileReader *reader, uint16_t id, struct wire_reader *set, GError **error)
{
	g_autoptr(GError) cause = NULL;
	size_t length = read_message(reader, &cause);
	struct wire_reader message;

	if (length == 0) {
		damaged(reader, cause != NULL ? cause->message : "is cut short", error);
		return 0;
	}
	message = wire_reader(reader->message + MESSAGE_HEADER_OCTETS,
	                      length - MESSAGE_HEADER_OCTETS);
	if (next_set(&message, set) != id || wire_left(&message) != 0) {
		damaged(reader, "is no bin file", error);
		return 0;
	}
	return length;
}

/* The Templates are not handed over: libfixbuf has been told of them, and no others are let
 * through. */
static bool
check_templates(BinFileReader *reader, GError **error)
{
	struct wire_reader set;

	if (read_single_set(reader, TEMPLATE_SET, &set, error) == 0)
		return false;
	if (wire_left(&set) != reader->templates->len ||
	    memcmp(set.next, reader->templates->data, reader->templates->len) != 0)
		return damaged(reader, "holds bins of another version of this program", error);
	return true;
}

static bool
read_header(BinFileReader *reader, GError **error)
{
	struct header_record header;
	struct wire_reader set;
	size_t length;

	if (!check_templates(reader, error))
		return false;
	length = read_single_set(reader, HEADER_TEMPLATE, &set, error);
	if (length == 0)
		return false;
	if (wire_left(&set) != sizeof(header))
		return damaged(reader, "is damaged at its start", error);
	if (!hand_over(reader, length, HEADER_TEMPLATE, error))
		return false;
	reader->records_left = 1;
	if (!take_record(reader, &header, sizeof(header), error))
		return false;
	if (header.layout != host_bin_layout())
		return damaged(reader, "holds bins of another version of this program", error);
	reader->sketch_key = header.sketch_key;
	return true;
}

BinFileReader *
bin_file_open_reader(const char *path, GError **error)
{
	g_autoptr(BinFileReader) reader = g_new0(BinFileReader, 1);

	reader->path = g_strdup(path);
	reader->file = fopen(path, "rbe");
	if (reader->file == NULL) {
		fault_system(error, "cannot read %s", path);
		return NULL;
	}
	expect_templates(reader);
	reader->model = model_new();
	reader->buffer = fBufAllocForCollection(session_new(reader->model), NULL);
	fBufSetAutomaticMode(reader->buffer, FALSE);
	if (!read_header(reader, error))
		return NULL;
	return g_steal_pointer(&reader);
}

void
bin_file_close_reader(BinFileReader *reader)
{
	if (reader == NULL)
		return;
	if (reader->buffer != NULL)
		fBufFree(reader->buffer);
	if (reader->model != NULL)
		fbInfoModelFree(reader->model);
	if (reader->templates != NULL)
		g_byte_array_free(reader->templates, TRUE);
	if (reader->file != NULL)
		fclose(reader->file);
	g_free(reader->path);
	g_free(reader);
}

uint64_t
bin_file_sketch_key(const BinFileReader *reader)
{
	return reader->sketch_key;
}

/* False: the end, or damage. */
static bool
next_message(BinFileReader *reader, GError **error)
{
	g_autoptr(GError) cause = NULL;
	size_t length = read_message(reader, &cause);
	struct wire_reader message;
	struct wire_reader set;

	if (length == 0)
		return cause != NULL && damaged(reader, cause->message, error);
	message = wire_reader(reader->message + MESSAGE_HEADER_OCTETS,
	                      length - MESSAGE_HEADER_OCTETS);
	if (next_set(&message, &set) != PART_TEMPLATE || wire_left(&message) != 0)
		return damaged(reader, "is damaged: a Message holds something else than bins",
		               error);
	reader->records_left = count_parts(reader, &set);
	if (reader->records_left == 0)
		return damaged(reader, "is damaged: bins do not fill their Message", error);
	return hand_over(reader, length, PART_TEMPLATE, error);
}

static bool
take_part(const struct part_record *record, struct ring_bin *part)
{
	bool extended = record->extension.len == sizeof(part->extension);

	part->export_ms = record->export_ms;
	part->dropped = 0;
	part->bin = record->bin;
	if (extended)
		memcpy(&part->extension, record->extension.buf, sizeof(part->extension));
	return host_bin_valid(&part->bin, extended ? &part->extension : NULL);
}

bool
bin_file_read(BinFileReader *reader, struct ring_bin *part, GError **error)
{
	struct part_record record;

	if (reader->records_left == 0 && !next_message(reader, error))
		return false;
	if (!take_record(reader, &record, sizeof(record), error))
		return false;
	return take_part(&record, part) || damaged(reader, "is damaged: a bin is not valid", error);
}
