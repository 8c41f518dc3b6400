#include "collector/bin_table.h"

#include <string.h>

#include "collector/due_queue.h"
#include "collector/export_progress.h"
#include "collector/flow_role.h"
#include "collector/flow_roles.h"
#include "collector/record_shares.h"
#include "collector/record_sizes.h"
#include "collector/share_groups.h"
#include "collector/share_log.h"
#include "common/keyed_hash.h"

enum {
	BLOCK = 32,           /* records whose lines are asked for together */
	PLANNED = 2 * BLOCK,  /* a biflow is two records */
	CLOCK_UNIT_SHIFT = 7, /* the exporters' clocks count 128 ms for what is due */
	SWEEPS_PER_PART = 10, /* partitions are looked through so often while a part grows */
	BUSY_TOUCHES = 8,     /* a host with more in a minute is busy */
	SILENT_QUIETS = 3,    /* an exporter is silent after so many quiet_ms */
	SHARES_A_HOST = 4,    /* that there is room for, if all hosts have as many */
	CHUNKS_AT_ONCE = 525, /* a partition of more is sent without waiting */
	ALIVE_MS = 600000,
	EXPORTER_BITS = 16,
	RUNS_AHEAD = 4, /* so many partitions early their memory is asked for */
};

/* One direction of a record that is to be added, and where: by its ends, by enum host_direction. */
struct planned {
	const struct flow_record *record;
	struct share_partition *partitions[2]; /* NULL: that end is not monitored */
	struct record_view view;
	uint32_t hashes[2];
	bool last; /* of the record's, which is settled then */
};

/* The partition that is being sent: those groups that are to be sent now. */
struct sending {
	struct share_run run;
	struct share_group *groups;
	size_t count;
	size_t next;
	const struct share_group *given; /* last */
};

struct BinTable {
	struct bin_table_limits limits;
	const PrefixSet *monitored;
	const struct prefix_covers *covers; /* of them */
	struct keyed_ends key;
	struct share_log log;
	ShareGroups *groups;
	DueQueue *queue;
	ExportProgress *progress;
	struct bin_table_counters counters;
	int64_t swept_at_ms; /* the lead, when partitions were last looked through */
	uint16_t owner;      /* place of the exporter whose batch is added */
	uint16_t bit;        /* of the exporter, as held shares have it */
	int64_t earliest_ms; /* a record that starts before, or ends behind the latest, is refused
	                      */
	int64_t latest_ms;

	GArray *due; /* of struct due */
	guint due_next;
	size_t full; /* partitions that were added to them since parts were begun */
	struct sending sending;

	size_t planned_count;
	struct planned planned[PLANNED];
	struct flow_record reversed[BLOCK];
};

BinTable *
bin_table_new(const struct bin_table_limits *limits, const PrefixSet *monitored, uint64_t table_key,
              uint64_t sketch_key)
{
	BinTable *table = g_new0(BinTable, 1);

	table->limits = *limits;
	table->monitored = monitored;
	table->covers = prefix_set_covers(monitored);
	table->key = keyed_ends(table_key);
	share_log_init(&table->log, limits->hosts_max * SHARES_A_HOST);
	table->groups = share_groups_new(table_key, sketch_key);
	table->queue = due_queue_new(&table->log, limits->quiet_ms);
	table->progress = export_progress_new(limits->quiet_ms);
	table->due = g_array_new(FALSE, FALSE, sizeof(struct due));
	return table;
}

void
bin_table_populate(BinTable *table)
{
	share_log_populate(&table->log);
}

void
bin_table_free(BinTable *table)
{
	if (table == NULL)
		return;
	due_queue_free(table->queue);
	share_groups_free(table->groups);
	share_log_clear(&table->log);
	export_progress_free(table->progress);
	g_array_unref(table->due);
	g_free(table);
}

static uint16_t
clock_of(const BinTable *table, uint16_t owner)
{
	return (uint16_t)(export_progress_of(table->progress, owner) >> CLOCK_UNIT_SHIFT);
}

/* From now on it waits to be due. */
static void
begin_partition(BinTable *table, struct share_partition *partition)
{
	partition->since = clock_of(table, partition->owner);
	due_queue_add(table->queue, partition,
	              export_progress_time(table->progress, partition->owner).ms);
}

/* A partition has begun; or it has grown so much that it is due at once. */
G_GNUC_NO_INLINE static void
note_chunk(BinTable *table, struct share_partition *partition)
{
	struct due due = { share_log_number(&table->log, partition), DUE_ALL };

	if (partition->chunks == 1) {
		partition->owner = table->owner;
		begin_partition(table, partition);
	} else if (partition->chunks == CHUNKS_AT_ONCE) {
		g_array_append_val(table->due, due);
		table->full++;
	}
}

/* A line for the share of a host's minute, which is the caller's to write.  NULL: there is no room.
 */
static inline struct held_share *
take_line(BinTable *table, const struct planned *planned, enum host_direction end, uint32_t minute)
{
	struct share_partition *partition = planned->partitions[end];
	uint32_t chunks = partition->chunks;
	struct held_share *held = share_log_append(&table->log, partition);

	if (held == NULL)
		return NULL;
	if (partition->chunks != chunks)
		note_chunk(table, partition);
	held->host = *record_host(planned->record, end);
	held->minute = minute;
	return held;
}

/* Names the exporter in what was written; a host's minute may have become busy. */
static inline void
end_share(BinTable *table, const struct planned *planned, enum host_direction end,
          struct held_share *held)
{
	struct share_partition *partition = planned->partitions[end];
	struct host_share *share = &held->cell.share;
	bool touch = (share->marks & (SHARE_COPY | SHARE_ICMP_ERROR)) == 0;

	share->exporters = table->owner;
	share->marks |= table->bit;
	if (partition->busy ||
	    share_log_touch(partition, planned->hashes[end] + held->minute, touch) <= BUSY_TOUCHES)
		return;
	partition->busy = true;
	due_queue_add_busy(table->queue, partition);
}

/* There is no room: false. */
static bool
lose_share(BinTable *table, const struct planned *planned, enum host_direction end)
{
	share_log_lose(planned->partitions[end]);
	table->counters.shares_lost++;
	return false;
}

/* The share of one end in one minute.  False: it is lost. */
static bool
add_cut(BinTable *table, const struct planned *planned, enum host_direction end,
        const struct record_cut *cut)
{
	const struct record_view *view = &planned->view;
	bool wide = record_view_is_wide(view);
	struct open_share open = { 0 };
	struct held_share *held;

	if (!share_log_has_room(&table->log, planned->partitions[end], wide ? 2 : 1))
		return lose_share(table, planned, end);
	held = take_line(table, planned, end, cut->minute);
	open.share = &held->cell.share;
	if (wide)
		open.numbers = &take_line(table, planned, end, cut->minute)->cell.numbers;
	record_cut_write(cut, view, end, &open);
	end_share(table, planned, end, held);
	return true;
}

/* The share of a record that was reported before: nothing is counted but that it was. */
static bool
add_copy(BinTable *table, const struct planned *planned, enum host_direction end)
{
	struct held_share *held = take_line(table, planned, end, planned->view.minute);

	if (held == NULL)
		return lose_share(table, planned, end);
	held->cell.share = (struct host_share){ .marks = SHARE_COPY };
	end_share(table, planned, end, held);
	return true;
}

/* True: at least one of its minutes found room. */
G_GNUC_NO_INLINE static bool
add_special(BinTable *table, const struct planned *planned, enum host_direction end)
{
	const struct record_view *view = &planned->view;
	struct record_cut cut = { 0 };
	bool placed = false;

	if (view->marks & SHARE_COPY)
		return add_copy(table, planned, end);
	while (record_cut_next(&cut, view))
		placed |= add_cut(table, planned, end, &cut);
	return placed;
}

static inline bool
add_plain(BinTable *table, const struct planned *planned, enum host_direction end)
{
	const struct record_view *view = &planned->view;
	struct held_share *held = take_line(table, planned, end, view->minute);

	if (held == NULL)
		return lose_share(table, planned, end);
	record_plain_write(view, end, &held->cell.share);
	end_share(table, planned, end, held);
	return true;
}

static inline bool
is_monitored(const BinTable *table, const struct host_address *host)
{
	enum prefix_cover cover = prefix_covers_of(table->covers, host);

	return cover == COVER_ALL ||
	       (cover == COVER_SOME && prefix_set_contains(table->monitored, host));
}

static inline bool
plan_end(BinTable *table, struct planned *planned, enum host_direction end)
{
	const struct host_address *host = record_host(planned->record, end);
	uint64_t hash;

	planned->partitions[end] = NULL;
	if (!is_monitored(table, host))
		return false;
	hash = keyed_hash_end(&table->key, host, 0);
	planned->partitions[end] = share_log_partition(&table->log, hash);
	planned->hashes[end] = (uint32_t)(hash >> 32);
	__builtin_prefetch(planned->partitions[end], 1);
	return true;
}

static inline void
plan_direction(BinTable *table, const struct flow_record *record)
{
	struct planned *planned = &table->planned[table->planned_count];
	bool source, destination;

	planned->record = record;
	planned->last = false;
	source = plan_end(table, planned, HOST_OUT);
	destination = plan_end(table, planned, HOST_IN);
	table->planned_count += source || destination;
}

/* What a batch's records have in common. */
static void
take_header(BinTable *table, const struct flow_batch *batch)
{
	const int64_t never_ms = (INT64_C(1) << 32) * HOST_BIN_MS;
	unsigned bit = (batch->exporter + batch->observation_domain * 7) % EXPORTER_BITS;

	table->owner = export_progress_note(table->progress, batch->exporter, batch->export_time);
	table->bit = (uint16_t)(bit << HELD_BIT_SHIFT);
	table->earliest_ms = MAX(batch->export_time.ms - table->limits.lateness_ms, 0);
	table->latest_ms = MIN(batch->export_time.ms + table->limits.future_ms, never_ms - 1);
	table->counters.records += batch->count;
}

static inline bool
has_reverse(const struct flow_record *record)
{
	return (record->marks & FLOW_HAS_REVERSE) &&
	       (record->reverse_octets | record->reverse_packets) != 0;
}

/* The counter of what refuses the record. */
static uint64_t *
refusal_of(BinTable *table, const struct flow_batch *batch, const struct flow_record *record)
{
	struct bin_table_counters *counters = &table->counters;

	if (record->marks & FLOW_EVENT)
		return &counters->events;
	if (record->marks & FLOW_TIMES_IMPOSSIBLE)
		return &counters->impossible;
	if (!has_reverse(record) && (record->octets | record->packets) == 0)
		return &counters->uncounted;
	if (record->end.ms > batch->export_time.ms + table->limits.future_ms)
		return &counters->future;
	if (record->start.ms < batch->export_time.ms - table->limits.lateness_ms)
		return &counters->late;
	return &counters->impossible;
}

static inline bool
is_refused(const BinTable *table, const struct flow_record *record)
{
	return (record->marks & (FLOW_EVENT | FLOW_TIMES_IMPOSSIBLE)) != 0 ||
	       record->start.ms < table->earliest_ms || record->end.ms > table->latest_ms ||
	       record->end.ms < record->start.ms ||
	       ((record->octets | record->packets) == 0 && !has_reverse(record));
}

/* Plans what is to be done for one record, or counts why nothing is. */
static inline void
plan_record(BinTable *table, const struct flow_batch *batch, const struct flow_record *record,
            struct flow_record *reversed)
{
	size_t planned = table->planned_count;

	if (is_refused(table, record)) {
		++*refusal_of(table, batch, record);
		return;
	}
	if ((record->octets | record->packets) != 0)
		plan_direction(table, record);
	if (has_reverse(record)) {
		flow_role_reverse(record, reversed);
		plan_direction(table, reversed);
	}
	if (table->planned_count == planned)
		table->counters.unmonitored++;
	else
		table->planned[table->planned_count - 1].last = true;
}

/* Roles and sizes, of all at once. */
static inline void
tell_roles_and_sizes(BinTable *table)
{
	const struct flow_record *records[PLANNED];
	struct packet_sizes *sizes[PLANNED];
	struct flow_role roles[PLANNED];

	for (size_t i = 0; i < table->planned_count; i++) {
		records[i] = table->planned[i].record;
		sizes[i] = &table->planned[i].view.sizes;
	}
	record_sizes_of(records, table->planned_count, sizes);
	flow_roles_of(records, table->planned_count, roles);
	for (size_t i = 0; i < table->planned_count; i++)
		table->planned[i].view.role = roles[i];
}

/* Asks for the lines that will be written; what takes longest stands between. */
static inline void
prepare(BinTable *table)
{
	tell_roles_and_sizes(table);
	for (size_t i = 0; i < table->planned_count; i++) {
		struct planned *planned = &table->planned[i];

		if (planned->partitions[HOST_OUT] != NULL)
			share_log_prefetch_end(&table->log, planned->partitions[HOST_OUT]);
		if (planned->partitions[HOST_IN] != NULL)
			share_log_prefetch_end(&table->log, planned->partitions[HOST_IN]);
		record_view_init(&planned->view, planned->record);
	}
}

/* True: something of it found room. */
static inline bool
add_end(BinTable *table, const struct planned *planned, enum host_direction end)
{
	if (planned->partitions[end] == NULL)
		return false;
	return planned->view.plain ? add_plain(table, planned, end)
	                           : add_special(table, planned, end);
}

/* Counts a record by what became of it. */
static inline void
settle(BinTable *table, const struct record_view *view, bool placed)
{
	if (view->marks & SHARE_COPY)
		table->counters.copies++;
	else if (placed)
		table->counters.binned++;
	else
		table->counters.unplaced++;
}

static void
add_block(BinTable *table, const struct flow_batch *batch, size_t from, size_t until)
{
	bool placed = false;

	table->planned_count = 0;
	for (size_t i = from; i < until; i++)
		plan_record(table, batch, &batch->records[i], &table->reversed[i - from]);
	prepare(table);
	for (size_t i = 0; i < table->planned_count; i++) {
		const struct planned *planned = &table->planned[i];

		placed |= add_end(table, planned, HOST_OUT);
		placed |= add_end(table, planned, HOST_IN);
		if (!planned->last)
			continue;
		settle(table, &planned->view, placed);
		placed = false;
	}
}

void
bin_table_add(BinTable *table, const struct flow_batch *batch)
{
	take_header(table, batch);
	for (size_t i = 0; i < batch->count; i += BLOCK)
		add_block(table, batch, i, MIN(i + BLOCK, batch->count));
}

bool
bin_table_is_due(const BinTable *table)
{
	int64_t since = export_progress_lead(table->progress) - table->swept_at_ms;

	return since >= table->limits.part_ms / SWEEPS_PER_PART || table->full != 0 ||
	       share_log_is_scarce(&table->log);
}

static bool
is_silent(const BinTable *table, uint16_t exporter)
{
	return export_progress_silence(table->progress, exporter) >=
	       SILENT_QUIETS * table->limits.quiet_ms;
}

static void
take_due(BinTable *table)
{
	uint16_t owners = export_progress_count(table->progress);

	for (uint16_t owner = 0; owner < owners; owner++) {
		struct due_clock clock = {
			.export_ms = export_progress_time(table->progress, owner).ms,
			.progress = clock_of(table, owner),
			.busy_age = (uint16_t)(table->limits.part_ms >> CLOCK_UNIT_SHIFT),
			.silent = is_silent(table, owner),
			.lead_ms = export_progress_lead(table->progress),
		};

		due_queue_take(table->queue, owner, &clock, table->due);
	}
}

static void
take_all(BinTable *table)
{
	struct due due = { 0, DUE_ALL };

	g_array_set_size(table->due, 0);
	for (; due.partition <= table->log.mask; due.partition++)
		if (table->log.partitions[due.partition].first != 0)
			g_array_append_val(table->due, due);
}

void
bin_table_begin_parts(BinTable *table, bool all)
{
	table->swept_at_ms = export_progress_lead(table->progress);
	table->full = 0;
	g_array_remove_range(table->due, 0, table->due_next);
	table->due_next = 0;
	if (all || share_log_is_scarce(&table->log))
		take_all(table);
	else
		take_due(table);
	share_log_grow(&table->log);
}

/* As if the group's shares had come now. */
static void
count_touches(const BinTable *table, struct share_partition *partition,
              const struct share_group *group)
{
	const struct host_address *host = &table->log.lines[group->first].host;
	uint32_t hash = (uint32_t)(keyed_hash_end(&table->key, host, 0) >> 32);
	unsigned counted = share_log_touch(partition, hash + group->minute, 0);

	if (group->touches > counted)
		share_log_touch(partition, hash + group->minute, group->touches - counted);
}

/* Does the minute go on, by the clock of who reported it? */
static bool
goes_on(const BinTable *table, const struct share_group *group)
{
	uint16_t exporter = table->log.lines[group->first].cell.share.exporters;
	int64_t export_ms = export_progress_time(table->progress, exporter).ms;
	int64_t minute_ms = (int64_t)group->minute * HOST_BIN_MS;

	return minute_ms <= export_ms && export_ms < minute_ms + HOST_BIN_MS &&
	       table->limits.quiet_ms >= HOST_BIN_MS && !is_silent(table, exporter);
}

/* Is a group to be sent, when its partition is due for that? */
static bool
is_ripe(const BinTable *table, const struct share_group *group, enum due_kind kind)
{
	return kind == DUE_ALL || group->touches > BUSY_TOUCHES ||
	       (kind == DUE_QUIET && !goes_on(table, group));
}

/* Puts back the groups that are not ripe; those that are stay, in order. */
static void
keep_unripe(BinTable *table, struct share_partition *partition, enum due_kind kind)
{
	struct sending *sending = &table->sending;
	size_t ripe = 0;

	for (size_t i = 0; i < sending->count; i++) {
		const struct share_group *group = &sending->groups[i];

		if (is_ripe(table, group, kind) ||
		    !share_groups_keep(group, &table->log, partition))
			sending->groups[ripe++] = *group;
		else
			count_touches(table, partition, group);
	}
	sending->count = ripe;
}

static void
sweep(BinTable *table, const struct due *due)
{
	struct share_partition *partition = &table->log.partitions[due->partition];
	struct sending *sending = &table->sending;
	uint16_t serial = table->log.serials[due->partition];

	if (partition->first == 0 || (due->kind == DUE_BUSY && !partition->busy))
		return;
	sending->run = share_log_take(&table->log, partition);
	sending->groups =
		share_groups_find(table->groups, &table->log, &sending->run, &sending->count);
	sending->next = 0;
	keep_unripe(table, partition, due->kind);
	if (partition->first == 0)
		return;
	partition->lost = sending->run.lost;
	if (due->kind != DUE_BUSY) {
		begin_partition(table, partition);
		return;
	}
	partition->since = clock_of(table, partition->owner);
	table->log.serials[due->partition] = serial; /* the others still wait */
}

/* Asks for the memory of what will be looked through soon. */
static inline void
prefetch_runs(const BinTable *table)
{
	const struct due *due = (const struct due *)(const void *)table->due->data;
	const struct share_partition *partitions = table->log.partitions;
	guint left = table->due->len - table->due_next;

	if (left > 2 * RUNS_AHEAD)
		__builtin_prefetch(&partitions[due[table->due_next + 2 * RUNS_AHEAD].partition], 1);
	if (left > RUNS_AHEAD)
		share_log_prefetch_run(&table->log,
		                       &partitions[due[table->due_next + RUNS_AHEAD].partition]);
}

/* False: nothing is due any more. */
static bool
sweep_next(BinTable *table)
{
	share_log_release(&table->log, &table->sending.run);
	if (table->due_next >= table->due->len)
		return false;
	prefetch_runs(table);
	sweep(table, &g_array_index(table->due, struct due, table->due_next++));
	return true;
}

bool
bin_table_next_part(BinTable *table, struct bin_part *part)
{
	struct sending *sending = &table->sending;
	uint16_t exporter;

	while (sending->next >= sending->count)
		if (!sweep_next(table))
			return false;
	sending->given = &sending->groups[sending->next++];
	exporter = share_groups_part(table->groups, &table->log, sending->given, part);
	part->export_ms = export_progress_time(table->progress, exporter).ms;
	table->counters.parts++;
	table->counters.extended += part->extension != NULL;
	return true;
}

void
bin_table_write_cells(const BinTable *table, union host_cell *cells)
{
	share_groups_write(&table->log, table->sending.given, cells);
}

int64_t
bin_table_lead_ms(const BinTable *table)
{
	return export_progress_lead(table->progress);
}

struct wall_time
bin_table_newest(const BinTable *table)
{
	return export_progress_newest(table->progress, ALIVE_MS);
}

struct wall_time
bin_table_least(const BinTable *table)
{
	return export_progress_least(table->progress, ALIVE_MS);
}

struct bin_table_counters
bin_table_counters(const BinTable *table)
{
	struct bin_table_counters counters = table->counters;

	counters.open_shares = share_log_room(&table->log).used;
	return counters;
}

struct share_log_room
bin_table_room(const BinTable *table)
{
	return share_log_room(&table->log);
}

size_t
bin_table_memory(const BinTable *table)
{
	return sizeof(*table) + share_log_room(&table->log).octets +
	       share_groups_octets(table->groups) + due_queue_octets(table->queue);
}
