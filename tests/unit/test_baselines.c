#include <glib.h>

#include "detector/feature_vector.h"
#include "tools/train/baselines.h"

enum { MINUTE = 1000, KEY = 7 };

/* A part in which the host began a TCP flow to each of `peers` peers, and these answered or not. */
static struct ring_bin
part_of(uint32_t peers, bool answered)
{
	struct host_address address = host_address_from_ipv4(1);
	struct ring_bin part = { .export_ms = (int64_t)MINUTE * HOST_BIN_MS + 10000 };

	host_bin_init(&part.bin, &address, MINUTE);
	host_bin_extension_init(&part.extension);
	host_bin_extend(&part.bin, &part.extension, KEY);
	part.bin.flows[HOST_OUT] = peers;
	part.bin.protocol_flows[HOST_TCP] = peers;
	part.bin.small_flows[HOST_OUT] = answered ? 0 : peers;
	part.bin.syn_only_flows[HOST_OUT] = answered ? 0 : peers;
	part.bin.size_packets[answered ? 5 : 0] = peers;
	for (uint32_t i = 0; i < peers; i++) {
		struct host_touch touch = { .peer = host_address_from_ipv4(0xc0000200u + i),
			                    .octets = 60,
			                    .port = 80,
			                    .kinds = TOUCH_SENT | TOUCH_BEGUN |
			                             (answered ? TOUCH_HEARD : 0),
			                    .protocol = 6 };

		host_bin_touch(&part.bin, &part.extension, &touch, KEY);
	}
	return part;
}

static void
judge(uint32_t peers, bool answered, float scores[static BASELINES])
{
	g_autoptr(Baselines) baselines = baselines_new(10, KEY);
	struct ring_bin part = part_of(peers, answered);
	double features[FEATURE_COUNT] = { 0 };
	struct assessment assessment = { .host = host_address_from_ipv4(1),
		                         .bin_end_ms = (int64_t)(MINUTE + 1) * HOST_BIN_MS,
		                         .features = features };

	features[feature_find("beacon_most")] = 0.75;
	baselines_add(baselines, &part);
	baselines_judge(baselines, &assessment, scores);
}

static void
all_call_a_scanner_one(void)
{
	float scores[BASELINES];

	judge(60, false, scores);
	g_assert_cmpfloat_with_epsilon((double)scores[BASELINE_FAILING], 60, 6);
	for (int i = 0; i < BASELINE_BEACON; i++)
		g_assert_cmpfloat((double)scores[i], >, baseline_thresholds[i]);
}

static void
none_calls_a_busy_client_one(void)
{
	float scores[BASELINES];

	judge(10, true, scores);
	for (int i = 0; i < BASELINES; i++)
		g_assert_cmpfloat((double)scores[i], <, baseline_thresholds[i]);
	g_assert_cmpfloat((double)scores[BASELINE_FAILING], ==, 0);
	g_assert_cmpfloat((double)scores[BASELINE_BEACON], ==, 0.75);
	g_assert_cmpfloat((double)scores[BASELINE_RWSCAN], ==, 0);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/baselines/all_call_a_scanner_one", all_call_a_scanner_one);
	g_test_add_func("/baselines/none_calls_a_busy_client_one", none_calls_a_busy_client_one);
	return g_test_run();
}
