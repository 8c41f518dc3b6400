#include <glib.h>
#include <string.h>

#include "collector/open_bins.h"

enum { HOST = 0x0a000001, MINUTE = 29000000, SKETCH_KEY = 5 };

static OpenBins *
make_bins(size_t bins, size_t chunks, size_t sums)
{
	struct open_bins_limits limits = { bins, chunks, sums };

	return open_bins_new(&limits, 1, SKETCH_KEY);
}

static uint32_t
find(const OpenBins *bins, uint32_t host, uint32_t minute)
{
	struct host_address address = host_address_from_ipv4(host);

	return open_bins_find(bins, &address, minute, open_bins_hash(bins, &address, minute));
}

static uint32_t
open_one(OpenBins *bins, uint32_t host, uint32_t minute)
{
	struct host_address address = host_address_from_ipv4(host);
	struct open_bin_key key = { &address, minute, open_bins_hash(bins, &address, minute), 3,
		                    9 };

	return open_bins_open(bins, &key);
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
		.protocol = 6,
	};
}

enum outcome { ADDED, MADE_BUSY, LOST };

/* `share` and, when it is wide, numbers of one packet. */
static enum outcome
add(OpenBins *bins, uint32_t number, const struct host_share *share)
{
	bool wide = (share->marks & SHARE_WIDE) != 0;
	struct open_share open;

	if (!open_bins_begin_share(bins, number, wide, &open))
		return LOST;
	*open.share = *share;
	if (wide)
		*open.numbers = (struct host_share_numbers){ .size_packets = { 1 } };
	return open_bins_end_share(bins, number, &open) ? MADE_BUSY : ADDED;
}

static void
close_and_release(OpenBins *bins, uint32_t number)
{
	struct bin_part part;

	open_bins_close(bins, number, &part);
	open_bins_release(bins, number);
}

static void
bins_are_found_by_host_and_minute_until_they_are_closed(void)
{
	enum { HOSTS = 5000 };
	g_autoptr(OpenBins) bins = make_bins(2 * HOSTS, 10, 10);

	for (uint32_t i = 0; i < HOSTS; i++) {
		g_assert_cmpuint(open_one(bins, HOST + i, MINUTE), ==, 2 * i);
		g_assert_cmpuint(open_one(bins, HOST + i, MINUTE + 1), ==, 2 * i + 1);
	}
	g_assert_cmpuint(open_one(bins, HOST, MINUTE + 2), ==, OPEN_BINS_NONE);
	for (uint32_t i = 0; i < HOSTS; i += 2)
		close_and_release(bins, 2 * i + 1);
	for (uint32_t i = 0; i < HOSTS; i++) {
		g_assert_cmpuint(find(bins, HOST + i, MINUTE), ==, 2 * i);
		g_assert_cmpuint(find(bins, HOST + i, MINUTE + 1), ==,
		                 i % 2 == 0 ? OPEN_BINS_NONE : 2 * i + 1);
	}
	g_assert_cmpuint(open_bins_pools(bins).bins.used, ==, 2 * HOSTS - HOSTS / 2);
	g_assert_cmpuint(open_bins_tag(bins, 0)->owner, ==, 3);
	g_assert_cmpuint(open_bins_opened(bins, 0), ==, 9);
}

/* Expects shares 0 to count - 1 in their order. */
static void
expect_shares(const struct host_shares *shares, size_t count)
{
	g_assert_cmpuint(shares->count, ==, count);
	for (uint32_t i = 0; i < count; i++) {
		struct host_share share = share_of(i);

		g_assert_cmpmem(&shares->cells[i].share, sizeof(share), &share, sizeof(share));
	}
}

static void
shares_stay_as_they_came_until_there_are_many(void)
{
	g_autoptr(OpenBins) bins = make_bins(10, 100, 10);

	for (uint32_t count = 0; count < 200; count++) {
		uint32_t number = open_one(bins, HOST, MINUTE);
		struct bin_part part;

		for (uint32_t i = 0; i < count; i++) {
			struct host_share share = share_of(i);

			g_assert_cmpint(add(bins, number, &share), ==,
			                i == HOST_BIN_TOUCHES ? MADE_BUSY : ADDED);
		}
		open_bins_close(bins, number, &part);
		g_assert_cmpuint(part.shares.minute, ==, MINUTE);
		if (part.bin == NULL) {
			expect_shares(&part.shares, count);
		} else {
			g_assert_cmpuint(count, >, 16);
			g_assert_cmpuint(part.bin->records[HOST_OUT], ==, count);
			g_assert_cmpuint(part.bin->octets[HOST_OUT], ==, count * (count + 1) / 2);
			g_assert_nonnull(part.extension);
		}
		open_bins_release(bins, number);
		g_assert_cmpuint(open_bins_pools(bins).chunks.used, ==, 0);
		g_assert_cmpuint(open_bins_pools(bins).sums.used, ==, 0);
		g_assert_cmpuint(open_bins_pools(bins).bins.used, ==, 0);
	}
}

static void
a_bin_with_few_touches_is_not_extended_however_much_is_counted(void)
{
	g_autoptr(OpenBins) bins = make_bins(10, 100, 10);
	uint32_t number = open_one(bins, HOST, MINUTE);
	struct host_share share = share_of(0);
	struct bin_part part;

	for (uint32_t i = 0; i < 300; i++) {
		share.marks = i % 100 == 50 ? 0 : SHARE_COPY;
		g_assert_cmpint(add(bins, number, &share), ==, ADDED);
	}
	open_bins_close(bins, number, &part);
	g_assert_nonnull(part.bin);
	g_assert_null(part.extension);
	g_assert_cmpuint(part.bin->touch_count, ==, 3);
	g_assert_cmpuint(part.bin->copied_records[0], ==, 297);
	open_bins_release(bins, number);
}

/* What is lost is told by the bin, and what is not is whole. */
static void
shares_without_room_are_lost_and_told(void)
{
	for (size_t chunks = 1; chunks < 30; chunks++) {
		g_autoptr(OpenBins) bins = make_bins(10, chunks, 1);
		uint32_t counted = 0, lost = 0;

		for (uint32_t host = 0; host < 5; host++)
			open_one(bins, HOST + host, MINUTE);
		for (uint32_t i = 0; i < 400; i++) {
			struct host_share share = share_of(0);

			if (i % 3 == 0) {
				share.marks = SHARE_WIDE;
				memset(share.size_packets, 0, sizeof(share.size_packets));
			}
			lost += add(bins, i % 5, &share) == LOST;
		}
		for (uint32_t host = 0; host < 5; host++) {
			struct host_bin_extension extension;
			struct bin_part part;
			struct host_bin bin;

			open_bins_close(bins, host, &part);
			if (part.bin == NULL) {
				g_assert_true(host_shares_valid(&part.shares));
				host_shares_expand(&part.shares, &bin, &extension, SKETCH_KEY);
			} else {
				bin = *part.bin;
			}
			counted += bin.records[HOST_OUT] + bin.touches_lost[0];
			lost -= bin.touches_lost[0];
			open_bins_release(bins, host);
		}
		g_assert_cmpuint(counted, ==, 400);
		g_assert_cmpuint(lost, ==, 0);
		g_assert_cmpuint(open_bins_pools(bins).chunks.used, ==, 0);
	}
}

#define ADD(test) g_test_add_func("/open_bins/" #test, test)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(bins_are_found_by_host_and_minute_until_they_are_closed);
	ADD(shares_stay_as_they_came_until_there_are_many);
	ADD(a_bin_with_few_touches_is_not_extended_however_much_is_counted);
	ADD(shares_without_room_are_lost_and_told);
	return g_test_run();
}
