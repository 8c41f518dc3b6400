#include <glib.h>
#include <glib/gstdio.h>

#include "common/config_reader.h"

struct small_config {
	bool enabled;
	int64_t hosts;
	double share;
	int64_t room;
	char *name;
	char **ports;
};

static const struct config_key keys[] = {
	CONFIG_ROW(struct small_config, enabled, boolean, 0, 1, "true", "Whether it is on") /**/
	CONFIG_ROW(struct small_config, hosts, integer, 1, 1000, "10",
	           "Hosts") CONFIG_ROW(struct small_config, share, number, 0, 1, "0.5", "Share")
		CONFIG_ROW(struct small_config, room, octets, 1024, 1 << 30, "4K", "Room")
			CONFIG_ROW(struct small_config, name, text, 0, 8, "", "Name")
				CONFIG_ROW(struct small_config, ports, list, 1, 3, "a;b", "Ports")
};

static const struct config_table table = { "small", keys, G_N_ELEMENTS(keys) };

/* Reads `text` as a file; the error's message, or NULL.  Free it. */
static char *
read_text(const char *text, struct small_config *config)
{
	g_autofree char *path = NULL;
	g_autoptr(GError) error = NULL;
	int descriptor = g_file_open_tmp("config.XXXXXX", &path, NULL);
	bool read;

	g_assert_cmpint(descriptor, >=, 0);
	g_assert_true(g_close(descriptor, NULL));
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	*config = (struct small_config){ 0 };
	config_set_defaults(&table, config);
	read = config_read(&table, path, config, &error);
	g_unlink(path);
	g_assert_cmpint(read, ==, error == NULL);
	if (error == NULL)
		return NULL;
	g_assert_nonnull(strstr(error->message, path));
	return g_strdup(error->message);
}

static void
an_empty_file_leaves_the_defaults(void)
{
	struct small_config config;

	g_assert_null(read_text("", &config));
	g_assert_true(config.enabled);
	g_assert_cmpint(config.hosts, ==, 10);
	g_assert_cmpfloat(config.share, ==, 0.5);
	g_assert_cmpint(config.room, ==, 4096);
	g_assert_cmpstr(config.name, ==, "");
	g_assert_cmpuint(g_strv_length(config.ports), ==, 2);
	config_clear(&table, &config);
}

static void
reads_every_type(void)
{
	struct small_config config;

	g_assert_null(read_text(
		"# a comment\n[small]\nenabled=no\nhosts = 7\nshare=0.25\nroom=2M\nname=x y\nports=1, 2;\n",
		&config));
	g_assert_false(config.enabled);
	g_assert_cmpint(config.hosts, ==, 7);
	g_assert_cmpfloat(config.share, ==, 0.25);
	g_assert_cmpint(config.room, ==, 2 << 20);
	g_assert_cmpstr(config.name, ==, "x y");
	g_assert_cmpstr(config.ports[0], ==, "1");
	g_assert_cmpstr(config.ports[1], ==, "2");
	g_assert_null(config.ports[2]);
	config_clear(&table, &config);
}

static void
refuses_and_says_what_is_allowed(void)
{
	static const struct {
		const char *text;
		const char *says;
	} cases[] = {
		{ "[small]\nhosts=0\n", "hosts must be an integer from 1 to 1000, not \"0\"" },
		{ "[small]\nhosts=1001\n", "hosts must be an integer from 1 to 1000" },
		{ "[small]\nhosts=many\n", "not \"many\"" },
		{ "[small]\nhosts=99999999999999999999\n", "hosts must be" },
		{ "[small]\nhosts=5K\n", "hosts must be" },
		{ "[small]\nenabled=maybe\n", "enabled must be true or false" },
		{ "[small]\nshare=1.5\n", "share must be a number from 0 to 1" },
		{ "[small]\nshare=nan\n", "share must be" },
		{ "[small]\nroom=1\n", "room must be octets from 1K to 1G" },
		{ "[small]\nroom=9999999999G\n", "room must be" },
		{ "[small]\nname=123456789\n", "name must be a text of 0 to 8 octets" },
		{ "[small]\nports=1;2;3;4\n", "ports must be a list of 1 to 3 values" },
		{ "[small]\nport=1\n", "there is no key \"port\"" },
		{ "[smaller]\nhosts=1\n", "unknown section [smaller]; the only one is [small]" },
		{ "hosts=1\n", "" },
		{ "[small]\nhosts\n", "" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct small_config config;
		g_autofree char *message = read_text(cases[i].text, &config);

		g_assert_nonnull(message);
		g_assert_nonnull(strstr(message, cases[i].says));
		config_clear(&table, &config);
	}
}

static void
a_file_that_is_not_there_is_named(void)
{
	struct small_config config = { 0 };
	g_autoptr(GError) error = NULL;

	g_assert_false(config_read(&table, "/nonexistent/small.conf", &config, &error));
	g_assert_nonnull(strstr(error->message, "/nonexistent/small.conf"));
}

static void
options_go_through_the_same_checks(void)
{
	struct small_config config = { 0 };
	struct config_assignment good = { "--hosts", "hosts", "12" };
	struct config_assignment bad = { "--hosts", "hosts", "-1" };
	g_autoptr(GError) error = NULL;

	config_set_defaults(&table, &config);
	g_assert_true(config_set(&table, &good, &config, NULL));
	g_assert_cmpint(config.hosts, ==, 12);
	g_assert_false(config_set(&table, &bad, &config, &error));
	g_assert_true(g_str_has_prefix(error->message, "--hosts: hosts must be"));
	g_assert_cmpint(config.hosts, ==, 12);
	config_clear(&table, &config);
}

/* Parses options as a program does; the error's message, or NULL.  Free it. */
static char *
parse_options(const char *line, struct small_config *config)
{
	g_autoptr(ConfigOptions) options = config_options_new(&table);
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) arguments = g_strsplit(line, " ", -1);

	*config = (struct small_config){ 0 };
	config_set_defaults(&table, config);
	g_option_context_add_main_entries(context, config_options_entries(options), NULL);
	if (g_option_context_parse_strv(context, &arguments, &error) &&
	    config_options_apply(options, config, &error))
		return NULL;
	return g_strdup(error->message);
}

static void
every_key_is_an_option(void)
{
	struct small_config config;

	g_assert_null(parse_options(
		"program --hosts 12 --ports x --ports=y,z --room 1M --enabled no", &config));
	g_assert_cmpint(config.hosts, ==, 12);
	g_assert_cmpint(config.room, ==, 1 << 20);
	g_assert_false(config.enabled);
	g_assert_cmpuint(g_strv_length(config.ports), ==, 3);
	g_assert_cmpstr(config.ports[2], ==, "z");
	config_clear(&table, &config);
}

static void
a_wrong_option_is_named(void)
{
	struct small_config config;
	g_autofree char *message = parse_options("program --ports=a,b,c,d", &config);

	g_assert_true(g_str_has_prefix(message, "--ports: ports must be a list of 1 to 3 values"));
	config_clear(&table, &config);
}

static void
the_description_is_a_file_with_the_defaults(void)
{
	struct small_config config;
	g_autofree char *text = config_describe(&table);

	g_assert_nonnull(strstr(text, "# Room (octets from 1K to 1G)\nroom = 4K\n"));
	g_assert_null(read_text(text, &config));
	g_assert_cmpint(config.room, ==, 4096);
	config_clear(&table, &config);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/config_reader/an_empty_file_leaves_the_defaults",
	                an_empty_file_leaves_the_defaults);
	g_test_add_func("/config_reader/reads_every_type", reads_every_type);
	g_test_add_func("/config_reader/refuses_and_says_what_is_allowed",
	                refuses_and_says_what_is_allowed);
	g_test_add_func("/config_reader/a_file_that_is_not_there_is_named",
	                a_file_that_is_not_there_is_named);
	g_test_add_func("/config_reader/options_go_through_the_same_checks",
	                options_go_through_the_same_checks);
	g_test_add_func("/config_reader/every_key_is_an_option", every_key_is_an_option);
	g_test_add_func("/config_reader/a_wrong_option_is_named", a_wrong_option_is_named);
	g_test_add_func("/config_reader/the_description_is_a_file_with_the_defaults",
	                the_description_is_a_file_with_the_defaults);
	return g_test_run();
}
