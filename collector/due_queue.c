#include "collector/due_queue.h"

#include <limits.h>

#include "collector/lazy_map.h"

enum { WORD_BITS = 64, CAPACITY_LEAST = 64 };

struct entry {
	uint32_t number;
	uint16_t serial;
	uint16_t opened;
};

/* A ring that grows; the capacity is a power of two. */
struct queue {
	struct entry *entries;
	uint32_t first;
	uint32_t count;
	uint32_t capacity;
};

struct owner_queues {
	struct queue quiet;
	struct queue busy;
};

struct DueQueue {
	const OpenBins *bins;
	GArray *owners; /* of struct owner_queues */
	uint64_t *marks;
	size_t mark_octets;
	size_t octets; /* of all entries */
};

DueQueue *
due_queue_new(const OpenBins *bins, size_t bins_max)
{
	DueQueue *queue = g_new0(DueQueue, 1);

	queue->bins = bins;
	queue->owners = g_array_new(FALSE, TRUE, sizeof(struct owner_queues));
	queue->mark_octets = (bins_max / WORD_BITS + 1) * sizeof(*queue->marks);
	queue->marks = lazy_map(queue->mark_octets);
	return queue;
}

static struct owner_queues *
queues_of(const DueQueue *queue, uint16_t owner)
{
	return &g_array_index(queue->owners, struct owner_queues, owner);
}

void
due_queue_free(DueQueue *queue)
{
	if (queue == NULL)
		return;
	for (guint i = 0; i < queue->owners->len; i++) {
		g_free(queues_of(queue, (uint16_t)i)->quiet.entries);
		g_free(queues_of(queue, (uint16_t)i)->busy.entries);
	}
	g_array_unref(queue->owners);
	lazy_unmap(queue->marks, queue->mark_octets);
	g_free(queue);
}

static inline struct entry *
entry_at(const struct queue *queue, uint32_t place)
{
	return &queue->entries[(queue->first + place) & (queue->capacity - 1)];
}

static inline bool
is_stale(const OpenBins *bins, const struct entry *entry)
{
	return open_bins_tag(bins, entry->number)->serial != entry->serial;
}

static void
drop_stale(struct queue *queue, const OpenBins *bins)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < queue->count; i++) {
		struct entry entry = *entry_at(queue, i);

		if (!is_stale(bins, &entry))
			*entry_at(queue, kept++) = entry;
	}
	queue->count = kept;
}

static void
grow(DueQueue *due, struct queue *queue)
{
	uint32_t capacity = MAX(2 * queue->capacity, CAPACITY_LEAST);
	struct entry *entries = g_new(struct entry, capacity);

	for (uint32_t i = 0; i < queue->count; i++)
		entries[i] = *entry_at(queue, i);
	due->octets += (capacity - queue->capacity) * sizeof(*entries);
	g_free(queue->entries);
	*queue = (struct queue){ entries, 0, queue->count, capacity };
}

/* Only a queue of which half is alive grows: so all of them are bounded as the bins are. */
static inline void
push(DueQueue *due, struct queue *queue, uint32_t number)
{
	if (queue->count == queue->capacity) {
		drop_stale(queue, due->bins);
		if (queue->count >= queue->capacity / 2)
			grow(due, queue);
	}
	*entry_at(queue, queue->count++) = (struct entry){
		number,
		open_bins_tag(due->bins, number)->serial,
		open_bins_opened(due->bins, number),
	};
}

static struct owner_queues *
queues_for(DueQueue *queue, uint32_t number)
{
	uint16_t owner = open_bins_tag(queue->bins, number)->owner;

	if (owner >= queue->owners->len)
		g_array_set_size(queue->owners, owner + 1u);
	return queues_of(queue, owner);
}

void
due_queue_add(DueQueue *queue, uint32_t number)
{
	push(queue, &queues_for(queue, number)->quiet, number);
}

void
due_queue_add_busy(DueQueue *queue, uint32_t number)
{
	push(queue, &queues_for(queue, number)->busy, number);
}

void
due_queue_mark_one(DueQueue *queue, uint32_t number)
{
	queue->marks[number / WORD_BITS] |= UINT64_C(1) << number % WORD_BITS;
}

static inline void
mark(DueQueue *queue, const struct entry *entry)
{
	if (!is_stale(queue->bins, entry))
		due_queue_mark_one(queue, entry->number);
}

static inline bool
is_due(const struct entry *entry, uint16_t now, uint16_t age)
{
	return (uint16_t)(now - entry->opened) >= age;
}

void
due_queue_mark(DueQueue *queue, uint16_t owner, const struct due_ages *ages)
{
	struct queue *quiet, *busy;
	uint32_t kept = 0;

	if (owner >= queue->owners->len)
		return;
	quiet = &queues_of(queue, owner)->quiet;
	busy = &queues_of(queue, owner)->busy;
	while (quiet->count > 0 && is_due(entry_at(quiet, 0), ages->now, ages->quiet_age)) {
		mark(queue, entry_at(quiet, 0));
		quiet->first = (quiet->first + 1) & (quiet->capacity - 1);
		quiet->count--;
	}
	for (uint32_t i = 0; i < busy->count; i++) {
		struct entry entry = *entry_at(busy, i);

		if (is_due(&entry, ages->now, ages->busy_age))
			mark(queue, &entry);
		else
			*entry_at(busy, kept++) = entry;
	}
	busy->count = kept;
}

void
due_queue_mark_all(DueQueue *queue)
{
	uint32_t limit = open_bins_limit(queue->bins);

	for (uint32_t number = 0; number < limit; number++)
		if (open_bins_tag(queue->bins, number)->owner != OPEN_BINS_FREE)
			due_queue_mark_one(queue, number);
}

size_t
due_queue_take_marked(DueQueue *queue, uint32_t *numbers)
{
	uint32_t limit = open_bins_limit(queue->bins);
	size_t count = 0;

	for (uint32_t word = 0; word * WORD_BITS < limit; word++) {
		uint64_t left = queue->marks[word];

		if (left == 0)
			continue;
		for (; left != 0; left &= left - 1)
			numbers[count++] = word * WORD_BITS + (uint32_t)__builtin_ctzll(left);
		queue->marks[word] = 0;
	}
	return count;
}

size_t
due_queue_octets(const DueQueue *queue)
{
	return sizeof(*queue) + queue->owners->len * sizeof(struct owner_queues) + queue->octets +
	       open_bins_limit(queue->bins) / CHAR_BIT;
}
