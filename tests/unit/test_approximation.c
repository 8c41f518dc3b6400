/* How near an approximation comes: figures worked out by hand. */
#include <glib.h>
#include <math.h>

#include "tools/kenchi/approximation.h"

static const double tiny = 1e-12;

static void
is_zero_between_equal_shares(void)
{
	const uint64_t truth[] = { 1, 2, 3 };
	const uint64_t tenfold[] = { 10, 20, 30 };
	const uint64_t none[] = { 0, 0, 0 };

	g_assert_cmpfloat_with_epsilon(approximation_distance(truth, tenfold, 3), 0, tiny);
	g_assert_cmpfloat(approximation_distance(none, none, 3), ==, 0);
}

static void
sums_the_differences_of_the_shares(void)
{
	const uint64_t truth[] = { 5, 3, 2 };
	const uint64_t other[] = { 1, 0, 3 };

	/* .5 .3 .2 against .25 0 .75 */
	g_assert_cmpfloat_with_epsilon(approximation_distance(truth, other, 3), 1.1, tiny);
}

static void
is_two_where_nothing_is_in_common(void)
{
	const uint64_t truth[] = { 5, 0 };
	const uint64_t other[] = { 0, 9 };
	const uint64_t none[] = { 0, 0 };

	g_assert_cmpfloat(approximation_distance(truth, other, 2), ==, 2);
	g_assert_cmpfloat(approximation_distance(truth, none, 2), ==, 2);
}

static void
correlates_as_worked_out_by_hand(void)
{
	const double truth[] = { 1, 2, 3, 4 };
	const double twice[] = { 12, 14, 16, 18 };
	const double against[] = { 4, 3, 2, 1 };
	const double other[] = { 1, 3, 2, 4 };
	const double same[] = { 7, 7, 7, 7 };

	g_assert_cmpfloat_with_epsilon(approximation_correlation(truth, twice, 4), 1, tiny);
	g_assert_cmpfloat_with_epsilon(approximation_correlation(truth, against, 4), -1, tiny);
	g_assert_cmpfloat_with_epsilon(approximation_correlation(truth, other, 4), 0.8, tiny);
	g_assert_cmpfloat(approximation_correlation(truth, same, 4), ==, 0);
}

/* Minute 10: 20 small packets out, 20 large ones in; minute 11: too few to count. */
static HostTraffic *
make_truth(void)
{
	HostTraffic *truth = host_traffic_new();

	host_traffic_minute(truth, 10)->packets[HOST_OUT][1] = 20;
	host_traffic_minute(truth, 10)->packets[HOST_IN][7] = 20;
	host_traffic_minute(truth, 11)->packets[HOST_OUT][3] = 9;
	for (int64_t second = 600; second < 605; second++) {
		host_traffic_add_octets(truth, second, HOST_OUT, 100);
		host_traffic_add_octets(truth, second, HOST_IN, 1000 * (uint64_t)(second - 599));
	}
	return truth;
}

static void
compares_directions_alone_and_together(void)
{
	g_autoptr(HostTraffic) truth = make_truth();
	g_autoptr(HostTraffic) other = host_traffic_new();
	struct approximation_error error = { 0 };

	/* Sent: right.  Received: half in a class of its own, right among three. */
	host_traffic_minute(other, 10)->packets[HOST_OUT][1] = 20;
	host_traffic_minute(other, 10)->packets[HOST_IN][7] = 10;
	host_traffic_minute(other, 10)->packets[HOST_IN][6] = 10;
	approximation_compare(truth, other, &error);
	for (int side = 0; side < SIDES; side++) {
		g_assert_cmpuint(error.three[side].count, ==, 1);
		g_assert_cmpfloat(error.three[side].sum, ==, 0);
	}
	g_assert_cmpfloat(error.eight[SIDE_OUT].sum, ==, 0);
	g_assert_cmpfloat_with_epsilon(error.eight[SIDE_IN].sum, 1, tiny);
	g_assert_cmpfloat_with_epsilon(error.eight[SIDE_BOTH].sum, 0.5, tiny);
}

static void
correlates_the_seconds_of_five_minutes(void)
{
	g_autoptr(HostTraffic) truth = make_truth();
	struct approximation_error same = { 0 };
	struct approximation_error nothing = { 0 };
	g_autoptr(HostTraffic) empty = host_traffic_new();

	approximation_compare(truth, truth, &same);
	approximation_compare(truth, empty, &nothing);
	for (int side = 0; side < SIDES; side++) {
		g_assert_cmpuint(same.correlation[side].count, ==, 1);
		g_assert_cmpfloat_with_epsilon(same.correlation[side].sum, 1, tiny);
		g_assert_cmpuint(nothing.correlation[side].count, ==, 1);
		g_assert_cmpfloat(nothing.correlation[side].sum, ==, 0);
	}
	g_assert_cmpfloat(nothing.three[SIDE_BOTH].sum, ==, 2);
}

static void
leaves_windows_with_little_traffic_out(void)
{
	g_autoptr(HostTraffic) truth = host_traffic_new();
	struct approximation_error error = { 0 };

	for (int64_t second = 0; second < 4; second++)
		host_traffic_add_octets(truth, second, HOST_OUT, 1);
	approximation_compare(truth, truth, &error);
	g_assert_cmpuint(error.correlation[SIDE_OUT].count, ==, 0);
	g_assert_true(isnan(approximation_mean(&error.correlation[SIDE_OUT])));
	host_traffic_add_octets(truth, 4, HOST_OUT, 1);
	host_traffic_add_octets(truth, 300, HOST_OUT, 1);
	approximation_compare(truth, truth, &error);
	g_assert_cmpuint(error.correlation[SIDE_OUT].count, ==, 1);
}

static void
adds_up_what_several_captures_gave(void)
{
	struct approximation_error sum = { 0 };
	const struct approximation_error one = { .three[SIDE_IN] = { 1.0, 2 } };
	const struct approximation_error other = { .three[SIDE_IN] = { 0.5, 1 } };

	approximation_add(&sum, &one);
	approximation_add(&sum, &other);
	g_assert_cmpfloat_with_epsilon(approximation_mean(&sum.three[SIDE_IN]), 0.5, tiny);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/approximation/is_zero_between_equal_shares",
	                is_zero_between_equal_shares);
	g_test_add_func("/approximation/sums_the_differences_of_the_shares",
	                sums_the_differences_of_the_shares);
	g_test_add_func("/approximation/is_two_where_nothing_is_in_common",
	                is_two_where_nothing_is_in_common);
	g_test_add_func("/approximation/correlates_as_worked_out_by_hand",
	                correlates_as_worked_out_by_hand);
	g_test_add_func("/approximation/compares_directions_alone_and_together",
	                compares_directions_alone_and_together);
	g_test_add_func("/approximation/correlates_the_seconds_of_five_minutes",
	                correlates_the_seconds_of_five_minutes);
	g_test_add_func("/approximation/leaves_windows_with_little_traffic_out",
	                leaves_windows_with_little_traffic_out);
	g_test_add_func("/approximation/adds_up_what_several_captures_gave",
	                adds_up_what_several_captures_gave);
	return g_test_run();
}
