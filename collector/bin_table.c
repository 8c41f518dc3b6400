#include "collector/bin_table.h"

#include <string.h>

#include "collector/due_queue.h"
#include "collector/export_progress.h"
#include "collector/flow_role.h"
#include "collector/lazy_map.h"
#include "collector/open_bins.h"
#include "collector/record_shares.h"

enum {
	BLOCK = 32,            /* records whose searches wait for memory together */
	VIEWS = 2 * BLOCK,     /* a biflow is two records */
	JOBS = 2 * VIEWS,      /* each for its source and its destination */
	OPENED_UNIT_SHIFT = 7, /* the bins' times of opening count 128 ms */
	SWEEPS_PER_PART = 10,  /* bins are looked through so often while a part grows */
	SILENT_QUIETS = 3,     /* an exporter is silent after so many quiet_ms */
	ALIVE_MS = 600000,
	EXPORTER_BITS = 16,
	RADIX_BITS = 16,
	PARTS_AHEAD = 8, /* so many parts early their memory is asked for */
};

/* A record that is to be added to the bins of one of its ends. */
struct job {
	const struct record_view *view;
	const struct host_address *host;
	enum host_direction direction;
	uint32_t hash;   /* of the first minute's bin */
	uint32_t number; /* of that bin, if it was open before this block; else OPEN_BINS_NONE */
	bool last;       /* of the record's, which is settled then */
};

struct BinTable {
	struct bin_table_limits limits;
	const PrefixSet *monitored;
	OpenBins *open;
	DueQueue *queue;
	ExportProgress *progress;
	struct bin_table_counters counters;
	int64_t swept_at_ms; /* the lead, when bins were last looked through */
	uint16_t owner;      /* place of the exporter whose batch is added */
	uint16_t opened;     /* what a bin opened now is marked with */
	uint16_t exporters;  /* its bit */
	int64_t earliest_ms; /* a record that starts before, or ends behind the latest, is refused
	                      */
	int64_t latest_ms;

	uint32_t *due; /* numbers of the bins to give out */
	uint32_t *sorted;
	size_t due_octets;
	size_t due_count;
	size_t due_next;
	uint32_t given; /* to be released; OPEN_BINS_NONE: none */

	size_t view_count;
	size_t job_count;
	struct record_view views[VIEWS];
	struct flow_record reversed[BLOCK];
	struct job jobs[JOBS];
};

BinTable *
bin_table_new(const struct bin_table_limits *limits, const PrefixSet *monitored, uint64_t table_key,
              uint64_t sketch_key)
{
	struct open_bins_limits bins = {
		.bins_max = limits->hosts_max,
		.chunks_max = limits->hosts_max,
		.sums_max = limits->extensions_max,
	};
	BinTable *table = g_new0(BinTable, 1);

	table->limits = *limits;
	table->monitored = monitored;
	table->open = open_bins_new(&bins, table_key, sketch_key);
	table->queue = due_queue_new(table->open, limits->hosts_max);
	table->progress = export_progress_new(limits->quiet_ms);
	table->due_octets = (limits->hosts_max + 1) * sizeof(*table->due);
	table->due = lazy_map(table->due_octets);
	table->sorted = lazy_map(table->due_octets);
	table->given = OPEN_BINS_NONE;
	return table;
}

void
bin_table_populate(BinTable *table)
{
	open_bins_populate(table->open);
}

void
bin_table_free(BinTable *table)
{
	if (table == NULL)
		return;
	due_queue_free(table->queue);
	open_bins_free(table->open);
	export_progress_free(table->progress);
	lazy_unmap(table->due, table->due_octets);
	lazy_unmap(table->sorted, table->due_octets);
	g_free(table);
}

/* The bin, opened if need be; OPEN_BINS_NONE: there is no room. */
static uint32_t
bin_for(BinTable *table, const struct host_address *host, uint32_t minute, uint32_t hash)
{
	uint32_t number = open_bins_find(table->open, host, minute, hash);
	struct open_bin_key key = { host, minute, hash, table->owner, table->opened };

	if (number != OPEN_BINS_NONE)
		return number;
	number = open_bins_open(table->open, &key);
	if (number != OPEN_BINS_NONE)
		due_queue_add(table->queue, number);
	return number;
}

static inline void
end_share(BinTable *table, uint32_t number, const struct open_share *share)
{
	if (open_bins_end_share(table->open, number, share))
		due_queue_add_busy(table->queue, number);
}

/* Of a record that was reported before nothing is counted but that it was. */
static bool
note_copy(BinTable *table, const struct job *job)
{
	uint32_t number = bin_for(table, job->host, job->view->minute, job->hash);
	struct open_share open;

	if (number == OPEN_BINS_NONE || !open_bins_begin_share(table->open, number, false, &open))
		return false;
	*open.share = (struct host_share){ .marks = SHARE_COPY, .exporters = job->view->exporters };
	end_share(table, number, &open);
	return true;
}

/* The bin of a minute behind the record's first one. */
static uint32_t
later_bin(BinTable *table, const struct host_address *host, uint32_t minute)
{
	return bin_for(table, host, minute, open_bins_hash(table->open, host, minute));
}

/* True: at least one minute of it found room. */
static inline bool
do_job(BinTable *table, const struct job *job)
{
	const struct record_view *view = job->view;
	struct record_cut cut = { 0 };
	struct open_share open;
	bool placed = false;

	if (view->marks & SHARE_COPY)
		return note_copy(table, job);
	while (record_cut_next(&cut, view)) {
		uint32_t number = job->number;

		if (cut.from_ms != 0)
			number = later_bin(table, job->host, cut.minute);
		else if (number == OPEN_BINS_NONE)
			number = bin_for(table, job->host, cut.minute, job->hash);
		if (number == OPEN_BINS_NONE) {
			table->counters.shares_lost++;
		} else if (!open_bins_begin_share(table->open, number, view->wide, &open)) {
			table->counters.shares_lost++;
			table->counters.touches_lost++;
		} else {
			record_cut_write(&cut, view, job->direction, &open);
			end_share(table, number, &open);
			placed = true;
		}
	}
	return placed;
}

static inline void
plan_job(BinTable *table, const struct record_view *view, enum host_direction direction)
{
	const struct host_address *host = record_view_host(view, direction);
	struct job *job = &table->jobs[table->job_count];

	if (!prefix_set_contains(table->monitored, host))
		return;
	job->view = view;
	job->host = host;
	job->direction = direction;
	job->hash = open_bins_hash(table->open, host, view->minute);
	job->last = false;
	open_bins_prefetch_index(table->open, job->hash);
	table->job_count++;
}

static inline void
plan_view(BinTable *table, const struct flow_record *record)
{
	struct record_view *view = &table->views[table->view_count];
	size_t jobs = table->job_count;

	record_view_begin(view, record, table->exporters);
	plan_job(table, view, HOST_OUT);
	plan_job(table, view, HOST_IN);
	/* Nobody looks at a view of which no end is monitored. */
	table->view_count += table->job_count != jobs;
}

/* What a batch's records have in common. */
static void
take_header(BinTable *table, const struct flow_batch *batch)
{
	const int64_t never_ms = (INT64_C(1) << 32) * HOST_BIN_MS;
	unsigned bit = (batch->exporter + batch->observation_domain * 7) % EXPORTER_BITS;

	table->owner = export_progress_note(table->progress, batch->exporter, batch->export_time);
	table->opened =
		(uint16_t)(export_progress_of(table->progress, table->owner) >> OPENED_UNIT_SHIFT);
	table->exporters = (uint16_t)(1u << bit);
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
	size_t jobs = table->job_count;

	if (is_refused(table, record)) {
		++*refusal_of(table, batch, record);
		return;
	}
	if ((record->octets | record->packets) != 0)
		plan_view(table, record);
	if (has_reverse(record)) {
		flow_role_reverse(record, reversed);
		plan_view(table, reversed);
	}
	if (table->job_count == jobs)
		table->counters.unmonitored++;
	else
		table->jobs[table->job_count - 1].last = true;
}

/* In steps that each ask for memory and leave it time to come: what takes longest stands between.
 */
static inline void
look_for_bins(BinTable *table)
{
	for (size_t i = 0; i < table->job_count; i++)
		table->jobs[i].number = open_bins_prefetch_bin(table->open, table->jobs[i].hash);
	for (size_t i = 0; i < table->view_count; i++)
		record_view_finish(&table->views[i]);
	for (size_t i = 0; i < table->job_count; i++) {
		struct job *job = &table->jobs[i];

		if (job->number != OPEN_BINS_NONE)
			job->number = open_bins_confirm(table->open, job->number, job->host,
			                                job->view->minute);
	}
}

/* Counts a record by what became of it. */
static inline void
settle(BinTable *table, const struct job *job, bool placed)
{
	if (job->view->marks & SHARE_COPY)
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

	table->view_count = table->job_count = 0;
	for (size_t i = from; i < until; i++)
		plan_record(table, batch, &batch->records[i], &table->reversed[i - from]);
	look_for_bins(table);
	for (size_t i = 0; i < table->job_count; i++) {
		const struct job *job = &table->jobs[i];

		placed |= do_job(table, job);
		if (!job->last)
			continue;
		settle(table, job, placed);
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

	return since >= table->limits.part_ms / SWEEPS_PER_PART ||
	       open_bins_are_scarce(table->open) || open_bins_room_is_scarce(table->open);
}

static void
release_given(BinTable *table)
{
	if (table->given != OPEN_BINS_NONE)
		open_bins_release(table->open, table->given);
	table->given = OPEN_BINS_NONE;
}

static uint32_t
minute_of(const BinTable *table, uint32_t number)
{
	return open_bins_tag(table->open, number)->minute;
}

/* One pass of a radix sort, stable, by the bits of the minute from `shift` on. */
static void
sort_pass(BinTable *table, uint32_t least, unsigned shift, size_t counts)
{
	g_autofree uint32_t *starts = g_new0(uint32_t, counts + 1);
	uint32_t *sorted = table->sorted;

	for (size_t i = 0; i < table->due_count; i++)
		starts[(uint16_t)((minute_of(table, table->due[i]) - least) >> shift) + 1]++;
	for (size_t i = 0; i < counts; i++)
		starts[i + 1] += starts[i];
	for (size_t i = 0; i < table->due_count; i++) {
		uint32_t number = table->due[i];

		sorted[starts[(uint16_t)((minute_of(table, number) - least) >> shift)]++] = number;
	}
	table->sorted = table->due;
	table->due = sorted;
}

/* Minutes seldom differ by more than a few hundred: one pass does then, and it looks at no more
 * counts than there are minutes. */
static void
sort_by_minute(BinTable *table)
{
	uint32_t least = UINT32_MAX;
	uint32_t greatest = 0;
	size_t counts;

	for (size_t i = 0; i < table->due_count; i++) {
		least = MIN(least, minute_of(table, table->due[i]));
		greatest = MAX(greatest, minute_of(table, table->due[i]));
	}
	counts = MIN((size_t)greatest - least + 1, 1u << RADIX_BITS);
	for (unsigned shift = 0; shift < 32 && (greatest - least) >> shift != 0;
	     shift += RADIX_BITS)
		sort_pass(table, least, shift, counts);
}

static uint16_t
clock_of(const BinTable *table, uint16_t owner)
{
	return (uint16_t)(export_progress_of(table->progress, owner) >> OPENED_UNIT_SHIFT);
}

static void
mark_due(BinTable *table)
{
	uint16_t owners = export_progress_count(table->progress);
	struct due_ages ages = {
		.quiet_age = (uint16_t)(table->limits.quiet_ms >> OPENED_UNIT_SHIFT),
		.busy_age = (uint16_t)(table->limits.part_ms >> OPENED_UNIT_SHIFT),
	};

	if (open_bins_room_is_scarce(table->open))
		ages.busy_age = 0;
	for (uint16_t owner = 0; owner < owners; owner++) {
		bool silent = export_progress_silence(table->progress, owner) >=
		              SILENT_QUIETS * table->limits.quiet_ms;
		struct due_ages of_silent = { 0 };

		ages.now = clock_of(table, owner);
		due_queue_mark(table->queue, owner, silent ? &of_silent : &ages);
	}
}

void
bin_table_begin_parts(BinTable *table, bool all)
{
	release_given(table);
	table->swept_at_ms = export_progress_lead(table->progress);
	for (; table->due_next < table->due_count; table->due_next++)
		due_queue_mark_one(table->queue, table->due[table->due_next]);
	if (all || open_bins_are_scarce(table->open))
		due_queue_mark_all(table->queue);
	else
		mark_due(table);
	table->due_next = 0;
	table->due_count = due_queue_take_marked(table->queue, table->due);
	sort_by_minute(table);
}

/* Asks for the memory of parts that will be given out soon. */
static inline void
prefetch_parts(const BinTable *table)
{
	const uint32_t *next = &table->due[table->due_next];
	size_t left = table->due_count - table->due_next;

	if (left > PARTS_AHEAD)
		open_bins_prefetch_part(table->open, next[PARTS_AHEAD]);
	if (left > PARTS_AHEAD / 2)
		open_bins_prefetch_close(table->open, next[PARTS_AHEAD / 2]);
}

bool
bin_table_next_part(BinTable *table, struct bin_part *part)
{
	uint32_t number;

	release_given(table);
	if (table->due_next >= table->due_count)
		return false;
	prefetch_parts(table);
	number = table->due[table->due_next++];
	open_bins_close(table->open, number, part);
	table->given = number;
	part->export_ms =
		export_progress_time(table->progress, open_bins_tag(table->open, number)->owner).ms;
	table->counters.parts++;
	table->counters.extended += part->extension != NULL;
	return true;
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
	struct open_bins_pools pools = open_bins_pools(table->open);

	counters.open_bins = pools.bins.used;
	counters.open_extensions = pools.sums.used;
	return counters;
}

struct open_bins_pools
bin_table_pools(const BinTable *table)
{
	return open_bins_pools(table->open);
}

size_t
bin_table_memory(const BinTable *table)
{
	struct open_bins_pools pools = open_bins_pools(table->open);

	return sizeof(*table) + pools.bins.octets + pools.chunks.octets + pools.sums.octets +
	       due_queue_octets(table->queue);
}
