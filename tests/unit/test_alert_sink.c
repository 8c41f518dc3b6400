#include "detector/alert_sink.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static char cef_text[] = "CEF:0|one";
static char ecs_text[] = "{\"one\":1}";
static const struct alert_lines lines = { ACT_DETECTED, 123, 8, cef_text, ecs_text };
static const struct wall_time now = { 1740000000123 };

static const struct alert_sink_options ten = { .queue_max = 10 };

static char *
make_folder(void)
{
	return g_dir_make_tmp("sink-XXXXXX", NULL);
}

static void
remove_folder(const char *folder)
{
	g_autoptr(GDir) directory = g_dir_open(folder, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(directory)) != NULL) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		g_unlink(path);
	}
	g_rmdir(folder);
}

static void
expect_file(const char *path, const char *expected)
{
	g_autofree char *text = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, expected);
}

static void
appends_lines_to_files(void)
{
	g_autofree char *folder = make_folder();
	g_autofree char *cef_path = g_build_filename(folder, "alerts.cef", NULL);
	g_autofree char *ecs_path = g_build_filename(folder, "alerts.ndjson", NULL);
	AlertSink *cef, *ecs;

	g_assert_true(g_file_set_contents(cef_path, "before\n", -1, NULL));
	cef = alert_sink_open(ALERT_CEF_FILE, cef_path, &ten, NULL);
	ecs = alert_sink_open(ALERT_ECS_FILE, ecs_path, &ten, NULL);
	alert_sink_put(cef, &lines, now, "device");
	alert_sink_put(ecs, &lines, now, "device");
	alert_sink_flush(cef);
	g_assert_cmpuint(alert_sink_counters(cef).sent, ==, 1);
	alert_sink_close(cef);
	alert_sink_close(ecs); /* hands out what waits */
	expect_file(cef_path, "before\nCEF:0|one\n");
	expect_file(ecs_path, "{\"one\":1}\n");
	remove_folder(folder);
}

static void
writes_to_the_new_file_after_a_reopen(void)
{
	g_autofree char *folder = make_folder();
	g_autofree char *path = g_build_filename(folder, "alerts.cef", NULL);
	g_autofree char *old_path = g_build_filename(folder, "alerts.cef.1", NULL);
	g_autoptr(AlertSink) sink = alert_sink_open(ALERT_CEF_FILE, path, &ten, NULL);

	alert_sink_put(sink, &lines, now, "device");
	alert_sink_flush(sink);
	g_assert_cmpint(g_rename(path, old_path), ==, 0);
	g_assert_true(alert_sink_reopen(sink, NULL));
	alert_sink_put(sink, &lines, now, "device");
	alert_sink_flush(sink);
	expect_file(path, "CEF:0|one\n");
	expect_file(old_path, "CEF:0|one\n");
	remove_folder(folder);
}

static void
drops_and_counts_when_nobody_reads(void)
{
	g_autofree char *folder = make_folder();
	g_autofree char *path = g_build_filename(folder, "pipe", NULL);
	g_autofree char *long_text = g_strnfill(4000, 'x');
	struct alert_lines long_lines = { ACT_DETECTED, 1, 8, long_text, ecs_text };
	g_autoptr(AlertSink) sink = NULL;
	struct alert_sink_counters counters;
	int reader;

	g_assert_cmpint(mkfifo(path, 0600), ==, 0);
	reader = g_open(path, O_RDONLY | O_NONBLOCK, 0);
	sink = alert_sink_open(ALERT_CEF_FILE, path, &(struct alert_sink_options){ .queue_max = 5 },
	                       NULL);
	g_assert_nonnull(sink);
	for (unsigned i = 0; i < 40; i++) {
		alert_sink_put(sink, &long_lines, now, "device");
		alert_sink_flush(sink);
	}
	counters = alert_sink_counters(sink);
	g_assert_cmpuint(counters.waiting, ==, 5);
	g_assert_cmpuint(counters.dropped, >, 0);
	g_assert_cmpuint(counters.sent + counters.waiting + counters.dropped, ==, 40);
	close(reader);
	remove_folder(folder);
}

static int
listen_on_loopback(char target[static 32])
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	struct timeval patience = { .tv_sec = 5 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	g_assert_cmpint(bind(fd, (struct sockaddr *)&address, length), ==, 0);
	g_assert_cmpint(getsockname(fd, (struct sockaddr *)&address, &length), ==, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	g_snprintf(target, 32, "127.0.0.1:%u", ntohs(address.sin_port));
	return fd;
}

static void
sends_syslog_datagrams(void)
{
	char target[32], datagram[2048];
	int fd = listen_on_loopback(target);
	g_autoptr(AlertSink) sink = alert_sink_open(ALERT_SYSLOG, target, &ten, NULL);
	g_autofree char *expected =
		g_strdup_printf("<132>1 2025-02-19T21:20:00.123Z my_host kenchi-detector %d"
	                        " detected - CEF:0|one",
	                        (int)getpid());
	ssize_t length;

	g_assert_nonnull(sink);
	alert_sink_put(sink, &lines, now, "my host");
	alert_sink_flush(sink);
	length = recv(fd, datagram, sizeof(datagram) - 1, 0);
	g_assert_cmpint(length, >, 0);
	datagram[length] = '\0';
	g_assert_cmpstr(datagram, ==, expected);
	close(fd);
}

static void
a_clearing_is_a_notice(void)
{
	g_autoptr(GString) header = g_string_new(NULL);
	struct alert_lines cleared = lines;

	cleared.act = ACT_CLEARED;
	cleared.severity = 3;
	alert_sink_add_syslog_header(header, &cleared, now, "");
	g_assert_true(g_str_has_prefix(header->str,
	                               "<133>1 2025-02-19T21:20:00.123Z - kenchi-detector "));
	g_assert_true(g_str_has_suffix(header->str, " cleared - "));
}

static void
names_what_cannot_be_opened(void)
{
	static const struct {
		enum alert_output output;
		const char *target;
	} cases[] = {
		{ ALERT_CEF_FILE, "/nowhere/alerts.cef" },
		{ ALERT_SYSLOG, "localhost" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(alert_sink_open(cases[i].output, cases[i].target, &ten, &error));
		g_assert_nonnull(error);
		g_assert_nonnull(strstr(error->message, cases[i].target));
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/alert_sink/appends_lines_to_files", appends_lines_to_files);
	g_test_add_func("/alert_sink/writes_to_the_new_file_after_a_reopen",
	                writes_to_the_new_file_after_a_reopen);
	g_test_add_func("/alert_sink/drops_and_counts_when_nobody_reads",
	                drops_and_counts_when_nobody_reads);
	g_test_add_func("/alert_sink/sends_syslog_datagrams", sends_syslog_datagrams);
	g_test_add_func("/alert_sink/a_clearing_is_a_notice", a_clearing_is_a_notice);
	g_test_add_func("/alert_sink/names_what_cannot_be_opened", names_what_cannot_be_opened);
	return g_test_run();
}
