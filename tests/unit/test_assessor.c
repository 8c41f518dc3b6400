#include <glib.h>
#include <math.h>
#include <string.h>

#include "detector/assessor.h"
#include "detector/feature_vector.h"

enum { MINUTE = 1000, KEY = 7, SMB = 445, HTTP = 80 };

static const struct assessor_config experts_only = {
	.model_path = "",
	.calibration_path = "",
	.sketch_key = KEY,
	.hosts_max = 100,
	.history_minutes = 15,
	.alarms_per_1000_host_days = 100,
};

/* A part in which the host began a flow to each of `peers` peers' `port`, and these answered or
 * not. */
static struct ring_bin
part_of(uint32_t host, uint32_t minute, uint32_t peers, uint16_t port, bool answered)
{
	struct host_address address = host_address_from_ipv4(host);
	struct ring_bin part = { .export_ms = (int64_t)minute * HOST_BIN_MS + 10000 };

	host_bin_init(&part.bin, &address, minute);
	host_bin_extension_init(&part.extension);
	host_bin_extend(&part.bin, &part.extension, KEY);
	part.bin.exporters[0] = 1;
	part.bin.directions[0] = 3;
	part.bin.flows[HOST_OUT] = peers;
	part.bin.protocol_flows[HOST_TCP] = peers;
	part.bin.packets[HOST_OUT] = peers;
	part.bin.packets[HOST_IN] = answered ? peers : 0;
	part.bin.octets[HOST_OUT] = (uint64_t)peers * 60;
	for (uint32_t i = 0; i < peers; i++) {
		struct host_touch touch = { .peer = host_address_from_ipv4(0xc0000200u + i),
			                    .octets = 60,
			                    .port = port,
			                    .kinds = TOUCH_SENT | TOUCH_BEGUN |
			                             (answered ? TOUCH_HEARD : 0),
			                    .protocol = 6 };

		host_bin_touch(&part.bin, &part.extension, &touch, KEY);
	}
	return part;
}

static void
advance(Assessor *assessor, int64_t export_ms, bool finish)
{
	struct ring_watermark watermark = { .export_ms = export_ms,
		                            .least_ms = export_ms,
		                            .exporters = 1 };

	assessor_advance(assessor, &watermark, finish);
}

static void
finds_a_scan_before_its_minute_is_over(void)
{
	g_autoptr(Assessor) assessor = assessor_new(&experts_only, NULL);
	struct ring_bin part = part_of(1, MINUTE, 40, SMB, false);
	const struct assessment *assessment;

	assessor_add(assessor, &part);
	advance(assessor, part.export_ms, false);
	assessment = assessor_next(assessor);
	g_assert_nonnull(assessment);
	g_assert_true(assessment->early);
	g_assert_cmpint(assessment->evidence[0].behaviour, ==, BEHAVIOUR_horizontal_scan);
	g_assert_cmpfloat_with_epsilon(assessment->evidence[0].measured, 40, 5);
	g_assert_cmpfloat(assessment->score, >, 0.8);
	g_assert_cmpuint(assessment->evidence[0].peer_count, ==, EVIDENCE_PEERS);
	g_assert_cmpint(assessment->time_ms, ==, part.export_ms);
	g_assert_null(assessor_next(assessor));
}

static void
keeps_quiet_while_peers_answer(void)
{
	g_autoptr(Assessor) assessor = assessor_new(&experts_only, NULL);
	struct ring_bin part = part_of(1, MINUTE, 40, SMB, true);

	assessor_add(assessor, &part);
	advance(assessor, part.export_ms, false);
	g_assert_null(assessor_next(assessor));
}

static void
takes_an_answer_that_comes_in_a_later_part(void)
{
	g_autoptr(Assessor) assessor = assessor_new(&experts_only, NULL);
	struct ring_bin asked = part_of(1, MINUTE, 40, SMB, false),
			answered = part_of(1, MINUTE, 40, SMB, true);

	assessor_add(assessor, &asked);
	assessor_add(assessor, &answered);
	advance(assessor, asked.export_ms, true);
	g_assert_cmpfloat(assessor_next(assessor)->score, <, 0.1);
}

static void
lets_web_clients_have_more_silent_peers(void)
{
	g_autoptr(Assessor) assessor = assessor_new(&experts_only, NULL);
	struct ring_bin part = part_of(1, MINUTE, 40, HTTP, false);

	assessor_add(assessor, &part);
	advance(assessor, part.export_ms, true);
	g_assert_cmpfloat(assessor_next(assessor)->score, <, 0.5);
}

static void
judges_each_minute_once_and_in_order(void)
{
	g_autoptr(Assessor) assessor = assessor_new(&experts_only, NULL);
	const struct assessment *assessment;
	int64_t end_ms = (MINUTE + 2) * (int64_t)HOST_BIN_MS;

	for (uint32_t host = 3; host > 0; host--) {
		for (uint32_t minute = MINUTE + 1; minute >= MINUTE; minute--) {
			struct ring_bin part = part_of(host, minute, 5, HTTP, true);

			assessor_add(assessor, &part);
		}
	}
	advance(assessor, end_ms + 60000, false);
	for (uint32_t i = 0; i < 6; i++) {
		struct host_address host = host_address_from_ipv4(1 + i % 3);

		assessment = assessor_next(assessor);
		g_assert_nonnull(assessment);
		g_assert_cmpint(assessment->bin_end_ms, ==, end_ms - (i < 3 ? HOST_BIN_MS : 0));
		g_assert_true(host_address_equal(&assessment->host, &host));
		g_assert_true(assessment->enough == (i >= 3) || i < 3);
		g_assert_cmpuint(assessment->feature_count, ==, FEATURE_COUNT);
	}
	g_assert_null(assessor_next(assessor));
	advance(assessor, end_ms + 120000, true);
	g_assert_null(assessor_next(assessor));
}

/* Six packets a minute: not enough to be judged by, but in the window of five minutes. */
static void
takes_what_comes_again_as_a_past_without_judging_it(void)
{
	enum { JUDGED = MINUTE + 2 };
	g_autoptr(Assessor) assessor = assessor_new(&experts_only, NULL);
	const struct assessment *assessment;

	for (uint32_t minute = MINUTE; minute <= MINUTE + 3; minute++) {
		struct ring_bin part = part_of(1, minute, 3, HTTP, true);

		assessor_add_again(assessor, &part, JUDGED);
		advance(assessor, part.export_ms, false);
		g_assert_null(assessor_next(assessor));
	}
	advance(assessor, ((int64_t)MINUTE + 5) * HOST_BIN_MS, true);
	assessment = assessor_next(assessor);
	g_assert_nonnull(assessment);
	g_assert_cmpint(assessment->bin_end_ms, ==, ((int64_t)MINUTE + 4) * HOST_BIN_MS);
	g_assert_true(assessment->enough);
	g_assert_null(assessor_next(assessor));
}

static void
waits_for_the_clock_of_the_host_s_own_exporter(void)
{
	g_autoptr(Assessor) assessor = assessor_new(&experts_only, NULL);
	struct ring_bin part = part_of(1, MINUTE, 5, HTTP, true);
	int64_t end_ms = (MINUTE + 1) * (int64_t)HOST_BIN_MS;
	struct ring_watermark watermark = { .export_ms = end_ms + 3600000,
		                            .least_ms = end_ms - 1000 };

	assessor_add(assessor, &part);
	assessor_advance(assessor, &watermark, false);
	g_assert_null(assessor_next(assessor));
	part = part_of(2, MINUTE + 1, 5, HTTP, true); /* the same exporter, half a minute on */
	part.export_ms = end_ms + 30000;
	assessor_add(assessor, &part);
	assessor_advance(assessor, &watermark, false);
	g_assert_cmpint(assessor_next(assessor)->bin_end_ms, ==, end_ms);
}

static void
gives_finite_features_for_an_empty_bin(void)
{
	g_autoptr(Assessor) assessor = assessor_new(&experts_only, NULL);
	struct ring_bin part = part_of(1, MINUTE, 0, HTTP, true);
	const struct assessment *assessment;

	assessor_add(assessor, &part);
	advance(assessor, part.export_ms, true);
	assessment = assessor_next(assessor);
	g_assert_false(assessment->enough);
	for (size_t i = 0; i < assessment->feature_count; i++)
		g_assert_true(isfinite(assessment->features[i]));
}

static bool
shows_a_pattern(const struct ring_bin *part)
{
	struct assessor_config config = experts_only;
	g_autoptr(GError) error = NULL;
	g_autoptr(Assessor) assessor = NULL;
	const struct assessment *assessment;

	config.model_path = NULL; /* the shipped one */
	assessor = assessor_new(&config, &error);
	g_assert_no_error(error);
	assessor_add(assessor, part);
	advance(assessor, part->export_ms, true);
	assessment = assessor_next(assessor);
	g_assert_true(assessment->enough);
	for (size_t i = 0; i < assessment->evidence_count; i++) {
		if (assessment->evidence[i].behaviour == BEHAVIOUR_traffic_pattern)
			return true;
	}
	return false;
}

static void
asks_no_model_for_what_it_cannot_see(void)
{
	struct ring_bin whole = part_of(1, MINUTE, 40, HTTP, true), one_way = whole,
			sampled = whole;

	whole.bin.directions[0] = 3;
	one_way.bin.directions[0] = 1;
	sampled.bin.directions[0] = 3;
	sampled.bin.sampling_interval[0] = 10;
	g_assert_true(shows_a_pattern(&whole));
	g_assert_false(shows_a_pattern(&one_way));
	g_assert_false(shows_a_pattern(&sampled));
}

static void
names_the_missing_model(void)
{
	g_autoptr(GError) error = NULL;
	struct assessor_config config = experts_only;

	config.model_path = "/nonexistent/a.model";
	g_assert_null(assessor_new(&config, &error));
	g_assert_nonnull(strstr(error->message, "/nonexistent/a.meta"));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/assessor/finds_a_scan_before_its_minute_is_over",
	                finds_a_scan_before_its_minute_is_over);
	g_test_add_func("/assessor/keeps_quiet_while_peers_answer", keeps_quiet_while_peers_answer);
	g_test_add_func("/assessor/takes_an_answer_that_comes_in_a_later_part",
	                takes_an_answer_that_comes_in_a_later_part);
	g_test_add_func("/assessor/lets_web_clients_have_more_silent_peers",
	                lets_web_clients_have_more_silent_peers);
	g_test_add_func("/assessor/judges_each_minute_once_and_in_order",
	                judges_each_minute_once_and_in_order);
	g_test_add_func("/assessor/takes_what_comes_again_as_a_past_without_judging_it",
	                takes_what_comes_again_as_a_past_without_judging_it);
	g_test_add_func("/assessor/waits_for_the_clock_of_the_host_s_own_exporter",
	                waits_for_the_clock_of_the_host_s_own_exporter);
	g_test_add_func("/assessor/gives_finite_features_for_an_empty_bin",
	                gives_finite_features_for_an_empty_bin);
	g_test_add_func("/assessor/asks_no_model_for_what_it_cannot_see",
	                asks_no_model_for_what_it_cannot_see);
	g_test_add_func("/assessor/names_the_missing_model", names_the_missing_model);
	return g_test_run();
}
