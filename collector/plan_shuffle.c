#include "collector/plan_shuffle.h"

#include <glib.h>
#include <string.h>

_Static_assert(offsetof(struct flow_record, end) == offsetof(struct flow_record, start) + 8 &&
                       offsetof(struct flow_record, packets) ==
                               offsetof(struct flow_record, octets) + 8 &&
                       offsetof(struct flow_record, marks) ==
                               offsetof(struct flow_record, sampling_interval) + 12 &&
                       offsetof(struct flow_record, firewall_event) ==
                               offsetof(struct flow_record, source_port) + SHUFFLE_OCTETS - 1,
               "blocks are written whole");

static bool
is_possible(void)
{
#ifdef __x86_64__
	return __builtin_cpu_supports("ssse3");
#else
	return false;
#endif
}

/* SHUFFLE_BLOCKS: it lies in none. */
static enum shuffle_block
block_of(const struct shuffle_field *field)
{
	enum shuffle_block block = SHUFFLE_SOURCE;

	while (block < SHUFFLE_BLOCKS &&
	       (field->target < shuffle_target(block) ||
	        field->target + field->length > shuffle_target(block) + SHUFFLE_OCTETS))
		block++;
	return block;
}

static void
begin_window(struct shuffle_window *window, enum shuffle_block block, uint32_t offset)
{
	memset(window->from, SHUFFLE_NONE, sizeof(window->from));
	window->block = block;
	window->offset = offset;
}

static bool
covers(const struct shuffle_window *window, const struct shuffle_field *field)
{
	return field->source >= window->offset &&
	       field->source + field->length <= window->offset + SHUFFLE_OCTETS;
}

static void
put_field(struct shuffle_window *window, const struct shuffle_field *field)
{
	size_t from = field->source - window->offset;
	size_t to = field->target - shuffle_target(window->block);

	for (size_t i = 0; i < field->length; i++)
		window->from[to + i] =
			(uint8_t)(from + (field->is_number ? field->length - 1 - i : i));
}

/* The window that covers the field: a new one, unless there is one already. */
static struct shuffle_window *
find_window(struct plan_shuffle *shuffle, bool *is_begun, const struct shuffle_field *field,
            size_t record_octets)
{
	enum shuffle_block block = block_of(field);
	/* No window goes past the record. */
	uint32_t offset = (uint32_t)MIN(field->source, record_octets - SHUFFLE_OCTETS);

	if (!is_begun[block]) {
		is_begun[block] = true;
		begin_window(&shuffle->first[block], block, offset);
		return &shuffle->first[block];
	}
	if (covers(&shuffle->first[block], field))
		return &shuffle->first[block];
	for (size_t i = 0; i < shuffle->more_count; i++)
		if (shuffle->more[i].block == block && covers(&shuffle->more[i], field))
			return &shuffle->more[i];
	if (shuffle->more_count == SHUFFLE_MORE_MAX)
		return NULL;
	begin_window(&shuffle->more[shuffle->more_count], block, offset);
	return &shuffle->more[shuffle->more_count++];
}

static int
compare_sources(const void *a, const void *b)
{
	uint32_t one = ((const struct shuffle_field *)a)->source;
	uint32_t other = ((const struct shuffle_field *)b)->source;

	return one < other ? -1 : one > other;
}

bool
plan_shuffle_make(const struct shuffle_field *fields, size_t count, size_t record_octets,
                  struct plan_shuffle *shuffle)
{
	g_autofree struct shuffle_field *sorted = g_memdup2(fields, count * sizeof(*fields));
	bool is_begun[SHUFFLE_BLOCKS] = { false };

	if (!is_possible() || record_octets < SHUFFLE_OCTETS || count == 0)
		return false;
	memset(shuffle, 0, sizeof(*shuffle));
	for (enum shuffle_block i = SHUFFLE_SOURCE; i < SHUFFLE_BLOCKS; i++)
		begin_window(&shuffle->first[i], i, 0);
	qsort(sorted, count, sizeof(*sorted), compare_sources);
	for (size_t i = 0; i < count; i++) {
		struct shuffle_window *window;

		if (sorted[i].length > SHUFFLE_OCTETS || block_of(&sorted[i]) == SHUFFLE_BLOCKS ||
		    sorted[i].source + sorted[i].length > record_octets)
			return false;
		window = find_window(shuffle, is_begun, &sorted[i], record_octets);
		if (window == NULL)
			return false;
		put_field(window, &sorted[i]);
	}
	return true;
}
