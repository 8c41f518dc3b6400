#include <glib.h>
#include <stdint.h>

#include "collector/octet_budget.h"

enum { TOTAL = 1000000, USERS = 100, SURE = TOTAL / 2 / USERS };

static size_t
take_all(struct octet_budget *budget, size_t *used, size_t octets)
{
	size_t taken = 0;

	while (octet_budget_take(budget, used, octets))
		taken += octets;
	g_assert_cmpuint(*used, ==, taken);
	return taken;
}

static void
gives_one_alone_its_part_and_half_of_what_is_common(void)
{
	struct octet_budget budget = octet_budget(TOTAL, USERS);
	size_t used = 0;

	g_assert_cmpuint(take_all(&budget, &used, 100), ==, SURE + TOTAL / 4);
}

static void
leaves_room_however_many_take_what_they_can(void)
{
	struct octet_budget budget = octet_budget(TOTAL, USERS);
	size_t used[USERS] = { 0 };

	for (size_t i = 0; i < 10; i++)
		take_all(&budget, &used[i], 100);
	for (size_t i = 10; i < USERS; i++)
		g_assert_cmpuint(take_all(&budget, &used[i], 100), >=, SURE);
	g_assert_cmpuint(budget.common_used, <=, budget.common);
}

static void
takes_back_what_is_given(void)
{
	struct octet_budget budget = octet_budget(TOTAL, USERS);
	g_autoptr(GRand) random = g_rand_new_with_seed(3);
	size_t used[3] = { 0 };

	for (int i = 0; i < 10000; i++) {
		size_t *one = &used[g_rand_int_range(random, 0, 3)];
		size_t octets = (size_t)g_rand_int_range(random, 1, 20000);

		if (g_rand_boolean(random))
			(void)octet_budget_take(&budget, one, octets);
		else
			octet_budget_give(&budget, one, MIN(octets, *one));
	}
	for (size_t i = 0; i < 3; i++)
		octet_budget_give(&budget, &used[i], used[i]);
	g_assert_cmpuint(budget.common_used, ==, 0);
}

static void
refuses_what_is_more_than_there_is(void)
{
	struct octet_budget budget = octet_budget(TOTAL, USERS), none = octet_budget(0, 0);
	size_t used = 0;

	g_assert_false(octet_budget_take(&budget, &used, SIZE_MAX));
	g_assert_false(octet_budget_take(&budget, &used, TOTAL));
	g_assert_false(octet_budget_take(&none, &used, 1));
	g_assert_true(octet_budget_take(&none, &used, 0));
}

int
main(int argc, char **argv)
{
#define TEST(name) g_test_add_func("/octet_budget/" #name, name)
	g_test_init(&argc, &argv, NULL);
	TEST(gives_one_alone_its_part_and_half_of_what_is_common);
	TEST(leaves_room_however_many_take_what_they_can);
	TEST(takes_back_what_is_given);
	TEST(refuses_what_is_more_than_there_is);
	return g_test_run();
}
