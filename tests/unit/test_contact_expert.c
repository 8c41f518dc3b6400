#include <glib.h>

#include "detector/expert.h"
#include "tests/support/host_views.h"

enum {
	HOST = 0x0a000001,
	PAGE = 0xc6336401,
	SERVER = 0xcb007101,
	PANEL = 0xcb007102,
	RESOLVER = 0x0a000035
};

/* An ordinary minute, long before: the host is known. */
static HostViews *
known_host(void)
{
	HostViews *views = host_views_new();
	struct exchange visit = { .host = HOST, .peer = PAGE, .port = 80, .out = 900, .in = 9000 };

	host_views_make_known(views, PAGE, 80, 40);
	host_views_add(views, &visit);
	return views;
}

static const struct exchange fetch = { .host = HOST,
	                               .peer = SERVER,
	                               .minute = 20,
	                               .second = 10,
	                               .out = 300,
	                               .in = 250000,
	                               .port = 80 };
static const struct exchange report = {
	.host = HOST, .peer = PANEL, .minute = 20, .second = 50, .out = 800, .in = 350, .port = 443
};

static const struct evidence *
find(const struct evidence *evidence, size_t count, enum behaviour behaviour)
{
	for (size_t i = 0; i < count; i++) {
		if (evidence[i].behaviour == behaviour)
			return &evidence[i];
	}
	return NULL;
}

/* At minute 20 after these exchanges; NULL when the behaviour is not told. */
static const struct evidence *
told(HostViews *views, const struct exchange *exchanges, size_t count, enum behaviour behaviour)
{
	static struct evidence evidence[EXPERT_EVIDENCE];
	size_t rows;

	for (size_t i = 0; i < count; i++)
		host_views_add(views, &exchanges[i]);
	rows = contact_expert_judge(host_views_at(views, HOST, 20), evidence);
	g_assert_cmpuint(rows, <=, EXPERT_EVIDENCE);
	return find(evidence, rows, behaviour);
}

static void
names_the_server_and_the_octets_of_a_download(void)
{
	g_autoptr(HostViews) views = known_host();
	const struct evidence *evidence = told(views, &fetch, 1, BEHAVIOUR_download);
	struct host_address server = host_address_from_ipv4(SERVER);

	g_assert_nonnull(evidence);
	g_assert_cmpfloat(evidence->measured, ==, 250000);
	g_assert_cmpfloat(evidence->threshold, ==, 60000);
	g_assert_cmpuint(evidence->peer_count, ==, 1);
	g_assert_true(host_address_equal(&evidence->peers[0].peer, &server));
	g_assert_cmpuint(evidence->peers[0].port, ==, 80);
	g_assert_cmpfloat(evidence->strength, <, 0.05);
}

static void
tells_no_download_from_a_peer_that_others_know(void)
{
	g_autoptr(HostViews) views = known_host();

	host_views_make_known(views, SERVER, 80, 1);
	g_assert_null(told(views, &fetch, 1, BEHAVIOUR_download));
}

static void
tells_no_download_from_a_peer_that_the_host_knew(void)
{
	g_autoptr(HostViews) views = known_host();
	struct exchange before = fetch;

	before.minute = 1;
	host_views_add(views, &before);
	g_assert_null(told(views, &fetch, 1, BEHAVIOUR_download));
}

static void
tells_no_download_where_much_was_asked(void)
{
	g_autoptr(HostViews) views = known_host();
	struct exchange page = fetch;

	page.out = 20000;
	g_assert_null(told(views, &page, 1, BEHAVIOUR_download));
}

static void
tells_no_download_of_a_page_with_many_parts(void)
{
	g_autoptr(HostViews) views = known_host();
	struct exchange parts[] = { fetch, fetch, fetch };

	g_assert_null(told(views, parts, G_N_ELEMENTS(parts), BEHAVIOUR_download));
}

static void
tells_a_report_after_a_download_with_both_peers(void)
{
	g_autoptr(HostViews) views = known_host();
	const struct exchange story[] = { fetch, report };
	const struct evidence *evidence =
		told(views, story, G_N_ELEMENTS(story), BEHAVIOUR_success_report);
	struct host_address panel = host_address_from_ipv4(PANEL),
			    server = host_address_from_ipv4(SERVER);

	g_assert_nonnull(evidence);
	g_assert_cmpfloat(evidence->measured, ==, 800);
	g_assert_true(host_address_equal(&evidence->peers[0].peer, &panel));
	g_assert_true(host_address_equal(&evidence->peers[1].peer, &server));
}

static void
tells_no_report_without_a_download(void)
{
	g_autoptr(HostViews) views = known_host();

	g_assert_null(told(views, &report, 1, BEHAVIOUR_success_report));
}

static void
tells_no_report_before_the_download(void)
{
	g_autoptr(HostViews) views = known_host();
	struct exchange story[] = { fetch, report };

	story[1].second = 5;
	g_assert_null(told(views, story, G_N_ELEMENTS(story), BEHAVIOUR_success_report));
}

static void
tells_no_report_long_after_the_download(void)
{
	g_autoptr(HostViews) views = known_host();
	struct exchange story[] = { fetch, report };

	story[0].minute = 16;
	g_assert_null(told(views, story, G_N_ELEMENTS(story), BEHAVIOUR_success_report));
}

static void
tells_no_report_that_got_more_than_it_gave(void)
{
	g_autoptr(HostViews) views = known_host();
	struct exchange story[] = { fetch, report };

	story[1].in = 5000;
	g_assert_null(told(views, story, G_N_ELEMENTS(story), BEHAVIOUR_success_report));
}

static void
tells_no_report_by_a_connection_that_was_there_before(void)
{
	g_autoptr(HostViews) views = known_host();
	struct exchange story[] = { fetch, report };

	story[1].goes_on = true;
	g_assert_null(told(views, story, G_N_ELEMENTS(story), BEHAVIOUR_success_report));
}

static void
tells_no_report_to_a_peer_that_was_met_on_another_port(void)
{
	g_autoptr(HostViews) views = known_host();
	struct exchange story[] = { report, fetch, report };

	story[0].minute = 2;
	story[0].port = 21;
	g_assert_null(told(views, story, G_N_ELEMENTS(story), BEHAVIOUR_success_report));
}

static void
tells_an_update_that_is_fetched_again(void)
{
	g_autoptr(HostViews) views = known_host();
	struct exchange fetches[] = { fetch, fetch };
	const struct evidence *evidence;

	fetches[0].minute = 14;
	evidence = told(views, fetches, G_N_ELEMENTS(fetches), BEHAVIOUR_update);
	g_assert_nonnull(evidence);
	g_assert_cmpfloat(evidence->measured, ==, 2);
}

static void
tells_no_update_of_one_fetch_that_goes_on(void)
{
	g_autoptr(HostViews) views = known_host();
	struct exchange fetches[] = { fetch, fetch };

	fetches[0].minute = 19;
	g_assert_null(told(views, fetches, G_N_ELEMENTS(fetches), BEHAVIOUR_update));
}

static void
tells_a_look_at_a_known_peer_before_a_novel_one(void)
{
	g_autoptr(HostViews) views = known_host();
	const struct exchange story[] = {
		{ .host = HOST,
		  .peer = 0x08080808,
		  .minute = 20,
		  .second = 5,
		  .out = 300,
		  .in = 500,
		  .port = 80 },
		fetch,
	};
	const struct evidence *evidence;

	host_views_make_known(views, 0x08080808, 80, 40);
	evidence = told(views, story, G_N_ELEMENTS(story), BEHAVIOUR_connectivity_check);
	g_assert_nonnull(evidence);
	g_assert_cmpfloat(evidence->measured, ==, 1);
	g_assert_cmpuint(evidence->peer_count, ==, 2);
}

static void
tells_queries_at_a_resolver_of_one_s_own(void)
{
	g_autoptr(HostViews) views = known_host();
	struct exchange query = { .host = HOST,
		                  .peer = RESOLVER,
		                  .minute = 20,
		                  .out = 60,
		                  .in = 120,
		                  .port = 53,
		                  .protocol = 17 };
	struct exchange queries[] = { query, query, query, query };
	const struct evidence *evidence;

	host_views_make_known(views, RESOLVER, 53, 20);
	for (size_t i = 1; i < G_N_ELEMENTS(queries); i++) {
		queries[i].peer = SERVER;
		queries[i].second = (unsigned)i;
	}
	evidence = told(views, queries, G_N_ELEMENTS(queries), BEHAVIOUR_resolver_deviation);
	g_assert_nonnull(evidence);
	g_assert_cmpfloat(evidence->measured, ==, 3);
	g_assert_cmpuint(evidence->peers[0].port, ==, 53);
}

static void
lets_a_host_without_a_usual_resolver_choose(void)
{
	g_autoptr(HostViews) views = known_host();
	struct exchange query = { .host = HOST,
		                  .peer = SERVER,
		                  .minute = 20,
		                  .out = 60,
		                  .in = 120,
		                  .port = 53,
		                  .protocol = 17 };
	const struct exchange queries[] = { query, query, query };

	g_assert_null(told(views, queries, G_N_ELEMENTS(queries), BEHAVIOUR_resolver_deviation));
}

#define ADD(name) g_test_add_func("/contact_expert/" #name, name)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(names_the_server_and_the_octets_of_a_download);
	ADD(tells_no_download_from_a_peer_that_others_know);
	ADD(tells_no_download_from_a_peer_that_the_host_knew);
	ADD(tells_no_download_where_much_was_asked);
	ADD(tells_no_download_of_a_page_with_many_parts);
	ADD(tells_a_report_after_a_download_with_both_peers);
	ADD(tells_no_report_without_a_download);
	ADD(tells_no_report_before_the_download);
	ADD(tells_no_report_long_after_the_download);
	ADD(tells_no_report_that_got_more_than_it_gave);
	ADD(tells_no_report_by_a_connection_that_was_there_before);
	ADD(tells_no_report_to_a_peer_that_was_met_on_another_port);
	ADD(tells_an_update_that_is_fetched_again);
	ADD(tells_no_update_of_one_fetch_that_goes_on);
	ADD(tells_a_look_at_a_known_peer_before_a_novel_one);
	ADD(tells_queries_at_a_resolver_of_one_s_own);
	ADD(lets_a_host_without_a_usual_resolver_choose);
	return g_test_run();
}
