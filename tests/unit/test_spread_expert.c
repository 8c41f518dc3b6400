#include <glib.h>

#include "detector/expert.h"
#include "tests/support/host_views.h"

enum {
	HOST = 0x0a000001,
	NEIGHBOUR = 0x0a000100,
	ATTACKER = 0xcb007101,
	SMB = 445,
	SSH = 22,
	HTTP = 80
};

static void
add(HostViews *views, uint32_t minute, uint32_t peer, uint16_t port, uint32_t in)
{
	struct exchange exchange = {
		.host = HOST, .peer = peer, .minute = minute, .out = 60, .in = in, .port = port
	};

	host_views_add(views, &exchange);
}

/* `count` calls of the attacker on ports from `port` on, not answered. */
static void
add_calls(HostViews *views, uint32_t minute, uint16_t port, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct exchange call = { .host = HOST,
			                 .peer = ATTACKER,
			                 .minute = minute,
			                 .in = 40,
			                 .port = (uint16_t)(port + i),
			                 .called = true };

		host_views_add(views, &call);
	}
}

static void
add_neighbours(HostViews *views, uint32_t minute, unsigned count, uint16_t port)
{
	for (unsigned i = 0; i < count; i++)
		add(views, minute, NEIGHBOUR + i, port, 0);
}

static HostViews *
known_host(void)
{
	HostViews *views = host_views_new();

	add(views, 0, 0xc6336401, HTTP, 5000);
	return views;
}

static const struct evidence *
told(HostViews *views, uint32_t minute, enum behaviour behaviour)
{
	static struct evidence evidence[EXPERT_EVIDENCE];
	size_t count = spread_expert_judge(host_views_at(views, HOST, minute), evidence);

	for (size_t i = 0; i < count; i++) {
		if (evidence[i].behaviour == behaviour)
			return &evidence[i];
	}
	return NULL;
}

static void
tells_new_neighbours_on_the_port_of_file_shares(void)
{
	g_autoptr(HostViews) views = known_host();
	const struct evidence *evidence;

	add_neighbours(views, 20, 12, SMB);
	evidence = told(views, 20, BEHAVIOUR_propagation);
	g_assert_nonnull(evidence);
	g_assert_cmpfloat_with_epsilon(evidence->measured, 12, 2);
	g_assert_cmpfloat(evidence->threshold, ==, 8);
	g_assert_cmpuint(evidence->peer_count, ==, EVIDENCE_PEERS);
	g_assert_cmpuint(evidence->peers[0].port, ==, SMB);
	g_assert_cmpfloat(evidence->strength, <, 0.05);
}

static void
knows_the_neighbours_that_were_called_before(void)
{
	g_autoptr(HostViews) views = known_host();

	add_neighbours(views, 10, 12, SMB);
	add_neighbours(views, 20, 12, SMB);
	g_assert_null(told(views, 20, BEHAVIOUR_propagation));
}

static void
needs_fewer_neighbours_once_the_host_was_called_there(void)
{
	g_autoptr(HostViews) views = known_host();
	const struct evidence *evidence;

	add_neighbours(views, 20, 6, SSH);
	g_assert_null(told(views, 20, BEHAVIOUR_propagation));
	add_calls(views, 15, SSH, 1);
	evidence = told(views, 20, BEHAVIOUR_propagation);
	g_assert_nonnull(evidence);
	g_assert_cmpfloat(evidence->threshold, ==, 4);
}

static void
tells_of_a_probed_host_that_begins_to_look_for_others(void)
{
	g_autoptr(HostViews) views = known_host();
	const struct evidence *evidence;

	add_calls(views, 15, 1000, 40);
	g_assert_null(told(views, 15, BEHAVIOUR_attacked_from_remote));
	add_neighbours(views, 20, 15, SMB);
	evidence = told(views, 20, BEHAVIOUR_attacked_from_remote);
	g_assert_nonnull(evidence);
	g_assert_cmpfloat(evidence->measured, ==, 40);
	g_assert_cmpfloat(evidence->threshold, ==, 20);
}

static void
tells_of_a_first_call_that_a_download_follows(void)
{
	g_autoptr(HostViews) views = known_host();
	struct exchange fetch = { .host = HOST,
		                  .peer = ATTACKER + 1,
		                  .minute = 16,
		                  .out = 300,
		                  .in = 90000,
		                  .port = HTTP };
	const struct evidence *evidence;
	struct host_address server = host_address_from_ipv4(fetch.peer);

	add_calls(views, 15, SMB, 1);
	host_views_add(views, &fetch);
	evidence = told(views, 16, BEHAVIOUR_attacked_from_remote);
	g_assert_nonnull(evidence);
	g_assert_true(host_address_equal(&evidence->peers[0].peer, &server));
}

static void
takes_a_server_s_calls_as_usual(void)
{
	g_autoptr(HostViews) views = known_host();

	add_calls(views, 2, SSH, 1);
	add_calls(views, 15, SSH, 1);
	add_neighbours(views, 20, 15, SMB);
	g_assert_null(told(views, 20, BEHAVIOUR_attacked_from_remote));
}

static void
forgets_an_attack_that_changed_nothing(void)
{
	g_autoptr(HostViews) views = known_host();

	add_calls(views, 5, 1000, 40);
	add_neighbours(views, 20, 15, SMB);
	g_assert_null(told(views, 20, BEHAVIOUR_attacked_from_remote));
}

static void
tells_a_sweep_over_many_peers_and_ports(void)
{
	g_autoptr(HostViews) views = known_host();
	struct evidence evidence[EXPERT_EVIDENCE];

	for (unsigned i = 0; i < 70; i++)
		add(views, 20, NEIGHBOUR + i % 35, (uint16_t)(2000 + 13 * i), 0);
	g_assert_cmpuint(sweep_expert_judge(host_views_at(views, HOST, 20), evidence), ==, 1);
	g_assert_cmpint(evidence[0].behaviour, ==, BEHAVIOUR_sweep);
	g_assert_cmpfloat_with_epsilon(evidence[0].measured, 70, 8);
	g_assert_cmpuint(evidence[0].peer_count, ==, EVIDENCE_PEERS);
	g_assert_false(evidence[0].peers[0].answered);
}

static void
tells_no_sweep_where_services_answer(void)
{
	g_autoptr(HostViews) views = known_host();
	struct evidence evidence[EXPERT_EVIDENCE];

	for (unsigned i = 0; i < 70; i++)
		add(views, 20, NEIGHBOUR + i % 35, (uint16_t)(2000 + 13 * i), 100);
	g_assert_cmpuint(sweep_expert_judge(host_views_at(views, HOST, 20), evidence), ==, 0);
}

#define ADD(name) g_test_add_func("/spread_expert/" #name, name)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(tells_new_neighbours_on_the_port_of_file_shares);
	ADD(knows_the_neighbours_that_were_called_before);
	ADD(needs_fewer_neighbours_once_the_host_was_called_there);
	ADD(tells_of_a_probed_host_that_begins_to_look_for_others);
	ADD(tells_of_a_first_call_that_a_download_follows);
	ADD(takes_a_server_s_calls_as_usual);
	ADD(forgets_an_attack_that_changed_nothing);
	ADD(tells_a_sweep_over_many_peers_and_ports);
	ADD(tells_no_sweep_where_services_answer);
	return g_test_run();
}
