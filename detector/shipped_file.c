#include "detector/shipped_file.h"

#include "common/fault.h"

char *
shipped_file(const char *name, GError **error)
{
	g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *folder = program != NULL ? g_path_get_dirname(program) : g_strdup(".");
	bool built = program != NULL && g_str_has_prefix(program, MODELS_BUILD_FOLDER "/");
	g_autofree char *moved = g_build_filename(folder, MODELS_BESIDE_PROGRAMS, name, NULL);
	g_autofree char *path = g_build_filename(
		built ? MODELS_SOURCE_FOLDER : MODELS_INSTALLED_FOLDER, name, NULL);

	if (!built && g_file_test(moved, G_FILE_TEST_EXISTS))
		return g_steal_pointer(&moved);
	if (g_file_test(path, G_FILE_TEST_EXISTS))
		return g_steal_pointer(&path);
	fault_input(error, "%s, which comes with kenchi, is missing: install it, or name another",
	            path);
	return NULL;
}
