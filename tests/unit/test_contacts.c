#include <glib.h>
#include <math.h>

#include "detector/contacts.h"
#include "tests/support/host_views.h"

enum { HOST = 0x0a000001, PAGE = 0xc6336401, PANEL = 0xcb007102 };

static const struct exchange visit = {
	.host = HOST, .peer = PAGE, .port = 80, .out = 900, .in = 9000
};
static const struct exchange report = {
	.host = HOST, .peer = PANEL, .minute = 20, .second = 50, .out = 800, .in = 350, .port = 443
};

static size_t
shapes_of(const struct exchange *exchanges, size_t count, struct contact_shape *shapes)
{
	g_autoptr(HostViews) views = host_views_new();

	host_views_make_known(views, PAGE, 80, 40);
	host_views_add(views, &visit);
	for (size_t i = 0; i < count; i++)
		host_views_add(views, &exchanges[i]);
	return contacts_shapes(host_views_at(views, HOST, 20), shapes);
}

static void
tells_each_new_and_rare_contact_by_itself(void)
{
	struct exchange both[] = { report, report };
	struct contact_shape shapes[CONTACT_SHAPES_MAX];

	both[1].peer = PANEL + 1;
	both[1].minute = 18;
	both[1].out = 100;
	both[1].in = 0;
	g_assert_cmpuint(shapes_of(both, G_N_ELEMENTS(both), shapes), ==, 2);
	for (int i = 0; i < 2; i++) {
		const double *values = shapes[i].values;
		bool silent = values[CONTACT_SILENT] > 0;
		const struct exchange *exchange = &both[silent];

		g_assert_cmpfloat_with_epsilon(values[CONTACT_COUNT], log1p(1), 1e-12);
		g_assert_cmpfloat_with_epsilon(values[CONTACT_OCTETS_OUT],
		                               log1p(exchange->out / 500.0), 1e-12);
		g_assert_cmpfloat_with_epsilon(values[CONTACT_OCTETS_IN],
		                               log1p(exchange->in / 500.0), 1e-12);
		g_assert_cmpint(shapes[i].is_active, ==, !silent);
		g_assert_cmpint(shapes[i].begun_ms, ==,
		                (HOST_VIEWS_MINUTE + exchange->minute) * (int64_t)HOST_BIN_MS +
		                        exchange->second * 1000);
	}
}

static void
leaves_out_what_is_not_new_or_not_begun(void)
{
	struct exchange exchanges[] = { visit, report, report, report };
	struct contact_shape shapes[CONTACT_SHAPES_MAX];

	exchanges[0].minute = 20; /* known to the host and to others */
	exchanges[1].goes_on = true;
	exchanges[2].peer = PANEL + 1;
	exchanges[2].minute = 10; /* before the window */
	exchanges[3].peer = PANEL + 1;
	exchanges[3].port = 8080;
	g_assert_cmpuint(shapes_of(exchanges, G_N_ELEMENTS(exchanges), shapes), ==, 0);
}

static void
leaves_out_look_ups(void)
{
	struct exchange query = report;
	struct contact_shape shapes[CONTACT_SHAPES_MAX];

	query.port = 53;
	query.protocol = 17;
	g_assert_cmpuint(shapes_of(&query, 1, shapes), ==, 0);
}

static void
tells_no_more_than_there_is_room_for(void)
{
	struct exchange many[CONTACT_SHAPES_MAX + 8];
	struct contact_shape shapes[CONTACT_SHAPES_MAX];

	for (unsigned i = 0; i < G_N_ELEMENTS(many); i++) {
		many[i] = report;
		many[i].peer = PANEL + i;
		many[i].minute = 16 + i % 5; /* a minute's sample has room for twelve */
	}
	g_assert_cmpuint(shapes_of(many, G_N_ELEMENTS(many), shapes), ==, CONTACT_SHAPES_MAX);
}

#define ADD(name) g_test_add_func("/contacts/" #name, name)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(tells_each_new_and_rare_contact_by_itself);
	ADD(leaves_out_what_is_not_new_or_not_begun);
	ADD(leaves_out_look_ups);
	ADD(tells_no_more_than_there_is_room_for);
	return g_test_run();
}
