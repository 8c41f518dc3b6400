#include <glib.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#include "common/state_folder.h"

struct fixture {
	char *folder;
	char *key;
};

static void
set_up(struct fixture *fixture, gconstpointer data)
{
	fixture->folder = g_dir_make_tmp("state.XXXXXX", NULL);
	fixture->key = g_build_filename(fixture->folder, "site.key", NULL);
	g_assert_null(data);
}

static void
tear_down(struct fixture *fixture, gconstpointer data)
{
	g_unlink(fixture->key);
	g_assert_cmpint(g_rmdir(fixture->folder), ==, 0); /* nothing else was left */
	g_free(fixture->key);
	g_free(fixture->folder);
	g_assert_null(data);
}

static void
the_site_key_is_made_once(struct fixture *fixture, gconstpointer data)
{
	uint64_t first = 0;
	uint64_t second = 1;
	struct stat status;

	g_assert_null(data);
	g_assert_true(state_folder_site_key(fixture->folder, false, &first, NULL));
	g_assert_true(state_folder_site_key(fixture->folder, false, &second, NULL));
	g_assert_cmpuint(first, ==, second);
	g_assert_cmpint(stat(fixture->key, &status), ==, 0);
	g_assert_cmpuint(status.st_mode & 0777, ==, 0600);
}

static void
the_fixed_key_makes_nothing(struct fixture *fixture, gconstpointer data)
{
	uint64_t first = 0;
	uint64_t second = 1;

	g_assert_null(data);
	g_assert_true(state_folder_site_key(fixture->folder, true, &first, NULL));
	g_assert_true(state_folder_site_key("/nonexistent", true, &second, NULL));
	g_assert_cmpuint(first, ==, second);
	g_assert_false(g_file_test(fixture->key, G_FILE_TEST_EXISTS));
}

static void
a_damaged_key_is_refused_and_named(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	uint64_t key = 5;

	g_assert_null(data);
	g_assert_true(g_file_set_contents(fixture->key, "0123\n", -1, NULL));
	g_assert_false(state_folder_site_key(fixture->folder, false, &key, &error));
	g_assert_nonnull(strstr(error->message, fixture->key));
	g_assert_cmpuint(key, ==, 5);
}

static void
makes_folders_for_the_owner_alone(struct fixture *fixture, gconstpointer data)
{
	g_autofree char *outer = g_build_filename(fixture->folder, "a", NULL);
	g_autofree char *inner = g_build_filename(outer, "b", NULL);
	struct stat status;

	g_assert_null(data);
	g_assert_true(state_folder_make(inner, NULL));
	g_assert_true(state_folder_make(inner, NULL));
	g_assert_cmpint(stat(inner, &status), ==, 0);
	g_assert_cmpuint(status.st_mode & 0777, ==, 0700);
	g_rmdir(inner);
	g_rmdir(outer);
}

static void
a_file_in_the_place_of_the_folder_is_named(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(data);
	g_assert_true(g_file_set_contents(fixture->key, "", -1, NULL));
	g_assert_false(state_folder_make(fixture->key, &error));
	g_assert_nonnull(strstr(error->message, fixture->key));
}

static void
the_environment_chooses_the_default(struct fixture *fixture, gconstpointer data)
{
	g_autofree char *chosen = NULL;

	g_assert_null(data);
	g_setenv("KENCHI_STATE", fixture->folder, TRUE);
	chosen = state_folder_default();
	g_unsetenv("KENCHI_STATE");
	g_assert_cmpstr(chosen, ==, fixture->folder);
}

#define ADD(test) g_test_add("/state_folder/" #test, struct fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(the_site_key_is_made_once);
	ADD(the_fixed_key_makes_nothing);
	ADD(a_damaged_key_is_refused_and_named);
	ADD(makes_folders_for_the_owner_alone);
	ADD(a_file_in_the_place_of_the_folder_is_named);
	ADD(the_environment_chooses_the_default);
	return g_test_run();
}
