#include "detector/two_sides.h"

enum {
	EXPORTER_SETS = 1 << 16,
	PACKETS_LEAST = 50, /* that were seen in one direction, to tell anything */
	SMALL_PACKETS = 3,  /* of a small flow, which may have had no answer */
	LOPSIDED_FACTOR = 20,
	MINUTES_LEAST = 20,
	MINUTES_MOST = 4096, /* then all count half */
	LACKING_PER_CENT = 40,
};

struct row {
	uint16_t minutes;
	uint16_t lopsided[2]; /* next to nothing in that direction */
};

struct TwoSides {
	struct row rows[EXPORTER_SETS];
};

TwoSides *
two_sides_new(void)
{
	return g_new0(TwoSides, 1);
}

void
two_sides_free(TwoSides *sides)
{
	g_free(sides);
}

/* TCP packets but for those of flows so small that nothing may have answered. */
static uint64_t
answerable_packets(const struct host_bin *minute, enum host_direction direction)
{
	uint64_t packets = minute->protocol_packets[direction * 4 + HOST_TCP];
	uint64_t small = (uint64_t)SMALL_PACKETS * minute->small_flows[direction] *
	                 MAX(minute->sampling_interval[0], 1);

	return packets > small ? packets - small : 0;
}

static void
halve(struct row *row)
{
	row->minutes /= 2;
	row->lopsided[HOST_OUT] /= 2;
	row->lopsided[HOST_IN] /= 2;
}

void
two_sides_take(TwoSides *sides, const struct host_bin *minute)
{
	struct row *row = &sides->rows[minute->exporters[0]];
	uint64_t least = (uint64_t)PACKETS_LEAST * MAX(minute->sampling_interval[0], 1);
	uint64_t out = answerable_packets(minute, HOST_OUT);
	uint64_t in = answerable_packets(minute, HOST_IN);

	if (MAX(out, in) < least)
		return;
	if (row->minutes == MINUTES_MOST)
		halve(row);
	row->minutes++;
	if (minute->protocol_packets[HOST_IN * 4 + HOST_TCP] < out / LOPSIDED_FACTOR)
		row->lopsided[HOST_IN]++;
	if (minute->protocol_packets[HOST_OUT * 4 + HOST_TCP] < in / LOPSIDED_FACTOR)
		row->lopsided[HOST_OUT]++;
}

bool
two_sides_lack(const TwoSides *sides, uint16_t exporters, enum host_direction direction)
{
	const struct row *row = &sides->rows[exporters];

	return row->minutes >= MINUTES_LEAST &&
	       row->lopsided[direction] * 100 > row->minutes * LACKING_PER_CENT;
}
