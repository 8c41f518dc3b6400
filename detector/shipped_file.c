#include "detector/shipped_file.h"

#include <glib.h>
#include <stdbool.h>

char *
shipped_file(const char *name)
{
	g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
	bool built = program != NULL && g_str_has_prefix(program, MODELS_BUILD_FOLDER "/");
	g_autofree char *path = g_build_filename(
		built ? MODELS_SOURCE_FOLDER : MODELS_INSTALLED_FOLDER, name, NULL);

	return g_file_test(path, G_FILE_TEST_EXISTS) ? g_steal_pointer(&path) : NULL;
}
