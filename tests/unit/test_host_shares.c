#include "common/host_shares.h"

#include <glib.h>
#include <string.h>

enum { MINUTE = 29000000, KEY = 7, CELLS = 40 };

struct whole {
	struct host_bin bin;
	struct host_bin_extension extension;
};

static const struct host_share request = {
	.octets = 2000,
	.size_packets = { 3, 0, 0, 0, 2, 0, 0, 5 },
	.first_ms = 1000,
	.last_ms = 5010,
	.port = 443,
	.kinds = TOUCH_SENT | TOUCH_BEGUN | TOUCH_STARTS | TOUCH_ENDS,
	.marks = SHARE_SYN_ONLY | SHARE_RESET,
	.exporters = 4,
	.sampling_interval = 10,
	.protocol = 6,
	.size_knowledge = 2,
};

static struct host_shares
shares_of(const union host_cell *cells, size_t count)
{
	return (struct host_shares){
		.host = host_address_from_ipv4(0x0a000001),
		.minute = MINUTE,
		.count = (uint16_t)count,
		.cells = cells,
	};
}

static struct whole
whole_of(const union host_cell *cells, size_t count)
{
	struct host_shares shares = shares_of(cells, count);
	struct whole whole;

	memset(&whole, 0, sizeof(whole));
	g_assert_true(host_shares_valid(&shares));
	host_shares_expand(&shares, &whole.bin, &whole.extension, KEY);
	g_assert_true(host_bin_valid(
		&whole.bin, whole.bin.touch_count == HOST_BIN_EXTENDED ? &whole.extension : NULL));
	return whole;
}

static void
a_share_is_summed_up_in_every_field(void)
{
	union host_cell cell = { .share = request };
	struct whole whole = whole_of(&cell, 1);

	g_assert_cmpuint(whole.bin.minute, ==, MINUTE);
	g_assert_cmpuint(whole.bin.octets[HOST_OUT], ==, 2000);
	g_assert_cmpuint(whole.bin.packets[HOST_OUT], ==, 10);
	g_assert_cmpuint(whole.bin.records[HOST_OUT], ==, 1);
	g_assert_cmpuint(whole.bin.records[HOST_IN], ==, 0);
	g_assert_cmpuint(whole.bin.flows[HOST_OUT], ==, 1);
	g_assert_cmpuint(whole.bin.protocol_flows[HOST_TCP], ==, 1);
	g_assert_cmpuint(whole.bin.protocol_packets[HOST_TCP], ==, 10);
	g_assert_cmpuint(whole.bin.port_flows[PORT_CLASS_WEB], ==, 1);
	g_assert_cmpuint(whole.bin.size_packets[0], ==, 3);
	g_assert_cmpuint(whole.bin.size_packets[7], ==, 5);
	g_assert_cmpuint(whole.bin.syn_only_flows[HOST_OUT], ==, 1);
	g_assert_cmpuint(whole.bin.single_packet_flows[HOST_OUT], ==, 0);
	g_assert_cmpuint(whole.bin.reset_records[HOST_OUT], ==, 1);
	g_assert_cmpuint(whole.bin.sampling_interval[0], ==, 10);
	g_assert_cmpuint(whole.bin.exporters[0], ==, 4);
	g_assert_cmpuint(whole.bin.earliest_ms[0], ==, 1000);
	g_assert_cmpuint(whole.bin.latest_ms[0], ==, 5010);
	g_assert_cmpuint(whole.bin.directions[0], ==, 1);
	g_assert_cmpuint(whole.bin.size_knowledge[0], ==, 2);
	g_assert_cmpuint(whole.bin.touch_count, ==, 1);
	g_assert_cmpuint(whole.bin.touches[0].octets, ==, 2000);
	g_assert_cmpuint(whole.bin.touches[0].packets, ==, 10);
	g_assert_cmpuint(whole.bin.touches[0].first_quarter, ==, 4);
	g_assert_cmpuint(whole.bin.touches[0].last_quarter, ==, 20);
}

static void
a_wide_share_takes_its_numbers_from_the_next_cell(void)
{
	union host_cell cells[3] = { { .share = request }, { .share = request } };
	struct whole whole;

	memset(cells[0].share.size_packets, 0, sizeof(cells[0].share.size_packets));
	cells[0].share.marks |= SHARE_WIDE;
	cells[1].numbers = (struct host_share_numbers){
		.octets_upper = 3,
		.sampling_interval = 100000,
		.size_packets = { 0, 70000, 0, 0, 0, 0, 0, UINT32_MAX },
	};
	cells[2].share = request;
	whole = whole_of(cells, 3);
	g_assert_cmpuint(whole.bin.octets[HOST_OUT], ==, (UINT64_C(3) << 32) + 4000);
	g_assert_cmpuint(whole.bin.packets[HOST_OUT], ==, UINT64_C(70010) + UINT32_MAX);
	g_assert_cmpuint(whole.bin.protocol_packets[HOST_TCP], ==, UINT32_MAX);
	g_assert_cmpuint(whole.bin.size_packets[1], ==, 70000);
	g_assert_cmpuint(whole.bin.size_packets[7], ==, UINT32_MAX);
	g_assert_cmpuint(whole.bin.sampling_interval[0], ==, 100000);
	g_assert_cmpuint(whole.bin.records[HOST_OUT], ==, 2);
	g_assert_cmpuint(whole.bin.touch_count, ==, 2);
	g_assert_cmpuint(whole.bin.touches[0].octets + whole.bin.touches[1].octets, ==,
	                 UINT32_MAX + 2000u);
}

static void
errors_and_copies_touch_nobody(void)
{
	union host_cell cells[2] = { { .share = request }, { .share = request } };
	struct whole whole;

	cells[0].share.marks = SHARE_COPY;
	cells[1].share.marks = SHARE_ICMP_ERROR;
	cells[1].share.kinds = TOUCH_IN;
	whole = whole_of(cells, 2);
	g_assert_cmpuint(whole.bin.copied_records[0], ==, 1);
	g_assert_cmpuint(whole.bin.octets[HOST_OUT], ==, 0);
	g_assert_cmpuint(whole.bin.octets[HOST_IN], ==, 2000);
	g_assert_cmpuint(whole.bin.icmp_errors[HOST_IN], ==, 10);
	g_assert_cmpuint(whole.bin.touch_count, ==, 0);
	g_assert_cmpuint(whole.bin.exporters[0], ==, 4);
}

/* The share in `cell`, of random numbers; returns how many cells it takes. */
static size_t
draw_share(GRand *random, union host_cell *cell)
{
	bool wide = g_rand_int_range(random, 0, 6) == 0;

	memset(cell, 0, 2 * sizeof(*cell));
	cell->share.peer =
		host_address_from_ipv4(0xc0000200 + (uint32_t)g_rand_int_range(random, 0, 30));
	cell->share.octets =
		wide ? g_rand_int(random) : (uint32_t)g_rand_int_range(random, 0, 99999);
	cell->share.first_ms = (uint16_t)g_rand_int_range(random, 0, HOST_BIN_MS);
	cell->share.last_ms = (uint16_t)g_rand_int_range(random, cell->share.first_ms, HOST_BIN_MS);
	cell->share.port = (uint16_t)g_rand_int_range(random, 20, 90);
	cell->share.kinds = (uint16_t)g_rand_int_range(random, 0, 1 << 13);
	cell->share.marks = (uint16_t)(g_rand_int(random) & 0x5ee);
	cell->share.exporters = (uint16_t)g_rand_int(random);
	cell->share.sampling_interval = (uint16_t)(wide ? 0 : g_rand_int(random));
	cell->share.protocol = (const uint8_t[]){ 6, 17, 1, 47 }[g_rand_int_range(random, 0, 4)];
	cell->share.size_knowledge = (uint8_t)g_rand_int_range(random, 0, 32);
	for (size_t i = 0; i < HOST_BIN_SIZE_CLASSES; i++) {
		if (wide)
			cell[1].numbers.size_packets[i] = g_rand_int(random);
		else
			cell->share.size_packets[i] = (uint8_t)g_rand_int(random);
	}
	if (!wide)
		return 1;
	cell->share.marks |= SHARE_WIDE;
	cell[1].numbers.octets_upper = (uint32_t)g_rand_int_range(random, 0, 5);
	return 2;
}

/* The law: parts of shares, parts of bins, in any order. */
static void
any_split_into_parts_makes_the_same_bin(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(60);

	for (int trial = 0; trial < 300; trial++) {
		union host_cell cells[CELLS + 1];
		size_t starts[CELLS + 1];
		size_t count = 0, shares = 0;
		struct whole expected, whole;
		size_t wanted = (size_t)g_rand_int_range(random, 0, trial < 150 ? 6 : CELLS);

		while (count < wanted) {
			starts[shares++] = count;
			count += draw_share(random, &cells[count]);
		}
		starts[shares] = count;
		expected = whole_of(cells, count);
		whole = whole_of(cells, 0);
		for (size_t until = shares; until > 0;) { /* from the last one to the first */
			size_t from = (size_t)g_rand_int_range(random, 0, (gint32)until);
			struct host_shares part =
				shares_of(&cells[starts[from]], starts[until] - starts[from]);
			struct whole bin = whole_of(part.cells, part.count);

			if (host_shares_extend(&whole.bin, &part))
				host_bin_extension_init(&whole.extension);
			if (g_rand_boolean(random))
				host_shares_merge(&whole.bin, &whole.extension, &part, KEY);
			else
				host_bin_merge(&whole.bin, &whole.extension, &bin.bin,
				               &bin.extension, KEY);
			until = from;
		}
		g_assert_cmpmem(&whole, sizeof(whole), &expected, sizeof(expected));
	}
}

static void
lost_shares_are_told(void)
{
	struct host_shares shares = shares_of(NULL, 0);
	struct whole whole;

	shares.lost = 9;
	host_shares_expand(&shares, &whole.bin, &whole.extension, KEY);
	g_assert_cmpuint(whole.bin.touches_lost[0], ==, 9);
}

static void
refuses_what_no_collector_makes(void)
{
	union host_cell cells[2] = { { .share = request }, { .share = request } };
	struct host_shares shares = shares_of(cells, 2);

	g_assert_true(host_shares_valid(&shares));
#define REFUSES(damage)                                                                            \
	do {                                                                                       \
		cells[1].share = request;                                                          \
		damage;                                                                            \
		g_assert_false(host_shares_valid(&shares));                                        \
	} while (0)
	REFUSES(cells[1].share.marks |= SHARE_WIDE); /* nothing follows */
	REFUSES(cells[1].share.last_ms = HOST_BIN_MS);
	REFUSES(cells[1].share.first_ms = (uint16_t)(cells[1].share.last_ms + 1));
	REFUSES(cells[1].share.kinds |= TOUCH_SHAPES);
	REFUSES(cells[1].share.marks |= 1 << 9);
	REFUSES(cells[1].share.marks |= 1 << 11);
#undef REFUSES
	shares.count = HOST_SHARES_CELLS_MOST + 1;
	g_assert_false(host_shares_valid(&shares));
}

#define ADD(test) g_test_add_func("/host_shares/" #test, test)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(a_share_is_summed_up_in_every_field);
	ADD(a_wide_share_takes_its_numbers_from_the_next_cell);
	ADD(errors_and_copies_touch_nobody);
	ADD(any_split_into_parts_makes_the_same_bin);
	ADD(lost_shares_are_told);
	ADD(refuses_what_no_collector_makes);
	return g_test_run();
}
