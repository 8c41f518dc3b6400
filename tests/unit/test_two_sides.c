#include "detector/two_sides.h"

enum { ONE_EXPORTER = 4, BOTH_EXPORTERS = 12 };

static struct host_bin
minute_of(uint32_t packets_out, uint32_t packets_in)
{
	struct host_address host = host_address_from_ipv4(0x0a000001);
	struct host_bin minute;

	host_bin_init(&minute, &host, 29000000);
	minute.exporters[0] = ONE_EXPORTER;
	minute.protocol_packets[HOST_OUT * 4 + HOST_TCP] = packets_out;
	minute.protocol_packets[HOST_IN * 4 + HOST_TCP] = packets_in;
	return minute;
}

static void
take(TwoSides *sides, const struct host_bin *minute, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		two_sides_take(sides, minute);
}

static void
lacks_what_most_minutes_have_next_to_nothing_of(void)
{
	g_autoptr(TwoSides) sides = two_sides_new();
	struct host_bin outside = minute_of(500, 3), inside = minute_of(80, 120);

	take(sides, &outside, 15);
	g_assert_false(two_sides_lack(sides, ONE_EXPORTER, HOST_IN)); /* too early to say */
	take(sides, &inside, 10);
	g_assert_true(two_sides_lack(sides, ONE_EXPORTER, HOST_IN));
	g_assert_false(two_sides_lack(sides, ONE_EXPORTER, HOST_OUT));
	g_assert_false(two_sides_lack(sides, BOTH_EXPORTERS, HOST_IN));
}

static void
lacks_what_hosts_send_as_well(void)
{
	g_autoptr(TwoSides) sides = two_sides_new();
	struct host_bin minute = minute_of(0, 90);

	take(sides, &minute, 20);
	g_assert_true(two_sides_lack(sides, ONE_EXPORTER, HOST_OUT));
	g_assert_false(two_sides_lack(sides, ONE_EXPORTER, HOST_IN));
}

static void
takes_no_scan_for_a_lack(void)
{
	g_autoptr(TwoSides) sides = two_sides_new();
	struct host_bin minute = minute_of(900, 0);

	minute.small_flows[HOST_OUT] = 600;
	take(sides, &minute, 100);
	g_assert_false(two_sides_lack(sides, ONE_EXPORTER, HOST_IN));
}

static void
asks_for_as_many_sampled_packets(void)
{
	g_autoptr(TwoSides) sides = two_sides_new();
	struct host_bin few = minute_of(4000, 0), many = minute_of(6000, 0);

	few.sampling_interval[0] = many.sampling_interval[0] = 100;
	take(sides, &few, 100);
	g_assert_false(two_sides_lack(sides, ONE_EXPORTER, HOST_IN));
	take(sides, &many, 20);
	g_assert_true(two_sides_lack(sides, ONE_EXPORTER, HOST_IN));
}

static void
believes_an_exporter_that_was_mended(void)
{
	g_autoptr(TwoSides) sides = two_sides_new();
	struct host_bin one_way = minute_of(500, 0), both = minute_of(500, 400);

	take(sides, &one_way, 100000);
	take(sides, &both, 100000);
	g_assert_false(two_sides_lack(sides, ONE_EXPORTER, HOST_IN));
}

int
main(int argc, char **argv)
{
#define TEST(name) g_test_add_func("/two_sides/" #name, name)
	g_test_init(&argc, &argv, NULL);
	TEST(lacks_what_most_minutes_have_next_to_nothing_of);
	TEST(lacks_what_hosts_send_as_well);
	TEST(takes_no_scan_for_a_lack);
	TEST(asks_for_as_many_sampled_packets);
	TEST(believes_an_exporter_that_was_mended);
	return g_test_run();
}
