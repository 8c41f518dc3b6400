#include <stdio.h>

#include "common/bin_file.h"
#include "common/bin_file_layout.h"
#include "common/fault.h"

struct BinFileWriter {
	char *path;
	FILE *file;
	fbInfoModel_t *model;
	fBuf_t *buffer;
	bool failed;
};

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
	struct bin_header_record header = { host_bin_layout(), sketch_key };
	GError *cause = NULL;

	fBufSetExportTime(writer->buffer, 1);
	if (!fbSessionExportTemplates(fBufGetSession(writer->buffer), &cause) ||
	    !select_template(writer->buffer, BIN_HEADER_TEMPLATE, &cause) ||
	    !fBufAppend(writer->buffer, (uint8_t *)&header, sizeof(header), &cause) ||
	    !fBufEmit(writer->buffer, &cause) ||
	    !select_template(writer->buffer, BIN_PART_TEMPLATE, &cause))
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
	writer->model = bin_file_model_new();
	writer->buffer = fBufAllocForExport(bin_file_session_new(writer->model),
	                                    fbExporterAllocFP(writer->file));
	if (!write_header(writer, sketch_key, error))
		return NULL;
	return g_steal_pointer(&writer);
}

bool
bin_file_append(BinFileWriter *writer, int64_t export_ms, const struct host_bin *bin,
                const struct host_bin_extension *extension, GError **error)
{
	bool extended = bin->touch_count == HOST_BIN_EXTENDED;
	struct bin_part_record record = { .bin = *bin, .export_ms = export_ms };
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
