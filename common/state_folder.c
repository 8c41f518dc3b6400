#include "common/state_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/fault.h"

/* The key of captures: the same capture gives the same bins everywhere. */
static const uint64_t fixed_key = 0x6b656e6368690001;

enum { KEY_TEXT_SIZE = 18 }; /* 16 hexadecimal digits, a line end and the final zero */

char *
state_folder_default(void)
{
	const char *told = g_getenv("KENCHI_STATE");
	const char *system = "/var/lib/kenchi";

	if (told != NULL && told[0] != '\0')
		return g_strdup(told);
	if (access(system, W_OK | X_OK) == 0)
		return g_strdup(system);
	return g_build_filename(g_get_user_state_dir(), "kenchi", NULL);
}

bool
state_folder_make(const char *folder, GError **error)
{
	if (g_mkdir_with_parents(folder, 0700) != 0)
		return fault_system(error, "cannot make the folder %s", folder);
	if (!g_file_test(folder, G_FILE_TEST_IS_DIR)) {
		errno = ENOTDIR;
		return fault_system(error, "%s", folder);
	}
	if (access(folder, W_OK | X_OK) != 0)
		return fault_system(error, "cannot write to the folder %s", folder);
	return true;
}

static bool
read_key(const char *path, uint64_t *key, GError **error)
{
	g_autofree char *text = NULL;
	guint64 value;

	if (!g_file_get_contents(path, &text, NULL, error))
		return false;
	g_strchomp(text);
	if (strlen(text) != 16 ||
	    !g_ascii_string_to_unsigned(text, 16, 0, UINT64_MAX, &value, NULL))
		return fault_input(error, "%s is damaged: it must hold 16 hexadecimal digits",
		                   path);
	*key = value;
	return true;
}

static bool
write_key(int descriptor)
{
	char text[KEY_TEXT_SIZE];
	uint64_t key;
	size_t length;

	if (getrandom(&key, sizeof(key), 0) != (ssize_t)sizeof(key))
		return false;
	length = (size_t)g_snprintf(text, sizeof(text), "%016" G_GINT64_MODIFIER "x\n", key);
	return write(descriptor, text, length) == (ssize_t)length && fsync(descriptor) == 0;
}

/* The key appears whole or not at all, and the first of two programs that start at once makes it.
 */
static bool
make_key(const char *path, GError **error)
{
	g_autofree char *draft = g_strdup_printf("%s.XXXXXX", path);
	int descriptor = g_mkstemp_full(draft, O_RDWR | O_CLOEXEC, 0600);
	bool made;
	int number;

	if (descriptor < 0)
		return fault_system(error, "cannot make %s", path);
	made = write_key(descriptor) && (link(draft, path) == 0 || errno == EEXIST);
	number = errno;
	close(descriptor);
	unlink(draft);
	errno = number;
	return made || fault_system(error, "cannot make %s", path);
}

bool
state_folder_site_key(const char *folder, bool fixed, uint64_t *key, GError **error)
{
	g_autofree char *path = NULL;

	if (fixed) {
		*key = fixed_key;
		return true;
	}
	path = g_build_filename(folder, "site.key", NULL);
	if (access(path, F_OK) != 0 && !make_key(path, error))
		return false;
	return read_key(path, key, error);
}
