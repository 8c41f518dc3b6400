/* One host's traffic as it comes from records, from bins and from files of truth. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "tools/kenchi/bin_traffic.h"
#include "tools/kenchi/record_traffic.h"
#include "tools/kenchi/truth_reader.h"

static const struct host_address host = { .octets = { [10] = 0xff, 0xff, 10, 0, 0, 5 } };

static void
keeps_minutes_in_order(void)
{
	g_autoptr(HostTraffic) traffic = host_traffic_new();

	host_traffic_add_octets(traffic, 185, HOST_IN, 7);
	host_traffic_add_octets(traffic, 60, HOST_OUT, 1);
	host_traffic_add_octets(traffic, 119, HOST_OUT, 2);
	host_traffic_add_octets(traffic, 119, HOST_OUT, 2);
	g_assert_cmpuint(host_traffic_count(traffic), ==, 2);
	g_assert_cmpint(host_traffic_at(traffic, 0)->minute, ==, 1);
	g_assert_cmpint(host_traffic_at(traffic, 1)->minute, ==, 3);
	g_assert_null(host_traffic_find(traffic, 2));
	g_assert_cmpuint(host_traffic_octets(traffic, 119, HOST_OUT), ==, 4);
	g_assert_cmpuint(host_traffic_octets(traffic, 185, HOST_IN), ==, 7);
	g_assert_cmpuint(host_traffic_octets(traffic, 185, HOST_OUT), ==, 0);
}

static void
knows_the_edges_of_the_classes(void)
{
	static const struct {
		uint64_t octets;
		unsigned class;
	} cases[] = { { 0, 0 },   { 49, 0 },  { 50, 1 },   { 99, 1 },   { 100, 2 },  { 200, 3 },
		      { 500, 4 }, { 999, 4 }, { 1000, 5 }, { 1400, 6 }, { 1499, 6 }, { 1500, 7 } };

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpuint(host_traffic_size_class(cases[i].octets), ==, cases[i].class);
}

static void
books_a_record_at_its_mean_and_its_end(void)
{
	static const char *const line =
		"{\"sourceIPv4Address\":\"10.0.0.5\",\"destinationIPv4Address\":\"192.0.2.1\","
		"\"protocolIdentifier\":6,\"octetDeltaCount\":6000,\"packetDeltaCount\":8,"
		"\"flowStartMilliseconds\":90000,\"flowEndMilliseconds\":129999}";
	g_autoptr(HostTraffic) traffic = host_traffic_new();
	struct record_counts counts = { 0 };

	g_assert_true(record_traffic_add(traffic, &counts, &host, line));
	/* 30 of its 40 seconds lie in the first minute. */
	g_assert_cmpuint(host_traffic_find(traffic, 1)->packets[HOST_OUT][4], ==, 6);
	g_assert_cmpuint(host_traffic_find(traffic, 2)->packets[HOST_OUT][4], ==, 2);
	g_assert_cmpuint(host_traffic_octets(traffic, 129, HOST_OUT), ==, 6000);
	g_assert_cmpuint(host_traffic_octets(traffic, 90, HOST_OUT), ==, 0);
	g_assert_cmpuint(counts.tcp_packets, ==, 8);
}

static void
books_a_biflow_in_both_directions(void)
{
	static const char *const line =
		"{\"sourceIPv6Address\":\"2001:db8::1\",\"destinationIPv4Address\":\"10.0.0.5\","
		"\"protocolIdentifier\":17,\"octetDeltaCount\":60,\"packetDeltaCount\":1,"
		"\"reverseOctetDeltaCount\":1200,\"reversePacketDeltaCount\":1,"
		"\"flowStartMilliseconds\":1000,\"flowEndMilliseconds\":1000}";
	g_autoptr(HostTraffic) traffic = host_traffic_new();
	struct record_counts counts = { 0 };

	g_assert_true(record_traffic_add(traffic, &counts, &host, line));
	g_assert_cmpuint(host_traffic_octets(traffic, 1, HOST_IN), ==, 60);
	g_assert_cmpuint(host_traffic_octets(traffic, 1, HOST_OUT), ==, 1200);
	g_assert_cmpuint(counts.packets, ==, 2);
	g_assert_cmpuint(counts.tcp_packets, ==, 0);
}

static void
passes_over_what_books_nothing(void)
{
	static const char *const lines[] = {
		"{\"stats\":{\"records\":7}}",
		"{\"sourceIPv4Address\":\"10.0.0.6\",\"destinationIPv4Address\":\"10.0.0.7\","
		"\"octetDeltaCount\":6,\"packetDeltaCount\":1,\"flowStartMilliseconds\":1,"
		"\"flowEndMilliseconds\":2}",
		"{\"sourceIPv4Address\":\"10.0.0.5\",\"octetDeltaCount\":0,\"packetDeltaCount\":0}",
		"{\"sourceIPv4Address\":\"10.0.0.5\",\"octetDeltaCount\":-9,\"packetDeltaCount\":3,"
		"\"flowStartMilliseconds\":9,\"flowEndMilliseconds\":2}",
		"{\"sourceIPv4Address\":7}",
	};
	g_autoptr(HostTraffic) traffic = host_traffic_new();
	struct record_counts counts = { 0 };

	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++)
		g_assert_true(record_traffic_add(traffic, &counts, &host, lines[i]));
	g_assert_cmpuint(host_traffic_count(traffic), ==, 0);
	g_assert_false(record_traffic_add(traffic, &counts, &host, "[]"));
	g_assert_false(record_traffic_add(traffic, &counts, &host, "kenchi"));
}

/* Few touches: the seconds are not yet in an extension. */
static void
takes_seconds_from_touches_and_from_extensions(void)
{
	const struct host_touch touch = { .peer = { { 1 } },
		                          .octets = 300,
		                          .kinds = TOUCH_IN,
		                          .protocol = 6,
		                          .first_quarter = 12,
		                          .last_quarter = 23 };
	g_autoptr(HostTraffic) traffic = host_traffic_new();
	struct host_bin_extension extension;
	struct host_bin bin;

	host_bin_init(&bin, &host, 2);
	bin.size_packets[HOST_IN * HOST_BIN_SIZE_CLASSES + 2] = 3;
	g_assert_true(host_bin_touch(&bin, NULL, &touch, 0));
	bin_traffic_add(traffic, &bin, NULL);
	host_bin_extension_init(&extension);
	host_bin_extend(&bin, &extension, 0);
	bin_traffic_add(traffic, &bin, &extension);
	g_assert_cmpuint(host_traffic_find(traffic, 2)->packets[HOST_IN][2], ==, 6);
	for (int64_t second = 123; second <= 125; second++)
		g_assert_cmpuint(host_traffic_octets(traffic, second, HOST_IN), ==, 200);
	g_assert_cmpuint(host_traffic_octets(traffic, 126, HOST_IN), ==, 0);
}

struct folder {
	char *path;
	char *seconds;
	char *sizes;
};

static const char *const seconds_text = "host,second,octets_in,octets_out,packets_in,packets_out\n"
					"10.0.0.5,61,1500,40,1,1\n"
					"10.0.0.5,130,0,80,0,2\n";
static const char *const sizes_text =
	"host,bin60,direction,lt100,100to999,ge1000,c0_49,c50_99,c100_199,c200_499,c500_999,"
	"c1000_1399,c1400_1499,c1500up\n"
	"10.0.0.5,60,in,0,0,1,0,0,0,0,0,0,0,1\n"
	"10.0.0.5,120,out,2,0,0,2,0,0,0,0,0,0,0\n";

static void
make_folder(struct folder *folder, gconstpointer unused)
{
	(void)unused;
	folder->path = g_dir_make_tmp("kenchi-truth-XXXXXX", NULL);
	folder->seconds = g_build_filename(folder->path, "truth_1s.csv", NULL);
	folder->sizes = g_build_filename(folder->path, "truth_sizes.csv", NULL);
	g_assert_true(g_file_set_contents(folder->seconds, seconds_text, -1, NULL));
	g_assert_true(g_file_set_contents(folder->sizes, sizes_text, -1, NULL));
}

static void
remove_folder(struct folder *folder, gconstpointer unused)
{
	(void)unused;
	g_unlink(folder->seconds);
	g_unlink(folder->sizes);
	g_assert_cmpint(g_rmdir(folder->path), ==, 0);
	g_free(folder->path);
	g_free(folder->seconds);
	g_free(folder->sizes);
}

static void
check_truth(const struct folder *folder)
{
	g_autoptr(GError) error = NULL;
	struct host_address found;
	g_autoptr(HostTraffic) truth = truth_read(folder->path, &found, &error);

	g_assert_no_error(error);
	g_assert_true(host_address_equal(&found, &host));
	g_assert_cmpuint(host_traffic_octets(truth, 61, HOST_IN), ==, 1500);
	g_assert_cmpuint(host_traffic_octets(truth, 130, HOST_OUT), ==, 80);
	g_assert_cmpuint(host_traffic_find(truth, 1)->packets[HOST_IN][7], ==, 1);
	g_assert_cmpuint(host_traffic_find(truth, 2)->packets[HOST_OUT][0], ==, 2);
}

static void
reads_the_truth_of_packets(struct folder *folder, gconstpointer unused)
{
	(void)unused;
	check_truth(folder);
}

static void
reads_compressed_truth(struct folder *folder, gconstpointer unused)
{
	g_autofree char *command = g_strdup_printf("gzip '%s'", folder->seconds);
	char *packed = g_strconcat(folder->seconds, ".gz", NULL);

	(void)unused;
	g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
	check_truth(folder);
	g_free(folder->seconds);
	folder->seconds = packed;
}

static void
names_the_line_that_is_wrong(struct folder *folder, gconstpointer unused)
{
	static const struct {
		const char *text;
		const char *named;
	} cases[] = {
		{ "host,second,octets_in\n", "octets_out" },
		{ "host,second,octets_in,octets_out\n10.0.0.5,x,1,1\n", "line 2: \"x\"" },
		{ "host,second,octets_in,octets_out\n10.0.0.5,1,-1,1\n", "line 2: \"-1\"" },
		{ "host,second,octets_in,octets_out\n10.0.0,1,1,1\n", "line 2: \"10.0.0\"" },
		{ "host,second,octets_in,octets_out\n10.0.0.5,1,1,1\n10.0.0.6,1,1,1\n",
		  "line 3: 10.0.0.6" },
		{ "host,second,octets_in,octets_out\n", "no line" },
		{ "", "no column" },
	};

	(void)unused;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		struct host_address found;

		g_assert_true(g_file_set_contents(folder->seconds, cases[i].text, -1, NULL));
		g_assert_null(truth_read(folder->path, &found, &error));
		g_test_message("%s", error->message);
		g_assert_nonnull(strstr(error->message, "truth_1s.csv"));
		g_assert_nonnull(strstr(error->message, cases[i].named));
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/host_traffic/keeps_minutes_in_order", keeps_minutes_in_order);
	g_test_add_func("/host_traffic/knows_the_edges_of_the_classes",
	                knows_the_edges_of_the_classes);
	g_test_add_func("/host_traffic/books_a_record_at_its_mean_and_its_end",
	                books_a_record_at_its_mean_and_its_end);
	g_test_add_func("/host_traffic/books_a_biflow_in_both_directions",
	                books_a_biflow_in_both_directions);
	g_test_add_func("/host_traffic/passes_over_what_books_nothing",
	                passes_over_what_books_nothing);
	g_test_add_func("/host_traffic/takes_seconds_from_touches_and_from_extensions",
	                takes_seconds_from_touches_and_from_extensions);
	g_test_add("/host_traffic/reads_the_truth_of_packets", struct folder, NULL, make_folder,
	           reads_the_truth_of_packets, remove_folder);
	g_test_add("/host_traffic/reads_compressed_truth", struct folder, NULL, make_folder,
	           reads_compressed_truth, remove_folder);
	g_test_add("/host_traffic/names_the_line_that_is_wrong", struct folder, NULL, make_folder,
	           names_the_line_that_is_wrong, remove_folder);
	return g_test_run();
}
