#include "tests/support/store_builder.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <sqlite3.h>

static const char rows[] =
	"INSERT INTO verdict VALUES ('10.0.0.5', 'infected', 0.93, 0.98, 'horizontal scan', 1772445660000, 1772445660000,"
	" 1772445600000, 1772445900000, 5, 1, '', 'horizontal_scan', 1772445660000, 1772445900000, 0, NULL, NULL);"
	"INSERT INTO verdict VALUES ('10.0.0.9', 'normal', 0.02, 0.31, '', 1772445600000, NULL,"
	" 1772445600000, 1772445900000, 5, 10, 'sampled,flags', '', NULL, NULL, 5, NULL, NULL);"
	"INSERT INTO verdict VALUES ('10.0.0.20', 'unknown', 0, 0, 'too little traffic', 1772445600000, NULL,"
	" 1772445600000, 1772445600000, 1, 1, '', '', NULL, NULL, 0, NULL, NULL);"
	"INSERT INTO event VALUES (1, 1772445660000, '10.0.0.5', 'detected', 'infected', 0.81, 'horizontal_scan');"
	"INSERT INTO event VALUES (2, 1772445780000, '10.0.0.5', 'updated', 'infected', 0.93, 'horizontal_scan,sweep');"
	"INSERT INTO evidence VALUES ('10.0.0.5', 'horizontal_scan', 1772445600000, 1772445900000, 4, 812, 30, 4, 0.93,"
	" 'peers/min', '[{\"peer\":\"192.0.2.7\",\"port\":445,\"protocol\":6,\"flows\":2,\"octets_out\":96,"
	"\"octets_in\":0,\"answered\":false}]');"
	"INSERT INTO evidence VALUES ('10.0.0.5', 'beacon', 1772445600000, 1772445900000, 4, 0.4, 0.9, 0.2, 0.1,"
	" 'regularity', '[]');"
	"INSERT INTO feature VALUES ('10.0.0.5', 1772445900000, 0.93, '{\"fan_out\":812.5}');"
	"INSERT INTO peer VALUES ('10.0.0.5', '192.0.2.7', 445, 6, 2, 96, 0, 0, 1772445900000);"
	"INSERT INTO state VALUES ('clock_ms', '1772445900000');";

void
store_builder_run(const char *folder, const char *sql)
{
	g_autofree char *path = g_build_filename(folder, "verdicts.db", NULL);
	sqlite3 *database = NULL;
	char *message = NULL;

	g_assert_cmpint(sqlite3_open(path, &database), ==, SQLITE_OK);
	sqlite3_exec(database, sql, NULL, NULL, &message);
	g_assert_cmpstr(message, ==, NULL);
	sqlite3_close(database);
}

char *
store_builder_make(int64_t updated_wall_ms)
{
	g_autofree char *schema_path =
		g_test_build_filename(G_TEST_DIST, "..", "schemas", "verdicts.sql", NULL);
	g_autofree char *schema = NULL;
	g_autofree char *updated = g_strdup_printf(
		"INSERT INTO state VALUES ('updated_wall_ms', '%" G_GINT64_FORMAT "');",
		updated_wall_ms);
	char *folder = g_dir_make_tmp("kenchi-store-XXXXXX", NULL);

	g_assert_true(g_file_get_contents(schema_path, &schema, NULL, NULL));
	store_builder_run(folder, schema);
	store_builder_run(folder, rows);
	store_builder_run(folder, updated);
	return folder;
}

void
store_builder_remove(const char *folder)
{
	static const char *const names[] = { "verdicts.db", "verdicts.db-wal", "verdicts.db-shm" };

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(folder, names[i], NULL);

		g_remove(path);
	}
	g_rmdir(folder);
}
