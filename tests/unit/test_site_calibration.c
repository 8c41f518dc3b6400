#include <glib.h>
#include <math.h>
#include <string.h>

#include "detector/site_calibration.h"

static void
add(SiteCalibration *site, uint32_t host, double value)
{
	struct assessment assessment = { .host = host_address_from_ipv4(host),
		                         .evidence_count = 1 };

	assessment.evidence[0] =
		(struct evidence){ .behaviour = BEHAVIOUR_traffic_pattern, .measured = value };
	site_calibration_add(site, &assessment);
}

/* `hosts` with 20 windows each, their values evenly spread over 0 to 1. */
static SiteCalibration *
quiet_site(uint32_t hosts)
{
	SiteCalibration *site = site_calibration_new();

	for (uint32_t host = 0; host < hosts; host++) {
		for (uint32_t i = 0; i < 20; i++)
			add(site, host, (double)((host * 7 + i * 31) % 100) / 100);
	}
	return site;
}

static struct tail
pattern_by(const SiteCalibration *site, const struct calibration *known)
{
	struct calibration calibration = { 0 };

	g_assert_true(site_calibration_make(site, known, &calibration));
	return calibration.tails[BEHAVIOUR_traffic_pattern];
}

/* Where nothing is known from elsewhere. */
static struct tail
pattern(const SiteCalibration *site)
{
	const struct calibration none = { 0 };

	return pattern_by(site, &none);
}

/* Windows evenly spread over 0 to `most`. */
static struct calibration
known_from_elsewhere(double most)
{
	struct calibration known = { .alarms = { 4.6, 50, 20, 0.8 } };
	double values[100];

	for (int i = 0; i < 100; i++)
		values[i] = most * i / 100.0;
	known.tails[BEHAVIOUR_traffic_pattern] = tail_of(values, 100);
	return known;
}

static void
is_not_blinded_by_two_in_a_hundred_hosts(void)
{
	g_autoptr(SiteCalibration) clean = quiet_site(98);
	g_autoptr(SiteCalibration) mixed = quiet_site(98);
	struct tail before = pattern(clean), after;

	for (int i = 0; i < 1000; i++) {
		add(mixed, 5000, 50 + i);
		add(mixed, 5001, 80 + i);
	}
	after = pattern(mixed);
	g_assert_cmpfloat_with_epsilon(tail_value(&after, 9), tail_value(&before, 9), 0.02);
	g_assert_cmpfloat(tail_evidence(&after, 50), ==, EVIDENCE_MOST);
}

static void
is_hardly_moved_by_one_infected_host_in_ten(void)
{
	struct calibration known = known_from_elsewhere(1);
	g_autoptr(SiteCalibration) clean = quiet_site(90);
	g_autoptr(SiteCalibration) mixed = quiet_site(90);
	struct tail before = pattern_by(clean, &known), after;

	for (uint32_t host = 0; host < 10; host++) {
		for (int i = 0; i < 20; i++)
			add(mixed, 5000 + host, 50 + i);
	}
	after = pattern_by(mixed, &known);
	g_assert_cmpfloat_with_epsilon(before.factor, 1, 0.1);
	g_assert_cmpfloat(after.factor, <, 1.4 * before.factor);
	g_assert_cmpfloat(after.factor, >, before.factor);
}

static void
goes_by_the_site_the_more_hosts_it_has(void)
{
	/* Of the site's windows two in five pass what one in five passes elsewhere. */
	struct calibration known = known_from_elsewhere(0.75);
	g_autoptr(SiteCalibration) few = quiet_site(25);
	g_autoptr(SiteCalibration) many = quiet_site(900);
	struct tail by_few = pattern_by(few, &known), by_many = pattern_by(many, &known);

	g_assert_cmpfloat_with_epsilon(log(by_few.factor) / log(by_many.factor), 0.2 / 0.9, 0.03);
	g_assert_cmpfloat_with_epsilon(log(by_many.factor), 0.9 * log(2), 0.1);
}

static void
counts_no_host_for_more_than_its_share(void)
{
	g_autoptr(SiteCalibration) site = quiet_site(40);
	struct tail tail;

	/* Of two that are always there, one is left out and the other has 32 windows. */
	for (int i = 0; i < 100000; i++) {
		add(site, 6000, 0.97);
		add(site, 6001, 0.97);
	}
	tail = pattern(site);
	g_assert_cmpuint(site_calibration_windows(site), ==, 800 + 200000);
	g_assert_cmpuint(tail.count, <, 900);
	g_assert_cmpfloat_with_epsilon(tail.quantiles[TAIL_QUANTILES / 2], 0.5, 0.1);
}

static void
refuses_too_little(void)
{
	g_autoptr(SiteCalibration) few_windows = quiet_site(14);
	g_autoptr(SiteCalibration) few_hosts = quiet_site(SITE_CALIBRATION_HOSTS_LEAST - 1);
	g_autoptr(SiteCalibration) enough = quiet_site(SITE_CALIBRATION_HOSTS_LEAST);
	const struct calibration none = { 0 };
	struct calibration calibration = { 0 };

	g_assert_false(site_calibration_make(few_windows, &none, &calibration));
	g_assert_false(site_calibration_make(few_hosts, &none, &calibration));
	g_assert_cmpuint(calibration.tails[BEHAVIOUR_traffic_pattern].count, ==, 0);
	g_assert_true(site_calibration_make(enough, &none, &calibration));
	site_calibration_clear(enough);
	g_assert_false(site_calibration_make(enough, &none, &calibration));
}

static void
gives_the_same_for_the_same_windows(void)
{
	g_autoptr(SiteCalibration) one = quiet_site(50);
	g_autoptr(SiteCalibration) two = quiet_site(50);
	struct tail a = pattern(one), b = pattern(two);

	g_assert_cmpmem(&a, sizeof(a), &b, sizeof(b));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/site_calibration/is_not_blinded_by_two_in_a_hundred_hosts",
	                is_not_blinded_by_two_in_a_hundred_hosts);
	g_test_add_func("/site_calibration/is_hardly_moved_by_one_infected_host_in_ten",
	                is_hardly_moved_by_one_infected_host_in_ten);
	g_test_add_func("/site_calibration/goes_by_the_site_the_more_hosts_it_has",
	                goes_by_the_site_the_more_hosts_it_has);
	g_test_add_func("/site_calibration/counts_no_host_for_more_than_its_share",
	                counts_no_host_for_more_than_its_share);
	g_test_add_func("/site_calibration/refuses_too_little", refuses_too_little);
	g_test_add_func("/site_calibration/gives_the_same_for_the_same_windows",
	                gives_the_same_for_the_same_windows);
	return g_test_run();
}
