#include "collector/conversation_table.h"

#include <stdbool.h>
#include <sys/mman.h>

#include "collector/flow_role.h"
#include "common/keyed_hash.h"

enum {
	WAYS = 8,
	BLOCK = 32,
	TCP = 6,
	FLAG_FIN = 0x01,
	FLAG_SYN = 0x02,
	FLAG_RST = 0x04,
	FLAG_ACK = 0x10,
	END_IDLE = 1,        /* flowEndReason: idle timeout */
	END_ACTIVE = 2,      /* active timeout */
	IDLE_MS = 16000,     /* a gap that an inactive timeout of 15 s can hide */
	FORGET_MS = 120000,  /* after such a gap without flags it is another conversation */
	COPY_SKEW_MS = 2000, /* clocks of two exporters, and what they take for the start */
	OLD_S = 120,         /* an entry that may be replaced without being counted */
	HUGE_PAGE_OCTETS = 2 << 20,
};

/* One direction of a conversation.  Times are milliseconds modulo 2^32. */
struct half {
	uint32_t first_ms;
	uint32_t start_ms; /* of the last record */
	uint32_t end_ms;
	uint32_t octets; /* of the last record, saturating */
	uint32_t packets;
	uint16_t flags;  /* of all records */
	uint16_t origin; /* hash of who reported the last record, and where; never 0 */
	uint8_t last_flags;
	uint8_t end_reason;
	uint16_t records; /* 0: nothing is known of this direction */
};

enum conversation_state { BEGUN_UNKNOWN, BEGUN_BY_LOW, BEGUN_BY_HIGH };

struct conversation {
	struct half halves[2]; /* [0]: sent by the lower of the two ends */
	uint32_t begun;        /* enum conversation_state */
	uint32_t unused;
};

_Static_assert(sizeof(struct conversation) == 64, "one cache line");

/* The entries of one set, told apart by half of the hash. */
struct set {
	uint32_t tags[WAYS];   /* 0: free */
	uint16_t used_s[WAYS]; /* export time of the last use, modulo 2^16 s */
	uint8_t unused[16];
};

_Static_assert(sizeof(struct set) == 64, "one cache line");

/* A search under way. */
struct search {
	uint64_t hash;
	size_t direction; /* index of the half that the record belongs to */
	bool is_new;      /* the entry holds another conversation, or none, that is to be cleared */
	struct conversation *conversation;
};

struct ConversationTable {
	struct set *sets;
	struct conversation *conversations;
	uint64_t set_mask;
	uint64_t key;
	struct conversation_counters counters;
	struct search searches[FLOW_BATCH_RECORDS];
};

static void *
map_zeroed(size_t octets)
{
	void *memory = mmap(NULL, octets, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		g_error("cannot map %zu octets for conversations", octets);
	if (octets >= HUGE_PAGE_OCTETS)
		(void)madvise(memory, octets, MADV_HUGEPAGE);
	return memory;
}

ConversationTable *
conversation_table_new(size_t entries, uint64_t key)
{
	ConversationTable *table = g_new0(ConversationTable, 1);
	uint64_t sets = 1;

	while (sets * WAYS < entries)
		sets *= 2;
	table->set_mask = sets - 1;
	table->key = key;
	table->sets = map_zeroed(sets * sizeof(struct set));
	table->conversations = map_zeroed(sets * WAYS * sizeof(struct conversation));
	return table;
}

void
conversation_table_free(ConversationTable *table)
{
	if (table == NULL)
		return;
	munmap(table->sets, (table->set_mask + 1) * sizeof(struct set));
	munmap(table->conversations, (table->set_mask + 1) * WAYS * sizeof(struct conversation));
	g_free(table);
}

/* ICMP errors are no part of the conversation that they are about, nor of echoes between the same
 * hosts. */
static uint32_t
protocol_of(const struct flow_record *record)
{
	bool is_error = host_protocol(record->protocol) == HOST_ICMP &&
	                flow_role_icmp(record) == ICMP_ERROR;

	return record->protocol | (uint32_t)is_error << 8;
}

/* The 5-tuple with its ends in order, so that both directions give the same key. */
static struct search
search_of(const struct flow_record *record, uint64_t key)
{
	struct {
		struct host_address ends[2];
		uint16_t ports[2];
		uint32_t protocol;
	} tuple = { .protocol = protocol_of(record) };
	int order = memcmp(&record->source, &record->destination, sizeof(record->source));
	bool reversed = order > 0 || (order == 0 && record->source_port > record->destination_port);
	struct search search = { .direction = reversed };

	tuple.ends[reversed] = record->source;
	tuple.ends[!reversed] = record->destination;
	tuple.ports[reversed] = record->source_port;
	tuple.ports[!reversed] = record->destination_port;
	search.hash = keyed_hash_octets(&tuple, sizeof(tuple), key);
	return search;
}

static uint32_t
tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32) | 1;
}

static uint16_t
age_of(const struct set *set, size_t way, uint16_t now_s)
{
	return (uint16_t)(now_s - set->used_s[way]);
}

/* The way for a conversation that is not there: a free one, or that of the longest unused. */
static size_t
make_room(ConversationTable *table, const struct set *set, uint16_t now_s)
{
	size_t oldest = 0;

	for (size_t way = 0; way < WAYS; way++) {
		if (set->tags[way] == 0) {
			table->counters.entries++;
			return way;
		}
		if (age_of(set, way, now_s) > age_of(set, oldest, now_s))
			oldest = way;
	}
	if (age_of(set, oldest, now_s) < OLD_S)
		table->counters.evicted++;
	return oldest;
}

static void
find_or_make(ConversationTable *table, struct search *search, uint16_t now_s)
{
	uint64_t index = search->hash & table->set_mask;
	struct set *set = &table->sets[index];
	uint32_t tag = tag_of(search->hash);
	size_t way = 0;

	while (way < WAYS && set->tags[way] != tag)
		way++;
	if (way == WAYS) {
		way = make_room(table, set, now_s);
		set->tags[way] = tag;
		search->is_new = true;
	}
	set->used_s[way] = now_s;
	search->conversation = &table->conversations[index * WAYS + way];
	__builtin_prefetch(search->conversation, 1);
}

static uint32_t
saturate(uint64_t value)
{
	return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

/* Signed distance of two times modulo 2^32 ms. */
static int32_t
since(uint32_t later_ms, uint32_t earlier_ms)
{
	return (int32_t)(later_ms - earlier_ms);
}

static bool
is_near(uint32_t a, uint32_t b)
{
	uint32_t greater = MAX(a, b);
	uint32_t less = MIN(a, b);

	return greater - less <= 1 + greater / 32;
}

static bool
is_copy(const struct half *half, const struct flow_record *record, uint16_t origin)
{
	return half->records != 0 && half->origin != origin &&
	       ABS(since((uint32_t)record->start.ms, half->start_ms)) <= COPY_SKEW_MS &&
	       ABS(since((uint32_t)record->end.ms, half->end_ms)) <= COPY_SKEW_MS &&
	       is_near(saturate(record->packets), half->packets) &&
	       is_near(saturate(record->octets), half->octets);
}

static bool
has_flags(const struct flow_record *record)
{
	return record->protocol == TCP && (record->marks & FLOW_HAS_FLAGS) &&
	       record->tcp_flags != 0;
}

/* Does the record start another conversation between the same ports? */
static bool
starts_over(const struct conversation *conversation, size_t direction,
            const struct flow_record *record)
{
	const struct half *half = &conversation->halves[direction];
	const struct half *other = &conversation->halves[!direction];
	int32_t gap = since((uint32_t)record->start.ms, half->end_ms);

	if (half->records == 0)
		return other->records != 0 && !has_flags(record) &&
		       ABS(since((uint32_t)record->start.ms, other->end_ms)) > FORGET_MS;
	if (has_flags(record))
		return (record->tcp_flags & FLAG_SYN) && gap >= 0;
	return gap > FORGET_MS;
}

/* Does the record go on with the flow whose last record is `half`? */
static bool
continues(const struct half *half, const struct flow_record *record)
{
	int32_t gap;

	if (has_flags(record)) {
		if (record->tcp_flags & FLAG_SYN)
			return false;
		/* Of a sampled flow the SYN has mostly not been seen. */
		return half->records != 0 ||
		       ((record->tcp_flags & FLAG_ACK) && record->sampling_interval <= 1);
	}
	if (half->records == 0 || (half->last_flags & (FLAG_FIN | FLAG_RST)) ||
	    half->end_reason == END_IDLE)
		return false;
	gap = since((uint32_t)record->start.ms, half->end_ms);
	return half->end_reason == END_ACTIVE ? gap < FORGET_MS : gap <= IDLE_MS;
}

/* Who began: whoever sent a SYN alone; else who was first, by the exporters' clock. */
static void
learn_who_began(struct conversation *conversation, size_t direction,
                const struct flow_record *record)
{
	static const uint32_t begun_by[2] = { BEGUN_BY_LOW, BEGUN_BY_HIGH };
	const struct half *halves = conversation->halves;
	int32_t lead;

	if (has_flags(record) && (record->tcp_flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN) {
		conversation->begun = begun_by[direction];
		return;
	}
	if (conversation->begun != BEGUN_UNKNOWN || halves[0].records == 0 ||
	    halves[1].records == 0)
		return;
	lead = since(halves[1].first_ms, halves[0].first_ms);
	if (lead != 0)
		conversation->begun = begun_by[lead < 0];
}

static void
remember(struct half *half, const struct flow_record *record, uint16_t origin)
{
	if (half->records == 0)
		half->first_ms = (uint32_t)record->start.ms;
	half->start_ms = (uint32_t)record->start.ms;
	half->end_ms = (uint32_t)record->end.ms;
	half->octets = saturate(record->octets);
	half->packets = saturate(record->packets);
	half->flags |= record->tcp_flags;
	half->last_flags = (uint8_t)record->tcp_flags;
	half->end_reason = record->flow_end_reason;
	half->origin = origin;
	if (half->records < UINT16_MAX)
		half->records++;
}

/* Is the other direction's last record of the time of this one? */
static bool
belongs_to(const struct half *half, const struct flow_record *record)
{
	return half->records != 0 && since(half->start_ms, (uint32_t)record->end.ms) < FORGET_MS &&
	       since((uint32_t)record->start.ms, half->end_ms) < FORGET_MS;
}

static void
tell(const struct search *search, struct flow_record *record)
{
	const struct conversation *conversation = search->conversation;
	const struct half *other = &conversation->halves[!search->direction];
	uint32_t begun_by_source = search->direction == 0 ? BEGUN_BY_LOW : BEGUN_BY_HIGH;

	if (belongs_to(other, record)) {
		record->marks |= FLOW_KNOWN_REVERSE;
		record->other_octets = other->octets;
		record->other_packets = other->packets;
		record->other_tcp_flags = other->flags;
	}
	if (conversation->begun != BEGUN_UNKNOWN)
		record->marks |= conversation->begun == begun_by_source ? FLOW_SOURCE_BEGAN
		                                                        : FLOW_SOURCE_ANSWERS;
}

static uint16_t
origin_of(const struct flow_batch *batch, const struct flow_record *record)
{
	uint64_t where = (uint64_t)batch->exporter << 32 | batch->observation_domain;

	where = keyed_hash_mix(where) +
	        ((uint64_t)record->ingress_interface << 8 | record->flow_direction);
	return (uint16_t)keyed_hash_mix(where) | 1;
}

static void
annotate(ConversationTable *table, const struct search *search, const struct flow_batch *batch,
         struct flow_record *record)
{
	struct conversation *conversation = search->conversation;
	struct half *half = &conversation->halves[search->direction];
	uint16_t origin = origin_of(batch, record);

	if (search->is_new)
		*conversation = (struct conversation){ 0 };
	if (is_copy(half, record, origin)) {
		record->marks |= FLOW_COPY;
		table->counters.copies++;
		return;
	}
	if (starts_over(conversation, search->direction, record))
		*conversation = (struct conversation){ 0 };
	if (continues(half, record)) {
		record->marks |= FLOW_CONTINUES;
		table->counters.continuations++;
	}
	remember(half, record, origin);
	learn_who_began(conversation, search->direction, record);
}

/* Events are no flows; a biflow brings its other direction along, but may be cut and copied like
 * any other. */
static bool
is_annotated(const struct flow_record *record)
{
	return !(record->marks & (FLOW_EVENT | FLOW_TIMES_IMPOSSIBLE));
}

static void
find_block(ConversationTable *table, struct flow_batch *batch, size_t from, size_t until)
{
	uint16_t now_s = (uint16_t)(batch->export_time.ms / 1000);
	struct search *searches = table->searches;

	for (size_t i = from; i < until; i++) {
		searches[i] = search_of(&batch->records[i], table->key);
		__builtin_prefetch(&table->sets[searches[i].hash & table->set_mask], 1);
	}
	for (size_t i = from; i < until; i++)
		if (is_annotated(&batch->records[i]))
			find_or_make(table, &searches[i], now_s);
	for (size_t i = from; i < until; i++)
		if (is_annotated(&batch->records[i]))
			annotate(table, &searches[i], batch, &batch->records[i]);
}

/* Has the entry been given to another conversation since? */
static bool
has_lost_its_entry(const ConversationTable *table, const struct search *search)
{
	size_t entry = (size_t)(search->conversation - table->conversations);

	return table->sets[entry / WAYS].tags[entry % WAYS] != tag_of(search->hash);
}

/* In two rounds, so that a record also knows the other direction when that stands behind it in the
 * batch. */
void
conversation_table_annotate(ConversationTable *table, struct flow_batch *batch)
{
	for (size_t from = 0; from < batch->count; from += BLOCK)
		find_block(table, batch, from, MIN(from + BLOCK, batch->count));
	for (size_t i = 0; i < batch->count; i++) {
		if (!is_annotated(&batch->records[i]) || (batch->records[i].marks & FLOW_COPY) ||
		    has_lost_its_entry(table, &table->searches[i]))
			continue;
		tell(&table->searches[i], &batch->records[i]);
	}
}

struct conversation_counters
conversation_table_counters(const ConversationTable *table)
{
	return table->counters;
}
