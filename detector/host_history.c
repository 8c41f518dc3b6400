#include "detector/host_history.h"

#include <string.h>

#include "common/keyed_hash.h"

enum {
	CHUNK_HOSTS = 1024,
	INDEX_LEAST = 1024,
	PAST_MINUTES = 180, /* of each of the two bitmaps of a host's past */
	NOBODY = UINT32_MAX,
	SPARE_OCTETS = 32, /* that a host's minutes get with more room, beside an eighth */
};

enum minute_flag { MINUTE_CHANGED = 1, MINUTE_BUSY = 2, MINUTE_ASKS = 4, MINUTE_EXTENDED = 8 };

/* Before a packed minute; behind it is `size` again, so that minutes can be gone through from
 * either end. */
struct minute_head {
	uint32_t minute;
	uint16_t size; /* of all three */
	uint16_t flags;
};

enum { TAIL = sizeof(uint16_t), ENTRY_MOST = sizeof(struct minute_head) + MINUTE_PACK_MOST + TAIL };

_Static_assert(ENTRY_MOST <= UINT16_MAX, "the size of a minute fits");

struct kept_host {
	struct known_host known; /* first: a known_host is its kept_host */
	uint8_t *octets;         /* of minutes, oldest first: those from `start` to `end` */
	uint32_t start, end, capacity;
	uint32_t changed; /* minutes marked as changed */
	uint32_t number;
	uint32_t older, newer; /* neighbours by silence; `newer` also links free ones */
};

struct HostHistory {
	struct host_history_limits limits;
	uint64_t hash_key;
	GPtrArray *chunks; /* of CHUNK_HOSTS kept_hosts */
	uint32_t *index;   /* number of a host, or NOBODY; by hash, with linear probing */
	uint32_t index_mask;
	uint32_t hosts;   /* now */
	uint32_t numbers; /* given out so far */
	uint32_t free;    /* NOBODY: none */
	uint32_t oldest, newest;
	struct kept_host *open;
	struct host_minute *minutes; /* unpacked, of the open host; one for each it can have */
	struct host_bin_extension *extensions; /* theirs */
	struct host_history_counters counters;
};

static struct kept_host *
host_at(const HostHistory *history, uint32_t number)
{
	struct kept_host *chunk = history->chunks->pdata[number / CHUNK_HOSTS];

	return &chunk[number % CHUNK_HOSTS];
}

HostHistory *
host_history_new(const struct host_history_limits *limits)
{
	HostHistory *history = g_new0(HostHistory, 1);

	history->limits = *limits;
	history->limits.hosts_max = CLAMP(limits->hosts_max, 1, NOBODY / 4);
	history->hash_key = (uint64_t)g_random_int() << 32 | g_random_int();
	history->chunks = g_ptr_array_new_with_free_func(g_free);
	history->index_mask = INDEX_LEAST - 1;
	history->index = g_new(uint32_t, INDEX_LEAST);
	memset(history->index, 0xff, INDEX_LEAST * sizeof(*history->index));
	history->free = history->oldest = history->newest = NOBODY;
	history->minutes = g_new(struct host_minute, limits->minutes + 1);
	history->extensions = g_new(struct host_bin_extension, limits->minutes + 1);
	return history;
}

void
host_history_free(HostHistory *history)
{
	if (history == NULL)
		return;
	for (uint32_t i = 0; i < history->numbers; i++) {
		g_free(host_at(history, i)->octets);
		g_free(host_at(history, i)->known.past.sent);
	}
	g_ptr_array_free(history->chunks, TRUE);
	g_free(history->index);
	g_free(history->minutes);
	g_free(history->extensions);
	g_free(history);
}

/* The index of hosts */

static uint32_t
place_of(const HostHistory *history, const struct host_address *address)
{
	return (uint32_t)keyed_hash_address(address, history->hash_key) & history->index_mask;
}

/* The place of the host, or the free one where it belongs. */
static uint32_t
index_find(const HostHistory *history, const struct host_address *address)
{
	uint32_t place = place_of(history, address);

	while (history->index[place] != NOBODY &&
	       !host_address_equal(&host_at(history, history->index[place])->known.host, address))
		place = (place + 1) & history->index_mask;
	return place;
}

static void
index_grow(HostHistory *history)
{
	uint32_t size = (history->index_mask + 1) * 2;

	g_free(history->index);
	history->index = g_new(uint32_t, size);
	memset(history->index, 0xff, size * sizeof(*history->index));
	history->index_mask = size - 1;
	for (uint32_t number = history->oldest; number != NOBODY;
	     number = host_at(history, number)->newer)
		history->index[index_find(history, &host_at(history, number)->known.host)] = number;
}

/* What was moved on by the one that goes comes back. */
static void
index_remove(HostHistory *history, const struct host_address *address)
{
	uint32_t hole = index_find(history, address), mask = history->index_mask;

	for (uint32_t at = (hole + 1) & mask; history->index[at] != NOBODY; at = (at + 1) & mask) {
		uint32_t home =
			place_of(history, &host_at(history, history->index[at])->known.host);

		if (((at - home) & mask) < ((at - hole) & mask))
			continue;
		history->index[hole] = history->index[at];
		hole = at;
	}
	history->index[hole] = NOBODY;
}

/* Hosts by silence */

static void
unlink_host(HostHistory *history, struct kept_host *host)
{
	*(host->older == NOBODY ? &history->oldest : &host_at(history, host->older)->newer) =
		host->newer;
	*(host->newer == NOBODY ? &history->newest : &host_at(history, host->newer)->older) =
		host->older;
}

static void
link_newest(HostHistory *history, struct kept_host *host)
{
	host->older = history->newest;
	host->newer = NOBODY;
	*(history->newest == NOBODY ? &history->oldest
	                            : &host_at(history, history->newest)->newer) = host->number;
	history->newest = host->number;
}

/* Minutes of one host */

static struct minute_head
head_at(const struct kept_host *host, uint32_t at)
{
	struct minute_head head;

	memcpy(&head, host->octets + at, sizeof(head));
	return head;
}

/* Where the minute that ends at `end` begins. */
static uint32_t
begin_of(const struct kept_host *host, uint32_t end)
{
	uint16_t size;

	memcpy(&size, host->octets + end - TAIL, sizeof(size));
	return end - size;
}

static void
count_minute(HostHistory *history, struct kept_host *host, const struct minute_head *head,
             int difference)
{
	if (head->flags & MINUTE_CHANGED)
		host->changed += (uint32_t)difference;
	history->counters.minutes += (uint64_t)difference;
	if (head->flags & MINUTE_EXTENDED)
		history->counters.extensions += (uint64_t)difference;
}

static void
set_capacity(HostHistory *history, struct kept_host *host, uint32_t capacity)
{
	history->counters.octets += (uint64_t)capacity - host->capacity;
	host->octets = g_realloc(host->octets, capacity);
	host->capacity = capacity;
}

static void
forget(HostHistory *history, struct kept_host *host)
{
	for (uint32_t at = host->start; at < host->end;) {
		struct minute_head head = head_at(host, at);

		count_minute(history, host, &head, -1);
		at += head.size;
	}
	history->counters.octets -= host->capacity;
	g_free(host->octets);
	g_free(host->known.past.sent);
	unlink_host(history, host);
	index_remove(history, &host->known.host);
	if (history->open == host)
		history->open = NULL;
	*host = (struct kept_host){ .number = host->number, .newer = history->free };
	history->free = host->number;
	history->hosts--;
	history->counters.forgotten++;
}

static struct kept_host *
new_host(HostHistory *history)
{
	struct kept_host *host;

	if (history->free != NOBODY) {
		host = host_at(history, history->free);
		history->free = host->newer;
		return host;
	}
	if (history->numbers % CHUNK_HOSTS == 0)
		g_ptr_array_add(history->chunks, g_new0(struct kept_host, CHUNK_HOSTS));
	host = host_at(history, history->numbers);
	host->number = history->numbers++;
	return host;
}

static struct kept_host *
host_of(HostHistory *history, const struct host_address *address)
{
	uint32_t place = index_find(history, address);
	struct kept_host *host;

	if (history->index[place] != NOBODY) {
		host = host_at(history, history->index[place]);
		if (history->newest == host->number)
			return host;
		unlink_host(history, host);
		link_newest(history, host);
		return host;
	}
	if (history->hosts >= history->limits.hosts_max)
		forget(history, host_at(history, history->oldest));
	if (history->hosts >= (history->index_mask + 1) / 2)
		index_grow(history);
	host = new_host(history);
	host->known.host = *address;
	history->index[index_find(history, address)] = host->number;
	link_newest(history, host);
	history->hosts++;
	return host;
}

/* What a host did in a minute that is dropped: two bitmaps, the older one forgotten in its time. */
static void
remember(HostHistory *history, struct kept_host *host, uint32_t at)
{
	struct minute_head head = head_at(host, at);
	struct host_past *past = &host->known.past;
	struct host_bin_extension detail;
	struct host_bin bin;

	if (past->sent_since == 0)
		past->sent_since = head.minute;
	if (head.minute >= past->sent_since + PAST_MINUTES) {
		if (past->sent != NULL) {
			memcpy(past->sent[1], past->sent[0], sizeof(past->sent[0]));
			memset(past->sent[0], 0, sizeof(past->sent[0]));
		}
		past->sent_since = head.minute;
	}
	if (!(head.flags & MINUTE_ASKS))
		return;
	if (past->sent == NULL)
		past->sent = g_malloc0(2 * sizeof(past->sent[0]));
	minute_unpack(host->octets + at + sizeof(head), &bin, &detail, MINUTE_SENT);
	if (bin.touch_count == HOST_BIN_EXTENDED) {
		for (size_t i = 0; i < G_N_ELEMENTS(detail.sent); i++)
			past->sent[0][i] |= detail.sent[i];
		return;
	}
	host_touches_sent(bin.touches, bin.touch_count, past->sent[0], history->limits.sketch_key);
}

static void
drop_oldest(HostHistory *history, struct kept_host *host)
{
	struct minute_head head = head_at(host, host->start);

	remember(history, host, host->start);
	count_minute(history, host, &head, -1);
	host->start += head.size;
}

static void
drop_old(HostHistory *history, struct kept_host *host, uint32_t newest)
{
	while (host->start < host->end &&
	       head_at(host, host->start).minute + history->limits.minutes <= newest)
		drop_oldest(history, host);
}

static bool
bound_reached(const HostHistory *history, uint32_t more)
{
	return history->limits.octets_max > 0 &&
	       history->counters.octets + more > history->limits.octets_max;
}

/* Oldest minutes for the room of a new one, but none of the last `keep` octets, and not the newest.
 */
static void
give_up_minutes(HostHistory *history, struct kept_host *host, uint32_t size, uint32_t keep)
{
	while (host->end - host->start + size > host->capacity &&
	       begin_of(host, host->end) > host->start &&
	       host->start + head_at(host, host->start).size <= host->end - keep) {
		drop_oldest(history, host);
		history->counters.given_up++;
	}
}

/* Sees to it that `size` octets fit behind the minutes, for which they may be moved. */
static void
make_room(HostHistory *history, struct kept_host *host, uint32_t size, uint32_t keep)
{
	uint32_t used = host->end - host->start, wanted = used + size;
	uint32_t capacity = wanted + wanted / 8 + SPARE_OCTETS;

	if (host->end + size <= host->capacity)
		return;
	if (wanted > host->capacity && bound_reached(history, capacity - host->capacity)) {
		give_up_minutes(history, host, size, keep);
		used = host->end - host->start;
		wanted = used + size;
	}
	if (host->start > 0)
		memmove(host->octets, host->octets + host->start, used);
	host->start = 0;
	host->end = used;
	if (wanted > host->capacity || host->capacity > 2 * capacity + 1024)
		set_capacity(history, host, capacity);
	while (bound_reached(history, 0) && history->oldest != host->number)
		forget(history, host_at(history, history->oldest));
}

/* Puts an entry in the place of the octets between two distances from the end. */
static void
splice(HostHistory *history, struct kept_host *host, uint32_t from, uint32_t to,
       const uint8_t *entry)
{
	struct minute_head head;
	uint32_t at;

	memcpy(&head, entry, sizeof(head));
	make_room(history, host, head.size, from);
	at = host->end - from;
	memmove(host->octets + at + head.size, host->octets + host->end - to, to);
	memcpy(host->octets + at, entry, head.size);
	host->end = at + head.size + to;
	if (head.flags & MINUTE_ASKS)
		host->known.asked = MAX(host->known.asked, head.minute);
	count_minute(history, host, &head, 1);
}

static uint16_t
flags_of(const struct host_bin *bin, const struct host_bin_extension *extension)
{
	unsigned flags = MINUTE_CHANGED;

	if (bin->flows[HOST_OUT] >= HOST_BUSY_FLOWS || bin->packets[HOST_OUT] >= HOST_BUSY_PACKETS)
		flags |= MINUTE_BUSY;
	if (bin->touch_count == HOST_BIN_EXTENDED)
		return (uint16_t)(flags | MINUTE_EXTENDED |
		                  (extension->sample[0].hash != 0 ? MINUTE_ASKS : 0));
	for (unsigned i = 0; i < bin->touch_count; i++)
		flags |= bin->touches[i].kinds & TOUCH_SERVED ? 0 : MINUTE_ASKS;
	return (uint16_t)flags;
}

static void
make_entry(const struct host_bin *bin, const struct host_bin_extension *extension,
           uint8_t entry[static ENTRY_MOST])
{
	size_t packed = minute_pack(bin, extension, entry + sizeof(struct minute_head));
	struct minute_head head = {
		.minute = bin->minute,
		.size = (uint16_t)(sizeof(head) + packed + TAIL),
		.flags = flags_of(bin, extension),
	};

	memcpy(entry, &head, sizeof(head));
	memcpy(entry + head.size - TAIL, &head.size, TAIL);
}

/* The minute from `at` on together with the part. */
static void
merge_entry(const HostHistory *history, const struct kept_host *host, uint32_t at,
            const struct ring_bin *part, uint8_t entry[static ENTRY_MOST])
{
	struct host_bin_extension extension;
	struct host_bin bin;
	bool extended = part->bin.touch_count == HOST_BIN_EXTENDED;

	bin.host = part->bin.host;
	bin.minute = part->bin.minute;
	minute_unpack(host->octets + at + sizeof(struct minute_head), &bin, &extension, MINUTE_ALL);
	if (host_bin_merge_extends(&bin, &part->bin))
		host_bin_extension_init(&extension);
	host_bin_merge(&bin, &extension, &part->bin, extended ? &part->extension : NULL,
	               history->limits.sketch_key);
	make_entry(&bin, &extension, entry);
}

static void
add_part(HostHistory *history, struct kept_host *host, const struct ring_bin *part)
{
	uint8_t entry[ENTRY_MOST];
	uint32_t end = host->end, at = host->end;
	struct minute_head head = { 0 };

	while (end > host->start &&
	       (head = head_at(host, at = begin_of(host, end))).minute > part->bin.minute)
		end = at;
	if (end > host->start && head.minute == part->bin.minute) {
		merge_entry(history, host, at, part, entry);
		count_minute(history, host, &head, -1);
		splice(history, host, host->end - at, host->end - end, entry);
		return;
	}
	if (end == host->end)
		drop_old(history, host, part->bin.minute);
	make_entry(&part->bin, &part->extension, entry);
	splice(history, host, host->end - end, host->end - end, entry);
}

static uint32_t
newest_minute(const struct kept_host *host)
{
	return host->end > host->start ? head_at(host, begin_of(host, host->end)).minute : 0;
}

struct known_host *
host_history_add(HostHistory *history, const struct ring_bin *part)
{
	struct kept_host *host = host_of(history, &part->bin.host);

	history->counters.parts++;
	host->known.export_ms = MAX(host->known.export_ms, part->export_ms);
	host->known.exporters |= part->bin.exporters[0];
	if ((uint64_t)part->bin.minute + history->limits.minutes <= newest_minute(host)) {
		history->counters.stale++;
		return NULL;
	}
	add_part(history, host, part);
	return &host->known;
}

struct known_host *
host_history_find(const HostHistory *history, const struct host_address *host)
{
	uint32_t number = history->index[index_find(history, host)];

	return number == NOBODY ? NULL : &host_at(history, number)->known;
}

uint32_t
host_history_number(const struct known_host *host)
{
	return ((const struct kept_host *)(const void *)host)->number;
}

struct known_host *
host_history_at(const HostHistory *history, uint32_t number)
{
	return &host_at(history, number)->known;
}

static void
unpack(HostHistory *history, struct kept_host *host, size_t row, uint32_t at,
       enum minute_depth depth)
{
	struct minute_head head = head_at(host, at);
	struct host_minute *minute = &history->minutes[row];

	minute->bin.host = host->known.host;
	minute->bin.minute = head.minute;
	minute_unpack(host->octets + at + sizeof(head), &minute->bin, &history->extensions[row],
	              depth);
	minute->extension = head.flags & MINUTE_EXTENDED ? &history->extensions[row] : NULL;
	minute->older = NULL;
	if (row > 0)
		history->minutes[row - 1].older = minute;
}

void
host_history_open(HostHistory *history, struct known_host *known, uint32_t minute,
                  const struct history_depth *depth)
{
	struct kept_host *host = (struct kept_host *)(void *)known;
	size_t rows = 0;

	if (history->open != NULL)
		history->open->known.newest = NULL;
	history->open = host;
	for (uint32_t end = host->end; end > host->start; end = begin_of(host, end)) {
		uint32_t at = begin_of(host, end), found = head_at(host, at).minute;

		if (found > minute)
			continue;
		if (found < depth->sent)
			break;
		unpack(history, host, rows++, at,
		       found >= depth->all      ? MINUTE_ALL
		       : found >= depth->sample ? MINUTE_SAMPLE
		                                : MINUTE_SENT);
	}
	known->newest = rows > 0 ? history->minutes : NULL;
}

const struct host_minute *
host_history_minute(const struct known_host *host, uint32_t wanted)
{
	const struct host_minute *minute = host->newest;

	while (minute != NULL && minute->bin.minute > wanted)
		minute = minute->older;
	return minute != NULL && minute->bin.minute == wanted ? minute : NULL;
}

bool
host_history_next(const struct known_host *known, struct kept_minute *minute)
{
	const struct kept_host *host = (const struct kept_host *)(const void *)known;
	uint32_t end = minute->end == 0 ? host->end : begin_of(host, minute->end);
	struct minute_head head;

	if (end <= host->start)
		return false;
	head = head_at(host, begin_of(host, end));
	*minute = (struct kept_minute){
		.minute = head.minute,
		.changed = (head.flags & MINUTE_CHANGED) != 0,
		.busy = (head.flags & MINUTE_BUSY) != 0,
		.end = end,
		.seen = minute->seen,
	};
	return true;
}

bool
host_history_next_changed(const struct known_host *known, struct kept_minute *minute)
{
	const struct kept_host *host = (const struct kept_host *)(const void *)known;

	while (minute->seen < host->changed && host_history_next(known, minute)) {
		if (minute->changed) {
			minute->seen++;
			return true;
		}
	}
	return false;
}

void
host_history_settle(struct known_host *known)
{
	struct kept_host *host = (struct kept_host *)(void *)known;

	for (uint32_t end = host->end; host->changed > 0; end = begin_of(host, end)) {
		uint32_t at = begin_of(host, end);
		struct minute_head head = head_at(host, at);

		if (!(head.flags & MINUTE_CHANGED))
			continue;
		host->changed--;
		head.flags &= (uint16_t)~MINUTE_CHANGED;
		memcpy(host->octets + at, &head, sizeof(head));
	}
}

struct host_history_counters
host_history_counters(const HostHistory *history)
{
	struct host_history_counters counters = history->counters;

	counters.hosts = history->hosts;
	return counters;
}
