#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>

#include "collector/exporter_table.h"
#include "tests/support/decoding.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

/* The state file of Templates with a checksum that is right, so that what stands before it is read.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
	static char *path;
	struct exporter_limits limits = decoding_limits();
	g_autoptr(ExporterTable) exporters = exporter_table_new(&limits);
	g_autoptr(GString) text = g_string_new_len((const char *)octets, (gssize)length);
	g_autofree char *checksum = NULL;
	struct wall_time now = { 1700000000000 };

	if (path == NULL)
		path = g_strdup_printf("%s/kenchi-fuzz-%d", g_get_tmp_dir(),
		                       g_random_int_range(0, G_MAXINT));
	g_string_append_c(text, '\n');
	checksum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text->str, (gssize)text->len);
	g_string_append_printf(text, "checksum %s\n", checksum);
	if (!g_file_set_contents_full(path, text->str, (gssize)text->len, G_FILE_SET_CONTENTS_NONE,
	                              0600, NULL))
		abort();
	(void)exporter_table_load(exporters, path, now, NULL);
	if (!exporter_table_save(exporters, path, NULL))
		abort();
	/* What was saved must be good. */
	if (!exporter_table_load(exporters, path, now, NULL))
		abort();
	g_remove(path);
	return 0;
}
