#include <glib.h>

#include "collector/told_sizes.h"

enum { NTOP = 35632, YAF = 6871, YAF_REVERSE = 16384 };

static struct flow_record
tcp_flow(uint64_t packets, uint64_t octets)
{
	return (struct flow_record){
		.source = host_address_from_ipv4(1),
		.destination = host_address_from_ipv4(2),
		.protocol = 6,
		.packets = packets,
		.octets = octets,
	};
}

static uint64_t
sum(const uint32_t sizes[static 8])
{
	uint64_t packets = 0;

	for (size_t i = 0; i < 8; i++)
		packets += sizes[i];
	return packets;
}

static void
note_ntop(struct told_sizes *told, const uint64_t bins[static 6])
{
	for (uint16_t i = 0; i < 6; i++)
		told_sizes_note(told, NTOP, (uint16_t)(88 + i), bins[i]);
}

static void
places_ntops_bins_so_that_the_octets_come_out_right(void)
{
	static const uint64_t bins[6] = { 10, 0, 0, 0, 5, 0 };
	/* Ten acknowledgements with timestamps, five packets of 1500. */
	struct flow_record record = tcp_flow(15, 10 * 52 + 5 * 1500);
	struct told_sizes told = { .payloads_count = 0 };

	note_ntop(&told, bins);
	told_sizes_apply(&told, &record);
	g_assert_cmpuint(record.marks & FLOW_HAS_SIZES, !=, 0);
	g_assert_cmpuint(record.marks & FLOW_SIZES_PLACED, !=, 0);
	g_assert_cmpuint(record.sizes[1], ==, 10);
	g_assert_cmpuint(record.sizes[7], ==, 5);
}

static void
is_exact_where_ntops_bins_and_the_octets_leave_no_choice(void)
{
	static const uint64_t least[6] = { 10, 0, 0, 0, 0, 0 }, jumbo[6] = { 0, 0, 0, 0, 0, 7 };
	static const uint64_t one[6] = { 0, 0, 0, 0, 1, 0 };
	/* TCP has no packets below 40 octets: here none can have more. */
	struct flow_record acknowledgements = tcp_flow(10, 400);
	struct flow_record large = tcp_flow(7, 7 * 9000), single = tcp_flow(1, 1420);
	struct told_sizes told = { .payloads_count = 0 };

	note_ntop(&told, least);
	told_sizes_apply(&told, &acknowledgements);
	g_assert_cmpuint(acknowledgements.marks & FLOW_SIZES_PLACED, ==, 0);
	g_assert_cmpuint(acknowledgements.sizes[0], ==, 10);
	note_ntop(&told, jumbo);
	told_sizes_apply(&told, &large);
	g_assert_cmpuint(large.marks & FLOW_SIZES_PLACED, ==, 0);
	g_assert_cmpuint(large.sizes[7], ==, 7);
	note_ntop(&told, one);
	told_sizes_apply(&told, &single);
	g_assert_cmpuint(single.marks & FLOW_SIZES_PLACED, ==, 0);
	g_assert_cmpuint(single.sizes[6], ==, 1);
}

static void
keeps_ntops_bins_within_the_least_and_greatest_size(void)
{
	static const uint64_t bins[6] = { 0, 0, 0, 0, 4, 0 };
	struct flow_record record = tcp_flow(4, 4 * 1210);
	struct told_sizes told = { .payloads_count = 0 };

	record.marks |= FLOW_HAS_SIZE_RANGE;
	record.packet_octets_least = 1100;
	record.packet_octets_greatest = 1300;
	note_ntop(&told, bins);
	told_sizes_apply(&told, &record);
	g_assert_cmpuint(record.sizes[5], ==, 4);
	g_assert_cmpuint(record.marks & FLOW_SIZES_PLACED, ==, 0);
}

static void
refuses_bins_that_do_not_add_up(void)
{
	static const uint64_t bins[6] = { 10, 0, 0, 0, 5, 0 };
	struct flow_record record = tcp_flow(16, 8000);
	struct told_sizes told = { .payloads_count = 0 };

	note_ntop(&told, bins);
	told_sizes_apply(&told, &record);
	g_assert_cmpuint(record.marks & FLOW_HAS_SIZES, ==, 0);
	g_assert_cmpuint(sum(record.sizes), ==, 0);
}

static void
survives_bins_of_any_size(void)
{
	static const uint64_t bins[6] = { UINT64_MAX, UINT64_MAX, 2, UINT64_MAX - 1, 1, 1 };
	struct flow_record record = tcp_flow(UINT64_MAX, UINT64_MAX);
	struct told_sizes told = { .payloads_count = 0 };

	note_ntop(&told, bins);
	told_sizes_apply(&told, &record);
	g_assert_cmpuint(record.marks & FLOW_HAS_SIZES, ==, 0);
}

static void
note_yaf(struct told_sizes *told, uint16_t reverse, const uint64_t values[static 4])
{
	/* small, not empty, payload octets, large */
	told_sizes_note(told, YAF, (uint16_t)(500 + reverse), values[0]);
	told_sizes_note(told, YAF, (uint16_t)(501 + reverse), values[1]);
	told_sizes_note(told, YAF, (uint16_t)(502 + reverse), values[2]);
	told_sizes_note(told, YAF, (uint16_t)(510 + reverse), values[3]);
}

static void
parts_yafs_packets_by_payload(void)
{
	/* Four without payload, two of 30 octets, one of 150, three of 1460. */
	static const uint64_t values[4] = { 6, 6, 60 + 150 + 4380, 3 };
	struct flow_record record = tcp_flow(10, 400 + 60 + 150 + 4380);
	struct told_sizes told = { .payloads_count = 0 };

	note_yaf(&told, 0, values);
	told_sizes_apply(&told, &record);
	g_assert_cmpuint(record.marks & FLOW_HAS_SIZES, !=, 0);
	g_assert_cmpuint(record.sizes[0], ==, 4);
	g_assert_cmpuint(record.sizes[1], ==, 2);
	g_assert_cmpuint(record.sizes[2], ==, 1);
	g_assert_cmpuint(record.sizes[7], ==, 3);
	/* The octets less the payload leave 40 to each packet's headers. */
	g_assert_cmpuint(record.marks & FLOW_HAS_SIZES, !=, 0);
}

static void
knows_acknowledgements_by_the_octets_that_yafs_payload_leaves(void)
{
	static const uint64_t values[4] = { 6, 0, 0, 0 };
	struct flow_record plain = tcp_flow(6, 6 * 40), stamped = tcp_flow(6, 6 * 52);
	struct told_sizes told = { .payloads_count = 0 };

	note_yaf(&told, 0, values);
	told_sizes_apply(&told, &plain);
	g_assert_cmpuint(plain.sizes[0], ==, 6);
	g_assert_cmpuint(plain.marks & FLOW_SIZES_PLACED, ==, 0);
	told_sizes_apply(&told, &stamped);
	g_assert_cmpuint(stamped.sizes[1], ==, 6);
	g_assert_cmpuint(stamped.marks & FLOW_SIZES_PLACED, !=, 0);
}

static void
asks_for_both_directions_of_a_biflow(void)
{
	static const uint64_t values[4] = { 2, 0, 0, 0 };
	struct flow_record record = tcp_flow(2, 80);
	struct told_sizes told = { .payloads_count = 0 };

	record.reverse_packets = 2;
	record.reverse_octets = 80;
	note_yaf(&told, 0, values);
	told_sizes_apply(&told, &record);
	g_assert_cmpuint(record.marks & FLOW_HAS_SIZES, ==, 0);
	note_yaf(&told, YAF_REVERSE, values);
	told_sizes_apply(&told, &record);
	g_assert_cmpuint(record.marks & FLOW_HAS_SIZES, !=, 0);
	g_assert_cmpuint(record.reverse_sizes[0], ==, 2);
}

static void
takes_a_list_of_packets_only_when_it_has_all(void)
{
	struct flow_record whole = tcp_flow(3, 1900 + 3 * 40), part = tcp_flow(4, 3000);
	struct told_sizes told = { .payloads_count = 3, .payloads = { 0, 500, 1400 } };

	told_sizes_apply(&told, &part);
	g_assert_cmpuint(part.marks & FLOW_HAS_SIZES, ==, 0);
	told_sizes_apply(&told, &whole);
	g_assert_cmpuint(whole.sizes[0], ==, 1);
	g_assert_cmpuint(whole.sizes[4], ==, 1);
	g_assert_cmpuint(whole.sizes[6], ==, 1);
	g_assert_cmpuint(whole.marks & FLOW_SIZES_PLACED, ==, 0);
}

static void
is_exact_about_listed_payloads_where_headers_make_no_difference(void)
{
	struct flow_record far = tcp_flow(2, 300 + 600 + 2 * 52), near = tcp_flow(2, 52 + 52);
	struct told_sizes told = { .payloads_count = 2, .payloads = { 300, 600 } };

	told_sizes_apply(&told, &far);
	g_assert_cmpuint(far.marks & FLOW_SIZES_PLACED, ==, 0);
	g_assert_cmpuint(far.sizes[3], ==, 1);
	g_assert_cmpuint(far.sizes[4], ==, 1);
	told = (struct told_sizes){ .payloads_count = 2 };
	told_sizes_apply(&told, &near);
	g_assert_cmpuint(near.marks & FLOW_SIZES_PLACED, !=, 0);
	g_assert_cmpuint(near.sizes[1], ==, 2);
}

int
main(int argc, char **argv)
{
#define TEST(name) g_test_add_func("/told_sizes/" #name, name)
	g_test_init(&argc, &argv, NULL);
	TEST(places_ntops_bins_so_that_the_octets_come_out_right);
	TEST(is_exact_where_ntops_bins_and_the_octets_leave_no_choice);
	TEST(keeps_ntops_bins_within_the_least_and_greatest_size);
	TEST(refuses_bins_that_do_not_add_up);
	TEST(survives_bins_of_any_size);
	TEST(parts_yafs_packets_by_payload);
	TEST(knows_acknowledgements_by_the_octets_that_yafs_payload_leaves);
	TEST(asks_for_both_directions_of_a_biflow);
	TEST(takes_a_list_of_packets_only_when_it_has_all);
	TEST(is_exact_about_listed_payloads_where_headers_make_no_difference);
	return g_test_run();
}
