/*
 * Shares by themselves: each is appended to the partition of its host, and all partitions are taken
 * out, grouped and copied.  An item is a share; hosts are met in an order that no cache foresees.
 */
#include <glib.h>
#include <stdio.h>

#include "collector/share_groups.h"
#include "common/keyed_hash.h"
#include "tests/bench/bench.h"

enum { HOSTS = 1 << 18, STEP = 100003, BLOCK = 24 };

struct load {
	struct share_log log;
	ShareGroups *groups;
	struct keyed_ends key;
	uint32_t next;
	unsigned shares; /* of each host */
};

static struct host_address
host_of(uint32_t number)
{
	return host_address_from_ipv4(0x0a000000 + (uint32_t)((uint64_t)number * STEP % HOSTS));
}

/* A share for each of some hosts, whose lines are asked for together. */
static void
add_block(struct load *load)
{
	struct share_partition *partitions[BLOCK];
	struct host_address hosts[BLOCK];

	for (size_t i = 0; i < BLOCK; i++) {
		hosts[i] = host_of(load->next++);
		partitions[i] =
			share_log_partition(&load->log, keyed_hash_end(&load->key, &hosts[i], 0));
		__builtin_prefetch(partitions[i], 1);
	}
	for (size_t i = 0; i < BLOCK; i++)
		share_log_prefetch_end(&load->log, partitions[i]);
	for (size_t i = 0; i < BLOCK; i++) {
		struct held_share *held = share_log_append(&load->log, partitions[i]);

		*held = (struct held_share){ .host = hosts[i], .minute = 1 };
		held->cell.share.octets = 1;
		held->cell.share.protocol = 6;
	}
}

static void
send_partition(struct load *load, struct share_partition *partition)
{
	struct share_run run = share_log_take(&load->log, partition);
	union host_cell cells[HOST_SHARES_CELLS_MOST];
	struct share_group *groups;
	struct bin_part part;
	size_t count;

	groups = share_groups_find(load->groups, &load->log, &run, &count);
	for (size_t i = 0; i < count; i++) {
		share_groups_part(load->groups, &load->log, &groups[i], &part);
		if (part.bin == NULL)
			share_groups_write(&load->log, &groups[i], cells);
	}
	share_log_release(&load->log, &run);
}

/* Gives each host its shares, and sends all. */
static uint64_t
live_and_die(void *context)
{
	struct load *load = context;
	uint32_t hosts = HOSTS / BLOCK * BLOCK;

	for (unsigned i = 0; i < load->shares; i++) {
		load->next = 0;
		while (load->next < hosts)
			add_block(load);
		share_log_grow(&load->log);
	}
	for (uint32_t i = 0; i <= load->log.mask; i++) {
		if (i + 4 <= load->log.mask)
			share_log_prefetch_run(&load->log, &load->log.partitions[i + 4]);
		if (load->log.partitions[i].first != 0)
			send_partition(load, &load->log.partitions[i]);
	}
	return (uint64_t)hosts * load->shares;
}

int
main(void)
{
	static const unsigned shares[] = { 1, 2, 3, 8, 24 };

	for (size_t i = 0; i < G_N_ELEMENTS(shares); i++) {
		g_autofree char *name = g_strdup_printf("shares, %u a host, each", shares[i]);
		struct load load = { .shares = shares[i], .key = keyed_ends(1) };

		share_log_init(&load.log, (size_t)2 * HOSTS * shares[i] + 8 * HOSTS);
		load.groups = share_groups_new(1, 2);
		bench_run(name, live_and_die, &load);
		printf("  octets of the shares of %d hosts: %" G_GUINT64_FORMAT "\n", HOSTS,
		       share_log_room(&load.log).octets);
		share_groups_free(load.groups);
		share_log_clear(&load.log);
	}
	return 0;
}
