#include "collector/size_bins.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

struct bounds {
	uint64_t least, most; /* octets of all packets together */
};

size_t
size_class_of(uint64_t ip_octets)
{
	static const uint16_t edges[SIZE_CLASSES - 1] = { 50, 100, 200, 500, 1000, 1400, 1500 };
	size_t i = 0;

	while (i < SIZE_CLASSES - 1 && ip_octets >= edges[i])
		i++;
	return i;
}

static struct bounds
sum_bounds(const struct size_bin *bins, size_t count)
{
	struct bounds sum = { 0, 0 };

	for (size_t i = 0; i < count; i++) {
		sum.least += bins[i].packets * bins[i].least;
		sum.most += bins[i].packets * bins[i].most;
	}
	return sum;
}

/* What one packet of the bin can have, when the others of all bins have the least or the most. */
static struct size_bin
narrow(const struct size_bin *bin, const struct bounds *sum, uint64_t octets)
{
	uint64_t above = octets - sum->least, below = sum->most - octets;
	struct size_bin narrowed = *bin;

	if (above < bin->most - bin->least)
		narrowed.most = bin->least + (uint32_t)above;
	if (below < bin->most - bin->least)
		narrowed.least = bin->most - (uint32_t)below;
	return narrowed;
}

static void
narrow_all(struct size_bin *bins, size_t count, uint64_t octets)
{
	struct bounds sum = sum_bounds(bins, count);

	if (octets > 0 && octets >= sum.least && octets <= sum.most)
		for (size_t i = 0; i < count; i++)
			if (bins[i].packets > 0)
				bins[i] = narrow(&bins[i], &sum, octets);
	for (size_t i = 0; i < count; i++)
		bins[i].usual = CLAMP(bins[i].usual, bins[i].least, bins[i].most);
}

/* How far the means go from the usual sizes to the bounds: 1 to the most, -1 to the least. */
static double
find_pull(const struct size_bin *bins, size_t count, uint64_t octets)
{
	double difference = (double)octets, room = 0;

	for (size_t i = 0; i < count; i++)
		difference -= (double)bins[i].packets * bins[i].usual;
	for (size_t i = 0; i < count; i++) {
		uint32_t way = difference > 0 ? bins[i].most - bins[i].usual
		                              : bins[i].usual - bins[i].least;

		room += (double)bins[i].packets * way;
	}
	return room > 0 ? CLAMP(difference / room, -1, 1) : 0;
}

static void
put(uint32_t classes[static SIZE_CLASSES], uint64_t packets, uint64_t octets_each)
{
	classes[size_class_of(octets_each)] += (uint32_t)packets;
}

/* The octets go to the bin's packets: see the header. */
static void
place(const struct size_bin *bin, uint64_t octets, uint32_t classes[static SIZE_CLASSES])
{
	uint64_t at_usual = bin->packets * bin->usual;
	bool above = octets > at_usual;
	uint64_t difference = above ? octets - at_usual : at_usual - octets;
	uint64_t step = (above ? bin->most - bin->usual : bin->usual - bin->least) / 2;
	uint64_t away, rest;

	if (bin->packets == 0)
		return;
	if (difference > bin->packets * step) {
		uint64_t greater = octets % bin->packets;

		put(classes, greater, octets / bin->packets + 1);
		put(classes, bin->packets - greater, octets / bin->packets);
		return;
	}
	away = step == 0 ? 0 : difference / step;
	rest = step == 0 ? 0 : difference % step;
	put(classes, away, above ? bin->usual + step : bin->usual - step);
	if (rest > 0)
		put(classes, 1, above ? bin->usual + rest : bin->usual - rest);
	put(classes, bin->packets - away - (rest > 0), bin->usual);
}

/* Places all bins; rounding is carried from bin to bin. */
static void
place_all(const struct size_bin *bins, size_t count, double pull,
          uint32_t classes[static SIZE_CLASSES])
{
	double carried = 0;

	for (size_t i = 0; i < count; i++) {
		const struct size_bin *bin = &bins[i];
		uint32_t bound = pull > 0 ? bin->most : bin->least;
		double exact = (double)bin->packets *
		               (bin->usual + ABS(pull) * ((double)bound - bin->usual));
		double whole = (double)(uint64_t)(exact + carried + 0.5);

		carried += exact - whole;
		place(bin,
		      CLAMP((uint64_t)whole, bin->packets * bin->least, bin->packets * bin->most),
		      classes);
	}
}

static bool
adds_up(const struct size_bin *bins, size_t count, uint64_t packets)
{
	uint64_t sum = 0;

	if (packets == 0 || packets > UINT32_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (bins[i].packets > packets)
			return false;
		sum += bins[i].packets;
	}
	return sum == packets;
}

enum size_knowledge
size_bins_place(const struct size_bin *bins, size_t count, uint64_t packets, uint64_t octets,
                uint32_t classes[static SIZE_CLASSES])
{
	enum size_knowledge knowledge = SIZE_BINS_EXACT;
	struct size_bin narrowed[SIZE_BINS_MAX];
	double pull;

	if (count > SIZE_BINS_MAX || !adds_up(bins, count, packets))
		return SIZE_BINS_REFUSED;
	memcpy(narrowed, bins, count * sizeof(*bins));
	narrow_all(narrowed, count, octets);
	pull = octets == 0 ? 0 : find_pull(narrowed, count, octets);
	memset(classes, 0, SIZE_CLASSES * sizeof(*classes));
	place_all(narrowed, count, pull, classes);
	for (size_t i = 0; i < count; i++)
		if (narrowed[i].packets > 0 &&
		    size_class_of(narrowed[i].least) != size_class_of(narrowed[i].most))
			knowledge = SIZE_BINS_PLACED;
	return knowledge;
}
