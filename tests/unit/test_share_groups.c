#include <glib.h>
#include <string.h>

#include "collector/share_groups.h"

enum { HOST = 0x0a000001, MINUTE = 29000000, SKETCH_KEY = 5, EXPORTER = 300, BIT = 9 };

typedef struct {
	struct share_log log;
	ShareGroups *groups;
	struct share_partition *partition;
	struct share_run run;
	struct share_group *found;
	size_t count;
} fixture;

static void
set_up(fixture *f, const void *data)
{
	(void)data;
	share_log_init(&f->log, 100000);
	f->groups = share_groups_new(77, SKETCH_KEY);
	f->partition = share_log_partition(&f->log, 0);
}

static void
tear_down(fixture *f, const void *data)
{
	(void)data;
	share_groups_free(f->groups);
	share_log_clear(&f->log);
}

static struct host_share
share_of(uint32_t number)
{
	return (struct host_share){
		.peer = host_address_from_ipv4(0xc0000200 + number),
		.octets = 1 + number,
		.size_packets = { 1 },
		.port = 80,
		.kinds = TOUCH_SENT | TOUCH_BEGUN,
		.exporters = 1u << BIT,
		.protocol = 6,
	};
}

/* As it is held: with its exporter's number, and the bit above its marks. */
static void
add(fixture *f, uint32_t host, uint32_t minute, const struct host_share *share)
{
	struct held_share *held = share_log_append(&f->log, f->partition);

	*held = (struct held_share){ host_address_from_ipv4(host), minute, { *share } };
	held->cell.share.exporters = EXPORTER;
	held->cell.share.marks |= BIT << HELD_BIT_SHIFT;
}

static void
add_numbers(fixture *f, uint32_t host, uint32_t minute, uint32_t packets)
{
	struct held_share *held = share_log_append(&f->log, f->partition);

	held->host = host_address_from_ipv4(host);
	held->minute = minute;
	held->cell.numbers = (struct host_share_numbers){ .size_packets = { packets } };
}

static void
find(fixture *f)
{
	share_log_release(&f->log, &f->run);
	f->run = share_log_take(&f->log, f->partition);
	f->found = share_groups_find(f->groups, &f->log, &f->run, &f->count);
}

/* The part of a group, with its cells. */
static struct bin_part
part_of(fixture *f, size_t group, union host_cell cells[static HOST_SHARES_CELLS_MOST])
{
	struct bin_part part;

	g_assert_cmpuint(share_groups_part(f->groups, &f->log, &f->found[group], &part), ==,
	                 EXPORTER);
	if (part.bin == NULL)
		share_groups_write(&f->log, &f->found[group], cells);
	part.shares.cells = cells;
	return part;
}

static void
expect_host(const struct bin_part *part, uint32_t host, uint32_t minute)
{
	struct host_address address = host_address_from_ipv4(host);

	g_assert_true(host_address_equal(&part->shares.host, &address));
	g_assert_cmpuint(part->shares.minute, ==, minute);
}

static void
shares_are_grouped_by_host_and_minute_and_stay_as_they_came(fixture *f, const void *data)
{
	enum { HOSTS = 50, MINUTES = 3, SHARES = 5 };

	(void)data;
	for (uint32_t i = 0; i < HOSTS * MINUTES * SHARES; i++) {
		struct host_share share = share_of(i);

		add(f, HOST + i % HOSTS, MINUTE + 2 - i / HOSTS % MINUTES, &share);
	}
	find(f);
	g_assert_cmpuint(f->count, ==, HOSTS * MINUTES);
	for (uint32_t group = 0; group < f->count; group++) { /* oldest minute first */
		uint32_t minute = group / HOSTS;
		uint32_t host = group % HOSTS;
		union host_cell cells[HOST_SHARES_CELLS_MOST];
		struct bin_part part = part_of(f, group, cells);

		expect_host(&part, HOST + host, MINUTE + minute);
		g_assert_null(part.bin);
		g_assert_cmpuint(part.shares.count, ==, SHARES);
		for (uint32_t i = 0; i < SHARES; i++) {
			struct host_share share =
				share_of(host + HOSTS * (2 - minute + MINUTES * i));

			g_assert_cmpmem(&cells[i].share, sizeof(share), &share, sizeof(share));
		}
	}
}

static void
a_wide_share_keeps_its_numbers_wherever_its_lines_lie(fixture *f, const void *data)
{
	(void)data;
	for (uint32_t before = 0; before < 2 * SHARE_CHUNK_LINES; before++) {
		union host_cell cells[HOST_SHARES_CELLS_MOST];
		struct host_share wide = share_of(0);
		struct host_share usual = share_of(1);
		struct bin_part part;

		wide.marks = SHARE_WIDE;
		for (uint32_t i = 0; i < before; i++)
			add(f, HOST + 1, MINUTE, &usual);
		add(f, HOST, MINUTE, &wide);
		add_numbers(f, HOST, MINUTE, 70000);
		add(f, HOST, MINUTE, &usual);
		find(f);
		g_assert_cmpuint(f->count, ==, before == 0 ? 1 : 2);
		g_assert_cmpuint(f->found[f->count - 1].touches, ==, 2);
		part = part_of(f, f->count - 1, cells);
		g_assert_cmpuint(part.shares.count, ==, 3);
		g_assert_cmpmem(&cells[0].share, sizeof(wide), &wide, sizeof(wide));
		g_assert_cmpuint(cells[1].numbers.size_packets[0], ==, 70000);
		g_assert_cmpmem(&cells[2].share, sizeof(usual), &usual, sizeof(usual));
	}
}

static void
many_shares_are_summed_up(fixture *f, const void *data)
{
	(void)data;
	for (uint32_t count = 1; count < 200; count++) {
		union host_cell cells[HOST_SHARES_CELLS_MOST];
		struct host_share wide = share_of(0);
		struct bin_part part;

		wide.marks = SHARE_WIDE;
		wide.size_packets[0] = 0;
		for (uint32_t i = 0; i < count; i++) {
			struct host_share share = share_of(i);

			add(f, HOST, MINUTE, &share);
		}
		add(f, HOST, MINUTE, &wide);
		add_numbers(f, HOST, MINUTE, 1);
		share_log_lose(f->partition);
		find(f);
		part = part_of(f, 0, cells);
		expect_host(&part, HOST, MINUTE);
		if (part.bin == NULL) {
			g_assert_cmpuint(count, <, 30);
			g_assert_cmpuint(part.shares.count, ==, count + 2);
			g_assert_cmpuint(part.shares.lost, ==, 1);
			continue;
		}
		g_assert_nonnull(part.extension);
		g_assert_true(host_bin_valid(part.bin, part.extension));
		g_assert_cmpuint(part.bin->records[HOST_OUT], ==, count + 1);
		g_assert_cmpuint(part.bin->packets[HOST_OUT], ==, count + 1);
		g_assert_cmpuint(part.bin->octets[HOST_OUT], ==, 1 + count * (count + 1) / 2);
		g_assert_cmpuint(part.bin->exporters[0], ==, 1u << BIT);
		g_assert_cmpuint(part.bin->touches_lost[0], ==, 1);
	}
}

static void
a_bin_with_few_touches_is_not_extended_however_much_is_counted(fixture *f, const void *data)
{
	struct host_share share = share_of(0);
	union host_cell cells[HOST_SHARES_CELLS_MOST];
	struct bin_part part;

	(void)data;
	for (uint32_t i = 0; i < 300; i++) {
		share.marks = i % 100 == 50 ? 0 : SHARE_COPY;
		add(f, HOST, MINUTE, &share);
	}
	find(f);
	g_assert_cmpuint(f->found[0].touches, ==, 3);
	part = part_of(f, 0, cells);
	g_assert_nonnull(part.bin);
	g_assert_null(part.extension);
	g_assert_cmpuint(part.bin->touch_count, ==, 3);
	g_assert_cmpuint(part.bin->copied_records[0], ==, 297);
}

static void
a_group_that_is_kept_is_found_again_as_it_was(fixture *f, const void *data)
{
	union host_cell before[HOST_SHARES_CELLS_MOST];
	union host_cell after[HOST_SHARES_CELLS_MOST];
	struct bin_part part;

	(void)data;
	for (uint32_t i = 0; i < 20; i++) {
		struct host_share share = share_of(i);

		share.marks = i == 3 ? SHARE_WIDE : 0;
		add(f, HOST, MINUTE, &share);
		if (i == 3)
			add_numbers(f, HOST, MINUTE, 9);
		add(f, HOST + 1, MINUTE, &share);
		if (i == 3)
			add_numbers(f, HOST + 1, MINUTE, 9);
	}
	find(f);
	part_of(f, 0, before);
	g_assert_true(share_groups_keep(&f->found[0], &f->log, f->partition));
	find(f);
	g_assert_cmpuint(f->count, ==, 1);
	part = part_of(f, 0, after);
	expect_host(&part, HOST, MINUTE);
	g_assert_cmpuint(part.shares.count, ==, 21);
	g_assert_cmpmem(before, 21 * sizeof(*before), after, 21 * sizeof(*after));
}

static void
a_group_without_room_is_not_kept(fixture *f, const void *data)
{
	struct host_share share = share_of(0);
	struct share_partition *other = share_log_partition(&f->log, 1);

	(void)data;
	for (int i = 0; i < 20; i++)
		add(f, HOST, MINUTE, &share);
	find(f);
	while (share_log_has_room(&f->log, other, 20))
		share_log_append(&f->log, other);
	g_assert_false(share_groups_keep(&f->found[0], &f->log, f->partition));
	g_assert_cmpuint(f->partition->first, ==, 0);
}

#define ADD(test) g_test_add("/share_groups/" #test, fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(shares_are_grouped_by_host_and_minute_and_stay_as_they_came);
	ADD(a_wide_share_keeps_its_numbers_wherever_its_lines_lie);
	ADD(many_shares_are_summed_up);
	ADD(a_bin_with_few_touches_is_not_extended_however_much_is_counted);
	ADD(a_group_that_is_kept_is_found_again_as_it_was);
	ADD(a_group_without_room_is_not_kept);
	return g_test_run();
}
