#include <glib.h>

#include "collector/due_list.h"

static void
a_list_is_in_the_order_of_adding_and_closes_up_behind_what_is_removed(void)
{
	g_autoptr(DueList) list = due_list_new(8);

	g_assert_cmpuint(due_list_first(list, 3), ==, DUE_LIST_END);
	due_list_add(list, 3, 5);
	due_list_add(list, 3, 0);
	due_list_add(list, 3, 7);
	due_list_add(list, 1, 2);
	due_list_remove(list, 3, 0);
	g_assert_cmpuint(due_list_first(list, 3), ==, 5);
	g_assert_cmpuint(due_list_next(list, 5), ==, 7);
	g_assert_cmpuint(due_list_next(list, 7), ==, DUE_LIST_END);
	due_list_remove(list, 3, 5);
	due_list_remove(list, 3, 7);
	g_assert_cmpuint(due_list_first(list, 3), ==, DUE_LIST_END);
	due_list_add(list, 3, 7);
	g_assert_cmpuint(due_list_first(list, 3), ==, 7);
	g_assert_cmpuint(due_list_first(list, 1), ==, 2);
}

static void
marks_come_out_once_each_and_ascending(void)
{
	g_autoptr(DueList) list = due_list_new(200);
	g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	static const uint32_t expected[] = { 0, 63, 64, 199 };

	due_list_mark(list, 199);
	due_list_mark(list, 64);
	due_list_mark(list, 0);
	due_list_mark(list, 63);
	due_list_mark(list, 64);
	due_list_take_marked(list, 200, numbers);
	g_assert_cmpuint(numbers->len, ==, G_N_ELEMENTS(expected));
	g_assert_cmpmem(numbers->data, sizeof(expected), expected, sizeof(expected));
	due_list_take_marked(list, 200, numbers);
	g_assert_cmpuint(numbers->len, ==, 4);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/due_list/order",
	                a_list_is_in_the_order_of_adding_and_closes_up_behind_what_is_removed);
	g_test_add_func("/due_list/marks", marks_come_out_once_each_and_ascending);
	return g_test_run();
}
