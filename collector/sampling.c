#include "collector/sampling.h"

#include <glib.h>

static uint64_t
times(uint64_t value, uint64_t factor)
{
	uint64_t product;

	return __builtin_mul_overflow(value, factor, &product) ? UINT64_MAX : product;
}

static void
scale_sizes(uint32_t sizes[static 8], uint64_t factor)
{
	for (size_t i = 0; i < 8; i++)
		sizes[i] = (uint32_t)MIN(sizes[i] * factor, UINT32_MAX);
}

static void
scale_record(struct flow_record *record, uint32_t factor)
{
	record->octets = times(record->octets, factor);
	record->packets = times(record->packets, factor);
	record->reverse_octets = times(record->reverse_octets, factor);
	record->reverse_packets = times(record->reverse_packets, factor);
	scale_sizes(record->sizes, factor);
	scale_sizes(record->reverse_sizes, factor);
	record->sampling_interval = factor;
	record->marks |= FLOW_SCALED;
}

void
sampling_scale(struct flow_batch *batch, uint32_t override)
{
	for (size_t i = 0; i < batch->count; i++) {
		struct flow_record *record = &batch->records[i];
		uint32_t factor = override != 0 ? override : record->sampling_interval;

		if (factor > 1 && (record->marks & FLOW_SCALED) == 0)
			scale_record(record, factor);
	}
}
