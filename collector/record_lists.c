#include "collector/record_lists.h"

#include <string.h>

#include "collector/list_check.h"

enum {
	CESNET = 8057,
	CESNET_PACKET_LENGTHS = 1013,
	CESNET_PACKET_DIRECTIONS = 1016,
	CESNET_SIZE_HISTOGRAM = 1060,
	CESNET_REVERSE_SIZE_HISTOGRAM = 1062,
	CESNET_BINS = 8,
};

/* What comes of one record while its lists are read. */
struct making {
	StructuredData *data;
	const struct lists_source *source;
	struct listed_record listed;
	struct flow_record *records;
	size_t room;
	struct lists_made *made;
	bool refused;
	bool no_room;
	uint8_t shared[FLOW_BATCH_RECORDS]; /* which counters are of all flows: enum shared_counter
	                                     */
};

enum shared_counter {
	SHARED_OCTETS = 1 << 0,
	SHARED_PACKETS = 1 << 1,
	SHARED_REVERSE = 1 << 2,
};

static void
note_histogram(const struct list_values *values, struct told_direction *direction)
{
	if (values->total != CESNET_BINS)
		return;
	for (unsigned i = 0; i < CESNET_BINS; i++) {
		direction->numbers[TOLD_CESNET_BIN_0 + i] = values->values[i];
		direction->has |= 1U << (TOLD_CESNET_BIN_0 + i);
	}
}

static void
note_values(const struct list_values *values, struct told_sizes *told)
{
	switch (values->element) {
	case CESNET_PACKET_LENGTHS:
		told->payloads_count = MIN(values->count, TOLD_PACKETS_MAX);
		for (size_t i = 0; i < told->payloads_count; i++)
			told->payloads[i] = (uint16_t)MIN(values->values[i], UINT16_MAX);
		break;
	case CESNET_PACKET_DIRECTIONS:
		told->ways_count = MIN(values->count, TOLD_PACKETS_MAX);
		/* A signed octet: 1 or -1. */
		for (size_t i = 0; i < told->ways_count; i++)
			told->ways[i] = values->values[i] == 1 ? 1 : -1;
		break;
	case CESNET_SIZE_HISTOGRAM:
		note_histogram(values, &told->forward);
		break;
	case CESNET_REVERSE_SIZE_HISTOGRAM:
		note_histogram(values, &told->reverse);
		break;
	default:
		break;
	}
}

static void
read_values(struct making *making, struct wire_reader list)
{
	struct list_values values;

	if (!structured_data_read_values(making->data, list, &values))
		making->refused = true;
	else if (values.count > 0 && values.enterprise == CESNET)
		note_values(&values, &making->listed.told);
}

/* The records of the lists around a record, and which ends they name. */
struct around {
	struct flow_record record;
	unsigned ends;
	uint32_t counters; /* that it has of its own */
};

static uint8_t
shared_counters(const struct around *outer, uint32_t own)
{
	uint32_t inherited = outer->counters & ~own;

	return (uint8_t)(((inherited & FLOW_HAS_OCTETS) != 0 ? SHARED_OCTETS : 0) |
	                 ((inherited & FLOW_HAS_PACKETS) != 0 ? SHARED_PACKETS : 0) |
	                 ((inherited & FLOW_HAS_REVERSE) != 0 ? SHARED_REVERSE : 0));
}

/* Counters of a record between the outermost one and the flow are of several flows: dropped. */
static void
forget_counters(struct around *around)
{
	around->record.octets = around->record.packets = 0;
	around->record.reverse_octets = around->record.reverse_packets = 0;
}

/* Reads one record of a sub-Template over the one around it; a flow record when that completes its
 * ends. */
static void
take_record(struct making *making, const struct sub_record *sub,
            struct around around[static LIST_DEPTH_MAX + 1])
{
	const struct around *outer = &around[sub->depth - 1];
	struct around *inner = &around[sub->depth];
	struct told_sizes told;

	if (outer->ends == PLAN_BOTH_ENDS) {
		inner->ends = outer->ends;
		return;
	}
	memset(&told, 0, sizeof(told));
	inner->ends = outer->ends | template_plan_ends(sub->plan);
	inner->counters = outer->counters;
	inner->record = outer->record;
	template_plan_read_over(sub->plan, making->source->context, sub->octets, &told,
	                        &inner->record);
	if (inner->ends != PLAN_BOTH_ENDS) {
		if (template_plan_counters(sub->plan) != 0)
			forget_counters(inner);
		return;
	}
	if (making->made->count == making->room) {
		making->no_room = true;
		return;
	}
	making->shared[making->made->count] =
		shared_counters(outer, template_plan_counters(sub->plan));
	template_plan_finish(sub->plan, making->source->context, &told, &inner->record);
	making->records[making->made->count++] = inner->record;
	making->made->subs++;
}

static void
read_records(struct making *making, bool multi, struct wire_reader list)
{
	unsigned ends = template_plan_ends(making->source->plan);
	struct around around[LIST_DEPTH_MAX + 1];
	struct sub_records subs;

	if (!structured_data_read_records(making->data, making->source->domain, multi, list,
	                                  &subs)) {
		making->refused = true;
		return;
	}
	making->made->missing += subs.missing;
	around[0] = (struct around){ making->listed.record, ends,
		                     template_plan_counters(making->source->plan) };
	for (size_t i = 0; i < subs.count; i++) {
		/* Good for nothing if flows come of the list. */
		template_plan_read_sub(subs.records[i].plan, subs.records[i].octets,
		                       &making->listed.told, &making->listed.record);
		if (ends != PLAN_BOTH_ENDS)
			take_record(making, &subs.records[i], around);
	}
}

static void
read_list(struct making *making, const struct plan_list *list)
{
	struct wire_reader content =
		wire_reader(making->source->octets + list->offset, list->length);

	if (list->length == 0)
		return;
	if (list->load == LOAD_BASIC_LIST)
		read_values(making, content);
	else
		read_records(making, list->load == LOAD_SUB_TEMPLATE_MULTI_LIST, content);
}

static uint64_t
share_of(uint64_t total, size_t number, size_t count)
{
	return count == 0 ? 0 : total / count + (number < total % count);
}

static void
share_counters(struct making *making)
{
	size_t counts[3] = { 0 }, numbers[3] = { 0 };

	for (size_t i = 0; i < making->made->count; i++)
		for (size_t k = 0; k < 3; k++)
			counts[k] += (making->shared[i] >> k & 1) != 0;
	for (size_t i = 0; i < making->made->count; i++) {
		struct flow_record *record = &making->records[i];
		uint8_t shared = making->shared[i];

		if ((shared & SHARED_OCTETS) != 0)
			record->octets = share_of(record->octets, numbers[0]++, counts[0]);
		if ((shared & SHARED_PACKETS) != 0)
			record->packets = share_of(record->packets, numbers[1]++, counts[1]);
		if ((shared & SHARED_REVERSE) != 0) {
			record->reverse_octets =
				share_of(record->reverse_octets, numbers[2], counts[2]);
			record->reverse_packets =
				share_of(record->reverse_packets, numbers[2]++, counts[2]);
		}
		if (making->refused)
			record->marks |= FLOW_STRUCTURED_REFUSED;
	}
}

static enum lists_outcome
conclude(struct making *making)
{
	struct lists_made *made = making->made;

	if (making->no_room && making->room < FLOW_BATCH_RECORDS)
		return LISTS_NO_ROOM;
	making->refused |= making->no_room;
	if (made->count > 0) {
		share_counters(making);
		return LISTS_MADE;
	}
	if (template_plan_ends(making->source->plan) == 0)
		return making->refused || made->missing > 0 ? LISTS_REFUSED : LISTS_WITHOUT_ADDRESS;
	if (making->room == 0)
		return LISTS_NO_ROOM;
	if (making->refused)
		making->listed.record.marks |= FLOW_STRUCTURED_REFUSED;
	template_plan_finish(making->source->plan, making->source->context, &making->listed.told,
	                     &making->listed.record);
	making->records[made->count++] = making->listed.record;
	return LISTS_MADE;
}

enum lists_outcome
record_lists_make(StructuredData *data, const struct lists_source *source,
                  struct flow_record *records, size_t room, struct lists_made *made)
{
	struct making making;

	making.data = data;
	making.source = source;
	making.records = records;
	making.room = room;
	making.made = made;
	making.refused = making.no_room = false;
	made->count = made->subs = made->missing = 0;
	made->length = template_plan_read_listed(source->plan, source->context, source->octets,
	                                         source->left, &making.listed);
	if (made->length == 0)
		return LISTS_CUT;
	for (size_t i = 0; i < making.listed.list_count; i++)
		read_list(&making, &making.listed.lists[i]);
	return conclude(&making);
}
