#include "collector/bin_index.h"

#include "collector/lazy_map.h"

enum { SLOTS_FIRST = 1 << 13, SLOTS_LEAST = 64 };

static uint64_t
slots_for(size_t numbers_max)
{
	uint64_t slots = SLOTS_LEAST;

	while (slots / 4 * 3 < numbers_max)
		slots *= 2;
	return slots;
}

void
bin_index_init(struct bin_index *index, size_t numbers_max)
{
	uint64_t most = slots_for(numbers_max);
	uint64_t slots = most < SLOTS_FIRST ? most : SLOTS_FIRST;

	*index = (struct bin_index){
		.slots = lazy_map(slots * sizeof(*index->slots)),
		.mask = slots - 1,
		.most = most,
	};
}

void
bin_index_clear(struct bin_index *index)
{
	lazy_unmap(index->slots, bin_index_octets(index));
	index->slots = NULL;
}

size_t
bin_index_octets(const struct bin_index *index)
{
	return (index->mask + 1) * sizeof(*index->slots);
}

static void
put(struct bin_index *index, uint64_t slot)
{
	uint64_t at = slot >> 32 & index->mask;

	while (index->slots[at] != 0)
		at = (at + 1) & index->mask;
	index->slots[at] = slot;
}

static void
grow(struct bin_index *index)
{
	struct bin_index old = *index;

	index->mask = 2 * old.mask + 1;
	index->slots = lazy_map(bin_index_octets(index));
	for (uint64_t i = 0; i <= old.mask; i++)
		if (old.slots[i] != 0)
			put(index, old.slots[i]);
	bin_index_clear(&old);
}

void
bin_index_add(struct bin_index *index, uint32_t hash, uint32_t number)
{
	if (++index->taken > index->mask / 2 && index->mask + 1 < index->most)
		grow(index);
	put(index, (uint64_t)hash << 32 | (number + 1));
}

/* Moves later slots of the same run up, so that no search stops short. */
static void
fill_gap(struct bin_index *index, uint64_t gap)
{
	uint64_t mask = index->mask;

	for (uint64_t at = (gap + 1) & mask; index->slots[at] != 0; at = (at + 1) & mask) {
		uint64_t home = index->slots[at] >> 32 & mask;

		if (((at - home) & mask) < ((at - gap) & mask))
			continue;
		index->slots[gap] = index->slots[at];
		gap = at;
	}
	index->slots[gap] = 0;
}

void
bin_index_remove(struct bin_index *index, uint32_t hash, uint32_t number)
{
	uint64_t slot = (uint64_t)hash << 32 | (number + 1);
	uint64_t at = bin_index_home(index, hash);

	while (index->slots[at] != slot)
		at = (at + 1) & index->mask;
	fill_gap(index, at);
	index->taken--;
}
