#include "tools/train/gzip_text.h"

#include <gio/gio.h>

enum { LONGEST = 1 << 30 }; /* octets: a file that unpacks to more is no text for people */

static char *
unpack(const char *path, GError **error)
{
	g_autoptr(GFile) file = g_file_new_for_path(path);
	g_autoptr(GFileInputStream) packed = g_file_read(file, NULL, error);
	g_autoptr(GZlibDecompressor) decompressor =
		g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP);
	g_autoptr(GOutputStream) text = g_memory_output_stream_new_resizable();
	g_autoptr(GInputStream) plain = NULL;

	if (packed == NULL)
		return NULL;
	plain = g_converter_input_stream_new(G_INPUT_STREAM(packed), G_CONVERTER(decompressor));
	while (g_memory_output_stream_get_data_size(G_MEMORY_OUTPUT_STREAM(text)) < LONGEST) {
		char block[16384];
		gssize length = g_input_stream_read(plain, block, sizeof(block), NULL, error);

		if (length < 0) {
			g_prefix_error(error, "%s: ", path);
			return NULL;
		}
		if (length == 0)
			break;
		g_output_stream_write_all(text, block, (gsize)length, NULL, NULL, NULL);
	}
	g_output_stream_write_all(text, "", 1, NULL, NULL, NULL);
	g_output_stream_close(text, NULL, NULL);
	return g_memory_output_stream_steal_data(G_MEMORY_OUTPUT_STREAM(text));
}

char *
gzip_text_read(const char *path, GError **error)
{
	g_autofree char *packed = g_strconcat(path, ".gz", NULL);
	char *text;

	if (!g_file_test(path, G_FILE_TEST_EXISTS) && g_file_test(packed, G_FILE_TEST_EXISTS))
		return unpack(packed, error);
	return g_file_get_contents(path, &text, NULL, error) ? text : NULL;
}
