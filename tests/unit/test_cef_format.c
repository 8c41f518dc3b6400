#include "detector/cef_format.h"

#include <glib/gstdio.h>
#include <string.h>

#include "detector/alert.h"
#include "tests/support/assessments.h"

static struct verdict
scanner_verdict(void)
{
	return (struct verdict){
		.host = host_address_from_ipv4(0x0a000005),
		.kind = VERDICT_INFECTED,
		.score = 0.9,
		.since_ms = 1740000065000,
		.infected_ms = 1740000065000,
		.first_detected_ms = 1740000065000,
		.evidence_ms = 1740003660000,
		.behaviours = 1u << BEHAVIOUR_horizontal_scan,
		.cannot_tell = CANNOT_TELL_SIZES,
	};
}

static struct alert
scanner_alert(enum verdict_act act)
{
	static const struct alert_origin origin = { "default", "sensor-1" };
	struct assessment assessment = assessments_scan(5, 60, 0.9);
	struct verdict verdict = scanner_verdict();
	struct alert alert;

	if (act == ACT_CLEARED) {
		verdict.kind = VERDICT_NORMAL;
		verdict.behaviours = 0;
	}
	alert_make(&alert, act, &verdict, &assessment, &origin);
	return alert;
}

static char *
line_of(const struct alert *alert)
{
	GString *line = g_string_new(NULL);

	cef_format(alert, line);
	return g_string_free(line, FALSE);
}

static void
formats_a_detection(void)
{
	struct alert alert = scanner_alert(ACT_DETECTED);
	g_autofree char *line = line_of(&alert);
	g_autofree char *expected = g_strdup_printf(
		"CEF:0|kenchi|kenchi|" KENCHI_VERSION "|host-infected|Host infected|8|"
		"rt=1740003665000 start=1740003600000 end=1740003660000 src=10.0.0.5 dst=198.51.100.1 dpt=445"
		" proto=tcp cat=/Host/Infection act=detected outcome=infected externalId=%s dvchost=sensor-1"
		" cfp1Label=score cfp1=0.9 cfp2Label=measured cfp2=750 cfp3Label=threshold cfp3=40"
		" cfp4Label=usual cfp4=3 cs1Label=behaviours cs1=horizontal_scan cs2Label=evidence"
		" cs2=horizontal_scan:750 cs3Label=model cs3=default cs4Label=cannotTell cs4=sizes"
		" msg=10.0.0.5 infected: horizontal scan 750 peers (threshold 40, usual 3)",
		alert.id);

	g_assert_cmpuint(strlen(alert.id), ==, 32);
	g_assert_cmpstr(line, ==, expected);
}

static void
formats_a_clearing(void)
{
	struct alert alert = scanner_alert(ACT_CLEARED);
	struct alert detection = scanner_alert(ACT_DETECTED);
	g_autofree char *line = line_of(&alert);

	g_assert_nonnull(strstr(line, "|host-cleared|Host no longer infected|3|rt="));
	g_assert_nonnull(strstr(line, " act=cleared outcome=normal "));
	g_assert_null(strstr(line, "cs1"));
	g_assert_null(strstr(line, "cfp2"));
	g_assert_cmpstr(alert.id, ==, detection.id);
}

static void
tells_ipv6_addresses_twice(void)
{
	struct alert alert = scanner_alert(ACT_DETECTED);
	g_autofree char *line = NULL;

	g_assert_true(host_address_parse("2001:db8::5", &alert.verdict.host));
	g_assert_true(host_address_parse("2001:db8::6", &alert.evidence[0].peers[0].peer));
	line = line_of(&alert);
	g_assert_nonnull(strstr(
		line, " src=2001:db8::5 c6a2Label=Source IPv6 Address c6a2=2001:db8::5"
		      " dst=2001:db8::6 c6a3Label=Destination IPv6 Address c6a3=2001:db8::6 "));
}

static void
severity_is_that_of_the_worst_behaviour(void)
{
	struct alert alert = scanner_alert(ACT_UPDATED);

	alert.verdict.behaviours = 1u << BEHAVIOUR_beacon;
	g_assert_cmpint(alert_severity(&alert), ==, 6);
	alert.verdict.behaviours |= 1u << BEHAVIOUR_flood;
	g_assert_cmpint(alert_severity(&alert), ==, 8);
	alert.verdict.behaviours = 0;
	g_assert_cmpint(alert_severity(&alert), ==, 5);
}

static void
expect_escaped(void (*add)(GString *, const char *), const char *text, const char *expected)
{
	g_autoptr(GString) line = g_string_new(NULL);

	add(line, text);
	g_assert_cmpstr(line->str, ==, expected);
}

static void
escapes_each_place_by_its_own_rules(void)
{
	expect_escaped(cef_add_header, "a|b\\c=d\r\ne\tf", "a\\|b\\\\c=d  e f");
	expect_escaped(cef_add_value, "a|b\\c=d\r\ne\tf\x01g", "a|b\\\\c\\=d\\r\\ne f g");
	expect_escaped(cef_add_value, "\xc3\xa9\xff.", "\xc3\xa9\xef\xbf\xbd.");
}

static void
writes_numbers_without_exponent(void)
{
	static const struct {
		double number;
		const char *text;
	} cases[] = { { 0, "0" },
		      { 1, "1" },
		      { 0.5, "0.5" },
		      { 1.23456, "1.2346" },
		      { 10, "10" },
		      { 12345678.0, "12345678" },
		      { -2.5, "-2.5" },
		      { -0.00001, "0" },
		      { 1e21, "1000000000000000000000" },
		      { 1.0 / 0.0, "0" },
		      { 100.10, "100.1" } };

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GString) text = g_string_new(NULL);

		alert_add_number(text, cases[i].number);
		g_assert_cmpstr(text->str, ==, cases[i].text);
	}
	{
		g_autoptr(GString) text = g_string_new(NULL);

		alert_add_number(text, 1e308);
		g_assert_cmpuint(text->len, ==, 309);
	}
}

/* liblognorm as a strict reader of CEF */

static char *
random_text(GRand *rand)
{
	static const char *const pieces[] = { "|",   "=",        "\\",  "\n",  "\r",  "a",
		                              "B c", "\xc3\xa9", "\\=", "\\|", "\\n", "7" };
	GString *text = g_string_new("x");
	int count = g_rand_int_range(rand, 0, 12);

	for (int i = 0; i < count; i++)
		g_string_append(text, pieces[g_rand_int_range(rand, 0, G_N_ELEMENTS(pieces))]);
	g_string_append_c(text, 'y');
	return g_string_free(text, FALSE);
}

/* liblognorm loses a letter when there is no space after the header. */
static void
add_for_lognormalizer(GString *input, const char *line)
{
	const char *c = line;

	for (unsigned pipes = 0; pipes < 7; c++) {
		if (*c == '\\')
			c++;
		else if (*c == '|')
			pipes++;
	}
	g_string_append_len(input, line, c - line);
	g_string_append_printf(input, " %s\n", c);
}

static char *
lognormalize(const char *input)
{
	g_autofree char *folder = g_dir_make_tmp("cef-XXXXXX", NULL);
	g_autofree char *rules = g_build_filename(folder, "cef.rb", NULL);
	g_autofree char *lines = g_build_filename(folder, "lines", NULL);
	g_autofree char *command =
		g_strdup_printf("sh -c 'lognormalizer -r %s -e json < %s'", rules, lines);
	g_autoptr(GError) error = NULL;
	char *output = NULL;

	g_assert_true(g_file_set_contents(rules, "version=2\nrule=:%f:cef%\n", -1, NULL));
	g_assert_true(g_file_set_contents(lines, input, -1, NULL));
	g_assert_true(g_spawn_command_line_sync(command, &output, NULL, NULL, &error));
	g_assert_no_error(error);
	g_unlink(rules);
	g_unlink(lines);
	g_rmdir(folder);
	return output;
}

static unsigned
count_lines(const char *text)
{
	unsigned count = 0;

	for (; *text != '\0'; text++)
		count += *text == '\n';
	return count;
}

static void
is_read_by_liblognorm_whatever_the_texts_are(void)
{
	enum { LINES = 500 };
	g_autoptr(GRand) rand = g_rand_new_with_seed(7);
	g_autoptr(GString) input = g_string_new(NULL);
	g_autofree char *program = g_find_program_in_path("lognormalizer");
	g_autofree char *output = NULL;

	if (program == NULL) {
		g_test_skip("lognormalizer (liblognorm-utils) is not installed");
		return;
	}
	for (unsigned i = 0; i < LINES; i++) {
		static const enum verdict_act acts[] = { ACT_DETECTED, ACT_UPDATED, ACT_CLEARED };
		struct alert alert = scanner_alert(acts[i % 3]);
		g_autofree char *model = random_text(rand);
		g_autofree char *device = random_text(rand);
		g_autofree char *line = NULL;

		alert.model = model;
		alert.device = device;
		line = line_of(&alert);
		g_assert_null(strchr(line, '\n'));
		add_for_lognormalizer(input, line);
	}
	output = lognormalize(input->str);
	g_assert_null(strstr(output, "unparsed-data"));
	g_assert_cmpuint(count_lines(output), ==, LINES);
	g_assert_nonnull(strstr(output, "\"rt\": \"1740003665000\""));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cef_format/formats_a_detection", formats_a_detection);
	g_test_add_func("/cef_format/formats_a_clearing", formats_a_clearing);
	g_test_add_func("/cef_format/tells_ipv6_addresses_twice", tells_ipv6_addresses_twice);
	g_test_add_func("/cef_format/severity_is_that_of_the_worst_behaviour",
	                severity_is_that_of_the_worst_behaviour);
	g_test_add_func("/cef_format/escapes_each_place_by_its_own_rules",
	                escapes_each_place_by_its_own_rules);
	g_test_add_func("/cef_format/writes_numbers_without_exponent",
	                writes_numbers_without_exponent);
	g_test_add_func("/cef_format/is_read_by_liblognorm_whatever_the_texts_are",
	                is_read_by_liblognorm_whatever_the_texts_are);
	return g_test_run();
}
