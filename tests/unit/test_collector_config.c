#include <glib.h>
#include <string.h>

#include "collector/collector_config.h"

static void
set(CollectorConfig *config, const char *name, const char *value)
{
	struct config_assignment assignment = { "test", name, value };

	g_assert_true(config_set(collector_config_table(), &assignment, config, NULL));
}

static bool
monitors(const CollectorConfig *config, const char *text)
{
	struct host_address address;

	g_assert_true(host_address_parse(text, &address));
	return prefix_set_contains(config->monitored_hosts, &address);
}

static void
every_default_lies_within_its_range(void)
{
	g_autoptr(CollectorConfig) config = collector_config_new();

	g_assert_cmpstr(config->listen[0], ==, "[::]:2055");
	g_assert_cmpuint(g_strv_length(config->listen), ==, 3);
	g_assert_cmpint(config->lateness_s, ==, 7200);
}

static void
private_networks_are_monitored_by_default_and_every_exporter_heard(void)
{
	g_autoptr(CollectorConfig) config = collector_config_new();

	g_assert_true(collector_config_finish(config, NULL));
	g_assert_true(monitors(config, "192.168.1.1"));
	g_assert_true(monitors(config, "fd00::1"));
	g_assert_false(monitors(config, "192.0.2.1"));
	g_assert_null(config->allowed_exporters);
}

static void
prefixes_take_the_place_of_the_default(void)
{
	g_autoptr(CollectorConfig) config = collector_config_new();

	set(config, "monitored", "192.0.2.0/24; 2001:db8::/32");
	g_assert_true(collector_config_finish(config, NULL));
	g_assert_true(monitors(config, "192.0.2.1"));
	g_assert_false(monitors(config, "192.168.1.1"));
}

static void
the_ring_lies_in_the_state_folder_unless_told(void)
{
	g_autoptr(CollectorConfig) config = collector_config_new();
	g_autoptr(CollectorConfig) other = collector_config_new();

	set(config, "state", "/a");
	g_assert_true(collector_config_finish(config, NULL));
	g_assert_cmpstr(config->ring_path, ==, "/a");
	set(other, "state", "/a");
	set(other, "ring", "/b");
	g_assert_true(collector_config_finish(other, NULL));
	g_assert_cmpstr(other->state_path, ==, "/a");
	g_assert_cmpstr(other->ring_path, ==, "/b");
}

static void
wrong_values_are_named(void)
{
	static const struct {
		const char *name;
		const char *value;
		const char *says;
	} cases[] = {
		{ "monitored", "10.0.0.0/8;10.0.0.0/99", "monitored: \"10.0.0.0/99\"" },
		{ "allow", "router", "allow: \"router\"" },
		{ "sampling", "192.0.2.1", "sampling: \"192.0.2.1\"" },
		{ "sampling", "192.0.2.1=0", "sampling: \"192.0.2.1=0\"" },
		{ "sampling", "x=5", "sampling: \"x\"" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(CollectorConfig) config = collector_config_new();
		g_autoptr(GError) error = NULL;

		set(config, cases[i].name, cases[i].value);
		g_assert_false(collector_config_finish(config, &error));
		g_assert_true(g_str_has_prefix(error->message, cases[i].says));
	}
}

static void
a_dump_makes_no_bins(void)
{
	g_autoptr(CollectorConfig) config = collector_config_new();
	g_autoptr(GError) error = NULL;

	config->dump_flows = true;
	g_assert_true(collector_config_finish(config, NULL));
	g_assert_false(collector_config_has_ring(config));
	config->write_bins = g_strdup("bins");
	prefix_set_free(g_steal_pointer(&config->monitored_hosts));
	g_free(g_steal_pointer(&config->state_path));
	g_free(g_steal_pointer(&config->ring_path));
	g_assert_false(collector_config_finish(config, &error));
	g_assert_true(g_str_has_prefix(error->message, "--write-bins"));
}

static void
a_capture_made_a_bin_file_needs_no_ring(void)
{
	g_autoptr(CollectorConfig) config = collector_config_new();

	config->captures = g_strsplit("a.pcap", " ", -1);
	g_assert_true(collector_config_has_ring(config));
	config->write_bins = g_strdup("bins");
	g_assert_false(collector_config_has_ring(config));
	set(config, "ring", "/run/kenchi");
	g_assert_true(collector_config_has_ring(config));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/collector_config/every_default_lies_within_its_range",
	                every_default_lies_within_its_range);
	g_test_add_func(
		"/collector_config/private_networks_are_monitored_by_default_and_every_exporter_heard",
		private_networks_are_monitored_by_default_and_every_exporter_heard);
	g_test_add_func("/collector_config/prefixes_take_the_place_of_the_default",
	                prefixes_take_the_place_of_the_default);
	g_test_add_func("/collector_config/the_ring_lies_in_the_state_folder_unless_told",
	                the_ring_lies_in_the_state_folder_unless_told);
	g_test_add_func("/collector_config/wrong_values_are_named", wrong_values_are_named);
	g_test_add_func("/collector_config/a_dump_makes_no_bins", a_dump_makes_no_bins);
	g_test_add_func("/collector_config/a_capture_made_a_bin_file_needs_no_ring",
	                a_capture_made_a_bin_file_needs_no_ring);
	return g_test_run();
}
