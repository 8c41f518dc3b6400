#include <glib.h>
#include <string.h>

#include "detector/expert.h"
#include "detector/expert_gate.h"
#include "detector/feature_vector.h"

/* Hosts of all kinds of small traffic: where a gate says no, its expert must find nothing. */

enum { HOSTS = 3000, MINUTE = 29000000, MINUTES = 20 };

static const uint64_t key = 7;

struct kind {
	unsigned touches;  /* in a minute, at most */
	uint16_t ports[3]; /* 0: any */
	uint32_t sampling;
	bool answered;
};

static const struct kind kinds[] = {
	{ 1, { 445, 445, 445 }, 0, false },     { 3, { 445, 445, 445 }, 0, false },
	{ 9, { 445, 23, 445 }, 0, false },      { 2, { 25, 25, 25 }, 0, true },
	{ 5, { 25, 587, 443 }, 0, false },      { 2, { 53, 443, 123 }, 100, true },
	{ 3, { 22, 445, 80 }, 100, false },     { 4, { 8080, 443, 80 }, 10, false },
	{ 12, { 4444, 5555, 6666 }, 0, false }, { 30, { 0, 0, 0 }, 0, false },
	{ 1, { 80, 443, 80 }, 0, true },
};

static void
add_touch(struct ring_bin *part, const struct host_touch *touch)
{
	struct host_bin *bin = &part->bin;

	if (!host_bin_touch(bin, bin->touch_count == HOST_BIN_EXTENDED ? &part->extension : NULL,
	                    touch, key))
		host_bin_touch(bin, &part->extension, touch, key);
}

static void
add_flow(struct ring_bin *part, const struct kind *kind, GRand *random)
{
	struct host_bin *bin = &part->bin;
	uint16_t chosen = kind->ports[g_rand_int_range(random, 0, 3)];
	uint16_t port = chosen != 0 ? chosen : (uint16_t)g_rand_int_range(random, 1, 65536);
	struct host_touch touch = {
		.peer = host_address_from_ipv4(0xc0000000u +
		                               (uint32_t)g_rand_int_range(random, 0, 500)),
		.octets = 60,
		.port = port,
		.kinds = TOUCH_SENT | TOUCH_BEGUN | TOUCH_STARTS,
		.protocol = g_rand_int_range(random, 0, 5) == 0 ? 17 : 6,
		.packets = 1,
	};

	struct host_touch answer = touch;

	answer.octets = 90000;
	answer.kinds = TOUCH_IN | TOUCH_HEARD;
	bin->flows[HOST_OUT]++;
	bin->packets[HOST_OUT]++;
	bin->port_flows[HOST_OUT * HOST_BIN_PORT_CLASSES + host_port_class(port)]++;
	add_touch(part, &touch);
	if (kind->answered && g_rand_boolean(random))
		add_touch(part, &answer);
}

static void
make_part(struct ring_bin *part, const struct host_address *host, uint32_t minute,
          const struct kind *kind, GRand *random)
{
	unsigned touches = (unsigned)g_rand_int_range(random, 0, (gint32)kind->touches + 1);

	host_bin_init(&part->bin, host, minute);
	host_bin_extension_init(&part->extension);
	part->bin.sampling_interval[0] = kind->sampling;
	part->bin.protocol_packets[HOST_OUT * 4 + HOST_ICMP] =
		(uint32_t)g_rand_int_range(random, 0, 600);
	part->bin.syn_only_flows[HOST_OUT] = (uint32_t)g_rand_int_range(random, 0, 600);
	for (unsigned i = 0; i < touches; i++)
		add_flow(part, kind, random);
	/* Now and then it is called itself. */
	part->bin.flows[HOST_IN] = g_rand_int_range(random, 0, 8) == 0;
	part->bin.port_flows[HOST_IN * HOST_BIN_PORT_CLASSES + PORT_CLASS_SMB] =
		part->bin.flows[HOST_IN] > 0 && g_rand_int_range(random, 0, 20) == 0;
	if (part->bin.flows[HOST_IN] > 0)
		part->bin.syn_only_flows[HOST_IN] = (uint32_t)g_rand_int_range(random, 0, 30);
}

/* Hosts on which an expert found something, in their order below; no random traffic beacons. */
enum { BEACON = 3, CONTACT = 5 };
static unsigned found[7];

static void
check_host(const struct known_host *host)
{
	static const struct {
		bool (*may_show)(const struct host_outline *outline);
		size_t (*judge)(const struct host_view *view, struct evidence *evidence);
	} experts[G_N_ELEMENTS(found)] = {
		{ scan_may_show, scan_expert_judge },
		{ flood_may_show, flood_expert_judge },
		{ mail_may_show, mail_expert_judge },
		{ beacon_may_show, beacon_expert_judge },
		{ sweep_may_show, sweep_expert_judge },
		{ contact_may_show, contact_expert_judge },
		{ spread_may_show, spread_expert_judge },
	};
	static struct host_window windows[HOST_WINDOWS];
	static struct host_services services;
	struct host_view view = { .host = host,
		                  .minute = MINUTE + MINUTES - 1,
		                  .history_minutes = 30,
		                  .sketch_key = key,
		                  .hears = true,
		                  .windows = windows,
		                  .services = &services };
	struct evidence evidence[EXPERT_EVIDENCE];
	struct host_outline outline;
	struct host_bin total;

	for (int i = 0; i < HOST_WINDOWS; i++)
		host_window_merge(&windows[i], host, view.minute, host_window_minutes[i], key);
	host_services_collect(&services, host, view.minute, key);
	host_window_total(&total, host, view.minute, 5);
	g_assert_cmpmem(total.flows, sizeof(total.flows), windows[HOST_WINDOW_5].total.flows,
	                sizeof(total.flows));
	outline = host_outline_of(host, &total, view.minute, host->asked + 30 > view.minute);
	for (size_t i = 0; i < G_N_ELEMENTS(found); i++) {
		bool finds = experts[i].judge(&view, evidence) > 0;

		/* What is sampled has no order of contacts that could be told: that gate is more
		 * than a short cut. */
		if (i != CONTACT || total.sampling_interval[0] <= 1)
			g_assert_true(experts[i].may_show(&outline) || !finds);
		found[i] += finds;
	}
}

static void
closes_only_where_the_expert_finds_nothing(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(5);
	const struct host_history_limits limits = { HOSTS, 30, key, 0 };
	g_autoptr(HostHistory) history = host_history_new(&limits);
	const struct history_depth all = { 0 };

	for (uint32_t i = 0; i < HOSTS; i++) {
		struct host_address address = host_address_from_ipv4(i);
		struct known_host *host = NULL;

		for (uint32_t minute = 0; minute < MINUTES; minute++) {
			static struct ring_bin part;

			make_part(&part, &address, MINUTE + minute, &kinds[i % G_N_ELEMENTS(kinds)],
			          random);
			host = host_history_add(history, &part);
		}
		host_history_open(history, host, UINT32_MAX, &all);
		check_host(host);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(found); i++)
		g_assert_true(found[i] > 0 || i == BEACON);
}

static bool
same(double a, double b)
{
	return a >= b && a <= b;
}

/* What the group of one row makes is what all groups make. */
static void
rows_do_not_depend_on_which_others_are_chosen(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(6);
	const struct host_history_limits limits = { HOSTS, 60, key, 0 };
	g_autoptr(HostHistory) history = host_history_new(&limits);
	const struct history_depth all = { 0 };
	static struct host_window windows[HOST_WINDOWS];
	static struct host_services services;
	struct host_address address = host_address_from_ipv4(1);
	struct host_view view = { .minute = MINUTE + MINUTES - 1,
		                  .history_minutes = 30,
		                  .sketch_key = key,
		                  .windows = windows,
		                  .services = &services };
	static double expected[FEATURE_COUNT], values[FEATURE_COUNT];
	struct known_host *host = NULL;

	for (uint32_t minute = 0; minute < MINUTES; minute++) {
		static struct ring_bin part;

		make_part(&part, &address, MINUTE + minute, &kinds[minute % G_N_ELEMENTS(kinds)],
		          random);
		host = host_history_add(history, &part);
	}
	host_history_open(history, host, UINT32_MAX, &all);
	view.host = host;
	for (int i = 0; i < HOST_WINDOWS; i++)
		host_window_merge(&windows[i], host, view.minute, host_window_minutes[i], key);
	host_services_collect(&services, host, view.minute, key);
	feature_vector_compute(&view, &feature_choice_all, expected);
	for (size_t i = 0; i < FEATURE_COUNT; i++) {
		struct feature_choice choice = feature_choice_of(&i, 1);

		feature_vector_compute(&view, &choice, values);
		g_assert_true(same(values[i], expected[i]));
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/expert_gate/closes_only_where_the_expert_finds_nothing",
	                closes_only_where_the_expert_finds_nothing);
	g_test_add_func("/feature_choice/rows_do_not_depend_on_which_others_are_chosen",
	                rows_do_not_depend_on_which_others_are_chosen);
	return g_test_run();
}
