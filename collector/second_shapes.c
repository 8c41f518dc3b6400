#include "collector/second_shapes.h"

#include <stdbool.h>

enum {
	TCP = 6,
	UDP = 17,
	FIN = 0x01,
	RST = 0x04,
	PROTOCOLS = 3,
	DURATIONS = 8,
	PACKETS = 4,
	MEANS = 3,
	SMALL_MEAN = 120, /* octets of a packet */
	LARGE_MEAN = 500,
};

static const int64_t durations_ms[DURATIONS - 1] = { 1000, 2000, 4000, 7000, 12000, 20000, 40000 };

static const uint8_t shapes[PROTOCOLS][DURATIONS][PACKETS][MEANS][2][2] = {
#define GROUP(protocol, duration, packets, mean, other_ended, ended, shape)                        \
	[protocol][duration][packets][mean][other_ended][ended] = shape,
#include "collector/second_shape_table.def"
#undef GROUP
};

static unsigned
packets_class(uint64_t packets)
{
	return packets < 4 ? 0 : packets < 16 ? 1 : packets < 64 ? 2 : 3;
}

enum host_touch_shape
second_shape_of(const struct flow_record *record)
{
	unsigned protocol = record->protocol == TCP ? 0 : record->protocol == UDP ? 1 : 2;
	unsigned mean = (record->octets >= record->packets * SMALL_MEAN ? 1u : 0u) +
	                (record->octets >= record->packets * LARGE_MEAN ? 1u : 0u);
	bool other_ended = (record->marks & FLOW_KNOWN_REVERSE) != 0 &&
	                   (record->other_tcp_flags & (FIN | RST)) != 0;
	unsigned duration = 0;

	if (record->sampling_interval > 1 || record->packets <= 2 ||
	    (record->protocol == TCP && !(record->marks & FLOW_HAS_FLAGS)))
		return SHAPE_EVEN;
	while (duration < DURATIONS - 1 &&
	       record->end.ms - record->start.ms >= durations_ms[duration])
		duration++;
	return (enum host_touch_shape)shapes[protocol][duration][packets_class(record->packets)]
					    [mean][other_ended][(record->tcp_flags & FIN) != 0];
}
