#include <glib.h>

#include "detector/expert.h"
#include "tests/support/host_views.h"

enum { HOST = 0x0a000001, PEER = 0xcb007101, RESOLVER = 0xc6336464, MINUTE = 20, UDP = 17 };

enum { BOTH = 3, ONLY_OUT = 1 };

/* A question to one port of each of so many peers within a minute. */
struct questions {
	uint16_t port;
	uint8_t protocol; /* 0: TCP */
	uint8_t directions;
	unsigned peers;
	unsigned answered; /* of them */
};

static void
ask(HostViews *views, const struct questions *questions)
{
	for (unsigned i = 0; i < questions->peers; i++) {
		struct exchange exchange = { .host = HOST,
			                     .peer = PEER + i,
			                     .minute = MINUTE,
			                     .second = i % 60,
			                     .out = 60,
			                     .in = i < questions->answered ? 200 : 0,
			                     .port = questions->port,
			                     .protocol = questions->protocol,
			                     .directions = questions->directions,
			                     .small = true };

		host_views_add(views, &exchange);
	}
}

static double
strength(HostViews *views)
{
	struct evidence evidence[EXPERT_EVIDENCE];
	size_t count = scan_expert_judge(host_views_at(views, HOST, MINUTE), evidence);

	return count > 0 ? evidence[0].strength : 0;
}

static double
strength_of(const struct questions *questions)
{
	g_autoptr(HostViews) views = host_views_new();

	ask(views, questions);
	return strength(views);
}

static void
finds_many_peers_without_answer(void)
{
	const struct questions telnet = { 23, 0, BOTH, 60, 3 }, half = { 23, 0, BOTH, 60, 30 };

	g_assert_cmpfloat(strength_of(&telnet), >, 0.9);
	g_assert_cmpfloat(strength_of(&half), ==, 0);
}

/* Of 600 peers half answered: more than a bitmap of 128 bits can tell apart. */
static void
takes_what_many_answered_for_no_scan(void)
{
	for (unsigned peers = 200; peers <= 1000; peers += 50) {
		const struct questions questions = { 22, 0, BOTH, peers, peers / 2 };

		g_assert_cmpfloat(strength_of(&questions), <, 0.5);
	}
}

static void
calls_little_unanswered_where_answers_are_not_exported(void)
{
	const struct questions udp = { 161, UDP, ONLY_OUT, 300, 0 },
			       icmp = { 0, 1, ONLY_OUT, 300, 0 };
	const struct questions tcp = { 445, 0, ONLY_OUT, 300, 0 };
	const struct questions phones = { 5060, UDP, ONLY_OUT, 100, 0 },
			       sweep = { 6892, UDP, ONLY_OUT, 300, 0 };
	const struct exchange look_up = { .host = HOST,
		                          .peer = RESOLVER,
		                          .minute = MINUTE,
		                          .out = 60,
		                          .in = 90,
		                          .port = 53,
		                          .protocol = UDP };
	g_autoptr(HostViews) views = host_views_new();

	g_assert_cmpfloat(strength_of(&udp), ==, 0);
	g_assert_cmpfloat(strength_of(&icmp), ==, 0);
	g_assert_cmpfloat(strength_of(&phones), <, 0.5);
	g_assert_cmpfloat(strength_of(&sweep), >, 0.9);
	g_assert_cmpfloat(strength_of(&tcp), >, 0.9);
	ask(views, &udp);
	host_views_add(views, &look_up); /* is answered: the exporter tells both directions */
	g_assert_cmpfloat(strength(views), >, 0.9);
}

static void
takes_pages_that_come_by_tcp_for_answers_to_quic(void)
{
	const struct questions quic = { 443, UDP, BOTH, 60, 0 }, pages = { 443, 0, BOTH, 60, 60 };
	const struct questions time = { 123, UDP, BOTH, 60, 0 };
	g_autoptr(HostViews) browser = host_views_new();
	g_autoptr(HostViews) scanner = host_views_new();

	g_assert_cmpfloat(strength_of(&quic), >, 0.5);
	ask(browser, &quic);
	ask(browser, &pages);
	g_assert_cmpfloat(strength(browser), ==, 0);
	ask(scanner, &time);
	ask(scanner, &pages);
	g_assert_cmpfloat(strength(scanner), >, 0.5);
}

#define ADD(name) g_test_add_func("/scan_expert/" #name, name)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(finds_many_peers_without_answer);
	ADD(takes_what_many_answered_for_no_scan);
	ADD(calls_little_unanswered_where_answers_are_not_exported);
	ADD(takes_pages_that_come_by_tcp_for_answers_to_quic);
	return g_test_run();
}
