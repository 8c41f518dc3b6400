/*
 * Open bins by themselves: finding one and adding a share, opening one, closing one.  An item is a
 * share, or a bin; hosts are met in an order that no cache foresees.
 */
#include <glib.h>
#include <stdio.h>

#include "collector/open_bins.h"
#include "tests/bench/bench.h"

enum { HOSTS = 1 << 18, STEP = 100003, BLOCK = 24 };

struct load {
	OpenBins *bins;
	uint32_t next;
	unsigned shares; /* of each bin */
};

static struct host_address
host_of(uint32_t number)
{
	return host_address_from_ipv4(0x0a000000 + (uint32_t)((uint64_t)number * STEP % HOSTS));
}

static void
add_share(OpenBins *bins, uint32_t number)
{
	struct open_share open;

	if (!open_bins_begin_share(bins, number, false, &open))
		return;
	*open.share = (struct host_share){ .octets = 1, .size_packets = { 1 }, .protocol = 6 };
	open_bins_end_share(bins, number, &open);
}

/* A share for each of some hosts, searched for together. */
static void
add_block(struct load *load)
{
	struct host_address hosts[BLOCK];
	uint32_t hashes[BLOCK];

	for (size_t i = 0; i < BLOCK; i++) {
		hosts[i] = host_of(load->next++);
		hashes[i] = open_bins_hash(load->bins, &hosts[i], 0);
		open_bins_prefetch_index(load->bins, hashes[i]);
	}
	for (size_t i = 0; i < BLOCK; i++)
		open_bins_prefetch_bin(load->bins, hashes[i]);
	for (size_t i = 0; i < BLOCK; i++) {
		struct open_bin_key key = { &hosts[i], 0, hashes[i], 0, 0 };
		uint32_t number = open_bins_find(load->bins, &hosts[i], 0, hashes[i]);

		if (number == OPEN_BINS_NONE)
			number = open_bins_open(load->bins, &key);
		add_share(load->bins, number);
	}
}

/* Opens every bin, gives each its shares, and closes all. */
static uint64_t
live_and_die(void *context)
{
	struct load *load = context;
	uint32_t hosts = HOSTS / BLOCK * BLOCK;

	for (unsigned i = 0; i < load->shares; i++) {
		load->next = 0;
		while (load->next < hosts)
			add_block(load);
	}
	for (uint32_t number = 0; number < hosts; number++) {
		struct bin_part part;

		if (number + 8 < hosts)
			open_bins_prefetch_part(load->bins, number + 8);
		if (number + 4 < hosts)
			open_bins_prefetch_close(load->bins, number + 4);
		open_bins_close(load->bins, number, &part);
		open_bins_release(load->bins, number);
	}
	return (uint64_t)hosts * load->shares;
}

int
main(void)
{
	static const struct open_bins_limits limits = { HOSTS, 4 * HOSTS, HOSTS / 16 };
	static const unsigned shares[] = { 1, 2, 3, 8, 24 };

	for (size_t i = 0; i < G_N_ELEMENTS(shares); i++) {
		g_autofree char *name =
			g_strdup_printf("open_bins, %u shares a bin, each", shares[i]);
		struct load load = { .shares = shares[i] };

		load.bins = open_bins_new(&limits, 1, 2);
		bench_run(name, live_and_die, &load);
		printf("  octets of %d bins: %" G_GUINT64_FORMAT ", of chunks %" G_GUINT64_FORMAT
		       "\n",
		       HOSTS, open_bins_pools(load.bins).bins.octets,
		       open_bins_pools(load.bins).chunks.octets);
		open_bins_free(load.bins);
	}
	return 0;
}
