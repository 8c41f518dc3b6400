#include "collector/record_shares.h"

#include <string.h>

#include "collector/flow_spread.h"
#include "collector/second_shapes.h"

enum {
	SMALL_PACKETS = 3,
	QUARTER_MS = HOST_BIN_MS / HOST_BIN_QUARTERS,
	SHAPED_MS = 2 * QUARTER_MS, /* shorter touches have no shape worth looking for */
};

void
record_view_begin(struct record_view *view, const struct flow_record *record)
{
	view->record = record;
	view->minute = (uint32_t)((uint64_t)record->start.ms / HOST_BIN_MS);
	view->first_ms =
		(uint32_t)((uint64_t)record->start.ms - (uint64_t)view->minute * HOST_BIN_MS);
}

/* The marks, which are the same for both ends. */
static inline void
take_marks(struct record_view *view)
{
	const struct flow_record *record = view->record;
	uint32_t role = view->role.marks;
	unsigned marks = 0;
	unsigned first = 0;

	if (role & ROLE_ICMP_ERROR)
		marks |= SHARE_ICMP_ERROR;
	if (record->marks & FLOW_COPY)
		marks |= SHARE_COPY;
	if (role & ROLE_SYN_ONLY)
		first |= SHARE_SYN_ONLY;
	if (record->packets == 1)
		first |= SHARE_SINGLE_PACKET;
	if (role & ROLE_FLAGLESS)
		first |= SHARE_FLAGLESS;
	if (record->marks & FLOW_CONTINUES)
		first |= SHARE_CONTINUES;
	if (role & ROLE_UNSOLICITED)
		first |= SHARE_UNSOLICITED;
	view->marks = (uint16_t)marks;
	view->first_marks = (uint16_t)first;
	view->last_marks = role & ROLE_RESET ? SHARE_RESET : 0;
}

void
record_view_finish(struct record_view *view, uint16_t exporter_bit)
{
	const struct flow_record *record = view->record;

	view->role = flow_role_of(record);
	view->knowledge = (uint8_t)packet_sizes_split(record, view->classes);
	view->duration_ms = record->end.ms - record->start.ms + 1;
	view->exporter_bit = exporter_bit;
	take_marks(view);
}

/* What the touch says of the peer. */
static inline unsigned
peer_kinds(uint32_t marks, enum host_direction direction, bool begins)
{
	bool host_is_client = (direction == HOST_OUT) == ((marks & ROLE_SOURCE_IS_CLIENT) != 0);
	unsigned kinds = 0;

	if (!host_is_client)
		return TOUCH_SERVED;
	if (direction == HOST_OUT && !(marks & ROLE_NO_CONTACT))
		kinds |= TOUCH_SENT;
	if (begins && !(marks & ROLE_ANSWERED))
		kinds |= TOUCH_FAILING;
	if (marks & (ROLE_ANSWERED | ROLE_POSITIVE))
		kinds |= TOUCH_HEARD;
	if (marks & ROLE_REFUSAL)
		kinds |= TOUCH_REFUSED;
	return kinds;
}

enum part_of_record { PART_FIRST = 1, PART_LAST = 2, PART_WHOLE = 3 };

static inline unsigned
kinds_of(const struct record_view *view, enum host_direction direction,
         const struct host_share *share, unsigned part)
{
	bool begins = (view->role.marks & ROLE_BEGINS) && (part & PART_FIRST);
	unsigned kinds = peer_kinds(view->role.marks, direction, begins);

	if (direction == HOST_IN)
		kinds |= TOUCH_IN;
	if (part & PART_FIRST)
		kinds |= TOUCH_STARTS;
	if (part & PART_LAST)
		kinds |= TOUCH_ENDS;
	if (view->record->packets <= SMALL_PACKETS)
		kinds |= TOUCH_SMALL;
	if (begins)
		kinds |= TOUCH_BEGUN;
	if (part == PART_WHOLE && share->last_ms - share->first_ms >= SHAPED_MS)
		kinds |= (unsigned)second_shape_of(view->record) << TOUCH_SHAPE_SHIFT;
	return kinds;
}

/* All that does not depend on how the record is cut. */
static inline void
describe(struct record_share *into, enum host_direction direction, unsigned part)
{
	const struct record_view *view = into->view;
	struct host_share *share = &into->share;
	unsigned marks = view->marks;

	if (part & PART_FIRST)
		marks |= view->first_marks;
	if (part & PART_LAST)
		marks |= view->last_marks;
	if (direction == HOST_OUT)
		marks &= ~(unsigned)SHARE_UNSOLICITED;
	share->peer = *record_view_host(view, direction == HOST_OUT ? HOST_IN : HOST_OUT);
	share->port = view->role.port;
	share->kinds = (uint16_t)kinds_of(view, direction, share, part);
	share->marks = (uint16_t)marks;
	share->exporters = view->exporter_bit;
	share->protocol = view->record->protocol;
	share->size_knowledge = view->knowledge;
}

/* The numbers, in the share where they fit. */
static inline void
put_numbers(struct record_share *into, uint64_t octets,
            const uint32_t classes[static PACKET_SIZE_CLASSES])
{
	uint32_t interval = into->view->record->sampling_interval;
	struct host_share *share = &into->share;
	uint32_t most = 0;

	for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++)
		most |= classes[i];
	share->octets = (uint32_t)octets;
	if (octets <= UINT32_MAX && interval <= UINT16_MAX && most <= UINT8_MAX) {
		share->sampling_interval = (uint16_t)interval;
		for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++)
			share->size_packets[i] = (uint8_t)classes[i];
		return;
	}
	share->marks |= SHARE_WIDE;
	share->sampling_interval = 0;
	memset(share->size_packets, 0, sizeof(share->size_packets));
	into->numbers.octets_upper = (uint32_t)(octets >> 32);
	into->numbers.sampling_interval = interval;
	memcpy(into->numbers.size_packets, classes, sizeof(into->numbers.size_packets));
	into->numbers.unused = 0;
}

/* What came of a count between two moments of the record's life. */
static uint64_t
cut_count(const struct record_share *share, uint64_t count, int64_t until_ms)
{
	uint64_t duration = (uint64_t)share->view->duration_ms;

	return flow_spread_until(count, (uint64_t)until_ms, duration) -
	       flow_spread_until(count, (uint64_t)share->elapsed_ms, duration);
}

static void
cut_minute(struct record_share *into, enum host_direction direction)
{
	const struct record_view *view = into->view;
	int64_t from_ms = view->record->start.ms + into->elapsed_ms;
	int64_t end_ms = view->record->start.ms + view->duration_ms; /* the first ms after it */
	int64_t minute = from_ms / HOST_BIN_MS;
	int64_t until_ms = end_ms < (minute + 1) * HOST_BIN_MS ? end_ms : (minute + 1) * HOST_BIN_MS;
	int64_t elapsed_ms = until_ms - view->record->start.ms;
	unsigned part = (into->elapsed_ms == 0 ? PART_FIRST : 0u) |
	                (until_ms == end_ms ? PART_LAST : 0u);
	uint32_t classes[PACKET_SIZE_CLASSES];

	into->minute = (uint32_t)minute;
	into->share.first_ms = (uint16_t)(from_ms - minute * HOST_BIN_MS);
	into->share.last_ms = (uint16_t)(until_ms - 1 - minute * HOST_BIN_MS);
	describe(into, direction, part);
	for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++)
		classes[i] = (uint32_t)cut_count(into, view->classes[i], elapsed_ms);
	put_numbers(into, cut_count(into, view->record->octets, elapsed_ms), classes);
	into->elapsed_ms = elapsed_ms;
}

bool
record_share_next(struct record_share *into, enum host_direction direction)
{
	const struct record_view *view = into->view;

	if (into->elapsed_ms >= view->duration_ms)
		return false;
	if (into->elapsed_ms > 0 || view->first_ms + view->duration_ms > HOST_BIN_MS) {
		cut_minute(into, direction);
		return true;
	}
	/* It lies in one minute, as most do. */
	into->minute = view->minute;
	into->share.first_ms = (uint16_t)view->first_ms;
	into->share.last_ms = (uint16_t)(view->first_ms + view->duration_ms - 1);
	describe(into, direction, PART_WHOLE);
	put_numbers(into, view->record->octets, view->classes);
	into->elapsed_ms = view->duration_ms;
	return true;
}
