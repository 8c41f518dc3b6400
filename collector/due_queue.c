#include "collector/due_queue.h"

enum {
	CAPACITY_LEAST = 64,
	PERIODS_MOST = 3, /* of the other owners, that a partition waits */
};

struct entry {
	uint32_t partition;
	uint16_t serial;
	uint16_t since;
};

struct queue {
	struct entry *entries;
	uint32_t count;
	uint32_t capacity;
};

struct owner_queues {
	struct queue quiet;
	struct queue busy;
	int64_t export_ms; /* at the last taking, or when the first partition came; 0: none did */
	int64_t lead_ms;   /* when quiet ones were taken last, or there were none */
};

struct DueQueue {
	const struct share_log *log;
	int64_t period_ms;
	GArray *owners; /* of struct owner_queues */
	size_t octets;  /* of all entries */
};

DueQueue *
due_queue_new(const struct share_log *log, int64_t period_ms)
{
	DueQueue *queue = g_new0(DueQueue, 1);

	queue->log = log;
	queue->period_ms = period_ms;
	queue->owners = g_array_new(FALSE, TRUE, sizeof(struct owner_queues));
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
	g_free(queue);
}

static inline bool
is_stale(const DueQueue *queue, const struct entry *entry)
{
	return queue->log->serials[entry->partition] != entry->serial;
}

static void
drop_stale(const DueQueue *due, struct queue *queue)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < queue->count; i++)
		if (!is_stale(due, &queue->entries[i]))
			queue->entries[kept++] = queue->entries[i];
	queue->count = kept;
}

/* Only a queue of which half is alive grows: so all of them are bounded as the partitions are. */
static void
make_room(DueQueue *due, struct queue *queue)
{
	uint32_t capacity = MAX(2 * queue->capacity, CAPACITY_LEAST);

	drop_stale(due, queue);
	if (queue->count < queue->capacity / 2)
		return;
	queue->entries = g_renew(struct entry, queue->entries, capacity);
	due->octets += (capacity - queue->capacity) * sizeof(*queue->entries);
	queue->capacity = capacity;
}

static inline void
push(DueQueue *due, struct queue *queue, const struct share_partition *partition)
{
	uint32_t number = share_log_number(due->log, partition);

	if (queue->count == queue->capacity)
		make_room(due, queue);
	queue->entries[queue->count++] =
		(struct entry){ number, due->log->serials[number], partition->since };
}

static struct owner_queues *
queues_for(DueQueue *queue, uint16_t owner)
{
	if (owner >= queue->owners->len)
		g_array_set_size(queue->owners, owner + 1u);
	return queues_of(queue, owner);
}

void
due_queue_add(DueQueue *queue, const struct share_partition *partition, int64_t export_ms)
{
	struct owner_queues *queues = queues_for(queue, partition->owner);

	if (queues->export_ms == 0)
		queues->export_ms = export_ms;
	push(queue, &queues->quiet, partition);
}

void
due_queue_add_busy(DueQueue *queue, const struct share_partition *partition)
{
	push(queue, &queues_for(queue, partition->owner)->busy, partition);
}

static inline void
take(const DueQueue *queue, const struct entry *entry, enum due_kind kind, GArray *due)
{
	struct due taken = { entry->partition, kind };

	if (!is_stale(queue, entry))
		g_array_append_val(due, taken);
}

static void
take_busy(const DueQueue *queue, struct queue *busy, const struct due_clock *clock, GArray *due)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < busy->count; i++) {
		const struct entry *entry = &busy->entries[i];

		if ((uint16_t)(clock->progress - entry->since) >= clock->busy_age)
			take(queue, entry, DUE_BUSY, due);
		else
			busy->entries[kept++] = *entry;
	}
	busy->count = kept;
}

/* An owner may have many partitions once, and few later. */
static void
empty(DueQueue *due, struct queue *queue)
{
	if (queue->count < queue->capacity / 8) {
		due->octets -= queue->capacity * sizeof(*queue->entries);
		g_clear_pointer(&queue->entries, g_free);
		queue->capacity = 0;
	}
	queue->count = 0;
}

/* Those with busy hosts are among them. */
static void
take_quiet(DueQueue *queue, struct owner_queues *queues, enum due_kind kind, GArray *due)
{
	for (uint32_t i = 0; i < queues->quiet.count; i++)
		take(queue, &queues->quiet.entries[i], kind, due);
	empty(queue, &queues->quiet);
}

/* How many periods have ended by then. */
static inline int64_t
periods_until(const DueQueue *queue, int64_t export_ms)
{
	return (export_ms - DUE_BEHIND_MS) / queue->period_ms;
}

void
due_queue_take(DueQueue *queue, uint16_t owner, const struct due_clock *clock, GArray *due)
{
	struct owner_queues *queues;
	int64_t before;
	bool overdue;

	if (owner >= queue->owners->len)
		return;
	queues = queues_of(queue, owner);
	before = periods_until(queue, queues->export_ms);
	queues->export_ms = clock->export_ms;
	if (queues->quiet.count == 0)
		queues->lead_ms = clock->lead_ms;
	overdue = clock->lead_ms - queues->lead_ms >= PERIODS_MOST * queue->period_ms;
	if (clock->silent || overdue)
		empty(queue, &queues->busy);
	else
		take_busy(queue, &queues->busy, clock, due);
	if (!clock->silent && !overdue && periods_until(queue, clock->export_ms) == before)
		return;
	take_quiet(queue, queues, overdue ? DUE_ALL : DUE_QUIET, due);
	queues->lead_ms = clock->lead_ms;
}

size_t
due_queue_octets(const DueQueue *queue)
{
	return sizeof(*queue) + queue->owners->len * sizeof(struct owner_queues) + queue->octets;
}
