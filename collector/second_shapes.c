#include "collector/second_shapes.h"

#include <stdbool.h>

enum {
	TCP = 6,
	UDP = 17,
	FLAG_FIN = 0x01,
	FLAG_SYN = 0x02,
	FLAG_RST = 0x04,
	PROTOCOLS = 3,
	DURATIONS = 8,
	PACKETS = 5,
	ENDS = 16,
	ENDED_BY_FIN = 1 << 0,
	ENDED_BY_RST = 1 << 1,
	OTHER_ENDED = 1 << 2, /* the other direction, by either */
	BEGUN_BY_SYN = 1 << 3,
	QUARTER_MS = 250, /* of a second */
};

/* By whole seconds, up to where no more is told apart. */
static const uint8_t durations[] = {
	[0] = 0,        [1] = 1,         [2 ... 3] = 2,   [4 ... 6] = 3,
	[7 ... 11] = 4, [12 ... 19] = 5, [20 ... 39] = 6, [40] = 7,
};

static const uint8_t shapes[PROTOCOLS][DURATIONS][PACKETS][ENDS] = {
#define SHAPES(protocol, duration, packets, ...) [protocol][duration][packets] = { __VA_ARGS__ },
#include "collector/second_shape_table.def"
#undef SHAPES
};

static inline uint64_t
lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

_Static_assert(ENDED_BY_FIN == FLAG_FIN && ENDED_BY_RST == FLAG_RST >> 1 &&
                       BEGUN_BY_SYN == FLAG_SYN << 2,
               "bits of the flags are moved, for branches on them would be dear");

static inline unsigned
other_flags(const struct flow_record *record)
{
	bool is_known = (record->marks & FLOW_KNOWN_REVERSE) != 0;

	if (record->marks & FLOW_HAS_REVERSE)
		return record->reverse_tcp_flags;
	return is_known * (unsigned)record->other_tcp_flags;
}

static inline unsigned
ends_of(const struct flow_record *record)
{
	unsigned flags = record->tcp_flags;
	bool other_ended = (other_flags(record) & (FLAG_FIN | FLAG_RST)) != 0;
	unsigned ends = (flags & FLAG_FIN) | (flags & FLAG_RST) >> 1 | (flags & FLAG_SYN) << 2 |
	                other_ended * (unsigned)OTHER_ENDED;

	return (record->protocol == TCP) * ends;
}

static inline size_t
duration_of(const struct flow_record *record)
{
	const uint64_t most_ms = (sizeof(durations) - 1) * 1000;
	uint64_t duration_ms = (uint64_t)record->end.ms - (uint64_t)record->start.ms;

	return durations[(uint32_t)lesser(duration_ms, most_ms) / 1000];
}

/* From 4, 16, 64 and 256 on: every second bit. */
static inline size_t
packets_of(uint64_t packets)
{
	return lesser((unsigned)(63 - __builtin_clzll(packets)) / 2, PACKETS - 1);
}

unsigned
second_shape_of(const struct flow_record *record)
{
	bool is_tcp = record->protocol == TCP;
	bool is_udp = record->protocol == UDP;
	size_t protocol = is_tcp ? 0 : 2 - (size_t)is_udp;

	if ((record->sampling_interval > 1) | (record->packets <= 2) |
	    (is_tcp & !(record->marks & FLOW_HAS_FLAGS)))
		return TOUCH_SHAPE_EVEN;
	return shapes[protocol][duration_of(record)][packets_of(record->packets)][ends_of(record)];
}

static bool
is_front(unsigned span)
{
	return span <= SPAN_FIRST_2_SECONDS;
}

static uint64_t
span_ms(unsigned span, uint64_t duration_ms)
{
	return lesser(touch_span_quarters((enum touch_span)span) * QUARTER_MS, duration_ms);
}

/* How much of a span has passed. */
static uint64_t
passed_ms(unsigned span, struct shape_moment moment)
{
	uint64_t length = span_ms(span, moment.duration_ms);
	uint64_t before = is_front(span) ? 0 : moment.duration_ms - length;

	return moment.elapsed_ms > before ? lesser(moment.elapsed_ms - before, length) : 0;
}

/* So many of four times the record's milliseconds are those of the octets that lie in a span. */
static uint64_t
sent_in_span(unsigned quarters, unsigned span, struct shape_moment moment)
{
	uint64_t length = span_ms(span, moment.duration_ms);
	uint64_t passed = passed_ms(span, moment);

	if (passed == 0 || passed == length)
		return passed == 0 ? 0 : quarters * moment.duration_ms;
	return quarters * (passed * moment.duration_ms / length);
}

struct shape_progress
second_shape_progress(unsigned shape, struct shape_moment moment)
{
	struct touch_shape whole = touch_shape_of(shape);
	struct shape_progress progress = { moment, { 0 }, 0 };
	unsigned even = TOUCH_SHAPE_QUARTERS;

	for (unsigned span = 0; span < TOUCH_SPANS; span++) {
		if (whole.quarters[span] == 0)
			continue;
		even -= whole.quarters[span];
		progress.spans[span] = sent_in_span(whole.quarters[span], span, moment);
		progress.all += progress.spans[span];
	}
	progress.all += even * moment.elapsed_ms;
	return progress;
}

/* The span that is nearest to one of which only so much lies in a part. */
static enum touch_span
span_of_part(unsigned span, uint64_t inside_ms)
{
	if (is_front(span))
		return inside_ms <= 1000 ? SPAN_FIRST_HALF_SECOND : SPAN_FIRST_2_SECONDS;
	return inside_ms <= 1500 ? SPAN_LAST_SECOND : SPAN_LAST_2_SECONDS;
}

unsigned
second_shape_part(const struct shape_progress *from, const struct shape_progress *until)
{
	uint64_t all = until->all - from->all;
	uint64_t in_spans[TOUCH_SPANS] = { 0 };
	struct touch_shape part = { { 0 } };
	unsigned left = TOUCH_SHAPE_QUARTERS;

	for (unsigned span = 0; span < TOUCH_SPANS; span++) {
		uint64_t inside = passed_ms(span, until->moment) - passed_ms(span, from->moment);

		/* One that covers all of it is even there. */
		if (inside < until->moment.elapsed_ms - from->moment.elapsed_ms)
			in_spans[span_of_part(span, inside)] +=
				until->spans[span] - from->spans[span];
	}
	for (unsigned span = 0; span < TOUCH_SPANS; span++) {
		uint64_t quarters =
			in_spans[span] > 0 ? (TOUCH_SHAPE_QUARTERS * in_spans[span] + all / 2) / all
					   : 0;

		part.quarters[span] = (uint8_t)lesser(quarters, left);
		left -= part.quarters[span];
	}
	return touch_shape_number(part);
}
