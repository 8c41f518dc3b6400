#include <glib.h>

#include "common/host_address.h"

static void
formats_what_it_parses(void)
{
	static const char *const texts[] = { "10.1.2.3", "255.255.255.255", "0.0.0.0",
		                             "2001:db8::1", "::" };
	char text[HOST_ADDRESS_TEXT_SIZE];
	struct host_address address;

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_assert_true(host_address_parse(texts[i], &address));
		g_assert_cmpstr(host_address_format(&address, text), ==, texts[i]);
	}
}

static void
refuses_what_is_no_address(void)
{
	static const char *const texts[] = { "",           "10.1.2",       "10.1.2.3.4",
		                             "10.1.2.256", "2001:db8:::1", "router" };
	struct host_address address;

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		g_assert_false(host_address_parse(texts[i], &address));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/host_address/formats_what_it_parses", formats_what_it_parses);
	g_test_add_func("/host_address/refuses_what_is_no_address", refuses_what_is_no_address);
	return g_test_run();
}
