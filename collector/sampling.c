#include "collector/sampling.h"

#include <glib.h>
#include <math.h>
#include <string.h>

enum sampler_change
sampler_table_announce(struct sampler_table *table, const struct sampler *sampler)
{
	for (size_t i = 0; i < table->count; i++) {
		struct sampler *known = &table->samplers[i];

		if (known->scope != sampler->scope || known->key != sampler->key)
			continue;
		if (known->interval == sampler->interval)
			return SAMPLER_REPEATED;
		known->interval = sampler->interval;
		return SAMPLER_CHANGED;
	}
	if (table->count == SAMPLERS_MAX)
		return SAMPLER_REFUSED;
	table->samplers[table->count++] = *sampler;
	return SAMPLER_CHANGED;
}

static uint32_t
find(const struct sampler_table *table, enum sampler_scope scope, uint64_t key)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->samplers[i].scope == scope && table->samplers[i].key == key)
			return table->samplers[i].interval;
	return 0;
}

uint32_t
sampler_table_find(const struct sampler_table *table, uint64_t id)
{
	return find(table, SAMPLER_BY_ID, id);
}

uint32_t
sampler_table_common(const struct sampler_table *table, uint32_t ingress_interface)
{
	uint32_t interval = find(table, SAMPLER_OF_INTERFACE, ingress_interface);

	return interval != 0 ? interval : find(table, SAMPLER_OF_DOMAIN, 0);
}

uint32_t
sampler_table_default(const struct sampler_table *table, uint32_t ingress_interface)
{
	uint32_t interval = sampler_table_common(table, ingress_interface);

	if (interval == 0 && table->count == 1 && table->samplers[0].scope == SAMPLER_BY_ID)
		interval = table->samplers[0].interval;
	return interval;
}

bool
sampler_table_has_interfaces(const struct sampler_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->samplers[i].scope == SAMPLER_OF_INTERFACE)
			return true;
	return false;
}

double
sampling_read_probability(const uint8_t *octets, size_t length)
{
	uint64_t bits = 0;
	uint32_t narrow_bits;
	double wide;
	float narrow;

	if (length != sizeof(wide) && length != sizeof(narrow))
		return 0;
	for (size_t i = 0; i < length; i++)
		bits = bits << 8 | octets[i];
	narrow_bits = (uint32_t)bits;
	memcpy(&wide, &bits, sizeof(wide));
	memcpy(&narrow, &narrow_bits, sizeof(narrow));
	return length == sizeof(wide) ? wide : (double)narrow;
}

uint32_t
sampling_interval_of(double probability)
{
	/* Also of what is no number. */
	return probability > 1e-9 && probability <= 1 ? (uint32_t)llround(1 / probability) : 0;
}

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

/* Most exporters do not sample. */
static bool
is_any_sampled(const struct flow_batch *batch)
{
	uint32_t intervals = 0;

	for (size_t i = 0; i < batch->count; i++)
		intervals |= batch->records[i].sampling_interval;
	return intervals > 1;
}

void
sampling_scale(struct flow_batch *batch, uint32_t override)
{
	if (override <= 1 && !is_any_sampled(batch))
		return;
	for (size_t i = 0; i < batch->count; i++) {
		struct flow_record *record = &batch->records[i];
		uint32_t factor = override != 0 ? override : record->sampling_interval;

		if (factor > 1 && (record->marks & FLOW_SCALED) == 0)
			scale_record(record, factor);
	}
}
