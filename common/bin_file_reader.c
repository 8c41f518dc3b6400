#include <stdio.h>
#include <string.h>

#include "common/bin_file.h"
#include "common/bin_file_layout.h"
#include "common/fault.h"
#include "common/wire_reader.h"

enum {
	TEMPLATE_SET = 2,
	MESSAGE_HEADER_OCTETS = 16,
	MESSAGE_OCTETS_MAX = 65535,
	SEQUENCE_OFFSET = 8,
	IPFIX_VERSION = 10,
};

struct BinFileReader {
	char *path;
	FILE *file;
	fbInfoModel_t *model;
	fBuf_t *buffer;
	GByteArray *templates; /* the Template Set that a file must have: others are refused before
	                          libfixbuf sees them */
	size_t part_octets;    /* of a part's record, without the extension */
	uint64_t sketch_key;
	size_t records_left; /* of the Message in hand */
	uint64_t records_read;
	uint8_t message[MESSAGE_OCTETS_MAX];
};

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
	uint8_t nothing[sizeof(struct bin_part_record)];

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
	struct bin_header_record header;
	struct wire_reader set;
	size_t length;

	if (!check_templates(reader, error))
		return false;
	length = read_single_set(reader, BIN_HEADER_TEMPLATE, &set, error);
	if (length == 0)
		return false;
	if (wire_left(&set) != sizeof(header))
		return damaged(reader, "is damaged at its start", error);
	if (!hand_over(reader, length, BIN_HEADER_TEMPLATE, error))
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
	reader->templates = g_byte_array_new();
	reader->part_octets = bin_file_append_templates(reader->templates);
	reader->model = bin_file_model_new();
	reader->buffer = fBufAllocForCollection(bin_file_session_new(reader->model), NULL);
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
	if (next_set(&message, &set) != BIN_PART_TEMPLATE || wire_left(&message) != 0)
		return damaged(reader, "is damaged: a Message holds something else than bins",
		               error);
	reader->records_left = count_parts(reader, &set);
	if (reader->records_left == 0)
		return damaged(reader, "is damaged: bins do not fill their Message", error);
	return hand_over(reader, length, BIN_PART_TEMPLATE, error);
}

static bool
take_part(const struct bin_part_record *record, struct ring_bin *part)
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
	struct bin_part_record record;

	if (reader->records_left == 0 && !next_message(reader, error))
		return false;
	if (!take_record(reader, &record, sizeof(record), error))
		return false;
	return take_part(&record, part) || damaged(reader, "is damaged: a bin is not valid", error);
}
