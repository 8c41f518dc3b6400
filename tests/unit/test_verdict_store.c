#include "detector/verdict_store.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/assessments.h"

struct fixture {
	char *folder;
	char *path;
	VerdictStore *store;
};

static void
reopen(struct fixture *fixture)
{
	g_autoptr(GError) error = NULL;

	verdict_store_close(fixture->store);
	fixture->store = verdict_store_open(fixture->path, &error);
	g_assert_no_error(error);
}

static void
set_up(struct fixture *fixture, const void *unused)
{
	(void)unused;
	fixture->folder = g_dir_make_tmp("store-XXXXXX", NULL);
	fixture->path = g_build_filename(fixture->folder, "verdicts.db", NULL);
	fixture->store = NULL;
}

static void
tear_down(struct fixture *fixture, const void *unused)
{
	g_autoptr(GDir) directory = g_dir_open(fixture->folder, 0, NULL);
	const char *name;

	(void)unused;
	verdict_store_close(fixture->store);
	while ((name = g_dir_read_name(directory)) != NULL) {
		g_autofree char *path = g_build_filename(fixture->folder, name, NULL);

		g_unlink(path);
	}
	g_rmdir(fixture->folder);
	g_free(fixture->folder);
	g_free(fixture->path);
}

static void
commit(struct fixture *fixture)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(verdict_store_commit(fixture->store, &error));
	g_assert_no_error(error);
}

/* What a query gives, as another process would see it: values with "|" between, rows with ends of
 * line. */
static char *
look(const struct fixture *fixture, const char *sql)
{
	GString *text = g_string_new(NULL);
	sqlite3_stmt *query = NULL;
	sqlite3 *database = NULL;

	g_assert_cmpint(sqlite3_open(fixture->path, &database), ==, SQLITE_OK);
	g_assert_cmpint(sqlite3_prepare_v2(database, sql, -1, &query, NULL), ==, SQLITE_OK);
	while (sqlite3_step(query) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(query); i++) {
			const char *value = (const char *)sqlite3_column_text(query, i);

			g_string_append_printf(text, "%s%s", i > 0 ? "|" : "",
			                       value != NULL ? value : "-");
		}
		g_string_append_c(text, '\n');
	}
	sqlite3_finalize(query);
	sqlite3_close(database);
	return g_string_free(text, FALSE);
}

static void
expect(const struct fixture *fixture, const char *sql, const char *expected)
{
	g_autofree char *found = look(fixture, sql);

	g_assert_cmpstr(found, ==, expected);
}

static void
run_sql(const struct fixture *fixture, const char *sql)
{
	sqlite3 *database = NULL;

	g_assert_cmpint(sqlite3_open(fixture->path, &database), ==, SQLITE_OK);
	g_assert_cmpint(sqlite3_exec(database, sql, NULL, NULL, NULL), ==, SQLITE_OK);
	sqlite3_close(database);
}

static struct verdict
infected_verdict(unsigned host)
{
	return (struct verdict){
		.host = host_address_from_ipv4(0x0a000000 + host),
		.kind = VERDICT_INFECTED,
		.score = 0.75,
		.peak_score = 0.875,
		.since_ms = 1000,
		.first_detected_ms = 900,
		.infected_ms = 1000,
		.first_seen_ms = 100,
		.last_seen_ms = 2000 + host,
		.evidence_ms = 1500,
		.alerted_ms = 1000,
		.bins = 7,
		.judged = 2,
		.judged_ms = 1800,
		.sampling_interval = 10,
		.cannot_tell = CANNOT_TELL_SAMPLED | CANNOT_TELL_SIZES,
		.behaviours = 1u << BEHAVIOUR_horizontal_scan | 1u << BEHAVIOUR_beacon,
	};
}

static void
gives_back_a_verdict_as_it_was(struct fixture *fixture, const void *unused)
{
	struct verdict put = infected_verdict(5);
	struct verdict got;

	(void)unused;
	reopen(fixture);
	verdict_store_begin(fixture->store);
	verdict_store_put_verdict(fixture->store, &put, "horizontal scan");
	commit(fixture);
	reopen(fixture);
	g_assert_true(verdict_store_next_verdict(fixture->store, &got, NULL));
	g_assert_true(host_address_equal(&got.host, &put.host));
	g_assert_cmpint(got.kind, ==, put.kind);
	g_assert_cmpfloat(got.score, ==, put.score);
	g_assert_cmpfloat(got.peak_score, ==, put.peak_score);
	g_assert_cmpint(got.since_ms, ==, put.since_ms);
	g_assert_cmpint(got.first_detected_ms, ==, put.first_detected_ms);
	g_assert_cmpint(got.infected_ms, ==, put.infected_ms);
	g_assert_cmpint(got.first_seen_ms, ==, put.first_seen_ms);
	g_assert_cmpint(got.last_seen_ms, ==, put.last_seen_ms);
	g_assert_cmpint(got.evidence_ms, ==, put.evidence_ms);
	g_assert_cmpint(got.alerted_ms, ==, put.alerted_ms);
	g_assert_cmpuint(got.bins, ==, put.bins);
	g_assert_cmpuint(got.judged, ==, put.judged);
	g_assert_cmpint(got.judged_ms, ==, put.judged_ms);
	g_assert_cmpuint(got.sampling_interval, ==, put.sampling_interval);
	g_assert_cmpuint(got.cannot_tell, ==, put.cannot_tell);
	g_assert_cmpuint(got.behaviours, ==, put.behaviours);
	g_assert_false(verdict_store_next_verdict(fixture->store, &got, NULL));
}

static void
keeps_positions_with_the_verdicts_or_not_at_all(struct fixture *fixture, const void *unused)
{
	struct verdict verdict = infected_verdict(5);

	(void)unused;
	reopen(fixture);
	verdict_store_begin(fixture->store);
	verdict_store_put_position(fixture->store, 3,
	                           (struct ring_position){ UINT64_C(7) << 32, 41 });
	commit(fixture);
	verdict_store_begin(fixture->store);
	verdict_store_put_verdict(fixture->store, &verdict, "");
	verdict_store_put_position(fixture->store, 3,
	                           (struct ring_position){ UINT64_C(7) << 32, 42 });
	reopen(fixture); /* without commit, as after a kill */
	g_assert_cmpuint(verdict_store_position(fixture->store, 3).sequence, ==, 41);
	g_assert_cmpuint(verdict_store_position(fixture->store, 3).epoch, ==, UINT64_C(7) << 32);
	g_assert_cmpuint(verdict_store_position(fixture->store, 4).epoch, ==, 0);
	g_assert_false(verdict_store_next_verdict(fixture->store, &verdict, NULL));
}

static void
counts_each_minute_of_evidence_once(struct fixture *fixture, const void *unused)
{
	struct assessment early = assessments_scan(5, 0, 0.6);
	struct assessment full = assessments_scan(5, 0, 0.8);
	struct assessment next = assessments_scan(5, 1, 0.5);

	(void)unused;
	full.evidence[0].measured = 900;
	reopen(fixture);
	verdict_store_begin(fixture->store);
	verdict_store_put_assessment(fixture->store, &early, NULL);
	verdict_store_put_assessment(fixture->store, &full, NULL);
	verdict_store_put_assessment(fixture->store, &next, NULL);
	commit(fixture);
	expect(fixture,
	       "SELECT host, behaviour, minutes, measured, threshold, strength, unit, last_ms - first_ms,"
	       " peers FROM evidence",
	       "10.0.0.5|horizontal_scan|2|900.0|40.0|0.8|peers|120000|"
	       "[{\"peer\":\"198.51.100.1\",\"port\":445,\"protocol\":6,\"flows\":80,\"octets_out\":4000,"
	       "\"octets_in\":60,\"answered\":false}]\n");
}

static void
bounds_windows_and_peers_of_a_host(struct fixture *fixture, const void *unused)
{
	static const char *const names[] = { "one" };
	const double value = 0.25;

	(void)unused;
	reopen(fixture);
	verdict_store_begin(fixture->store);
	for (unsigned minute = 0; minute < 2 * STORE_FEATURE_WINDOWS; minute++) {
		struct assessment assessment = assessments_scan(5, minute, 0.6);

		assessment.feature_count = 1;
		assessment.features = &value;
		assessment.peer_count = 1;
		assessment.peers[0] = assessment.evidence[0].peers[0];
		assessment.peers[0].port = (uint16_t)minute;
		verdict_store_put_assessment(fixture->store, &assessment, names);
	}
	commit(fixture);
	expect(fixture, "SELECT count(*), max(feature_values) FROM feature", "60|{\"one\":0.25}\n");
	expect(fixture, "SELECT count(*), min(port), max(port) FROM peer", "24|96|119\n");
}

static void
keeps_alerts_until_they_are_sent(struct fixture *fixture, const void *unused)
{
	struct assessment assessment = assessments_scan(5, 0, 0.9);
	struct verdict verdict = infected_verdict(5);
	const struct alert_origin origin = { "model", "device" };
	char cef[] = "CEF:0|...", ecs[] = "{}";
	struct alert_lines lines = { ACT_DETECTED, 123, 8, cef, ecs };
	struct alert_lines unsent;
	struct alert alert;

	(void)unused;
	reopen(fixture);
	alert_make(&alert, ACT_DETECTED, &verdict, &assessment, &origin);
	verdict_store_begin(fixture->store);
	verdict_store_put_event(fixture->store, &alert, &lines);
	commit(fixture);
	reopen(fixture);
	g_assert_true(verdict_store_next_unsent(fixture->store, &unsent));
	g_assert_cmpint(unsent.act, ==, ACT_DETECTED);
	g_assert_cmpint(unsent.time_ms, ==, 123);
	g_assert_cmpint(unsent.severity, ==, 8);
	g_assert_cmpstr(unsent.cef, ==, "CEF:0|...");
	alert_lines_clear(&unsent);
	g_assert_false(verdict_store_next_unsent(fixture->store, &unsent));
	verdict_store_begin(fixture->store);
	verdict_store_mark_sent(fixture->store);
	commit(fixture);
	g_assert_false(verdict_store_next_unsent(fixture->store, &unsent));
	expect(fixture, "SELECT host, act, verdict, score, behaviours FROM event",
	       "10.0.0.5|detected|infected|0.75|horizontal_scan,beacon\n");
}

static void
forgets_hosts_and_what_is_old(struct fixture *fixture, const void *unused)
{
	struct assessment five = assessments_scan(5, 0, 0.9);
	struct assessment six = assessments_scan(6, 0, 0.3);
	struct verdict infected = infected_verdict(5);
	struct verdict normal = infected_verdict(6);

	(void)unused;
	normal.kind = VERDICT_NORMAL;
	reopen(fixture);
	verdict_store_begin(fixture->store);
	verdict_store_put_verdict(fixture->store, &infected, "");
	verdict_store_put_verdict(fixture->store, &normal, "");
	verdict_store_put_assessment(fixture->store, &five, NULL);
	verdict_store_put_assessment(fixture->store, &six, NULL);
	verdict_store_prune(fixture->store, five.bin_end_ms + 1);
	commit(fixture);
	expect(fixture, "SELECT host FROM evidence", "10.0.0.5\n");
	verdict_store_begin(fixture->store);
	verdict_store_delete_host(fixture->store, &infected.host);
	commit(fixture);
	expect(fixture, "SELECT host FROM evidence", "");
	expect(fixture, "SELECT host FROM verdict", "10.0.0.6\n");
}

static void
is_for_its_owner_alone(struct fixture *fixture, const void *unused)
{
	struct stat status;

	(void)unused;
	reopen(fixture);
	g_assert_cmpint(stat(fixture->path, &status), ==, 0);
	g_assert_cmpint(status.st_mode & 0777, ==, 0600);
}

static void
expect_refusal(struct fixture *fixture, const char *word)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(verdict_store_open(fixture->path, &error));
	g_assert_nonnull(error);
	g_assert_nonnull(strstr(error->message, fixture->path));
	g_assert_nonnull(strstr(error->message, word));
}

static void
refuses_what_is_no_database(struct fixture *fixture, const void *unused)
{
	g_autofree char *text = g_strnfill(5000, 'x');

	(void)unused;
	g_assert_true(g_file_set_contents(fixture->path, text, -1, NULL));
	expect_refusal(fixture, "not a database");
}

static void
refuses_a_database_of_another_program(struct fixture *fixture, const void *unused)
{
	(void)unused;
	run_sql(fixture, "CREATE TABLE verdict (host TEXT); INSERT INTO verdict VALUES ('x')");
	expect_refusal(fixture, "another program");
	expect(fixture, "SELECT * FROM verdict", "x\n");
}

static void
refuses_a_newer_store(struct fixture *fixture, const void *unused)
{
	(void)unused;
	reopen(fixture);
	g_clear_pointer(&fixture->store, verdict_store_close);
	run_sql(fixture, "PRAGMA user_version = 99");
	expect_refusal(fixture, "99");
}

static void
refuses_a_damaged_store(struct fixture *fixture, const void *unused)
{
	g_autofree char *octets = NULL;
	size_t length;

	(void)unused;
	reopen(fixture);
	verdict_store_begin(fixture->store);
	for (unsigned i = 0; i < 200; i++) {
		struct verdict verdict = infected_verdict(i);

		verdict_store_put_verdict(fixture->store, &verdict,
		                          "some reason, so that there are pages");
	}
	commit(fixture);
	g_clear_pointer(&fixture->store, verdict_store_close);
	g_assert_true(g_file_get_contents(fixture->path, &octets, &length, NULL));
	memset(octets + length / 2, 0xa5, length / 2);
	g_assert_true(g_file_set_contents(fixture->path, octets, (gssize)length, NULL));
	expect_refusal(fixture, "damaged");
}

static void
survives_rows_that_are_nonsense(struct fixture *fixture, const void *unused)
{
	struct verdict verdict;

	(void)unused;
	reopen(fixture);
	g_clear_pointer(&fixture->store, verdict_store_close);
	run_sql(fixture,
	        "INSERT INTO verdict VALUES ('no address', 'normal', 'x', 'y', '', 1, 2, 3, 4, 5, 6,"
	        " 'foo,bar', 'baz', 1, 1, 1, 1, 1), ('10.0.0.1', 'unknown', x'00ff', 1e999, '', -1, 2, 3,"
	        " 4, 1, 6, '', '', 'a', 'b', 'c', 'd', 'e')");
	reopen(fixture);
	g_assert_true(verdict_store_next_verdict(fixture->store, &verdict, NULL));
	g_assert_cmpint(verdict.kind, ==, VERDICT_UNKNOWN);
	g_assert_false(verdict_store_next_verdict(fixture->store, &verdict, NULL));
}

static void
reports_the_first_failure_at_the_commit(struct fixture *fixture, const void *unused)
{
	struct verdict verdict = infected_verdict(1);
	g_autoptr(GError) error = NULL;

	(void)unused;
	reopen(fixture);
	run_sql(fixture,
	        "CREATE TRIGGER no BEFORE INSERT ON verdict BEGIN SELECT RAISE(ABORT, 'no room'); END");
	reopen(fixture);
	verdict_store_begin(fixture->store);
	verdict_store_put_state(fixture->store, "model", "x");
	verdict_store_put_verdict(fixture->store, &verdict, "");
	g_assert_false(verdict_store_commit(fixture->store, &error));
	g_assert_nonnull(strstr(error->message, "no room"));
	g_assert_nonnull(strstr(error->message, fixture->path));
	expect(fixture, "SELECT count(*) FROM state", "0\n");
	/* The next transaction is a new one. */
	verdict_store_begin(fixture->store);
	verdict_store_put_state(fixture->store, "model", "x");
	commit(fixture);
}

enum { PARTS_OF_AN_OPENING = 25 };

static void
open_and_be_killed(const struct fixture *fixture, unsigned after_us)
{
	pid_t child = fork();
	int status;

	g_assert_cmpint(child, >=, 0);
	if (child == 0) {
		const struct itimerval timer = { .it_value = { after_us / 1000000,
			                                       after_us % 1000000 } };

		signal(SIGALRM, SIG_DFL);
		setitimer(ITIMER_REAL, &timer, NULL);
		verdict_store_close(verdict_store_open(fixture->path, NULL));
		pause();
	}
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_true(WIFSIGNALED(status));
}

static void
survives_a_kill_while_it_is_made(struct fixture *fixture, const void *unused)
{
	int64_t whole_us, began_us = g_get_monotonic_time();

	(void)unused;
	reopen(fixture);
	whole_us = g_get_monotonic_time() - began_us;
	g_clear_pointer(&fixture->store, verdict_store_close);
	g_unlink(fixture->path);
	for (unsigned part = 1; part <= PARTS_OF_AN_OPENING; part++) {
		open_and_be_killed(fixture, (unsigned)(whole_us * part / PARTS_OF_AN_OPENING + 1));
		reopen(fixture);
		g_clear_pointer(&fixture->store, verdict_store_close);
		g_unlink(fixture->path);
	}
}

static void
goes_on_making_a_store_that_was_begun(struct fixture *fixture, const void *unused)
{
	(void)unused;
	run_sql(fixture,
	        "PRAGMA application_id = 1801809507; CREATE TABLE state (key TEXT PRIMARY KEY,"
	        " value TEXT NOT NULL) WITHOUT ROWID");
	reopen(fixture);
	verdict_store_begin(fixture->store);
	verdict_store_put_state_number(fixture->store, "ended", 1);
	commit(fixture);
	expect(fixture, "PRAGMA user_version", "1\n");
}

#define ADD(function)                                                                              \
	g_test_add("/verdict_store/" #function, struct fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(gives_back_a_verdict_as_it_was);
	ADD(keeps_positions_with_the_verdicts_or_not_at_all);
	ADD(counts_each_minute_of_evidence_once);
	ADD(bounds_windows_and_peers_of_a_host);
	ADD(keeps_alerts_until_they_are_sent);
	ADD(forgets_hosts_and_what_is_old);
	ADD(is_for_its_owner_alone);
	ADD(refuses_what_is_no_database);
	ADD(refuses_a_database_of_another_program);
	ADD(refuses_a_newer_store);
	ADD(survives_a_kill_while_it_is_made);
	ADD(goes_on_making_a_store_that_was_begun);
	ADD(refuses_a_damaged_store);
	ADD(survives_rows_that_are_nonsense);
	ADD(reports_the_first_failure_at_the_commit);
	return g_test_run();
}
