/* The script of a figure: what gnuplot is given. */
#include <glib.h>
#include <string.h>

#include "tools/kenchi/figure.h"

static HostTraffic *
make_traffic(uint64_t octets)
{
	HostTraffic *traffic = host_traffic_new();

	host_traffic_add_octets(traffic, 1772445600, HOST_IN, octets);
	host_traffic_add_octets(traffic, 1772445602, HOST_OUT, 40);
	host_traffic_minute(traffic, 1772445600 / 60)->packets[HOST_IN][7] = 3;
	host_traffic_minute(traffic, 1772445600 / 60)->packets[HOST_IN][0] = 1;
	return traffic;
}

static void
holds_the_data_of_every_source(void)
{
	g_autoptr(HostTraffic) flows = make_traffic(1000);
	g_autoptr(HostTraffic) packets = make_traffic(4500);
	const struct figure_source sources[] = { { "flows", flows }, { "packets", packets } };
	const struct figure_options options = { .title = "one host",
		                                .octets = true,
		                                .sizes = true };
	GString *script = figure_script(&options, sources, 2);

	g_assert_nonnull(
		strstr(script->str, "\n1772445600 1000 0\n1772445601 0 0\n1772445602 0 40\n"));
	g_assert_nonnull(strstr(script->str, "\n1772445600 4500 0\n"));
	g_assert_nonnull(strstr(script->str, "\"0–49\" 25.000 0.000 25.000\n"));
	g_assert_nonnull(strstr(script->str, "\"≥ 1500\" 75.000 0.000 75.000\n"));
	g_assert_nonnull(strstr(script->str, "octets per second"));
	g_assert_nonnull(strstr(script->str, "share of packets (%)"));
	g_string_free(script, TRUE);
}

static void
takes_no_command_from_a_title(void)
{
	g_autoptr(HostTraffic) flows = make_traffic(1000);
	const struct figure_source sources[] = { { "flows", flows } };
	const struct figure_options options = { .title = "it's\n!reboot", .octets = true };
	GString *script = figure_script(&options, sources, 1);

	g_assert_nonnull(strstr(script->str, "'it''s !reboot'"));
	g_assert_null(strstr(script->str, "\n!reboot"));
	g_string_free(script, TRUE);
}

static void
shows_the_greatest_second_of_a_long_time(void)
{
	g_autoptr(HostTraffic) flows = make_traffic(1000);
	const struct figure_source sources[] = { { "flows", flows } };
	const struct figure_options options = { .title = "a day", .octets = true };
	GString *script;

	host_traffic_add_octets(flows, 1772445600 + 40, HOST_IN, 77);
	host_traffic_add_octets(flows, 1772445600 + 86399, HOST_IN, 5);
	script = figure_script(&options, sources, 1);
	g_assert_nonnull(strstr(script->str, "\n1772445600 1000 40\n"));
	g_assert_nonnull(strstr(script->str, "greatest of 72 s"));
	g_string_free(script, TRUE);
}

static void
is_none_without_traffic(void)
{
	g_autoptr(HostTraffic) empty = host_traffic_new();
	const struct figure_source sources[] = { { "flows", empty } };
	const struct figure_options options = { .title = "nothing", .octets = true };

	g_assert_null(figure_script(&options, sources, 1));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/figure/holds_the_data_of_every_source", holds_the_data_of_every_source);
	g_test_add_func("/figure/takes_no_command_from_a_title", takes_no_command_from_a_title);
	g_test_add_func("/figure/shows_the_greatest_second_of_a_long_time",
	                shows_the_greatest_second_of_a_long_time);
	g_test_add_func("/figure/is_none_without_traffic", is_none_without_traffic);
	return g_test_run();
}
