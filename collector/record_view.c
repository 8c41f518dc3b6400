#include "collector/record_view.h"

#include "collector/second_shapes.h"

enum {
	SMALL_PACKETS = 3,
	SHAPED_MS = 2 * HOST_BIN_MS /
	            HOST_BIN_QUARTERS, /* shorter touches have no shape worth looking for */
	ROLE_SHARE_MARKS =
		ROLE_SYN_ONLY | ROLE_RESET | ROLE_FLAGLESS | ROLE_ICMP_ERROR | ROLE_UNSOLICITED,
};

_Static_assert((int)ROLE_SYN_ONLY == (int)SHARE_SYN_ONLY && (int)ROLE_RESET == (int)SHARE_RESET &&
                       (int)ROLE_FLAGLESS == (int)SHARE_FLAGLESS &&
                       (int)ROLE_ICMP_ERROR == (int)SHARE_ICMP_ERROR &&
                       (int)ROLE_UNSOLICITED == (int)SHARE_UNSOLICITED,
               "they are taken over at once");

unsigned
record_view_shape(const struct flow_record *record)
{
	return record->end.ms - record->start.ms >= SHAPED_MS
	               ? second_shape_of(record) << TOUCH_SHAPE_SHIFT
	               : TOUCH_SHAPE_EVEN << TOUCH_SHAPE_SHIFT;
}

void
record_view_init(struct record_view *view, const struct flow_record *record)
{
	uint64_t start_ms = (uint64_t)record->start.ms;
	unsigned marks, special;

	view->record = record;
	view->minute = (uint32_t)(start_ms / HOST_BIN_MS);
	view->first_ms = (uint32_t)(start_ms - (uint64_t)view->minute * HOST_BIN_MS);
	marks = view->role.marks & ROLE_SHARE_MARKS;
	marks |= record->packets == 1 ? SHARE_SINGLE_PACKET : 0u;
	special = record->marks & (FLOW_COPY | FLOW_CONTINUES);
	if (special != 0) {
		marks |= special & FLOW_COPY ? SHARE_COPY : 0u;
		marks |= special & FLOW_CONTINUES ? SHARE_CONTINUES : 0u;
	}
	if ((record->octets >> 32 | record->sampling_interval >> 16) != 0 ||
	    !view->sizes.fit_octets)
		marks |= SHARE_WIDE;
	view->marks = (uint16_t)marks;
	view->kinds = record->packets <= SMALL_PACKETS ? TOUCH_SMALL : 0;
	view->plain = (marks & (SHARE_COPY | SHARE_WIDE)) == 0 &&
	              view->first_ms + record_view_duration(view) <= HOST_BIN_MS;
	if (view->plain)
		view->kinds |= (uint16_t)record_view_shape(record);
}
