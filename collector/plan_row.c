#include "collector/plan_row.h"

#include "collector/plan_finish.h"
#include "collector/plan_load.h"

#ifdef __x86_64__
#include <tmmintrin.h>
#endif

#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define SHUFFLING     static inline __attribute__((always_inline, target("ssse3")))

/* The elements that fit, each with its lengths. */
static const struct fitting {
	uint16_t target;
	uint8_t field;
	uint8_t load;
	uint8_t lengths[3]; /* 0: none */
} fittings[] = {
#define FITTING(target, field, load, ...)                                                          \
	{                                                                                          \
		offsetof(struct flow_record, target), ROW_##field, LOAD_##load,                    \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}
	FITTING(source, SOURCE, IPV4, 4),
	FITTING(source, SOURCE, IPV6, 16),
	FITTING(destination, DESTINATION, IPV4, 4),
	FITTING(destination, DESTINATION, IPV6, 16),
	FITTING(start, START, UPTIME, 4),
	FITTING(start, START, UNSIGNED, 8),
	FITTING(end, END, UPTIME, 4),
	FITTING(end, END, UNSIGNED, 8),
	FITTING(octets, OCTETS, UNSIGNED, 4, 8),
	FITTING(packets, PACKETS, UNSIGNED, 4, 8),
	FITTING(ingress_interface, INGRESS, UNSIGNED, 4, 2),
	FITTING(egress_interface, EGRESS, UNSIGNED, 4, 2),
	FITTING(source_port, SOURCE_PORT, UNSIGNED, 2),
	FITTING(destination_port, DESTINATION_PORT, UNSIGNED, 2),
	FITTING(icmp_type_code, ICMP, OR, 2),
	FITTING(tcp_flags, FLAGS, OR, 1, 2),
	FITTING(protocol, PROTOCOL, UNSIGNED, 1),
	FITTING(flow_direction, DIRECTION, UNSIGNED, 1),
	FITTING(flow_end_reason, END_REASON, UNSIGNED, 1),
	FITTING(sampling_interval, SAMPLER, SAMPLER, 1, 2, 4),
#undef FITTING
};

static const struct fitting *
find_fitting(const struct plan_step *step)
{
	for (size_t i = 0; i < G_N_ELEMENTS(fittings); i++) {
		const struct fitting *fitting = &fittings[i];

		if (fitting->target == step->target && fitting->load == step->load &&
		    step->run == plan_step_choose(step->load, step->length, step->target_width) &&
		    (step->length == fitting->lengths[0] || step->length == fitting->lengths[1] ||
		     step->length == fitting->lengths[2]))
			return fitting;
	}
	return NULL;
}

static bool
is_pair(const struct plan_row *row, enum row_field one, enum row_field other)
{
	return row->places[one].length != 0 && row->places[one].length == row->places[other].length;
}

/* Where a field goes in a block: IPv4 addresses to their end, uptimes side by side. */
static uint16_t
target_of(const struct fitting *fitting)
{
	if (fitting->load == LOAD_IPV4)
		return fitting->target + 12;
	if (fitting->load == LOAD_UPTIME && fitting->field == ROW_END)
		return offsetof(struct flow_record, start) + 4;
	return fitting->target;
}

static void
make_shuffle(struct plan_row *row, size_t record_octets)
{
	struct shuffle_field fields[ROW_FIELDS];
	size_t count = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(fittings); i++) {
		const struct fitting *fitting = &fittings[i];
		const struct row_place *place = &row->places[fitting->field];
		bool is_address = fitting->load == LOAD_IPV4 || fitting->load == LOAD_IPV6;

		if (fitting->field == ROW_SAMPLER || place->length == 0 ||
		    (place->length != fitting->lengths[0] && place->length != fitting->lengths[1]))
			continue;
		fields[count++] = (struct shuffle_field){
			.source = place->offset,
			.length = (uint16_t)place->length,
			.target = target_of(fitting),
			.is_number = !is_address,
		};
	}
	row->is_shuffled = plan_shuffle_make(fields, count, record_octets, &row->shuffle);
}

bool
plan_row_make(const struct plan_step *steps, size_t count, size_t record_octets,
              struct plan_row *row)
{
	*row = (struct plan_row){ 0 };
	for (size_t i = 0; i < count; i++) {
		const struct fitting *fitting = find_fitting(&steps[i]);

		if (fitting == NULL || row->places[fitting->field].length != 0)
			return false;
		row->places[fitting->field] =
			(struct row_place){ steps[i].source, steps[i].length };
	}
	row->is_ipv6 = row->places[ROW_SOURCE].length == 16;
	row->times_are_uptime = row->places[ROW_START].length == 4;
	if (!is_pair(row, ROW_SOURCE, ROW_DESTINATION) || !is_pair(row, ROW_START, ROW_END))
		return false;
	make_shuffle(row, record_octets);
	return true;
}

bool
plan_row_has_times(const struct plan_row *row, const struct plan_context *context)
{
	if (context->export_time.ms <= PLAN_PAST_MS)
		return false; /* a time of 0 could be meant */
	return !row->times_are_uptime || (context->uptime_known && !context->uptime_inferred);
}

ALWAYS_INLINE uint64_t
read_counter(const uint8_t *record, struct row_place place)
{
	if (place.length == 4)
		return plan_load_4(record + place.offset);
	return place.length == 8 ? plan_load_8(record + place.offset) : 0;
}

ALWAYS_INLINE uint32_t
read_interface(const uint8_t *record, struct row_place place)
{
	if (place.length == 4)
		return (uint32_t)plan_load_4(record + place.offset);
	return place.length == 2 ? (uint32_t)plan_load_2(record + place.offset) : 0;
}

ALWAYS_INLINE uint16_t
read_short(const uint8_t *record, struct row_place place)
{
	if (place.length == 2)
		return (uint16_t)plan_load_2(record + place.offset);
	return place.length == 1 ? record[place.offset] : 0;
}

ALWAYS_INLINE uint8_t
read_octet(const uint8_t *record, struct row_place place, uint8_t missing)
{
	return place.length == 1 ? record[place.offset] : missing;
}

ALWAYS_INLINE struct host_address
read_address(const uint8_t *record, struct row_place place, bool is_ipv6)
{
	struct host_address address = { .octets = { [10] = 0xff, [11] = 0xff } };

	if (is_ipv6)
		memcpy(address.octets, record + place.offset, 16);
	else
		memcpy(address.octets + 12, record + place.offset, 4);
	return address;
}

ALWAYS_INLINE int64_t
read_time(const uint8_t *record, struct row_place place, const struct plan_context *context,
          bool is_uptime)
{
	if (!is_uptime)
		return (int64_t)plan_load_8(record + place.offset);
	return plan_uptime_to_ms((uint32_t)plan_load_4(record + place.offset),
	                         context->uptime_at.ms, context->uptime_ms);
}

/* One sampler tells of most records. */
struct last_sampler {
	const struct sampler_table *samplers;
	uint64_t id;
	uint32_t interval;
};

static uint32_t
find_interval(struct last_sampler *last, uint64_t id)
{
	last->id = id;
	last->interval = last->samplers == NULL ? 0 : sampler_table_find(last->samplers, id);
	return last->interval;
}

ALWAYS_INLINE uint32_t
read_sampler(const uint8_t *record, struct row_place place, struct last_sampler *last)
{
	uint64_t id;

	if (place.length == 0)
		return 0;
	id = place.length == 1   ? plan_load_1(record + place.offset)
	     : place.length == 2 ? plan_load_2(record + place.offset)
	                         : plan_load_4(record + place.offset);
	return id == last->id ? last->interval : find_interval(last, id);
}

/* The times of nearly all records are possible and in order. */
ALWAYS_INLINE void
finish_times(struct wall_time export_time, struct flow_record *record)
{
	uint64_t least = (uint64_t)export_time.ms - PLAN_PAST_MS;
	uint64_t span = (uint64_t)PLAN_PAST_MS + PLAN_FUTURE_MS;

	if ((uint64_t)record->start.ms - least > span || (uint64_t)record->end.ms - least > span ||
	    record->end.ms < record->start.ms)
		plan_finish_times(export_time, record);
}

ALWAYS_INLINE void
finish(struct wall_time export_time, struct flow_record *record, bool is_ipv6)
{
	if (is_ipv6 &&
	    (host_address_is_ipv4(&record->source) || host_address_is_ipv4(&record->destination)))
		record->marks |= FLOW_IPV4_MAPPED;
	finish_times(export_time, record);
	plan_finish_icmp(record);
}

ALWAYS_INLINE void
read_rows(const struct plan_row *row, const struct plan_rows *rows, uint32_t marks, bool is_ipv6,
          bool is_uptime)
{
	const struct plan_context context = *rows->context;
	const struct plan_row at = *row;
	const uint8_t *from = rows->octets;
	struct last_sampler sampler = { .samplers = context.samplers };

	(void)find_interval(&sampler, 0);
	for (size_t i = 0; i < rows->count; i++, from += rows->stride) {
		struct flow_record *record = &rows->records[i];

		record->source = read_address(from, at.places[ROW_SOURCE], is_ipv6);
		record->destination = read_address(from, at.places[ROW_DESTINATION], is_ipv6);
		record->start.ms = read_time(from, at.places[ROW_START], &context, is_uptime);
		record->end.ms = read_time(from, at.places[ROW_END], &context, is_uptime);
		record->octets = read_counter(from, at.places[ROW_OCTETS]);
		record->packets = read_counter(from, at.places[ROW_PACKETS]);
		record->sampling_interval = read_sampler(from, at.places[ROW_SAMPLER], &sampler);
		record->ingress_interface = read_interface(from, at.places[ROW_INGRESS]);
		record->egress_interface = read_interface(from, at.places[ROW_EGRESS]);
		record->marks = marks;
		record->source_port = read_short(from, at.places[ROW_SOURCE_PORT]);
		record->destination_port = read_short(from, at.places[ROW_DESTINATION_PORT]);
		record->icmp_type_code = read_short(from, at.places[ROW_ICMP]);
		record->tcp_flags = read_short(from, at.places[ROW_FLAGS]);
		record->template_id = context.template_id;
		record->protocol = read_octet(from, at.places[ROW_PROTOCOL], 0);
		record->flow_direction = read_octet(from, at.places[ROW_DIRECTION], UINT8_MAX);
		record->flow_end_reason = read_octet(from, at.places[ROW_END_REASON], 0);
		record->firewall_event = 0;
		record->nat_event = 0;
		finish(context.export_time, record, is_ipv6);
	}
}

#ifdef __x86_64__
/* What of the blocks is the same in all records. */
struct common_blocks {
	__m128i blocks[SHUFFLE_BLOCKS];
};

/* One block with a few octets in it. */
ALWAYS_INLINE __m128i
block_with(size_t offset, uint64_t octets)
{
	uint64_t halves[2] = { 0 };

	halves[offset / 8] = octets << offset % 8 * 8;
	return _mm_set_epi64x((int64_t)halves[1], (int64_t)halves[0]);
}

ALWAYS_INLINE struct common_blocks
common_of(const struct plan_row *row, const struct plan_rows *rows, uint32_t marks)
{
	enum {
		MAPPED = 0xffff,
		MARKS = offsetof(struct flow_record, marks) -
		        offsetof(struct flow_record, sampling_interval),
		TEMPLATE = offsetof(struct flow_record, template_id) -
		           offsetof(struct flow_record, source_port),
		DIRECTION = offsetof(struct flow_record, flow_direction) -
		            offsetof(struct flow_record, source_port),
	};
	uint64_t untold = row->places[ROW_DIRECTION].length == 0 ? UINT8_MAX : 0;
	__m128i address = block_with(10, row->is_ipv6 ? 0 : MAPPED);

	return (struct common_blocks){
		.blocks = { [SHUFFLE_SOURCE] = address,
		            [SHUFFLE_DESTINATION] = address,
		            [SHUFFLE_INTERFACES] = block_with(MARKS, marks),
		            [SHUFFLE_PORTS] =
		                    _mm_or_si128(block_with(TEMPLATE, rows->context->template_id),
		                                 block_with(DIRECTION, untold)) },
	};
}

SHUFFLING __m128i
shuffle(const struct shuffle_window *window, const uint8_t *record)
{
	__m128i octets = _mm_loadu_si128((const __m128i *)(const void *)(record + window->offset));

	return _mm_shuffle_epi8(octets, *(const __m128i *)(const void *)window->from);
}

/* The block of a flow record. */
ALWAYS_INLINE __m128i *
block_in(struct flow_record *record, enum shuffle_block block)
{
	return (__m128i *)(void *)((char *)record + shuffle_target(block));
}

SHUFFLING void
shuffle_record(const struct plan_shuffle *plan, const struct common_blocks *common,
               const uint8_t *from, struct flow_record *record)
{
	for (enum shuffle_block i = SHUFFLE_SOURCE; i < SHUFFLE_BLOCKS; i++)
		_mm_storeu_si128(block_in(record, i),
		                 _mm_or_si128(shuffle(&plan->first[i], from), common->blocks[i]));
	for (size_t i = 0; i < plan->more_count; i++) {
		__m128i *block = block_in(record, plan->more[i].block);

		_mm_storeu_si128(
			block, _mm_or_si128(_mm_loadu_si128(block), shuffle(&plan->more[i], from)));
	}
}

SHUFFLING void
read_shuffled(const struct plan_row *row, const struct plan_rows *rows, uint32_t marks,
              bool is_uptime)
{
	const struct plan_context context = *rows->context;
	const struct row_place sampler_place = row->places[ROW_SAMPLER];
	const uint8_t *from = rows->octets;
	struct last_sampler sampler = { .samplers = context.samplers };
	const struct common_blocks common = common_of(row, rows, marks);

	(void)find_interval(&sampler, 0);
	for (size_t i = 0; i < rows->count; i++, from += rows->stride) {
		struct flow_record *record = &rows->records[i];

		shuffle_record(&row->shuffle, &common, from, record);
		if (is_uptime) {
			uint64_t both = (uint64_t)record->start.ms;

			record->start.ms = plan_uptime_to_ms((uint32_t)both, context.uptime_at.ms,
			                                     context.uptime_ms);
			record->end.ms = plan_uptime_to_ms((uint32_t)(both >> 32),
			                                   context.uptime_at.ms, context.uptime_ms);
		}
		record->sampling_interval = read_sampler(from, sampler_place, &sampler);
		record->nat_event = 0;
		finish(context.export_time, record, row->is_ipv6);
	}
}

static __attribute__((target("ssse3"))) void
read_by_shuffles(const struct plan_row *row, const struct plan_rows *rows, uint32_t marks)
{
	if (row->times_are_uptime)
		read_shuffled(row, rows, marks, true);
	else
		read_shuffled(row, rows, marks, false);
}
#endif

void
plan_row_read(const struct plan_row *row, const struct plan_rows *rows, uint32_t marks)
{
#ifdef __x86_64__
	if (row->is_shuffled) {
		read_by_shuffles(row, rows, marks);
		return;
	}
#endif
	if (row->is_ipv6 && row->times_are_uptime)
		read_rows(row, rows, marks, true, true);
	else if (row->is_ipv6)
		read_rows(row, rows, marks, true, false);
	else if (row->times_are_uptime)
		read_rows(row, rows, marks, false, true);
	else
		read_rows(row, rows, marks, false, false);
}
