#include <glib.h>
#include <math.h>

#include "detector/exchange_features.h"
#include "detector/feature_vector.h"
#include "tests/support/host_views.h"

enum {
	HOST = 0x0a000001,
	PAGE = 0xc6336401,
	SERVER = 0xcb007101,
	RESOLVER = 0x0a000035,
	FOREIGN_RESOLVER = 0x08080808,
	NOW = 20,
	UDP = 17,
};

static double
feature(const struct host_view *view, const char *name)
{
	static double values[FEATURE_COUNT];
	size_t index = feature_find(name);
	struct feature_choice choice;

	g_assert_cmpuint(index, <, FEATURE_COUNT);
	choice = feature_choice_of(&index, 1);
	feature_vector_compute(view, &choice, values);
	return values[index];
}

static void
assert_near(double value, double expected)
{
	g_assert_cmpfloat(fabs(value - expected), <, 1e-9);
}

/* `count` of the same, `every` seconds from each other, the last of them at the last second of
 * minute NOW. */
static void
add_every(HostViews *views, struct exchange exchange, unsigned count, unsigned every)
{
	for (unsigned i = 0; i < count; i++) {
		unsigned second = NOW * 60 + 59 - i * every;

		exchange.minute = second / 60;
		exchange.second = second % 60;
		host_views_add(views, &exchange);
	}
}

static void
add_at(HostViews *views, const struct exchange *exchange, uint32_t minute, unsigned second)
{
	struct exchange at = *exchange;

	at.minute = minute;
	at.second = second;
	host_views_add(views, &at);
}

static const struct exchange poll = {
	.host = HOST, .peer = SERVER, .port = 443, .out = 900, .in = 300
};
static const struct exchange page = {
	.host = HOST, .peer = PAGE, .port = 80, .out = 400, .in = 9900
};
static const struct exchange irc = {
	.host = HOST, .peer = SERVER, .port = 6667, .out = 100, .in = 100
};
static const struct exchange look_up = {
	.host = HOST, .peer = RESOLVER, .port = 53, .out = 60, .in = 180, .protocol = UDP
};
static const struct exchange foreign = {
	.host = HOST, .peer = FOREIGN_RESOLVER, .port = 53, .out = 60, .protocol = UDP
};

static void
measures_intervals_of_conversations_by_class(void)
{
	g_autoptr(HostViews) views = host_views_new();
	const struct host_view *view;

	add_every(views, poll, 10, 30); /* nine intervals in 270 s */
	view = host_views_at(views, HOST, NOW);
	assert_near(feature(view, "talk_gap_60"), 1);
	assert_near(feature(view, "talk_gap_15"), 0);
	assert_near(feature(view, "talk_gap_mean"), 3.434); /* ln 31 */
	assert_near(feature(view, "talk_gap_spread"), 0);
	assert_near(feature(view, "talk_regular"), 1);
}

static void
looks_only_at_intervals_that_ended_of_late(void)
{
	g_autoptr(HostViews) views = host_views_new();

	add_at(views, &poll, 10, 0);
	add_at(views, &poll, 10, 10);
	add_at(views, &poll, NOW, 0);
	add_at(views, &poll, NOW, 2);
	assert_near(feature(host_views_at(views, HOST, NOW), "talk_gap_2"), 0.5);
	assert_near(feature(host_views_at(views, HOST, NOW), "talk_gap_300"), 0);
}

static void
takes_what_comes_at_an_active_timeout_for_no_beacon(void)
{
	g_autoptr(HostViews) cut = host_views_new();
	g_autoptr(HostViews) other = host_views_new();

	add_every(cut, poll, 12, 60);
	add_every(other, poll, 12, 55);
	assert_near(feature(host_views_at(cut, HOST, NOW), "talk_regular"), 0);
	assert_near(feature(host_views_at(cut, HOST, NOW), "beacon_most"), 1);
	assert_near(feature(host_views_at(other, HOST, NOW), "talk_regular"), 1);
	g_assert_true(is_active_timeout(299));
	g_assert_false(is_active_timeout(297));
}

static void
tells_who_gives_more_in_a_conversation(void)
{
	g_autoptr(HostViews) views = host_views_new();
	const struct host_view *view;

	add_every(views, poll, 2, 10);
	add_every(views, page, 2, 10);
	view = host_views_at(views, HOST, NOW);
	assert_near(feature(view, "talk_push_share"), 0.5);
	assert_near(feature(view, "talk_asymmetry"), (log(1900 / 700.0) + log(19900 / 900.0)) / 2);
}

static void
measures_how_sizes_change_from_minute_to_minute(void)
{
	g_autoptr(HostViews) views = host_views_new();
	struct exchange large = poll;

	add_at(views, &poll, NOW - 1, 5);
	add_at(views, &poll, NOW, 5);
	assert_near(feature(host_views_at(views, HOST, NOW), "talk_size_spread"), 0);
	large.in += 10000;
	add_at(views, &large, NOW + 1, 5);
	g_assert_cmpfloat(feature(host_views_at(views, HOST, NOW + 1), "talk_size_spread"), >, 0.9);
}

static void
follows_one_kind_of_service_after_another(void)
{
	g_autoptr(HostViews) views = host_views_new();
	const struct host_view *view;

	add_at(views, &look_up, NOW, 1);
	add_at(views, &page, NOW, 1);
	add_at(views, &irc, NOW, 9);
	add_at(views, &irc, NOW, 30);
	add_at(views, &irc, NOW, 50);
	view = host_views_at(views, HOST, NOW);
	assert_near(feature(view, "step_unlike"), 0.5);
	assert_near(feature(view, "step_dns_web"), 0.25);
	assert_near(feature(view, "step_web_other"), 0.25);
	assert_near(feature(view, "step_other_other"), 0.5);
	assert_near(feature(view, "step_entropy"), 1.5);
	assert_near(feature(view, "step_new_kinds"), 3);
}

static void
calls_no_kind_new_that_the_history_has(void)
{
	g_autoptr(HostViews) views = host_views_new();

	add_at(views, &page, 1, 1);
	add_at(views, &page, NOW, 1);
	add_at(views, &irc, NOW, 2);
	assert_near(feature(host_views_at(views, HOST, NOW), "step_new_kinds"), 1);
}

static void
tells_first_contacts_without_a_look_up(void)
{
	g_autoptr(HostViews) views = host_views_new();

	add_at(views, &look_up, NOW, 10);
	add_at(views, &page, NOW, 13);
	add_at(views, &irc, NOW, 14);
	assert_near(feature(host_views_at(views, HOST, NOW), "step_unnamed_share"), 0.5);
	g_clear_pointer(&views, host_views_free);
	views = host_views_new();
	add_at(views, &page, 1, 0); /* known already */
	add_at(views, &page, NOW, 30);
	add_at(views, &irc, NOW, 31);
	assert_near(feature(host_views_at(views, HOST, NOW), "step_unnamed_share"), 1);
}

static void
tells_resolvers_that_are_not_the_usual_one(void)
{
	g_autoptr(HostViews) views = host_views_new();
	const struct host_view *view;

	host_views_make_known(views, RESOLVER, 53, 40);
	add_every(views, look_up, 3, 200);
	add_every(views, foreign, 1, 1);
	view = host_views_at(views, HOST, NOW);
	assert_near(feature(view, "resolver_count"), log(3));
	assert_near(feature(view, "resolver_rare"), log(2));
	assert_near(feature(view, "resolver_deviation"), 1 / 3.0);
	assert_near(feature(view, "resolver_silent_share"), 0.5);
	assert_near(feature(view, "resolver_octets_out"), log(61));
	assert_near(feature(view, "resolver_octets_in"), log(1 + 360 / 3.0));
	assert_near(feature(view, "resolver_rise"), log(4 / (1 / 5.0 + 1)));
}

static void
finds_the_wave_of_what_begins_after_silence(void)
{
	static const char *const names[] = { "wave_total", "wave_small", "wave_failing" };
	g_autoptr(HostViews) views = host_views_new();
	struct exchange probe = poll;
	const struct host_view *view;

	probe.small = true;
	probe.in = 0;
	add_every(views, probe, 14, 20);
	view = host_views_at(views, HOST, NOW);
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		assert_near(feature(view, names[i]), 1);
	assert_near(feature(view, "wave_small_height"), 1);
}

static void
finds_no_wave_without_silence(void)
{
	g_autoptr(HostViews) views = host_views_new();

	add_every(views, poll, 60, 4);
	assert_near(feature(host_views_at(views, HOST, NOW), "wave_total"), 0);
}

static void
tells_backscatter_and_cut_flows_by_records(void)
{
	g_autoptr(HostViews) views = host_views_new();
	struct host_window windows[HOST_WINDOWS] = { 0 };
	struct host_bin *total = &windows[HOST_WINDOW_5].total;
	struct host_view view;

	add_at(views, &poll, NOW, 1);
	view = *host_views_at(views, HOST, NOW);
	view.windows = windows;
	total->records[HOST_OUT] = 20;
	total->records[HOST_IN] = 80;
	total->unsolicited_answers[0] = 60;
	total->continuation_records[0] = 10;
	assert_near(feature(&view, "backscatter_share"), 0.75);
	assert_near(feature(&view, "cut_share"), 0.1);
}

/* Every row is finite and zero for a host that begins nothing. */
static void
knows_nothing_of_a_host_that_asks_nobody(void)
{
	g_autoptr(HostViews) views = host_views_new();
	const struct exchange call = {
		.host = HOST, .peer = PAGE, .port = 22, .out = 10, .in = 10, .called = true
	};
	const struct host_view *view;

	add_at(views, &call, NOW, 1);
	view = host_views_at(views, HOST, NOW);
	for (size_t i = feature_find("wave_total"); i < FEATURE_COUNT; i++)
		assert_near(feature(view, feature_name(i)), 0);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/exchange_features/" #name, name)
	TEST(measures_intervals_of_conversations_by_class);
	TEST(looks_only_at_intervals_that_ended_of_late);
	TEST(takes_what_comes_at_an_active_timeout_for_no_beacon);
	TEST(tells_who_gives_more_in_a_conversation);
	TEST(measures_how_sizes_change_from_minute_to_minute);
	TEST(follows_one_kind_of_service_after_another);
	TEST(calls_no_kind_new_that_the_history_has);
	TEST(tells_first_contacts_without_a_look_up);
	TEST(tells_resolvers_that_are_not_the_usual_one);
	TEST(finds_the_wave_of_what_begins_after_silence);
	TEST(finds_no_wave_without_silence);
	TEST(tells_backscatter_and_cut_flows_by_records);
	TEST(knows_nothing_of_a_host_that_asks_nobody);
	return g_test_run();
}
