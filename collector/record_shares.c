#include "collector/record_shares.h"

#include <string.h>

#include "collector/flow_spread.h"
#include "collector/second_shapes.h"

enum { QUARTER_MS = HOST_BIN_MS / HOST_BIN_QUARTERS };

enum {
	ROLE_KINDS_MASK =
		ROLE_SOURCE_IS_CLIENT | ROLE_BEGINS | ROLE_ANSWERED | ROLE_POSITIVE | ROLE_REFUSAL,
	FIRST_MARKS = SHARE_SYN_ONLY | SHARE_SINGLE_PACKET | SHARE_FLAGLESS | SHARE_CONTINUES |
	              SHARE_UNSOLICITED,
	LAST_MARKS = SHARE_RESET,
};

_Static_assert(ROLE_KINDS_MASK == 31, "they index a table");

/*
 * What a touch says of the peer, by the role: for the client's share whether it sent, heard, was
 * refused or fails, for the server's that it served.
 */
#define IS_CLIENT(direction, role)                                                                 \
	(((direction) == HOST_OUT) == (((role)&ROLE_SOURCE_IS_CLIENT) != 0))
#define CLIENT_KINDS(direction, role)                                                              \
	(((direction) == HOST_OUT ? TOUCH_SENT : 0) |                                              \
	 ((role)&ROLE_BEGINS && !((role)&ROLE_ANSWERED) ? TOUCH_FAILING : 0) |                     \
	 ((role) & (ROLE_ANSWERED | ROLE_POSITIVE) ? TOUCH_HEARD : 0) |                            \
	 ((role)&ROLE_REFUSAL ? TOUCH_REFUSED : 0))
#define KINDS(direction, role)                                                                     \
	(((direction) == HOST_IN ? TOUCH_IN : 0) | ((role)&ROLE_BEGINS ? TOUCH_BEGUN : 0) |        \
	 (IS_CLIENT(direction, role) ? CLIENT_KINDS(direction, role) : TOUCH_SERVED))
#define FOUR_KINDS(direction, role)                                                                \
	KINDS(direction, role), KINDS(direction, (role) + 1), KINDS(direction, (role) + 2),        \
		KINDS(direction, (role) + 3)
#define ALL_KINDS(direction)                                                                       \
	{                                                                                          \
		FOUR_KINDS(direction, 0), FOUR_KINDS(direction, 4), FOUR_KINDS(direction, 8),      \
			FOUR_KINDS(direction, 12), FOUR_KINDS(direction, 16),                      \
			FOUR_KINDS(direction, 20), FOUR_KINDS(direction, 24),                      \
			FOUR_KINDS(direction, 28)                                                  \
	}

static const uint16_t role_kinds[2][32] = {
	[HOST_OUT] = ALL_KINDS(HOST_OUT),
	[HOST_IN] = ALL_KINDS(HOST_IN),
};

enum part_of_record { PART_FIRST = 1, PART_LAST = 2, PART_WHOLE = 3 };

static inline unsigned
kinds_of(const struct record_view *view, enum host_direction direction, unsigned part)
{
	uint32_t role = view->role.marks;
	unsigned at = role & (part & PART_FIRST ? ROLE_KINDS_MASK : ROLE_KINDS_MASK & ~ROLE_BEGINS);
	unsigned kinds = role_kinds[direction][at];

	if (role & ROLE_NO_CONTACT)
		kinds &= ~(unsigned)TOUCH_SENT;
	kinds |= part & PART_FIRST ? TOUCH_STARTS : 0u;
	kinds |= part & PART_LAST ? TOUCH_ENDS : 0u;
	return kinds | view->kinds;
}

/* All that does not depend on how the record is cut. */
static inline void
describe(struct host_share *share, const struct record_view *view, enum host_direction direction,
         unsigned part)
{
	unsigned marks = view->marks;

	if (!(part & PART_FIRST))
		marks &= ~(unsigned)FIRST_MARKS;
	if (!(part & PART_LAST))
		marks &= ~(unsigned)LAST_MARKS;
	if (direction == HOST_OUT)
		marks &= ~(unsigned)SHARE_UNSOLICITED;
	share->peer = *record_host(view->record, direction == HOST_OUT ? HOST_IN : HOST_OUT);
	share->port = view->role.port;
	share->kinds = (uint16_t)kinds_of(view, direction, part);
	share->marks = (uint16_t)marks;
	share->protocol = view->record->protocol;
	share->size_knowledge = view->knowledge;
}

/* The numbers of packets in an octet each. */
static inline void
pack_classes(uint8_t octets[static PACKET_SIZE_CLASSES],
             const uint32_t classes[static PACKET_SIZE_CLASSES])
{
	typedef uint32_t u32_classes __attribute__((vector_size(32)));
	typedef uint16_t u16_classes __attribute__((vector_size(16)));
	typedef uint8_t u8_classes __attribute__((vector_size(8)));
	u32_classes wide;
	u8_classes narrow;

	memcpy(&wide, classes, sizeof(wide));
	narrow = __builtin_convertvector(__builtin_convertvector(wide, u16_classes), u8_classes);
	memcpy(octets, &narrow, sizeof(narrow));
}

/* A part of a record's life; of one with an even shape that has sent as much by then. */
struct span {
	uint64_t duration_ms; /* of the whole record */
	uint64_t from_ms;
	uint64_t until_ms;
	unsigned shape; /* of the part */
};

/* Shapes count in quarters of a second, in which the record's first and last lie whole. */
static void
shape_span(struct span *span, const struct flow_record *record, unsigned shape)
{
	uint64_t before_ms = (uint64_t)record->start.ms % QUARTER_MS;
	uint64_t behind_ms = QUARTER_MS - 1 - (uint64_t)record->end.ms % QUARTER_MS;
	uint64_t duration_ms = before_ms + span->duration_ms + behind_ms;
	struct shape_moment first = { span->from_ms == 0 ? 0 : before_ms + span->from_ms,
		                      duration_ms };
	struct shape_moment last = { before_ms + span->until_ms, duration_ms };
	struct shape_progress from;
	struct shape_progress until;

	if (span->until_ms == span->duration_ms)
		last.elapsed_ms = duration_ms;
	from = second_shape_progress(shape, first);
	until = second_shape_progress(shape, last);
	*span = (struct span){ duration_ms, second_shape_even_ms(&from),
		               second_shape_even_ms(&until), second_shape_part(&from, &until) };
}

static uint64_t
span_count(const struct span *span, uint64_t count)
{
	return flow_spread_until(count, span->until_ms, span->duration_ms) -
	       flow_spread_until(count, span->from_ms, span->duration_ms);
}

static inline void
write_narrow(const struct record_view *view, uint64_t octets,
             const uint32_t classes[static PACKET_SIZE_CLASSES], struct host_share *share)
{
	share->octets = (uint32_t)octets;
	share->sampling_interval = (uint16_t)view->record->sampling_interval;
	pack_classes(share->size_packets, classes);
}

/* The numbers, in the share where they fit. */
static inline void
write_numbers(const struct record_view *view, uint64_t octets,
              const uint32_t classes[static PACKET_SIZE_CLASSES], const struct open_share *open)
{
	struct host_share_numbers *numbers = open->numbers;
	struct host_share *share = open->share;

	if (!record_view_is_wide(view)) {
		write_narrow(view, octets, classes, share);
		return;
	}
	share->octets = (uint32_t)octets;
	share->sampling_interval = 0;
	memset(share->size_packets, 0, sizeof(share->size_packets));
	numbers->octets_upper = (uint32_t)(octets >> 32);
	numbers->sampling_interval = view->record->sampling_interval;
	memcpy(numbers->size_packets, classes, sizeof(numbers->size_packets));
	numbers->unused = 0;
}

/* A part of a record of several minutes. */
static void
write_part(const struct record_cut *cut, const struct record_view *view,
           enum host_direction direction, const struct open_share *open)
{
	struct span span = { (uint64_t)record_view_duration(view), (uint64_t)cut->from_ms,
		             (uint64_t)cut->until_ms, TOUCH_SHAPE_EVEN };
	unsigned shape = second_shape_of(view->record);
	unsigned part = cut->from_ms == 0 ? PART_FIRST : 0u;
	uint32_t classes[PACKET_SIZE_CLASSES];

	if (cut->until_ms == record_view_duration(view))
		part |= PART_LAST;
	if (shape != TOUCH_SHAPE_EVEN)
		shape_span(&span, view->record, shape);
	describe(open->share, view, direction, part);
	open->share->kinds |= (uint16_t)(span.shape << TOUCH_SHAPE_SHIFT);
	for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++)
		classes[i] = (uint32_t)span_count(&span, view->classes[i]);
	write_numbers(view, span_count(&span, view->record->octets), classes, open);
}

void
record_cut_write(const struct record_cut *cut, const struct record_view *view,
                 enum host_direction direction, const struct open_share *open)
{
	struct host_share *share = open->share;
	int64_t length_ms = cut->until_ms - cut->from_ms;

	share->first_ms = (uint16_t)cut->first_ms;
	share->last_ms = (uint16_t)(cut->first_ms + length_ms - 1);
	if (length_ms != record_view_duration(view)) {
		write_part(cut, view, direction, open);
		return;
	}
	describe(share, view, direction, PART_WHOLE);
	share->kinds |= (uint16_t)record_view_shape(view->record);
	write_numbers(view, view->record->octets, view->classes, open);
}

void
record_plain_write(const struct record_view *view, enum host_direction direction,
                   struct host_share *share)
{
	describe(share, view, direction, PART_WHOLE);
	share->first_ms = (uint16_t)view->first_ms;
	share->last_ms = (uint16_t)(view->first_ms + record_view_duration(view) - 1);
	write_narrow(view, view->record->octets, view->classes, share);
}
