#include "collector/plan_step.h"

#include "collector/plan_load.h"

enum {
	TCP_FIN = 1 << 0,
	TCP_SYN = 1 << 1,
	TCP_RST = 1 << 2,
	TCP_PSH = 1 << 3,
	TCP_ACK = 1 << 4,
};

#define EACH_ROW(rows, step, from, to)                                                             \
	const uint8_t *from = (rows)->octets + (step)->source;                                     \
	char *to = (char *)(rows)->records + (step)->target;                                       \
	for (size_t row_ = 0; row_ < (rows)->count;                                                \
	     row_++, from += (rows)->stride, to += sizeof(struct flow_record))

/* Every reader is told the length. */
#define READ(octets)                                                                               \
	static inline uint64_t read_##octets(const uint8_t *from, size_t length)                   \
	{                                                                                          \
		(void)length;                                                                      \
		return plan_load_##octets(from);                                                   \
	}
READ(1)
READ(2)
READ(4)
READ(8)

static inline uint64_t
read_any(const uint8_t *from, size_t length)
{
	uint64_t value = 0;

	for (size_t i = 0; i < length; i++)
		value = value << 8 | from[i];
	return value;
}

uint64_t
plan_step_read_unsigned(const uint8_t *octets, size_t length)
{
	return length <= 8 ? read_any(octets, length) : 0;
}

/* Values that do not fit saturate: a wrong number that is large is better than one that looks
 * right. */
#define COPY(read, width)                                                                          \
	static void copy_##read##_to_##width(const struct plan_step *step,                         \
	                                     const struct plan_rows *rows)                         \
	{                                                                                          \
		EACH_ROW(rows, step, from, to)                                                     \
		{                                                                                  \
			uint64_t wide = read_##read(from, step->length);                           \
			uint##width##_t value =                                                    \
				(uint##width##_t)MIN(wide, (uint64_t)UINT##width##_MAX);           \
                                                                                                   \
			memcpy(to, &value, sizeof(value));                                         \
		}                                                                                  \
	}
#define COPIES(read) COPY(read, 8) COPY(read, 16) COPY(read, 32) COPY(read, 64)
COPIES(1)
COPIES(2)
COPIES(4)
COPIES(8)
COPIES(any)

static plan_step_function
choose_copy(uint16_t length, size_t target_width)
{
#define ROW(read)                                                                                  \
	{                                                                                          \
		copy_##read##_to_8, copy_##read##_to_16, copy_##read##_to_32, copy_##read##_to_64  \
	}
	static const plan_step_function copies[5][4] = { ROW(1), ROW(2), ROW(4), ROW(8), ROW(any) };
#undef ROW
	size_t row = length == 1 ? 0 : length == 2 ? 1 : length == 4 ? 2 : length == 8 ? 3 : 4;
	size_t column = target_width == 1 ? 0 : target_width == 2 ? 1 : target_width == 4 ? 2 : 3;

	return copies[row][column];
}

static void
or_into(char *to, uint16_t bits)
{
	uint16_t value;

	memcpy(&value, to, sizeof(value));
	value = (uint16_t)(value | bits);
	memcpy(to, &value, sizeof(value));
}

static void
or_any(const struct plan_step *step, const struct plan_rows *rows)
{
	if (step->length == 1) {
		EACH_ROW(rows, step, from, to)
		or_into(to, from[0]);
		return;
	}
	EACH_ROW(rows, step, from, to)
	or_into(to, (uint16_t)read_any(from, step->length));
}

static void
icmp_type(const struct plan_step *step, const struct plan_rows *rows)
{
	EACH_ROW(rows, step, from, to)
	or_into(to, (uint16_t)(read_any(from, step->length) << 8));
}

/* A count of packets that carried a flag. */
static void
flag(const struct plan_step *step, const struct plan_rows *rows)
{
	static const uint8_t flags[] = {
		[0] = TCP_FIN,
		[LOAD_FLAG_SYN - LOAD_FLAG_FIN] = TCP_SYN,
		[LOAD_FLAG_RST - LOAD_FLAG_FIN] = TCP_RST,
		[LOAD_FLAG_PSH - LOAD_FLAG_FIN] = TCP_PSH,
		[LOAD_FLAG_ACK - LOAD_FLAG_FIN] = TCP_ACK,
	};
	uint16_t bit = flags[step->load - LOAD_FLAG_FIN];

	EACH_ROW(rows, step, from, to)
	or_into(to, read_any(from, step->length) != 0 ? bit : 0);
}

/* A Template may have addresses of both families, one of them zero in each record. */
static void
ipv4(const struct plan_step *step, const struct plan_rows *rows)
{
	static const uint8_t unset[sizeof(struct host_address)];

	EACH_ROW(rows, step, from, to)
	{
		struct host_address address = { .octets = { [10] = 0xff, [11] = 0xff } };

		memcpy(address.octets + 12, from, 4);
		if (read_4(from, 4) != 0 || memcmp(to, unset, sizeof(unset)) == 0)
			memcpy(to, &address, sizeof(address));
	}
}

static void
ipv6(const struct plan_step *step, const struct plan_rows *rows)
{
	static const uint8_t unset[sizeof(struct host_address)];

	EACH_ROW(rows, step, from, to)
	{
		struct host_address address;

		if (memcmp(from, unset, sizeof(unset)) == 0)
			continue;
		memcpy(address.octets, from, sizeof(address.octets));
		memcpy(to, &address, sizeof(address));
		if (host_address_is_ipv4(&address))
			rows->records[row_].marks |= FLOW_IPV4_MAPPED;
	}
}

static void
put_ms(char *to, int64_t ms)
{
	memcpy(to, &ms, sizeof(ms));
}

static void
seconds(const struct plan_step *step, const struct plan_rows *rows)
{
	/* More than 40 bits of seconds is no time; the cut keeps the product in range. */
	EACH_ROW(rows, step, from, to)
	put_ms(to, (int64_t)(MIN(read_any(from, step->length), 1ULL << 40) * 1000));
}

static int64_t
ntp_to_ms(uint64_t value)
{
	static const int64_t unix_epoch_s = 2208988800; /* of the era that began in 1900 */
	static const int64_t era_s = 1LL << 32;
	int64_t whole = (int64_t)(value >> 32);

	if (whole < era_s / 2)
		whole += era_s; /* since 2036 */
	return (whole - unix_epoch_s) * 1000 + (int64_t)((value & UINT32_MAX) * 1000 >> 32);
}

static bool
is_near(int64_t ms, int64_t export_ms)
{
	static const int64_t far_ms = 7LL * 24 * 3600 * 1000;

	return ms >= export_ms - far_ms && ms <= export_ms + far_ms;
}

/* Some exporters count microseconds or nanoseconds since 1970 where RFC 7011 asks for an NTP
 * timestamp: believed when that alone makes sense. */
static void
ntp(const struct plan_step *step, const struct plan_rows *rows)
{
	int64_t export_ms = rows->context->export_time.ms;

	EACH_ROW(rows, step, from, to)
	{
		uint64_t value = read_8(from, 8);
		int64_t ms = value == 0 ? 0 : ntp_to_ms(value); /* 0: not known */

		if (value != 0 && !is_near(ms, export_ms)) {
			if (is_near((int64_t)(value / 1000), export_ms))
				ms = (int64_t)(value / 1000);
			else if (is_near((int64_t)(value / 1000000), export_ms))
				ms = (int64_t)(value / 1000000);
		}
		put_ms(to, ms);
	}
}

static inline void
read_uptimes(const struct plan_step *step, const struct plan_rows *rows, bool is_whole)
{
	const struct plan_context *context = rows->context;

	if (!context->uptime_known)
		return;
	EACH_ROW(rows, step, from, to)
	{
		uint32_t value =
			(uint32_t)(is_whole ? read_4(from, 4) : read_any(from, step->length));
		int64_t ms = plan_uptime_to_ms(value, context->uptime_at.ms, context->uptime_ms);

		/* More than the uptime, and yet in the past only as a time before the boot: not
		 * known. */
		if (context->uptime_inferred && value > context->uptime_ms &&
		    ms < context->uptime_at.ms)
			ms = 0;
		put_ms(to, ms);
	}
}

static void
uptime(const struct plan_step *step, const struct plan_rows *rows)
{
	/* Two copies of the loop: nearly every exporter sends four octets. */
	if (step->length == 4)
		read_uptimes(step, rows, true);
	else
		read_uptimes(step, rows, false);
}

void
plan_step_uptime_from_boot(const struct plan_step *step, const struct plan_rows *rows)
{
	const uint8_t *boot = rows->octets + step->second_source;
	int64_t export_ms = rows->context->export_time.ms;

	EACH_ROW(rows, step, from, to)
	{
		uint64_t boot_ms = read_8(boot, 8);
		uint32_t up_ms = (uint32_t)((uint64_t)export_ms - boot_ms);

		if (boot_ms != 0)
			put_ms(to, plan_uptime_to_ms((uint32_t)read_any(from, step->length),
			                             export_ms, up_ms));
		boot += rows->stride;
	}
}

static void
ago(const struct plan_step *step, const struct plan_rows *rows)
{
	EACH_ROW(rows, step, from, to)
	{
		uint64_t us = MIN(read_any(from, step->length), 1ULL << 50);

		put_ms(to, rows->context->export_time.ms - (int64_t)((us + 999) / 1000));
	}
}

static int64_t
duration_ms(const struct plan_step *step, const uint8_t *from)
{
	uint64_t value = MIN(read_any(from, step->length), 1ULL << 50);

	return (int64_t)(step->load == LOAD_DURATION_US ? value / 1000 : value);
}

void
plan_step_end_after(const struct plan_step *step, const struct plan_rows *rows)
{
	const uint8_t *from = rows->octets + step->source;

	for (size_t i = 0; i < rows->count; i++, from += rows->stride) {
		struct flow_record *record = &rows->records[i];

		/* In unsigned: a hostile start may be anything.  Times are bounded later. */
		if (record->start.ms != 0)
			record->end.ms = (int64_t)((uint64_t)record->start.ms +
			                           (uint64_t)duration_ms(step, from));
	}
}

void
plan_step_start_before(const struct plan_step *step, const struct plan_rows *rows)
{
	const uint8_t *from = rows->octets + step->source;

	for (size_t i = 0; i < rows->count; i++, from += rows->stride) {
		struct flow_record *record = &rows->records[i];

		if (record->end.ms != 0)
			record->start.ms = (int64_t)((uint64_t)record->end.ms -
			                             (uint64_t)duration_ms(step, from));
	}
}

static void
sampler(const struct plan_step *step, const struct plan_rows *rows)
{
	const struct sampler_table *samplers = rows->context->samplers;

	uint64_t last = 0;
	uint32_t interval;

	if (samplers == NULL || samplers->count == 0)
		return;
	interval = sampler_table_find(samplers, last);
	EACH_ROW(rows, step, from, to)
	{
		uint64_t id = read_any(from, step->length);

		/* One sampler tells of most records. */
		if (id != last)
			interval = sampler_table_find(samplers, id);
		last = id;
		memcpy(to, &interval, sizeof(interval));
	}
}

/* samplingPacketInterval packets are taken, then samplingPacketSpace are not. */
static void
sampling_space(const struct plan_step *step, const struct plan_rows *rows)
{
	EACH_ROW(rows, step, from, to)
	{
		uint64_t space = MIN(read_any(from, step->length), UINT32_MAX);
		uint32_t interval;

		memcpy(&interval, to, sizeof(interval));
		interval = interval == 0 ? 0
		                         : (uint32_t)MIN((interval + space) / interval, UINT32_MAX);
		memcpy(to, &interval, sizeof(interval));
	}
}

/* samplingSize packets of samplingPopulation are taken. */
static void
sampling_population(const struct plan_step *step, const struct plan_rows *rows)
{
	EACH_ROW(rows, step, from, to)
	{
		uint64_t population = MIN(read_any(from, step->length), UINT32_MAX);
		uint32_t interval;

		memcpy(&interval, to, sizeof(interval));
		interval = interval == 0 ? 0 : (uint32_t)(population / interval);
		memcpy(to, &interval, sizeof(interval));
	}
}

static void
sampling_probability(const struct plan_step *step, const struct plan_rows *rows)
{
	EACH_ROW(rows, step, from, to)
	{
		uint32_t interval =
			sampling_interval_of(sampling_read_probability(from, step->length));

		if (interval != 0)
			memcpy(to, &interval, sizeof(interval));
	}
}

static const struct load_row {
	plan_step_function run; /* NULL: row by row, or by width */
	uint16_t least, most;   /* octets of the field */
} loads[] = {
	[LOAD_UNSIGNED] = { NULL, 1, 8 },
	[LOAD_OR] = { or_any, 1, 8 },
	[LOAD_IPV4] = { ipv4, 4, 4 },
	[LOAD_IPV6] = { ipv6, 16, 16 },
	[LOAD_SECONDS] = { seconds, 1, 8 },
	[LOAD_NTP] = { ntp, 8, 8 },
	[LOAD_UPTIME] = { uptime, 1, 8 },
	[LOAD_AGO] = { ago, 1, 8 },
	[LOAD_BOOT] = { NULL, 8, 8 },
	[LOAD_DURATION_MS] = { NULL, 1, 8 },
	[LOAD_DURATION_US] = { NULL, 1, 8 },
	[LOAD_SAMPLER] = { sampler, 1, 8 },
	[LOAD_SAMPLING_SPACE] = { sampling_space, 1, 8 },
	[LOAD_SAMPLING_POPULATION] = { sampling_population, 1, 8 },
	[LOAD_SAMPLING_PROBABILITY] = { sampling_probability, 4, 8 },
	[LOAD_ICMP_TYPE] = { icmp_type, 1, 1 },
	[LOAD_FLAG_FIN] = { flag, 1, 8 },
	[LOAD_FLAG_SYN] = { flag, 1, 8 },
	[LOAD_FLAG_RST] = { flag, 1, 8 },
	[LOAD_FLAG_PSH] = { flag, 1, 8 },
	[LOAD_FLAG_ACK] = { flag, 1, 8 },
	[LOAD_SIZES] = { NULL, 1, 8 },
	[LOAD_SECTION_IP] = { NULL, 1, FIELD_VARIABLE - 1 },
	[LOAD_SECTION_ETHERNET] = { NULL, 1, FIELD_VARIABLE - 1 },
	[LOAD_BASIC_LIST] = { NULL, 1, FIELD_VARIABLE - 1 },
	[LOAD_SUB_TEMPLATE_LIST] = { NULL, 1, FIELD_VARIABLE - 1 },
	[LOAD_SUB_TEMPLATE_MULTI_LIST] = { NULL, 1, FIELD_VARIABLE - 1 },
};

bool
plan_step_length_valid(enum plan_load load, uint16_t length)
{
	return length >= loads[load].least && length <= loads[load].most;
}

plan_step_function
plan_step_choose(enum plan_load load, uint16_t length, size_t target_width)
{
	return load == LOAD_UNSIGNED ? choose_copy(length, target_width) : loads[load].run;
}
