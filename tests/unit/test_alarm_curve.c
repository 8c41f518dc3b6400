#include <glib.h>

#include "tools/train/alarm_curve.h"

static const struct alarm_tail tail = { 4.605, 52, 17.5, 0.75 };

static void
add(GArray *hosts, enum host_role role, double before, double after, double experts)
{
	struct alarm_host host = { .role = role,
		                   .tail = &tail,
		                   .after = { after, experts },
		                   .before = { before, 0 },
		                   .days = 0.5 };

	g_array_append_val(hosts, host);
}

static void
counts_who_is_found_and_who_is_wrongly_flagged_at_each_wish(void)
{
	g_autoptr(GArray) hosts = g_array_new(FALSE, FALSE, sizeof(struct alarm_host));
	struct alarm_point points[ALARM_POINTS];

	add(hosts, ROLE_CLEAN, -1, 7, 0);          /* flagged at 500 wished */
	add(hosts, ROLE_BENIGN_IMPLANT, 1, 10, 0); /* at 100 */
	add(hosts, ROLE_MALWARE, 7, 1, 0.6);       /* found by experts; flagged before, at 500 */
	add(hosts, ROLE_MALWARE, 1, 8.5, 0);       /* found at 200 */
	alarm_curve(hosts, points);
	g_assert_cmpfloat(points[0].wished, ==, 20);
	g_assert_cmpuint(points[0].malware, ==, 2);
	g_assert_cmpuint(points[0].found, ==, 1);
	g_assert_cmpuint(points[0].flagged + points[0].flagged_benign, ==, 0);
	g_assert_cmpuint(points[2].flagged_benign, ==, 1);
	g_assert_cmpuint(points[3].found, ==, 2);
	g_assert_cmpuint(points[4].flagged, ==, 2);
	g_assert_cmpfloat_with_epsilon(points[4].days, 2, 1e-12);
	g_assert_cmpfloat_with_epsilon(points[4].alarms, 1500, 1e-9);
	g_assert_cmpfloat(points[4].alarms_least, <, 1500);
	g_assert_cmpfloat(points[4].alarms_most, >, 1500);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/alarm_curve/counts_who_is_found_and_who_is_wrongly_flagged_at_each_wish",
	                counts_who_is_found_and_who_is_wrongly_flagged_at_each_wish);
	return g_test_run();
}
