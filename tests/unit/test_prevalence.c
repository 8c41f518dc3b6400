#include <glib.h>

#include "detector/prevalence.h"

enum { KEY = 7, MINUTE = 1000 };

/* The host begins a flow to the peer. */
static void
contact(Prevalence *prevalence, uint32_t host, uint32_t peer, uint32_t minute)
{
	struct host_address address = host_address_from_ipv4(host);
	struct host_touch touch = { .peer = host_address_from_ipv4(peer),
		                    .port = 80,
		                    .protocol = 6,
		                    .kinds = TOUCH_SENT | TOUCH_BEGUN };
	struct host_bin bin;

	host_bin_init(&bin, &address, minute);
	g_assert_true(host_bin_touch(&bin, NULL, &touch, KEY));
	prevalence_add(prevalence, &bin, NULL);
}

static unsigned
others(const Prevalence *prevalence, uint32_t host, uint32_t peer)
{
	struct host_address h = host_address_from_ipv4(host), p = host_address_from_ipv4(peer);

	return prevalence_others(prevalence, &p, &h);
}

static void
counts_other_hosts_and_not_the_host_itself(void)
{
	g_autoptr(Prevalence) prevalence = prevalence_new(64, KEY);

	contact(prevalence, 1, 100, MINUTE);
	contact(prevalence, 1, 100, MINUTE + 1);
	g_assert_cmpuint(others(prevalence, 1, 100), ==, 0);
	for (uint32_t host = 2; host < 8; host++)
		contact(prevalence, host, 100, MINUTE);
	g_assert_cmpuint(others(prevalence, 1, 100), >=, 5);
	g_assert_cmpuint(others(prevalence, 1, 101), ==, 0);
}

static void
stays_within_its_bound(void)
{
	g_autoptr(Prevalence) prevalence = prevalence_new(64, KEY);

	contact(prevalence, 1, 5, MINUTE);
	for (uint32_t peer = 1000; peer < 3000; peer++)
		contact(prevalence, 1, peer, MINUTE + 1);
	g_assert_cmpuint(others(prevalence, 2, 5), ==, 0);
	g_assert_cmpuint(others(prevalence, 2, 2999), ==, 1);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/prevalence/counts_other_hosts_and_not_the_host_itself",
	                counts_other_hosts_and_not_the_host_itself);
	g_test_add_func("/prevalence/stays_within_its_bound", stays_within_its_bound);
	return g_test_run();
}
