#include <glib.h>

#include "collector/sequence_check.h"

struct checked {
	struct sequence_check check;
	struct decode_counters counters;
};

static struct checked
start(enum sequence_rule rule)
{
	struct checked checked = { .counters = { 0 } };

	sequence_check_init(&checked.check, rule);
	return checked;
}

static void
take(struct checked *checked, uint32_t sequence, uint32_t records)
{
	const struct sequence_message message = { sequence, records, 0, true };

	sequence_check_take(&checked->check, &message, &checked->counters);
}

static void
finds_nothing_missing_in_a_whole_sequence(void)
{
	struct checked checked = start(SEQUENCE_BY_RECORDS);

	for (uint32_t i = 0; i < 1000; i++)
		take(&checked, i * 24, 24);
	g_assert_cmpuint(checked.counters.sequence_lost, ==, 0);
	g_assert_cmpuint(checked.counters.sequence_restarts, ==, 0);
}

static void
goes_on_over_the_wrap_of_the_number(void)
{
	struct checked checked = start(SEQUENCE_BY_RECORDS);

	take(&checked, UINT32_MAX - 9, 10);
	take(&checked, 0, 10);
	take(&checked, 15, 10);
	g_assert_cmpuint(checked.counters.sequence_lost, ==, 5);
}

static void
counts_what_is_missing_in_records(void)
{
	struct checked checked = start(SEQUENCE_BY_RECORDS);

	take(&checked, 0, 20);
	take(&checked, 50, 20);
	g_assert_cmpuint(checked.counters.sequence_lost, ==, 30);
}

static void
takes_a_loss_back_when_the_message_comes_late(void)
{
	struct checked checked = start(SEQUENCE_BY_MESSAGES);

	take(&checked, 1, 9);
	take(&checked, 4, 9);
	take(&checked, 2, 9);
	take(&checked, 3, 9);
	take(&checked, 5, 9);
	g_assert_cmpuint(checked.counters.sequence_lost, ==, 0);
	g_assert_cmpuint(checked.counters.sequence_reordered, ==, 2);
}

static void
takes_no_duplicate_for_a_restart(void)
{
	struct checked checked = start(SEQUENCE_BY_MESSAGES);

	for (uint32_t i = 0; i < 100; i++) {
		take(&checked, i, 5);
		take(&checked, i, 5);
	}
	g_assert_cmpuint(checked.counters.sequence_lost, ==, 0);
	g_assert_cmpuint(checked.counters.sequence_restarts, ==, 0);
}

static void
tells_a_restart_from_a_loss(void)
{
	struct checked checked = start(SEQUENCE_BY_RECORDS);

	take(&checked, 5000, 20);
	take(&checked, 5020, 20);
	for (uint32_t i = 0; i < 10; i++)
		take(&checked, i * 20, 20);
	g_assert_cmpuint(checked.counters.sequence_restarts, ==, 1);
	g_assert_cmpuint(checked.counters.sequence_lost, ==, 0);
}

static void
takes_a_great_leap_for_a_restart(void)
{
	struct checked checked = start(SEQUENCE_BY_RECORDS);

	take(&checked, 100, 20);
	take(&checked, 2000000000, 20);
	take(&checked, 2000000020, 20);
	g_assert_cmpuint(checked.counters.sequence_restarts, ==, 1);
	g_assert_cmpuint(checked.counters.sequence_lost, ==, 0);
}

static void
recognises_an_exporter_that_counts_its_own_records_in(void)
{
	static const uint32_t records[] = { 24, 29, 29, 3, 27, 29, 18, 29, 2, 29 };
	struct checked checked = start(SEQUENCE_BY_RECORDS);
	uint32_t sent = 0;

	for (uint32_t i = 0; i < 200; i++) {
		sent += records[i % G_N_ELEMENTS(records)];
		take(&checked, sent, records[i % G_N_ELEMENTS(records)]);
	}
	g_assert_cmpuint(checked.counters.sequence_lost, ==, 0);
	g_assert_cmpint(checked.check.rule, ==, SEQUENCE_BY_OWN_RECORDS);
}

static void
recognises_an_exporter_that_leaves_options_out(void)
{
	struct checked checked = start(SEQUENCE_BY_RECORDS);
	uint32_t sent = 0;

	for (uint32_t i = 0; i < 200; i++) {
		uint32_t options = i % 16 == 0 ? 1 : 0;
		const struct sequence_message message = { sent, 20 + i % 7 + options, options,
			                                  true };

		sequence_check_take(&checked.check, &message, &checked.counters);
		sent += 20 + i % 7;
	}
	g_assert_cmpuint(checked.counters.sequence_lost, ==, 0);
	g_assert_cmpint(checked.check.rule, ==, SEQUENCE_BY_FLOWS);
}

static void
still_counts_losses_by_another_rule(void)
{
	struct checked checked = start(SEQUENCE_BY_RECORDS);

	for (uint32_t i = 0; i < 100; i++)
		if (i != 50)
			take(&checked, i, 10 + i % 3);
	g_assert_cmpint(checked.check.rule, ==, SEQUENCE_BY_MESSAGES);
	g_assert_cmpuint(checked.counters.sequence_lost, ==, 1);
}

static void
draws_no_conclusion_from_a_message_that_was_not_understood(void)
{
	struct checked checked = start(SEQUENCE_BY_RECORDS);
	const struct sequence_message unknown = { 20, 0, 0, false };

	take(&checked, 0, 20);
	sequence_check_take(&checked.check, &unknown, &checked.counters);
	take(&checked, 57, 20);
	take(&checked, 77, 20);
	g_assert_cmpuint(checked.counters.sequence_lost, ==, 0);
}

int
main(int argc, char **argv)
{
#define TEST(name) g_test_add_func("/sequence_check/" #name, name)
	g_test_init(&argc, &argv, NULL);
	TEST(finds_nothing_missing_in_a_whole_sequence);
	TEST(goes_on_over_the_wrap_of_the_number);
	TEST(counts_what_is_missing_in_records);
	TEST(takes_a_loss_back_when_the_message_comes_late);
	TEST(takes_no_duplicate_for_a_restart);
	TEST(tells_a_restart_from_a_loss);
	TEST(takes_a_great_leap_for_a_restart);
	TEST(recognises_an_exporter_that_counts_its_own_records_in);
	TEST(recognises_an_exporter_that_leaves_options_out);
	TEST(still_counts_losses_by_another_rule);
	TEST(draws_no_conclusion_from_a_message_that_was_not_understood);
	return g_test_run();
}
