#include "tools/train/baselines.h"

#include <math.h>

#include "common/sketch.h"
#include "detector/feature_vector.h"

enum { MINUTES = 5, EVENT_FLOWS = 32, SMALL_CLASSES = 2 };

const double baseline_thresholds[BASELINES] = {
	[BASELINE_FAILING] = 30,
	[BASELINE_TRW] = 4.595, /* ln 99: one in a hundred taken for the other */
	[BASELINE_RWSCAN] = 0.5,
	[BASELINE_BEACON] = 0.8,
};

struct Baselines {
	HostHistory *history;
	uint64_t sketch_key;
	size_t beacon; /* index of its feature */
};

Baselines *
baselines_new(size_t hosts_max, uint64_t sketch_key)
{
	Baselines *baselines = g_new0(Baselines, 1);
	struct host_history_limits limits = { hosts_max, 3 * MINUTES, sketch_key, 0 };

	baselines->history = host_history_new(&limits);
	baselines->sketch_key = sketch_key;
	baselines->beacon = feature_find("beacon_most");
	return baselines;
}

void
baselines_free(Baselines *baselines)
{
	if (baselines == NULL)
		return;
	host_history_free(baselines->history);
	g_free(baselines);
}

void
baselines_add(Baselines *baselines, const struct ring_bin *part)
{
	host_history_add(baselines->history, part);
}

/* A success is four times as likely from an innocent host, a failure from a scanner. */
static double
random_walk(const struct bucket_count *services)
{
	return (2 * services->failing - services->sent) * log(0.8 / 0.2);
}

/* Bins do not tell source ports or payloads: each flow counts as a port, each packet from 100
 * octets as payload. */
static double
scan_probability(const struct host_window *window)
{
	const struct host_bin *total = &window->total;
	double tcp = total->protocol_flows[HOST_OUT * 4 + HOST_TCP];
	double flows = total->flows[HOST_OUT];
	double peers = fmax(sketch_distinct_estimate(window->detail.peers), 1);
	double packets = 0, large = 0, y;

	if (tcp < EVENT_FLOWS)
		return 0;
	for (int i = 0; i < HOST_BIN_SIZE_CLASSES; i++) {
		double count = total->size_packets[HOST_OUT * HOST_BIN_SIZE_CLASSES + i];

		packets += count;
		large += i >= SMALL_CLASSES ? count : 0;
	}
	y = -2.838353611 + 3.309023427 * fmin(total->syn_only_flows[HOST_OUT] / tcp, 1) -
	    0.157047027 * total->small_flows[HOST_OUT] / flows - 0.002319304 * flows / peers -
	    1.047413699 * large / fmax(packets, 1) + 3.163018548 * fmin(peers / flows, 1);
	return 1 / (1 + exp(-y));
}

void
baselines_judge(const Baselines *baselines, const struct assessment *assessment,
                float scores[static BASELINES])
{
	struct known_host *host = host_history_find(baselines->history, &assessment->host);
	uint32_t minute = (uint32_t)(assessment->bin_end_ms / HOST_BIN_MS - 1);
	const struct history_depth all = { 0 };
	struct host_window window;
	struct bucket_count services;

	for (int i = 0; i < BASELINES; i++)
		scores[i] = 0;
	if (host == NULL)
		return;
	host_history_open(baselines->history, host, minute, &all);
	host_window_merge(&window, host, minute, 1, baselines->sketch_key);
	services = bucket_count(window.detail.sent, window.detail.heard,
	                        G_N_ELEMENTS(window.detail.sent));
	scores[BASELINE_FAILING] = (float)services.failing;
	host_window_merge(&window, host, minute, MINUTES, baselines->sketch_key);
	services = bucket_count(window.detail.sent, window.detail.heard,
	                        G_N_ELEMENTS(window.detail.sent));
	scores[BASELINE_TRW] = (float)random_walk(&services);
	scores[BASELINE_RWSCAN] = (float)scan_probability(&window);
	scores[BASELINE_BEACON] = (float)assessment->features[baselines->beacon];
}
