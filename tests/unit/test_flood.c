#include <glib.h>

#include "detector/expert.h"
#include "detector/flood.h"
#include "tests/support/host_views.h"

enum { HOST = 0x0a000001, VICTIM = 0xcb007101 };

/* A minute of packets each way, of octets each. */
static struct host_bin
minute_of(enum host_protocol protocol, uint32_t sent, uint32_t received, unsigned size_class)
{
	struct host_bin bin = { .directions = { 3 } };

	bin.protocol_packets[HOST_OUT * 4 + protocol] = sent;
	bin.protocol_packets[HOST_IN * 4 + protocol] = received;
	bin.size_packets[HOST_OUT * HOST_BIN_SIZE_CLASSES + size_class] = sent;
	return bin;
}

static void
assert_measured(const struct host_bin *bin, enum flood_kind kind, double packets)
{
	g_assert_cmpfloat(flood_measure(bin, kind), ==, packets);
}

enum { SMALL_PACKETS = 1, LARGE_PACKETS = 5 };

static void
measures_what_has_no_answer_by_protocol_and_size(void)
{
	struct host_bin bin = minute_of(HOST_UDP, 70000, 40, SMALL_PACKETS);

	assert_measured(&bin, FLOOD_UDP, 70000);
	assert_measured(&bin, FLOOD_UDP_LARGE, 0);
	assert_measured(&bin, FLOOD_TCP, 0);
	assert_measured(&bin, FLOOD_ICMP, 0);
	bin = minute_of(HOST_UDP, 400000, 40, LARGE_PACKETS);
	assert_measured(&bin, FLOOD_UDP, 0);
	assert_measured(&bin, FLOOD_UDP_LARGE, 400000);
	bin = minute_of(HOST_ICMP, 2000, 100, SMALL_PACKETS);
	assert_measured(&bin, FLOOD_ICMP, 2000);
}

static void
measures_nothing_that_is_answered(void)
{
	struct host_bin bin = minute_of(HOST_ICMP, 2000, 2000, SMALL_PACKETS);

	assert_measured(&bin, FLOOD_ICMP, 0);
	bin = minute_of(HOST_TCP, 400000, 10000, SMALL_PACKETS);
	assert_measured(&bin, FLOOD_TCP, 0);
	bin = minute_of(HOST_TCP, 400000, 0, LARGE_PACKETS);
	assert_measured(&bin, FLOOD_TCP, 0);
	bin = minute_of(HOST_UDP, 400000, 6000, LARGE_PACKETS);
	assert_measured(&bin, FLOOD_UDP_LARGE, 0);
}

static void
measures_no_errors_that_the_host_sends(void)
{
	struct host_bin bin = minute_of(HOST_ICMP, 2000, 0, SMALL_PACKETS);

	bin.icmp_errors[HOST_OUT] = 1900;
	assert_measured(&bin, FLOOD_ICMP, 100);
	bin.icmp_errors[HOST_OUT] = 3000;
	assert_measured(&bin, FLOOD_ICMP, 0);
}

static void
measures_syn_where_hardly_a_flow_is_more(void)
{
	struct host_bin bin = minute_of(HOST_TCP, 1500, 0, SMALL_PACKETS);

	bin.syn_only_flows[HOST_OUT] = 1500;
	bin.protocol_flows[HOST_OUT * 4 + HOST_TCP] = 1510;
	assert_measured(&bin, FLOOD_SYN, 1500);
	bin.protocol_flows[HOST_OUT * 4 + HOST_TCP] = 3000;
	assert_measured(&bin, FLOOD_SYN, 0);
}

/* Two minutes of 10000 ICMP packets sent; `directions` of the host's records. */
static size_t
judge_icmp(uint8_t directions, unsigned peers)
{
	g_autoptr(HostViews) views = host_views_new();
	struct evidence evidence[EXPERT_EVIDENCE];

	for (uint32_t minute = 20; minute < 22; minute++) {
		for (unsigned i = 0; i < peers; i++) {
			struct exchange ping = { .host = HOST,
				                 .peer = VICTIM + i,
				                 .minute = minute,
				                 .out = 84,
				                 .port = 2048,
				                 .protocol = 1,
				                 .packets = 10000 / peers,
				                 .directions = directions };

			host_views_add(views, &ping);
		}
	}
	return flood_expert_judge(host_views_at(views, HOST, 21), evidence);
}

static void
finds_a_flood_on_few_peers(void)
{
	g_assert_cmpuint(judge_icmp(3, 1), ==, 1);
}

static void
leaves_many_peers_to_the_scan_expert(void)
{
	g_assert_cmpuint(judge_icmp(3, 4000), ==, 0);
}

static void
finds_no_volume_unanswered_where_answers_are_not_exported(void)
{
	g_assert_cmpuint(judge_icmp(1, 1), ==, 0);
}

#define ADD(name) g_test_add_func("/flood/" #name, name)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(measures_what_has_no_answer_by_protocol_and_size);
	ADD(measures_nothing_that_is_answered);
	ADD(measures_no_errors_that_the_host_sends);
	ADD(measures_syn_where_hardly_a_flow_is_more);
	ADD(finds_a_flood_on_few_peers);
	ADD(leaves_many_peers_to_the_scan_expert);
	ADD(finds_no_volume_unanswered_where_answers_are_not_exported);
	return g_test_run();
}
