#include "collector/conversation_table.h"

#include <stdbool.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "collector/flow_role.h"
#include "collector/lazy_map.h"
#include "common/keyed_hash.h"

enum {
	WAYS = 7,
	LANES = 8,
	NOT_ANNOTATED = FLOW_EVENT | FLOW_TIMES_IMPOSSIBLE,
	ALL_WAYS = (1 << WAYS) - 1,
	BLOCK = 32,
	ICMP = 1,
	TCP = 6,
	ICMP6 = 58,
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
	AGE_MOST_S = 4095,
};

/* One direction of a conversation.  Times are milliseconds modulo 2^32. */
struct half {
	uint32_t first_ms;
	uint32_t start_ms; /* of the last record */
	uint32_t end_ms;
	uint32_t octets; /* of the last record, saturating */
	uint32_t packets;
	uint16_t flags;   /* of all records */
	uint16_t records; /* 0: nothing is known of this direction, whatever else is here */
	uint16_t origin;  /* hash of who reported the last record, and where; never 0 */
	uint8_t last_flags;
	uint8_t end_reason;
	uint32_t role; /* FLOW_SOURCE_BEGAN, FLOW_SOURCE_ANSWERS; 0: not known.  The other half has
	                  the other one */
};

struct conversation {
	struct half halves[2]; /* [0]: sent by the lower of the two ends */
};

_Static_assert(sizeof(struct conversation) == 64, "one cache line");
_Static_assert(FLOW_SOURCE_ANSWERS == FLOW_SOURCE_BEGAN << 1, "one made of the other by a shift");

/* Four tags, to be compared at once. */
typedef int32_t tag_lanes __attribute__((vector_size(16)));

/* The conversations among which a hash chooses, and the line that tells them apart.  They lie
 * together, for a page that is not in the translation cache is dearer than a line. */
struct bucket {
	union {
		tag_lanes lanes[LANES / 4];
		int32_t each[LANES]; /* halves of hashes; 0: free.  The last one is nobody's. */
	} tags;
	uint16_t used_s[LANES]; /* export time of the last use, modulo 2^16 s; last: of any */
	uint8_t unused[16];
	struct conversation conversations[WAYS];
};

_Static_assert(sizeof(struct bucket) == 512, "eight cache lines, never in two pages");

/* A search under way. */
struct search {
	struct bucket *bucket;
	struct half *half; /* that the record belongs to */
	struct half *other;
	int32_t tag;
	uint8_t way;
	uint8_t direction; /* index of the half */
	uint8_t is_new;    /* the entry holds another conversation, or none */
};

struct ConversationTable {
	struct bucket *buckets;
	uint64_t bucket_count;
	struct keyed_ends secrets;
	struct conversation_counters counters;
	uint64_t replaced; /* entries that were given to another conversation */
	struct search searches[FLOW_BATCH_RECORDS];
};

ConversationTable *
conversation_table_new(size_t entries, uint64_t key)
{
	ConversationTable *table = g_new0(ConversationTable, 1);

	table->bucket_count = MAX(entries / WAYS, 1);
	table->secrets = keyed_ends(key);
	table->buckets = lazy_map(table->bucket_count * sizeof(struct bucket));
	return table;
}

void
conversation_table_free(ConversationTable *table)
{
	if (table == NULL)
		return;
	lazy_unmap(table->buckets, table->bucket_count * sizeof(struct bucket));
	g_free(table);
}

void
conversation_table_populate(ConversationTable *table)
{
	lazy_map_populate(table->buckets, table->bucket_count * sizeof(struct bucket));
}

/* ICMP errors are no part of the conversation that they are about, nor of echoes between the same
 * hosts. */
static inline uint32_t
protocol_of(const struct flow_record *record)
{
	uint32_t protocol = record->protocol;

	/* One branch that is hardly ever taken: which protocol it is nobody could guess. */
	if (((protocol == ICMP) | (protocol == ICMP6)) && flow_role_icmp(record) == ICMP_ERROR)
		protocol |= 1 << 8;
	return protocol;
}

/* Both directions give the same hash; which of the two ends comes first, their own hashes tell. */
static inline void
begin_search(const ConversationTable *table, const struct keyed_ends *secrets,
             const struct flow_record *record, struct search *search)
{
	uint64_t source = keyed_hash_end(secrets, &record->source, record->source_port);
	uint64_t destination =
		keyed_hash_end(secrets, &record->destination, record->destination_port);
	uint64_t protocol = (protocol_of(record) + 1) * UINT64_C(0x9e3779b97f4a7c15);

	uint64_t hash = keyed_hash_mix(source + destination + protocol);

	search->tag = (int32_t)((uint32_t)hash | 1);
	search->direction = source > destination;
	search->bucket = &table->buckets[(hash >> 32) * table->bucket_count >> 32];
	__builtin_prefetch(search->bucket, 1);
}

/* The ways that have the tag, as bits. */
static inline uint32_t
ways_with(const struct bucket *bucket, int32_t tag)
{
	const tag_lanes tags = { tag, tag, tag, tag };
	tag_lanes low = bucket->tags.lanes[0] == tags;
	tag_lanes high = bucket->tags.lanes[1] == tags;
#ifdef __SSE2__
	__m128i both = _mm_packs_epi32((__m128i)low, (__m128i)high);

	return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(both, both)) & ALL_WAYS;
#else
	low &= (tag_lanes){ 1, 2, 4, 8 };
	high &= (tag_lanes){ 16, 32, 64, 0 };
	low |= high;
	return (uint32_t)(low[0] | low[1] | low[2] | low[3]);
#endif
}

/* The way unused for longest, the first of several.  A loop that vectors fit: each age in one
 * number with its way, and what is older than an hour is as old as any. */
static inline size_t
find_oldest(const struct bucket *bucket, uint16_t now_s)
{
	int16_t greatest = 0;

	for (size_t way = 0; way < LANES; way++) {
		uint16_t age_s = (uint16_t)(now_s - bucket->used_s[way]);
		int16_t key = (int16_t)((size_t)MIN(age_s, AGE_MOST_S) * LANES + (LANES - 1 - way));

		greatest = MAX(greatest, key);
	}
	return LANES - 1 - (size_t)greatest % LANES;
}

/* The way for a conversation that is not there: a free one, or that of the longest unused. */
static inline size_t
make_room(ConversationTable *table, const struct bucket *bucket, uint16_t now_s)
{
	uint32_t free_ways = ways_with(bucket, 0);
	size_t oldest;

	if (free_ways != 0) {
		table->counters.entries++;
		return (size_t)__builtin_ctz(free_ways);
	}
	oldest = find_oldest(bucket, now_s);
	if ((uint16_t)(now_s - bucket->used_s[oldest]) < OLD_S)
		table->counters.evicted++;
	table->replaced++;
	return oldest;
}

static inline void
find_or_make(ConversationTable *table, struct search *search, uint16_t now_s)
{
	struct bucket *bucket = search->bucket;
	uint32_t ways = ways_with(bucket, search->tag);
	size_t way;

	search->is_new = ways == 0;
	if (ways != 0) {
		way = (size_t)__builtin_ctz(ways);
	} else {
		way = make_room(table, bucket, now_s);
		bucket->tags.each[way] = search->tag;
	}
	search->way = (uint8_t)way;
	bucket->used_s[way] = now_s;
	bucket->used_s[LANES - 1] = now_s;
	search->half = &bucket->conversations[way].halves[search->direction];
	search->other = &bucket->conversations[way].halves[search->direction ^ 1];
	__builtin_prefetch(search->half, 1);
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

/* Is the distance of two times greater? */
static inline bool
is_apart(uint32_t a_ms, uint32_t b_ms, uint32_t most_ms)
{
	return a_ms - b_ms + most_ms > 2 * most_ms;
}

static inline bool
is_near(uint32_t a, uint32_t b)
{
	uint32_t greater = MAX(a, b);
	uint32_t less = MIN(a, b);

	return greater - less <= 1 + greater / 32;
}

static inline bool
is_copy(const struct half *half, const struct flow_record *record, uint16_t origin)
{
	return half->origin != origin &&
	       !is_apart((uint32_t)record->start.ms, half->start_ms, COPY_SKEW_MS) &&
	       !is_apart((uint32_t)record->end.ms, half->end_ms, COPY_SKEW_MS) &&
	       is_near(saturate(record->packets), half->packets) &&
	       is_near(saturate(record->octets), half->octets);
}

/* The flags of TCP where they are told, else 0: no segment is without any. */
static inline uint32_t
flags_of(const struct flow_record *record)
{
	bool are_told = (record->protocol == TCP) & ((record->marks & FLOW_HAS_FLAGS) != 0);

	return record->tcp_flags & (0u - are_told);
}

static inline bool
synchronise(uint32_t flags)
{
	return (flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN;
}

static inline void
remember(struct half *half, const struct flow_record *record, uint16_t origin)
{
	half->start_ms = (uint32_t)record->start.ms;
	half->end_ms = (uint32_t)record->end.ms;
	half->octets = saturate(record->octets);
	half->packets = saturate(record->packets);
	half->last_flags = (uint8_t)record->tcp_flags;
	half->end_reason = record->flow_end_reason;
	half->origin = origin;
}

static inline void
mark_continuation(ConversationTable *table, struct flow_record *record, bool continues)
{
	record->marks |= (uint32_t)continues * FLOW_CONTINUES;
	table->counters.continuations += continues;
}

/* All bits or none: what a record is nobody could guess, so that branches would be dear. */
static inline uint32_t
mask_if(bool is_so)
{
	return 0u - is_so;
}

/* The source's role: client, if it was first by the exporters' clock. */
static inline uint32_t
guess_role(const struct half *half, const struct half *other)
{
	int32_t lead = since(other->first_ms, half->first_ms);
	uint32_t guess =
		(mask_if(lead > 0) & FLOW_SOURCE_BEGAN) | (mask_if(lead < 0) & FLOW_SOURCE_ANSWERS);

	return guess & mask_if(other->records != 0);
}

/* Who began: whoever sent a SYN alone; else who was first. */
static inline void
learn_who_began(struct half *half, struct half *other, uint32_t flags)
{
	uint32_t told = mask_if(synchronise(flags));
	uint32_t role = half->role | (guess_role(half, other) & mask_if(half->role == 0));

	role = (role & ~told) | (FLOW_SOURCE_BEGAN & told);
	half->role = role;
	other->role = (role & FLOW_SOURCE_BEGAN) << 1 | (role & FLOW_SOURCE_ANSWERS) >> 1;
}

/*
 * The first record of its direction.  The other one is forgotten when the entry held another
 * conversation, or one long past; of TCP it may be the rest of a flow whose beginning nobody told.
 * Without branches: what the record is nobody could guess.
 */
static inline void
take_first(ConversationTable *table, const struct search *search, struct flow_record *record,
           uint16_t origin)
{
	struct half *half = search->half;
	struct half *other = search->other;
	uint32_t flags = flags_of(record);
	uint32_t start_ms = (uint32_t)record->start.ms;
	bool is_past = (flags == 0) & is_apart(start_ms, other->end_ms, FORGET_MS);
	uint32_t kept = (uint32_t)(search->is_new | is_past) - 1;
	/* Of a sampled flow the SYN has mostly not been seen. */
	bool continues =
		((flags & (FLAG_SYN | FLAG_ACK)) == FLAG_ACK) & (record->sampling_interval <= 1);

	mark_continuation(table, record, continues);
	other->records &= (uint16_t)kept;
	half->role &= kept;
	remember(half, record, origin);
	half->first_ms = start_ms;
	half->flags = record->tcp_flags;
	half->records = 1;
	learn_who_began(half, other, flags);
}

/* Does the record start another conversation between the same ports? */
static inline bool
starts_over(const struct half *half, const struct flow_record *record, uint32_t flags)
{
	int32_t gap = since((uint32_t)record->start.ms, half->end_ms);

	return flags != 0 ? (flags & FLAG_SYN) && gap >= 0 : gap > FORGET_MS;
}

/* Does the record go on with the flow whose last record is `half`? */
static inline bool
continues(const struct half *half, const struct flow_record *record, uint32_t flags)
{
	int32_t gap = since((uint32_t)record->start.ms, half->end_ms);

	if (flags != 0)
		return !(flags & FLAG_SYN);
	if ((half->last_flags & (FLAG_FIN | FLAG_RST)) || half->end_reason == END_IDLE)
		return false;
	return half->end_reason == END_ACTIVE ? gap < FORGET_MS : gap <= IDLE_MS;
}

/* A further record of its direction. */
static __attribute__((noinline)) void
take_further(ConversationTable *table, struct search *search, struct flow_record *record,
             uint16_t origin)
{
	struct half *half = search->half;
	struct half *other = search->other;
	uint32_t flags = flags_of(record);

	if (is_copy(half, record, origin)) {
		record->marks |= FLOW_COPY;
		table->counters.copies++;
		return;
	}
	if (starts_over(half, record, flags)) {
		search->is_new = true;
		take_first(table, search, record, origin);
		return;
	}
	mark_continuation(table, record, continues(half, record, flags));
	remember(half, record, origin);
	half->flags |= record->tcp_flags;
	if (half->records < UINT16_MAX)
		half->records++;
	learn_who_began(half, other, flags);
}

/* Is the other direction's last record of the time of this one? */
static inline bool
belongs_to(const struct half *half, const struct flow_record *record)
{
	bool is_known = half->records != 0;
	bool not_before = since((uint32_t)record->start.ms, half->end_ms) < FORGET_MS;
	bool not_behind = since(half->start_ms, (uint32_t)record->end.ms) < FORGET_MS;

	return is_known & not_before & not_behind;
}

static inline void
tell(const struct search *search, struct flow_record *record)
{
	const struct half *half = search->half;
	const struct half *other = search->other;

	record->marks |= half->role | (uint32_t)belongs_to(other, record) * FLOW_KNOWN_REVERSE;
	/* Nobody looks at these without the mark. */
	record->other_octets = other->octets;
	record->other_packets = other->packets;
	record->other_tcp_flags = other->flags;
}

/* What of a record's origin is the same for a batch. */
static uint64_t
origin_of_batch(const struct flow_batch *batch)
{
	return keyed_hash_mix((uint64_t)batch->exporter << 32 | batch->observation_domain);
}

static inline uint16_t
origin_of(uint64_t of_batch, const struct flow_record *record)
{
	uint64_t place = (uint64_t)record->ingress_interface << 8 | record->flow_direction;

	return (uint16_t)((of_batch + place) * UINT64_C(0x9fb21c651e98df25) >> 48) | 1;
}

static inline void
take(ConversationTable *table, struct search *search, struct flow_record *record, uint16_t origin)
{
	if (search->is_new | (search->half->records == 0))
		take_first(table, search, record, origin);
	else
		take_further(table, search, record, origin);
}

/* Events are no flows; a biflow brings its other direction along, but may be cut and copied like
 * any other. */
static bool
is_annotated(const struct flow_record *record)
{
	return (record->marks & NOT_ANNOTATED) == 0;
}

/* All buckets are asked for, then all entries that are found there: memory comes meanwhile. */
static __attribute__((noinline)) void
annotate_block(ConversationTable *table, struct flow_batch *batch, size_t from, size_t until)
{
	const struct keyed_ends secrets = table->secrets;
	uint16_t now_s = (uint16_t)(batch->export_time.ms / 1000);
	uint64_t of_batch = origin_of_batch(batch);
	struct search *searches = table->searches;
	struct flow_record *records = batch->records;

	for (size_t i = from; i < until; i++)
		begin_search(table, &secrets, &records[i], &searches[i]);
	for (size_t i = from; i < until; i++)
		if (is_annotated(&records[i]))
			find_or_make(table, &searches[i], now_s);
	for (size_t i = from; i < until; i++)
		if (is_annotated(&records[i]))
			take(table, &searches[i], &records[i], origin_of(of_batch, &records[i]));
}

/* Has the entry been given to another conversation since? */
static bool
has_lost_its_entry(const struct search *search)
{
	return search->bucket->tags.each[search->way] != search->tag;
}

/* In two rounds, so that a record also knows the other direction when that stands behind it in the
 * batch. */
void
conversation_table_annotate(ConversationTable *table, struct flow_batch *batch)
{
	uint64_t replaced = table->replaced;
	bool may_be_lost;

	for (size_t from = 0; from < batch->count; from += BLOCK)
		annotate_block(table, batch, from, MIN(from + BLOCK, batch->count));
	may_be_lost = table->replaced != replaced;
	for (size_t i = 0; i < batch->count; i++) {
		struct flow_record *record = &batch->records[i];

		if ((record->marks & (NOT_ANNOTATED | FLOW_COPY)) == 0 &&
		    !(may_be_lost && has_lost_its_entry(&table->searches[i])))
			tell(&table->searches[i], record);
	}
}

struct conversation_counters
conversation_table_counters(const ConversationTable *table)
{
	return table->counters;
}
