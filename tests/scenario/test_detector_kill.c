/* The detector is killed at random moments while a collector writes: no host is lost, nothing is
 * told twice. */
#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/host_bin.h"
#include "common/ring.h"

enum {
	MINUTE = 29000000, /* where the traffic begins */
	MINUTES = 40,
	HOSTS = 120, /* quiet ones that are seen in each minute alone */
	SCANNED = 300,
	PARTS = 6, /* of each scanner's minute, ten seconds each */
	RING_OCTETS = 8 << 20,
	SLOW = 4, /* peers a minute: 40 in a quarter of an hour are a scan */
	SLOW_KILLED = 8,
	SLOW_MINUTES = 13,
};

static char *folder;

static void
make_folder(void)
{
	folder = g_dir_make_tmp("detector-XXXXXX", NULL);
}

static void
remove_folder(void)
{
	g_autoptr(GDir) directory = g_dir_open(folder, 0, NULL);
	const char *name;

	while (directory != NULL && (name = g_dir_read_name(directory)) != NULL) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		g_unlink(path);
	}
	g_rmdir(folder);
	g_free(folder);
}

static pid_t
start_detector(const char *mode)
{
	g_autofree char *alerts = g_build_filename(folder, "alerts.cef", NULL);
	pid_t pid = fork();

	g_assert_cmpint(pid, >=, 0);
	if (pid == 0) {
		execl(g_getenv("DETECTOR"), "kenchi-detector", "--state", folder, "--cef-file",
		      alerts, "--commit-ms", "20", mode, NULL);
		_exit(127);
	}
	return pid;
}

static void
kill_detector(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_true(WIFSIGNALED(status)); /* else it had ended by itself */
}

static void
push(RingWriter *writer, const struct host_bin *bin, const struct host_bin_extension *extension)
{
	while (!ring_push_bin(writer, ((int64_t)bin->minute + 1) * 60000, bin, extension))
		g_assert_true(ring_wait_room(writer, 10000));
}

static void
push_quiet_host(RingWriter *writer, unsigned minute, unsigned number)
{
	struct host_address host = host_address_from_ipv4(0x0a010000 + (minute << 8) + number);
	struct host_bin bin;

	host_bin_init(&bin, &host, MINUTE + minute);
	bin.octets[HOST_OUT] = bin.octets[HOST_IN] = 1000;
	bin.packets[HOST_OUT] = bin.packets[HOST_IN] = 5;
	bin.records[HOST_OUT] = bin.records[HOST_IN] = 1;
	bin.earliest_ms[0] = 1000;
	bin.latest_ms[0] = 2000;
	push(writer, &bin, NULL);
}

/* Which peers a host asks on port 445 in one part of a minute: each sixth, as there are six parts.
 */
struct scan {
	uint32_t host;
	unsigned minute;
	unsigned part;
	unsigned first, behind;
};

static void
push_scan(RingWriter *writer, const struct scan *scan)
{
	struct host_address host = host_address_from_ipv4(scan->host);
	struct host_bin_extension extension;
	struct host_bin bin;
	unsigned part = scan->part;

	host_bin_init(&bin, &host, MINUTE + scan->minute);
	host_bin_extension_init(&extension);
	for (unsigned i = scan->first + part; i < scan->behind; i += PARTS) {
		struct host_touch touch = {
			.peer = host_address_from_ipv4(0xc6330000 + i),
			.octets = 40,
			.port = 445,
			.kinds = TOUCH_SENT | TOUCH_BEGUN | TOUCH_SMALL | TOUCH_FAILING,
			.protocol = 6,
			.first_quarter = (uint8_t)(40 * part),
			.last_quarter = (uint8_t)(40 * part),
			.packets = 1,
		};

		g_assert_true(host_bin_touch(&bin, &extension, &touch, 1));
		bin.octets[HOST_OUT] += 40;
		bin.packets[HOST_OUT]++;
		bin.records[HOST_OUT]++;
		bin.flows[HOST_OUT]++;
		bin.protocol_flows[HOST_TCP]++;
		bin.syn_only_flows[HOST_OUT]++;
		bin.single_packet_flows[HOST_OUT]++;
		bin.small_flows[HOST_OUT]++;
	}
	bin.directions[0] = 3;
	bin.earliest_ms[0] = (uint16_t)(10000 * part);
	bin.latest_ms[0] = (uint16_t)(10000 * part + 100);
	push(writer, &bin, &extension);
}

/* One part of a minute in which 10.2.0.`minute` scans: only all parts together are many peers. */
static void
push_scanner(RingWriter *writer, unsigned minute, unsigned part)
{
	const struct scan scan = { 0x0a020000 + minute, minute, part, 0, SCANNED };

	push_scan(writer, &scan);
}

static void
push_watermark(RingWriter *writer, int64_t export_ms)
{
	struct ring_watermark watermark = { .export_ms = export_ms,
		                            .least_ms = export_ms,
		                            .exporters = 1 };

	while (!ring_push_watermark(writer, &watermark))
		g_assert_true(ring_wait_room(writer, 10000));
	ring_publish(writer);
}

static void
push_minute(RingWriter *writer, unsigned minute)
{
	for (unsigned part = 0; part < PARTS; part++) {
		for (unsigned i = part; i < HOSTS; i += PARTS)
			push_quiet_host(writer, minute, i);
		push_scanner(writer, minute, part);
		push_watermark(writer,
		               ((int64_t)MINUTE + minute) * 60000 + 10000 * (int64_t)(part + 1));
		g_usleep(1500);
	}
}

static int64_t
query(const char *sql)
{
	g_autofree char *path = g_build_filename(folder, "verdicts.db", NULL);
	sqlite3_stmt *statement = NULL;
	sqlite3 *database = NULL;
	int64_t number;

	g_assert_cmpint(sqlite3_open(path, &database), ==, SQLITE_OK);
	sqlite3_busy_timeout(database, 20000);
	g_assert_cmpint(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), ==, SQLITE_OK);
	g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
	number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(database);
	return number;
}

static unsigned
count_alerts(const char *pattern)
{
	g_autofree char *path = g_build_filename(folder, "alerts.cef", NULL);
	g_autofree char *text = NULL;
	unsigned count = 0;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	for (const char *found = text; (found = strstr(found, pattern)) != NULL; found++)
		count++;
	return count;
}

static void
no_host_is_lost_or_counted_twice(void)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(5);
	g_autoptr(GError) error = NULL;
	g_autoptr(RingWriter) writer = NULL;
	unsigned kills = 0, repeated;
	pid_t detector;
	int status;

	make_folder();
	writer = ring_open_writer(folder, 0, RING_OCTETS, &error);
	g_assert_no_error(error);
	detector = start_detector(NULL);
	for (unsigned minute = 0; minute < MINUTES; minute++) {
		push_minute(writer, minute);
		if (minute % 3 != 2)
			continue;
		g_usleep((gulong)g_rand_int_range(rand, 0, 120000));
		kill_detector(detector);
		detector = start_detector(NULL);
		kills++;
	}
	kill_detector(detector);
	while (!ring_push_end(writer))
		g_assert_true(ring_wait_room(writer, 10000));
	ring_publish(writer);
	detector = start_detector("--once");
	g_assert_cmpint(waitpid(detector, &status, 0), ==, detector);
	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), ==, 0);

	g_assert_cmpint(query("SELECT count(*) FROM verdict"), ==, MINUTES * (HOSTS + 1));
	g_assert_cmpint(query("SELECT count(*) FROM verdict WHERE bins <> 1"), ==, 0);
	g_assert_cmpint(query("SELECT count(*) FROM verdict WHERE verdict = 'infected'"), ==,
	                MINUTES);
	g_assert_cmpint(query("SELECT count(*) FROM event WHERE act = 'detected'"), ==, MINUTES);
	g_assert_cmpint(query("SELECT count(*) FROM evidence WHERE minutes <> 1"), ==, 0);
	g_assert_cmpint(query("SELECT count(*) FROM outbox"), ==, 0);
	g_assert_cmpint(query("SELECT value FROM state WHERE key = 'ring_missed'"), ==, 0);
	g_assert_cmpint(query("SELECT value FROM state WHERE key = 'ended'"), ==, 1);
	for (unsigned minute = 0; minute < MINUTES; minute++) {
		g_autofree char *pattern = g_strdup_printf(" src=10.2.0.%u ", minute);

		g_assert_cmpuint(count_alerts(pattern), >=, 1);
	}
	/* Those of the transaction before a kill may come again, others may not. */
	repeated = count_alerts("CEF:0|") - (unsigned)query("SELECT count(*) FROM event");
	g_assert_cmpuint(repeated, <=, 4 * kills);
	g_test_message("%u kills, %u alerts told again", kills, repeated);
	remove_folder();
}

/* Minutes of a scanner of SLOW peers a minute, that only a window of fifteen minutes shows. */
static void
push_slow_minutes(RingWriter *writer, unsigned first, unsigned behind)
{
	for (unsigned minute = first; minute < behind; minute++) {
		for (unsigned part = 0; part < PARTS; part++) {
			const struct scan scan = { 0x0a030001, minute, part, SLOW * minute,
				                   SLOW * (minute + 1) };

			if (part < SLOW)
				push_scan(writer, &scan);
			push_watermark(writer, ((int64_t)MINUTE + minute) * 60000 +
			                               10000 * (int64_t)(part + 1));
		}
	}
}

/* Waits until all until then is in the store, which is there from the first transaction on. */
static void
await_clock(int64_t export_ms)
{
	g_autofree char *path = g_build_filename(folder, "verdicts.db", NULL);

	for (int i = 0; i < 1000; i++) {
		if (g_file_test(path, G_FILE_TEST_EXISTS) &&
		    query("SELECT count(*) FROM sqlite_master WHERE name = 'state'") == 1 &&
		    query("SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM state"
		          " WHERE key = 'clock_ms'") >= export_ms)
			return;
		g_usleep(20000);
	}
	g_assert_not_reached();
}

static void
a_slow_scan_is_found_though_the_detector_was_killed(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(RingWriter) writer = NULL;
	pid_t detector;
	int status;

	make_folder();
	writer = ring_open_writer(folder, 0, RING_OCTETS, &error);
	g_assert_no_error(error);
	detector = start_detector(NULL);
	push_slow_minutes(writer, 0, SLOW_KILLED);
	await_clock(((int64_t)MINUTE + SLOW_KILLED) * 60000);
	kill_detector(detector);
	push_slow_minutes(writer, SLOW_KILLED, SLOW_MINUTES);
	while (!ring_push_end(writer))
		g_assert_true(ring_wait_room(writer, 10000));
	ring_publish(writer);
	detector = start_detector("--once");
	g_assert_cmpint(waitpid(detector, &status, 0), ==, detector);
	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(query("SELECT count(*) FROM verdict WHERE verdict = 'infected' AND host ="
	                      " '10.3.0.1'"),
	                ==, 1);
	g_assert_cmpint(query("SELECT max(minutes) FROM evidence WHERE host = '10.3.0.1'"), <=,
	                SLOW_MINUTES);
	remove_folder();
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/detector_kill/no_host_is_lost_or_counted_twice",
	                no_host_is_lost_or_counted_twice);
	g_test_add_func("/detector_kill/a_slow_scan_is_found_though_the_detector_was_killed",
	                a_slow_scan_is_found_though_the_detector_was_killed);
	return g_test_run();
}
