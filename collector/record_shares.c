#include "collector/record_shares.h"

#include <string.h>

#include "collector/flow_spread.h"
#include "collector/second_shapes.h"

enum {
	SMALL_PACKETS = 3,
	QUARTER_MS = HOST_BIN_MS / HOST_BIN_QUARTERS,
	SHAPED_MS = 2 * QUARTER_MS, /* shorter touches have no shape worth looking for */
};

enum {
	ROLE_KINDS_MASK =
		ROLE_SOURCE_IS_CLIENT | ROLE_BEGINS | ROLE_ANSWERED | ROLE_POSITIVE | ROLE_REFUSAL,
	ROLE_SHARE_MARKS =
		ROLE_SYN_ONLY | ROLE_RESET | ROLE_FLAGLESS | ROLE_ICMP_ERROR | ROLE_UNSOLICITED,
	FIRST_MARKS = SHARE_SYN_ONLY | SHARE_SINGLE_PACKET | SHARE_FLAGLESS | SHARE_CONTINUES |
	              SHARE_UNSOLICITED,
	LAST_MARKS = SHARE_RESET,
};

_Static_assert((int)ROLE_SYN_ONLY == (int)SHARE_SYN_ONLY && (int)ROLE_RESET == (int)SHARE_RESET &&
                       (int)ROLE_FLAGLESS == (int)SHARE_FLAGLESS &&
                       (int)ROLE_ICMP_ERROR == (int)SHARE_ICMP_ERROR &&
                       (int)ROLE_UNSOLICITED == (int)SHARE_UNSOLICITED,
               "they are taken over at once");
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

void
record_view_finish(struct record_view *view)
{
	const struct flow_record *record = view->record;
	unsigned marks;

	view->role = flow_role_of(record);
	view->knowledge = (uint8_t)packet_sizes_split(record, view->classes);
	marks = view->role.marks & ROLE_SHARE_MARKS;
	marks |= record->packets == 1 ? SHARE_SINGLE_PACKET : 0u;
	if (record->marks & (FLOW_COPY | FLOW_CONTINUES)) {
		marks |= record->marks & FLOW_COPY ? SHARE_COPY : 0u;
		marks |= record->marks & FLOW_CONTINUES ? SHARE_CONTINUES : 0u;
	}
	view->marks = (uint16_t)marks;
}

enum part_of_record { PART_FIRST = 1, PART_LAST = 2, PART_WHOLE = 3 };

static inline unsigned
kinds_of(const struct record_end *end, unsigned part)
{
	uint32_t role = end->view->role.marks;
	unsigned at = role & (part & PART_FIRST ? ROLE_KINDS_MASK : ROLE_KINDS_MASK & ~ROLE_BEGINS);
	unsigned kinds = role_kinds[end->direction][at];

	if (role & ROLE_NO_CONTACT)
		kinds &= ~(unsigned)TOUCH_SENT;
	kinds |= part & PART_FIRST ? TOUCH_STARTS : 0u;
	kinds |= part & PART_LAST ? TOUCH_ENDS : 0u;
	return kinds | (end->view->record->packets <= SMALL_PACKETS ? TOUCH_SMALL : 0u);
}

/* All that does not depend on how the record is cut. */
static inline void
describe(struct host_share *share, const struct record_end *end, unsigned part)
{
	const struct record_view *view = end->view;
	unsigned marks = view->marks;

	if (!(part & PART_FIRST))
		marks &= ~(unsigned)FIRST_MARKS;
	if (!(part & PART_LAST))
		marks &= ~(unsigned)LAST_MARKS;
	if (end->direction == HOST_OUT)
		marks &= ~(unsigned)SHARE_UNSOLICITED;
	share->peer = *record_view_host(view, end->direction == HOST_OUT ? HOST_IN : HOST_OUT);
	share->port = view->role.port;
	share->kinds = (uint16_t)kinds_of(end, part);
	share->marks = (uint16_t)marks;
	share->exporters = end->exporters;
	share->protocol = view->record->protocol;
	share->size_knowledge = view->knowledge;
}

typedef uint32_t classes_u32 __attribute__((vector_size(32)));
typedef uint16_t classes_u16 __attribute__((vector_size(16)));
typedef uint8_t classes_u8 __attribute__((vector_size(8)));

/* Writes the numbers of packets in an octet each; false: they do not fit. */
static inline bool
pack_classes(uint8_t octets[static PACKET_SIZE_CLASSES],
             const uint32_t classes[static PACKET_SIZE_CLASSES])
{
	classes_u32 wide;
	classes_u8 narrow;
	uint64_t halves[4];

	memcpy(&wide, classes, sizeof(wide));
	memcpy(halves, classes, sizeof(halves));
	if (((halves[0] | halves[1] | halves[2] | halves[3]) & UINT64_C(0xffffff00ffffff00)) != 0)
		return false;
	narrow = __builtin_convertvector(__builtin_convertvector(wide, classes_u16), classes_u8);
	memcpy(octets, &narrow, sizeof(narrow));
	return true;
}

/* The numbers, in the share where they fit. */
static inline void
put_numbers(struct record_share *into, const struct record_end *end, uint64_t octets,
            const uint32_t classes[static PACKET_SIZE_CLASSES])
{
	uint32_t interval = end->view->record->sampling_interval;
	struct host_share *share = &into->share;

	share->octets = (uint32_t)octets;
	share->sampling_interval = (uint16_t)interval;
	if ((octets >> 32 | interval >> 16) == 0 && pack_classes(share->size_packets, classes))
		return;
	share->marks |= SHARE_WIDE;
	share->sampling_interval = 0;
	memset(share->size_packets, 0, sizeof(share->size_packets));
	into->numbers.octets_upper = (uint32_t)(octets >> 32);
	into->numbers.sampling_interval = interval;
	memcpy(into->numbers.size_packets, classes, sizeof(into->numbers.size_packets));
	into->numbers.unused = 0;
}

/* A part of the record's life, up to the end of its minute. */
struct cut {
	int64_t start_ms;
	int64_t end_ms;
	struct shape_moment from;
	struct shape_moment until;
	unsigned shape; /* of the whole record */
};

/* Shapes count in quarters of a second, in which the record's first and last lie whole. */
static struct cut
cut_out(const struct flow_record *record, int64_t elapsed_ms)
{
	int64_t start_ms = record->start.ms;
	int64_t end_ms = record->end.ms + 1; /* the first ms after it */
	int64_t next_ms = ((start_ms + elapsed_ms) / HOST_BIN_MS + 1) * HOST_BIN_MS;
	struct cut cut = { .start_ms = start_ms + elapsed_ms,
		           .end_ms = end_ms < next_ms ? end_ms : next_ms,
		           .shape = second_shape_of(record) };

	if (cut.shape != TOUCH_SHAPE_EVEN) {
		start_ms -= start_ms % QUARTER_MS;
		end_ms += QUARTER_MS - 1 - (end_ms - 1) % QUARTER_MS;
	}
	cut.from.duration_ms = cut.until.duration_ms = (uint64_t)(end_ms - start_ms);
	cut.from.elapsed_ms = elapsed_ms == 0 ? 0 : (uint64_t)(cut.start_ms - start_ms);
	cut.until.elapsed_ms = (uint64_t)((cut.end_ms < next_ms ? end_ms : cut.end_ms) - start_ms);
	return cut;
}

/* What came of a count between two moments; with an even shape, that is. */
static uint64_t
cut_count(const struct cut *cut, uint64_t count)
{
	return flow_spread_until(count, cut->until.elapsed_ms, cut->until.duration_ms) -
	       flow_spread_until(count, cut->from.elapsed_ms, cut->from.duration_ms);
}

static void
cut_minute(struct record_share *into, const struct record_end *end, int64_t duration_ms)
{
	const struct record_view *view = end->view;
	struct cut cut = cut_out(view->record, into->elapsed_ms);
	unsigned shape = second_shape_part(cut.shape, cut.from, cut.until);
	int64_t minute = cut.start_ms / HOST_BIN_MS;
	unsigned part = into->elapsed_ms == 0 ? PART_FIRST : 0u;
	uint32_t classes[PACKET_SIZE_CLASSES];

	into->elapsed_ms = cut.end_ms - view->record->start.ms;
	if (into->elapsed_ms == duration_ms)
		part |= PART_LAST;
	into->minute = (uint32_t)minute;
	into->share.first_ms = (uint16_t)(cut.start_ms - minute * HOST_BIN_MS);
	into->share.last_ms = (uint16_t)(cut.end_ms - 1 - minute * HOST_BIN_MS);
	describe(&into->share, end, part);
	into->share.kinds |= (uint16_t)(shape << TOUCH_SHAPE_SHIFT);
	cut.from = second_shape_even(cut.shape, cut.from);
	cut.until = second_shape_even(cut.shape, cut.until);
	for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++)
		classes[i] = (uint32_t)cut_count(&cut, view->classes[i]);
	put_numbers(into, end, cut_count(&cut, view->record->octets), classes);
}

bool
record_share_next(struct record_share *into, const struct record_end *end)
{
	const struct record_view *view = end->view;
	int64_t duration_ms = view->record->end.ms - view->record->start.ms + 1;
	struct host_share *share = &into->share;

	if (into->elapsed_ms != 0 || view->first_ms + duration_ms > HOST_BIN_MS) {
		if (into->elapsed_ms >= duration_ms)
			return false;
		cut_minute(into, end, duration_ms);
		return true;
	}
	/* It lies in one minute, as most do. */
	into->minute = view->minute;
	into->elapsed_ms = duration_ms;
	share->first_ms = (uint16_t)view->first_ms;
	share->last_ms = (uint16_t)(view->first_ms + duration_ms - 1);
	describe(share, end, PART_WHOLE);
	if (duration_ms > SHAPED_MS)
		share->kinds |= (uint16_t)(second_shape_of(view->record) << TOUCH_SHAPE_SHIFT);
	put_numbers(into, end, view->record->octets, view->classes);
	return true;
}
