/* What touching and merging host bins costs. */
#include <glib.h>

#include "common/host_bin.h"
#include "common/host_shares.h"
#include "common/sketch.h"
#include "tests/bench/bench.h"

enum { BINS = 256, TOUCHES = 64 };

struct whole {
	struct host_bin bin;
	struct host_bin_extension extension;
};

static struct whole bins[BINS];
static struct host_touch touches[TOUCHES];

static uint64_t
touch_extended(void *context)
{
	struct whole *whole = context;

	for (size_t i = 0; i < TOUCHES; i++)
		host_bin_touch(&whole->bin, &whole->extension, &touches[i], 1);
	return TOUCHES;
}

static uint64_t
merge_extended(void *context)
{
	struct whole *into = context;

	for (size_t i = 1; i < BINS; i++)
		host_bin_merge(&into->bin, &into->extension, &bins[i].bin, &bins[i].extension, 1);
	return BINS - 1;
}

static uint64_t
merge_base(void *context)
{
	static struct host_bin quiet[BINS];

	for (size_t i = 0; i < BINS; i++)
		host_bin_merge(context, NULL, &quiet[i], NULL, 1);
	return BINS;
}

/* Shares of one part, merged into a bin made anew: an item is a share. */
static uint64_t
merge_shares(void *context)
{
	static struct whole into;
	const struct host_shares *shares = context;

	host_shares_expand(shares, &into.bin, &into.extension, 1);
	return shares->count;
}

static uint64_t
check_shares(void *context)
{
	const struct host_shares *shares = context;

	return host_shares_valid(shares) ? shares->count : 0;
}

static void
run_shares(void)
{
	static union host_cell cells[24];
	struct host_shares two = { .host = host_address_from_ipv4(1), .count = 2, .cells = cells };
	struct host_shares many = { .host = two.host,
		                    .count = G_N_ELEMENTS(cells),
		                    .cells = cells };

	for (size_t i = 0; i < G_N_ELEMENTS(cells); i++)
		cells[i].share = (struct host_share){
			.peer = touches[i].peer,
			.octets = 1000,
			.size_packets = { 4, 0, 0, 0, 0, 0, 5 },
			.last_ms = (uint16_t)(i % 40 * 250),
			.port = 443,
			.kinds = TOUCH_SENT | TOUCH_BEGUN | TOUCH_HEARD,
			.protocol = 6,
		};
	bench_run("host_shares_expand, two", merge_shares, &two);
	bench_run("host_shares_expand, 24, extended", merge_shares, &many);
	bench_run("host_shares_valid", check_shares, &many);
}

static uint64_t
estimate_distinct(void *context)
{
	double sum = 0;

	(void)context;
	for (size_t i = 0; i < BINS; i++)
		sum += sketch_distinct_estimate(bins[i].extension.peers);
	return sum > 0 ? BINS : 1;
}

int
main(void)
{
	static struct whole into;
	static struct host_bin quiet;
	struct host_address host = host_address_from_ipv4(1);

	for (size_t i = 0; i < TOUCHES; i++)
		touches[i] = (struct host_touch){ .peer = host_address_from_ipv4((uint32_t)i * 77),
			                          .octets = 1000,
			                          .port = 443,
			                          .kinds = TOUCH_SENT | TOUCH_BEGUN | TOUCH_HEARD,
			                          .protocol = 6,
			                          .last_quarter = (uint8_t)(i % 40),
			                          .packets = 9 };
	for (size_t i = 0; i < BINS; i++) {
		host_bin_init(&bins[i].bin, &host, 0);
		host_bin_extension_init(&bins[i].extension);
		touch_extended(&bins[i]);
	}
	host_bin_init(&quiet, &host, 0);
	host_bin_init(&into.bin, &host, 0);
	host_bin_extension_init(&into.extension);
	bench_run("host_bin_touch", touch_extended, &into);
	bench_run("host_bin_merge, base", merge_base, &quiet);
	bench_run("host_bin_merge, extended", merge_extended, &into);
	run_shares();
	bench_run("sketch_distinct_estimate", estimate_distinct, NULL);
	return 0;
}
