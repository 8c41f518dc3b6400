#include "detector/syslog_target.h"

#include <string.h>

static void
reads_every_form(void)
{
	static const struct {
		const char *text;
		struct syslog_target target;
	} cases[] = {
		{ "siem.example:514", { SYSLOG_UDP, "siem.example", 514 } },
		{ "udp://192.0.2.1:1514", { SYSLOG_UDP, "192.0.2.1", 1514 } },
		{ "tcp://siem:601", { SYSLOG_TCP, "siem", 601 } },
		{ "tls://[2001:db8::5]:6514", { SYSLOG_TLS, "2001:db8::5", 6514 } },
		{ "[::1]:65535", { SYSLOG_UDP, "::1", 65535 } },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct syslog_target target;

		g_assert_true(syslog_target_parse(cases[i].text, &target, NULL));
		g_assert_cmpint(target.protocol, ==, cases[i].target.protocol);
		g_assert_cmpstr(target.host, ==, cases[i].target.host);
		g_assert_cmpuint(target.port, ==, cases[i].target.port);
		syslog_target_clear(&target);
	}
}

static void
names_what_is_none(void)
{
	static const char *const cases[] = {
		"",           "localhost",  ":514",           "::1:514",      "127.0.0.1:syslog",
		"127.0.0.1:", "host:0",     "host:65536",     "[]:514",       "tcp://",
		"tcp://:601", "tls://host", "http://host:80", "tcp:host:601", "tcp://host:601/",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		struct syslog_target target;

		g_assert_false(syslog_target_parse(cases[i], &target, &error));
		g_assert_nonnull(strstr(error->message, cases[i]));
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/syslog_target/reads_every_form", reads_every_form);
	g_test_add_func("/syslog_target/names_what_is_none", names_what_is_none);
	return g_test_run();
}
