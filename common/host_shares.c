#include "common/host_shares.h"

#include <string.h>

enum {
	ALL_MARKS = SHARE_WIDE | SHARE_COPY | SHARE_ICMP_ERROR | SHARE_SYN_ONLY |
	            SHARE_SINGLE_PACKET | SHARE_FLAGLESS | SHARE_CONTINUES | SHARE_UNSOLICITED |
	            SHARE_RESET,
	ALL_KINDS = TOUCH_SENT | TOUCH_HEARD | TOUCH_REFUSED | TOUCH_SERVED | TOUCH_BEGUN |
	            TOUCH_IN | TOUCH_SMALL | TOUCH_FAILING | TOUCH_STARTS | TOUCH_ENDS |
	            TOUCH_SHAPES,
	PROTOCOLS = 4,
	QUARTER_MS = HOST_BIN_MS / HOST_BIN_QUARTERS,
};

/* Adds to an unsigned field, which stays at its greatest value when it would pass it. */
#define ADD_SATURATING(field, amount)                                                              \
	do {                                                                                       \
		__typeof__(field) sum;                                                             \
		(field) =                                                                          \
			__builtin_add_overflow(field, amount, &sum) ? (__typeof__(field))-1 : sum; \
	} while (0)

/* The numbers of a share, wide or not. */
struct numbers {
	uint64_t octets;
	uint64_t packets;
	uint32_t sampling_interval;
	uint32_t size_packets[HOST_BIN_SIZE_CLASSES];
};

static inline struct numbers
numbers_of(const struct host_share *share, const struct host_share_numbers *wide)
{
	struct numbers numbers = {
		.octets = share->octets,
		.sampling_interval = share->sampling_interval,
	};

	if (share->marks & SHARE_WIDE) {
		numbers.octets |= (uint64_t)wide->octets_upper << 32;
		numbers.sampling_interval = wide->sampling_interval;
		memcpy(numbers.size_packets, wide->size_packets, sizeof(numbers.size_packets));
	} else {
		for (size_t i = 0; i < HOST_BIN_SIZE_CLASSES; i++)
			numbers.size_packets[i] = share->size_packets[i];
	}
	for (size_t i = 0; i < HOST_BIN_SIZE_CLASSES; i++)
		numbers.packets += numbers.size_packets[i];
	return numbers;
}

/* What of a flow is counted once, when it begins. */
static inline void
count_begin(struct host_bin *bin, const struct host_share *share, size_t direction,
            enum host_protocol protocol)
{
	ADD_SATURATING(bin->flows[direction], 1u);
	ADD_SATURATING(bin->protocol_flows[direction * PROTOCOLS + protocol], 1u);
	if (protocol != HOST_ICMP)
		ADD_SATURATING(bin->port_flows[direction * HOST_BIN_PORT_CLASSES +
		                               host_port_class(share->port)],
		               1u);
	if (share->marks & SHARE_SYN_ONLY)
		ADD_SATURATING(bin->syn_only_flows[direction], 1u);
	if (share->marks & SHARE_SINGLE_PACKET)
		ADD_SATURATING(bin->single_packet_flows[direction], 1u);
	if (share->kinds & TOUCH_SMALL)
		ADD_SATURATING(bin->small_flows[direction], 1u);
}

/* What few records have. */
static inline void
count_marks(struct host_bin *bin, const struct host_share *share, size_t direction,
            uint64_t packets)
{
	if (share->marks & SHARE_ICMP_ERROR)
		ADD_SATURATING(bin->icmp_errors[direction], packets);
	if (share->marks & SHARE_FLAGLESS)
		ADD_SATURATING(bin->flagless_records[0], 1u);
	if (share->marks & SHARE_CONTINUES)
		ADD_SATURATING(bin->continuation_records[0], 1u);
	if (share->marks & SHARE_UNSOLICITED)
		ADD_SATURATING(bin->unsolicited_answers[0], 1u);
	if (share->marks & SHARE_RESET)
		ADD_SATURATING(bin->reset_records[direction], 1u);
}

static inline void
count_sizes(struct host_bin *bin, size_t direction,
            const uint32_t classes[static HOST_BIN_SIZE_CLASSES])
{
	uint32_t *sizes = &bin->size_packets[direction * HOST_BIN_SIZE_CLASSES];

	for (size_t i = 0; i < HOST_BIN_SIZE_CLASSES; i++) {
		uint32_t sum = sizes[i] + classes[i];

		sizes[i] = sum < classes[i] ? UINT32_MAX : sum;
	}
}

#define GREATER(a, b) ((a) > (b) ? (a) : (b))
#define LESS(a, b)    ((a) < (b) ? (a) : (b))

static inline void
count_share(struct host_bin *bin, const struct host_share *share, const struct numbers *numbers)
{
	enum { USUAL_MARKS = SHARE_WIDE | SHARE_SYN_ONLY | SHARE_SINGLE_PACKET };
	size_t direction = share->kinds & TOUCH_IN ? HOST_IN : HOST_OUT;
	enum host_protocol protocol = host_protocol(share->protocol);

	ADD_SATURATING(bin->octets[direction], numbers->octets);
	ADD_SATURATING(bin->packets[direction], numbers->packets);
	ADD_SATURATING(bin->records[direction], 1u);
	ADD_SATURATING(bin->protocol_packets[direction * PROTOCOLS + protocol], numbers->packets);
	count_sizes(bin, direction, numbers->size_packets);
	bin->sampling_interval[0] = GREATER(bin->sampling_interval[0], numbers->sampling_interval);
	bin->exporters[0] |= share->exporters;
	bin->earliest_ms[0] = LESS(bin->earliest_ms[0], share->first_ms);
	bin->latest_ms[0] = GREATER(bin->latest_ms[0], share->last_ms);
	bin->directions[0] |= (uint8_t)(1u << direction);
	bin->size_knowledge[0] |= share->size_knowledge;
	if (share->kinds & TOUCH_BEGUN)
		count_begin(bin, share, direction, protocol);
	if (share->marks & ~USUAL_MARKS)
		count_marks(bin, share, direction, numbers->packets);
}

static inline struct host_touch
touch_of(const struct host_share *share, const struct numbers *numbers)
{
	return (struct host_touch){
		.peer = share->peer,
		.octets = (uint32_t)LESS(numbers->octets, UINT32_MAX),
		.port = share->port,
		.kinds = share->kinds,
		.protocol = share->protocol,
		.first_quarter = (uint8_t)(share->first_ms / QUARTER_MS),
		.last_quarter = (uint8_t)(share->last_ms / QUARTER_MS),
		.packets = (uint8_t)LESS(numbers->packets, UINT8_MAX),
	};
}

static inline bool
touches(const struct host_share *share)
{
	return !(share->marks & (SHARE_COPY | SHARE_ICMP_ERROR));
}

void
host_share_add(struct host_bin *bin, struct host_bin_extension *extension,
               const struct host_share *share, const struct host_share_numbers *wide, uint64_t key)
{
	struct numbers numbers;
	struct host_touch touch;

	if (share->marks & SHARE_COPY) {
		ADD_SATURATING(bin->copied_records[0], 1u);
		bin->exporters[0] |= share->exporters;
		return;
	}
	numbers = numbers_of(share, wide);
	count_share(bin, share, &numbers);
	if (!touches(share))
		return;
	touch = touch_of(share, &numbers);
	(void)host_bin_touch(bin, extension, &touch, key);
}

static size_t
cells_of(const struct host_share *share)
{
	return share->marks & SHARE_WIDE ? 2 : 1;
}

static size_t
count_touches(const struct host_shares *shares)
{
	size_t count = 0;

	for (size_t i = 0; i < shares->count; i += cells_of(&shares->cells[i].share))
		count += touches(&shares->cells[i].share);
	return count;
}

bool
host_shares_extend(const struct host_bin *into, const struct host_shares *shares)
{
	return into->touch_count != HOST_BIN_EXTENDED &&
	       into->touch_count + count_touches(shares) > HOST_BIN_TOUCHES;
}

void
host_shares_merge(struct host_bin *into, struct host_bin_extension *extension,
                  const struct host_shares *shares, uint64_t key)
{
	bool extended = into->touch_count == HOST_BIN_EXTENDED || host_shares_extend(into, shares);

	for (size_t i = 0; i < shares->count; i += cells_of(&shares->cells[i].share))
		host_share_add(into, extended ? extension : NULL, &shares->cells[i].share,
		               &shares->cells[i + 1].numbers, key);
	ADD_SATURATING(into->touches_lost[0], shares->lost);
}

void
host_shares_expand(const struct host_shares *shares, struct host_bin *bin,
                   struct host_bin_extension *extension, uint64_t key)
{
	host_bin_init(bin, &shares->host, shares->minute);
	if (host_shares_extend(bin, shares))
		host_bin_extension_init(extension);
	host_shares_merge(bin, extension, shares, key);
}

static bool
share_valid(const struct host_share *share)
{
	return share->first_ms <= share->last_ms && share->last_ms < HOST_BIN_MS &&
	       (share->kinds & ~ALL_KINDS) == 0 &&
	       host_touch_shape(share->kinds) < TOUCH_SHAPE_NUMBERS &&
	       (share->marks & ~ALL_MARKS) == 0;
}

bool
host_shares_valid(const struct host_shares *shares)
{
	size_t at = 0;

	if (shares->count > HOST_SHARES_CELLS_MOST)
		return false;
	for (; at < shares->count; at += cells_of(&shares->cells[at].share))
		if (!share_valid(&shares->cells[at].share))
			return false;
	return at == shares->count;
}
