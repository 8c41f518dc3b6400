#include "collector/record_shares.h"

#include <string.h>

#include "collector/flow_spread.h"

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
	share->size_knowledge = view->sizes.knowledge;
}

/* Shapes count in quarters of a second, in which the record's first and last lie whole. */
static struct shape_moment
moment_of(const struct record_cut *cut, const struct record_view *view)
{
	uint64_t before_ms = (uint64_t)view->record->start.ms % QUARTER_MS;
	uint64_t behind_ms = QUARTER_MS - 1 - (uint64_t)view->record->end.ms % QUARTER_MS;
	uint64_t whole_ms = before_ms + (uint64_t)record_view_duration(view) + behind_ms;
	bool ended = cut->until_ms == record_view_duration(view);

	return (struct shape_moment){
		.elapsed_ms = ended ? whole_ms : before_ms + (uint64_t)cut->until_ms,
		.duration_ms = whole_ms,
	};
}

/* Works out what was sent until the cut's end. */
static void
send_until(struct record_cut *cut, const struct record_view *view)
{
	struct shape_moment even = { (uint64_t)cut->until_ms,
		                     (uint64_t)record_view_duration(view) };

	if (cut->shape != TOUCH_SHAPE_EVEN) {
		struct shape_moment moment = moment_of(cut, view);

		cut->until.progress = second_shape_progress(cut->shape, moment);
		even = (struct shape_moment){ second_shape_even_ms(&cut->until.progress),
			                      moment.duration_ms };
	}
	cut->until.octets =
		flow_spread_until(view->record->octets, even.elapsed_ms, even.duration_ms);
	for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++)
		if (view->sizes.classes[i] != 0)
			cut->until.classes[i] = (uint32_t)flow_spread_until(
				view->sizes.classes[i], even.elapsed_ms, even.duration_ms);
}

bool
record_cut_next(struct record_cut *cut, const struct record_view *view)
{
	int64_t left_ms = record_view_duration(view) - cut->until_ms;
	int64_t most_ms = HOST_BIN_MS;

	if (left_ms <= 0)
		return false;
	if (cut->until_ms == 0) {
		cut->first_ms = view->first_ms;
		cut->minute = view->minute;
		cut->shape = second_shape_of(view->record);
	} else {
		cut->first_ms = 0;
		cut->minute++;
		cut->before = cut->until;
	}
	cut->from_ms = cut->until_ms;
	most_ms -= cut->first_ms;
	cut->until_ms += left_ms < most_ms ? left_ms : most_ms;
	send_until(cut, view);
	return true;
}

static inline void
write_narrow(const struct record_view *view, uint64_t octets, const struct packet_sizes *sizes,
             struct host_share *share)
{
	share->octets = (uint32_t)octets;
	share->sampling_interval = (uint16_t)view->record->sampling_interval;
	memcpy(share->size_packets, sizes->octets, sizeof(share->size_packets));
}

/* The numbers, in the share where they fit. */
static inline void
write_numbers(const struct record_view *view, uint64_t octets, const struct packet_sizes *sizes,
              const struct open_share *open)
{
	struct host_share_numbers *numbers = open->numbers;
	struct host_share *share = open->share;

	if (!record_view_is_wide(view)) {
		write_narrow(view, octets, sizes, share);
		return;
	}
	share->octets = (uint32_t)octets;
	share->sampling_interval = 0;
	memset(share->size_packets, 0, sizeof(share->size_packets));
	numbers->octets_upper = (uint32_t)(octets >> 32);
	numbers->sampling_interval = view->record->sampling_interval;
	memcpy(numbers->size_packets, sizes->classes, sizeof(numbers->size_packets));
	numbers->unused = 0;
}

/* A part of a record of several minutes. */
static void
write_part(const struct record_cut *cut, const struct record_view *view,
           enum host_direction direction, const struct open_share *open)
{
	unsigned part = cut->from_ms == 0 ? PART_FIRST : 0u;
	unsigned shape = TOUCH_SHAPE_EVEN;
	struct packet_sizes sizes;

	if (cut->until_ms == record_view_duration(view))
		part |= PART_LAST;
	if (cut->shape != TOUCH_SHAPE_EVEN)
		shape = second_shape_part(&cut->before.progress, &cut->until.progress);
	describe(open->share, view, direction, part);
	open->share->kinds |= (uint16_t)(shape << TOUCH_SHAPE_SHIFT);
	for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++) {
		sizes.classes[i] = cut->until.classes[i] - cut->before.classes[i];
		sizes.octets[i] = (uint8_t)sizes.classes[i];
	}
	write_numbers(view, cut->until.octets - cut->before.octets, &sizes, open);
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
	write_numbers(view, view->record->octets, &view->sizes, open);
}

void
record_plain_write(const struct record_view *view, enum host_direction direction,
                   struct host_share *share)
{
	describe(share, view, direction, PART_WHOLE);
	share->first_ms = (uint16_t)view->first_ms;
	share->last_ms = (uint16_t)(view->first_ms + record_view_duration(view) - 1);
	write_narrow(view, view->record->octets, &view->sizes, share);
}
