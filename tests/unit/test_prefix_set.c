#include <glib.h>

#include "common/prefix_set.h"

static bool
contains(const PrefixSet *set, const char *text)
{
	struct host_address address;

	g_assert_true(host_address_parse(text, &address));
	return prefix_set_contains(set, &address);
}

static PrefixSet *
set_of(const char *first, const char *second)
{
	PrefixSet *set = prefix_set_new();

	g_assert_true(prefix_set_add(set, first, NULL));
	if (second != NULL)
		g_assert_true(prefix_set_add(set, second, NULL));
	return set;
}

static void
contains_the_addresses_of_its_prefixes_and_no_others(void)
{
	g_autoptr(PrefixSet) set = set_of("10.1.0.0/16", "2001:db8:5::/48");

	g_assert_true(contains(set, "10.1.0.0"));
	g_assert_true(contains(set, "10.1.255.255"));
	g_assert_false(contains(set, "10.0.255.255"));
	g_assert_false(contains(set, "10.2.0.0"));
	g_assert_true(contains(set, "2001:db8:5::"));
	g_assert_true(contains(set, "2001:db8:5:ffff:ffff:ffff:ffff:ffff"));
	g_assert_false(contains(set, "2001:db8:4:ffff::"));
	g_assert_false(contains(set, "2001:db8:6::"));
}

static void
takes_a_single_address(void)
{
	g_autoptr(PrefixSet) set = set_of("192.0.2.7", "2001:db8::1");

	g_assert_true(contains(set, "192.0.2.7"));
	g_assert_false(contains(set, "192.0.2.6"));
	g_assert_false(contains(set, "192.0.2.8"));
	g_assert_true(contains(set, "2001:db8::1"));
	g_assert_false(contains(set, "2001:db8::"));
}

static void
all_contains_every_address(void)
{
	g_autoptr(PrefixSet) set = set_of("10.0.0.0/8", "all");

	g_assert_true(contains(set, "0.0.0.0"));
	g_assert_true(contains(set, "255.255.255.255"));
	g_assert_true(contains(set, "::"));
	g_assert_true(contains(set, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
}

static void
zero_length_prefixes_keep_to_their_version(void)
{
	g_autoptr(PrefixSet) four = set_of("0.0.0.0/0", NULL);
	g_autoptr(PrefixSet) six = set_of("::/0", NULL);

	g_assert_true(contains(four, "198.51.100.1"));
	g_assert_false(contains(four, "2001:db8::1"));
	g_assert_false(contains(six, "198.51.100.1"));
	g_assert_true(contains(six, "2001:db8::1"));
	g_assert_true(contains(six, "::"));
}

static void
overlapping_prefixes_unite_in_any_order(void)
{
	g_autoptr(PrefixSet) rising = set_of("10.1.2.0/24", "10.1.0.0/16");
	g_autoptr(PrefixSet) falling = set_of("10.1.0.0/16", "10.1.2.0/24");

	g_assert_true(contains(rising, "10.1.3.1"));
	g_assert_true(contains(rising, "10.1.2.1"));
	g_assert_true(contains(falling, "10.1.3.1"));
	g_assert_true(contains(falling, "10.1.2.1"));
}

static void
many_prefixes_answer_as_each_alone(void)
{
	g_autoptr(PrefixSet) set = prefix_set_new();

	for (unsigned i = 0; i < 256; i += 2) {
		g_autofree char *text = g_strdup_printf("172.20.%u.0/24", (i * 37) % 256);
		g_assert_true(prefix_set_add(set, text, NULL));
	}
	for (unsigned i = 0; i < 256; i++) {
		g_autofree char *text = g_strdup_printf("172.20.%u.9", (i * 37) % 256);
		g_assert_cmpint(contains(set, text), ==, i % 2 == 0);
	}
}

static void
private_networks_are_those_of_the_rfcs(void)
{
	g_autoptr(PrefixSet) set = prefix_set_new();

	g_assert_true(prefix_set_is_empty(set));
	prefix_set_add_private(set);
	g_assert_false(prefix_set_is_empty(set));
	g_assert_true(contains(set, "10.255.0.1"));
	g_assert_true(contains(set, "172.31.0.1"));
	g_assert_true(contains(set, "192.168.4.4"));
	g_assert_true(contains(set, "100.127.0.1"));
	g_assert_true(contains(set, "fd00::1"));
	g_assert_false(contains(set, "172.32.0.1"));
	g_assert_false(contains(set, "8.8.8.8"));
	g_assert_false(contains(set, "2001:db8::1"));
}

static void
refuses_what_is_no_prefix_and_names_it(void)
{
	static const char *const texts[] = {
		"",         "10.0.0.0/33",  "10.0.0.0/-1",    "10.0.0.0/",
		"10.0.0/8", "10.0.0.0/8/8", "2001:db8::/129", "everything",
		"/8",       "10.0.0.0/8x"
	};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(PrefixSet) set = prefix_set_new();
		g_autoptr(GError) error = NULL;
		g_autofree char *quoted = g_strdup_printf("\"%s\"", texts[i]);

		g_assert_false(prefix_set_add(set, texts[i], &error));
		g_assert_nonnull(error);
		g_assert_nonnull(strstr(error->message, quoted));
		g_assert_true(prefix_set_is_empty(set));
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/prefix_set/contains_the_addresses_of_its_prefixes_and_no_others",
	                contains_the_addresses_of_its_prefixes_and_no_others);
	g_test_add_func("/prefix_set/takes_a_single_address", takes_a_single_address);
	g_test_add_func("/prefix_set/all_contains_every_address", all_contains_every_address);
	g_test_add_func("/prefix_set/zero_length_prefixes_keep_to_their_version",
	                zero_length_prefixes_keep_to_their_version);
	g_test_add_func("/prefix_set/overlapping_prefixes_unite_in_any_order",
	                overlapping_prefixes_unite_in_any_order);
	g_test_add_func("/prefix_set/many_prefixes_answer_as_each_alone",
	                many_prefixes_answer_as_each_alone);
	g_test_add_func("/prefix_set/private_networks_are_those_of_the_rfcs",
	                private_networks_are_those_of_the_rfcs);
	g_test_add_func("/prefix_set/refuses_what_is_no_prefix_and_names_it",
	                refuses_what_is_no_prefix_and_names_it);
	return g_test_run();
}
