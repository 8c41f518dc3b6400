#include "collector/bin_table.h"

#include <string.h>

#include "collector/bin_pool.h"
#include "collector/due_list.h"
#include "collector/export_progress.h"
#include "collector/flow_role.h"
#include "collector/flow_spread.h"
#include "collector/packet_sizes.h"
#include "collector/second_shapes.h"

enum {
	BLOCK = 32,            /* records whose searches wait for memory together */
	VIEWS = 2 * BLOCK,     /* a biflow is two records */
	JOBS = 2 * VIEWS,      /* each for its source and its destination */
	OPENED_UNIT_SHIFT = 7, /* bin_tag.opened counts 128 ms */
	SWEEPS_PER_PART = 10,  /* bins are looked through so often while a part grows */
	PRESSURE_SHARE = 8,    /* less than an eighth of a pool is free: everything is due */
	SILENT_QUIETS = 3,     /* an exporter is silent after so many quiet_ms */
	ALIVE_MS = 600000,
	SMALL_PACKETS = 3,
	EXPORTER_BITS = 16,
	RADIX_BITS = 16,
	MINUTES_AHEAD = 16,
	PARTS_AHEAD = 8, /* so many parts early their memory is asked for */
	QUARTER_MS = HOST_BIN_MS / HOST_BIN_QUARTERS,
	SHAPED_MS = 2 * QUARTER_MS, /* shorter touches have no shape worth looking for */
};

/* One direction of a record, and what of it does not depend on the host. */
struct view {
	const struct flow_record *record;
	struct flow_role role;
	uint64_t packets; /* sum of the classes */
	uint32_t classes[PACKET_SIZE_CLASSES];
	enum packet_size_knowledge knowledge;
	int64_t duration_ms;
	uint32_t minute;   /* of its start */
	uint32_t first_ms; /* of its start, within that minute */
	uint16_t exporter_bit;
	bool copied;
};

/* A view that is to be added to the bins of one of its ends. */
struct job {
	const struct view *view;
	const struct host_address *host;
	enum host_direction direction;
	uint64_t hash;   /* of the first minute's bin */
	uint32_t number; /* of that bin, if it was open before this block; else BIN_POOL_NONE */
};

struct BinTable {
	struct bin_table_limits limits;
	const PrefixSet *monitored;
	uint64_t sketch_key;
	BinPool *pool;
	DueList *order;
	ExportProgress *progress;
	struct bin_table_counters counters;
	int64_t swept_at_ms; /* the lead, when bins were last looked through */
	uint16_t owner;      /* place of the exporter whose batch is added */
	uint16_t opened;     /* what a bin opened now is marked with */

	GArray *due; /* of uint32_t: numbers of the bins to give out */
	guint due_next;
	uint32_t given; /* to be released; BIN_POOL_NONE: none */

	size_t view_count;
	size_t job_count;
	struct view views[VIEWS];
	struct flow_record reversed[BLOCK];
	struct job jobs[JOBS];
};

BinTable *
bin_table_new(const struct bin_table_limits *limits, const PrefixSet *monitored, uint64_t table_key,
              uint64_t sketch_key)
{
	BinTable *table = g_new0(BinTable, 1);

	table->limits = *limits;
	table->monitored = monitored;
	table->sketch_key = sketch_key;
	table->pool = bin_pool_new(limits->hosts_max, limits->extensions_max, table_key);
	table->order = due_list_new(limits->hosts_max);
	table->progress = export_progress_new(limits->quiet_ms);
	table->due = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	table->given = BIN_POOL_NONE;
	return table;
}

void
bin_table_free(BinTable *table)
{
	if (table == NULL)
		return;
	bin_pool_free(table->pool);
	due_list_free(table->order);
	export_progress_free(table->progress);
	g_array_free(table->due, TRUE);
	g_free(table);
}

static uint32_t
saturate_u32(uint64_t value)
{
	return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

/* Adds to an unsigned field, which stays at its greatest value when it would pass it. */
#define ADD_SATURATING(field, amount)                                                              \
	do {                                                                                       \
		uint64_t sum = (uint64_t)(field) + (amount);                                       \
		uint64_t most = sizeof(field) == 8 ? UINT64_MAX                                    \
		                                   : (UINT64_C(1) << sizeof(field) * 8 % 64) - 1;  \
		(field) = (__typeof__(field))(sum < (amount) || sum > most ? most : sum);          \
	} while (0)

/* The part of a view that lies in one minute. */
struct share {
	uint32_t minute;
	uint32_t first_ms; /* within the minute */
	uint32_t last_ms;
	uint64_t octets;
	uint64_t packets;
	uint32_t classes[PACKET_SIZE_CLASSES];
	bool first; /* minute of the record */
	bool last;
};

/* Cuts out the next minute; false: the record has ended.  `share` carries on from call to call,
 * zeroed at first. */
struct cutter {
	const struct view *view;
	int64_t next_ms; /* where the next share starts */
	int64_t elapsed_ms;
};

static uint64_t
cut_count(const struct cutter *cutter, uint64_t count, int64_t until_ms)
{
	uint64_t duration = (uint64_t)cutter->view->duration_ms;

	return flow_spread_until(count, (uint64_t)until_ms, duration) -
	       flow_spread_until(count, (uint64_t)cutter->elapsed_ms, duration);
}

/* The record lies in one minute, as most do. */
static void
take_all(const struct view *view, struct share *share)
{
	share->octets = view->record->octets;
	share->packets = view->packets;
	memcpy(share->classes, view->classes, sizeof(share->classes));
}

static void
cut_counts(const struct cutter *cutter, int64_t until_ms, struct share *share)
{
	share->octets = cut_count(cutter, cutter->view->record->octets, until_ms);
	share->packets = 0;
	for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++) {
		share->classes[i] = (uint32_t)cut_count(cutter, cutter->view->classes[i], until_ms);
		share->packets += share->classes[i];
	}
}

/* Most records lie in one minute. */
static inline bool
take_minute(struct cutter *cutter, struct share *share)
{
	const struct view *view = cutter->view;

	if (cutter->elapsed_ms != 0 || view->first_ms + view->duration_ms > HOST_BIN_MS)
		return false;
	share->minute = view->minute;
	share->first = true;
	share->last = true;
	share->first_ms = view->first_ms;
	share->last_ms = (uint32_t)(view->first_ms + view->duration_ms - 1);
	take_all(view, share);
	cutter->elapsed_ms = view->duration_ms;
	cutter->next_ms += view->duration_ms;
	return true;
}

static bool
cut_minute(struct cutter *cutter, struct share *share)
{
	const struct view *view = cutter->view;
	int64_t end_ms = view->record->start.ms + view->duration_ms; /* the first ms after it */
	int64_t minute = cutter->next_ms / HOST_BIN_MS;
	int64_t until_ms = MIN(end_ms, (minute + 1) * HOST_BIN_MS);
	int64_t elapsed_ms = until_ms - view->record->start.ms;

	if (cutter->next_ms >= end_ms)
		return false;
	share->minute = (uint32_t)minute;
	share->first = cutter->elapsed_ms == 0;
	share->last = until_ms == end_ms;
	share->first_ms = (uint32_t)(cutter->next_ms - minute * HOST_BIN_MS);
	share->last_ms = (uint32_t)(until_ms - 1 - minute * HOST_BIN_MS);
	cut_counts(cutter, elapsed_ms, share);
	cutter->next_ms = until_ms;
	cutter->elapsed_ms = elapsed_ms;
	return true;
}

/* What of a flow is counted once, when it begins. */
static void
count_begin(struct host_bin *bin, const struct view *view, enum host_direction direction)
{
	const struct flow_role *role = &view->role;
	uint16_t *ports =
		&bin->port_flows[direction * HOST_BIN_PORT_CLASSES + host_port_class(role->port)];
	uint32_t *protocols = &bin->protocol_flows[direction * 4 + role->protocol];

	ADD_SATURATING(bin->flows[direction], 1u);
	ADD_SATURATING(*protocols, 1u);
	if (role->protocol != HOST_ICMP)
		ADD_SATURATING(*ports, 1u);
	if (role->marks & ROLE_SYN_ONLY)
		ADD_SATURATING(bin->syn_only_flows[direction], 1u);
	if (view->record->packets == 1)
		ADD_SATURATING(bin->single_packet_flows[direction], 1u);
	if (view->record->packets <= SMALL_PACKETS)
		ADD_SATURATING(bin->small_flows[direction], 1u);
}

/* What is counted once for each record, in its first minute. */
static void
count_record(struct host_bin *bin, const struct view *view, enum host_direction direction)
{
	if (view->role.marks & ROLE_BEGINS)
		count_begin(bin, view, direction);
	if (view->role.marks & ROLE_FLAGLESS)
		ADD_SATURATING(bin->flagless_records[0], 1u);
	if (view->record->marks & FLOW_CONTINUES)
		ADD_SATURATING(bin->continuation_records[0], 1u);
	if ((view->role.marks & ROLE_UNSOLICITED) && direction == HOST_IN)
		ADD_SATURATING(bin->unsolicited_answers[0], 1u);
}

static void
add_sizes(struct host_bin *bin, enum host_direction direction,
          const uint32_t classes[static PACKET_SIZE_CLASSES])
{
	uint32_t *sizes = &bin->size_packets[direction * HOST_BIN_SIZE_CLASSES];

	for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++) {
		uint32_t sum = sizes[i] + classes[i];

		sizes[i] = sum < classes[i] ? UINT32_MAX : sum;
	}
}

static void
count_share(struct host_bin *bin, const struct view *view, enum host_direction direction,
            const struct share *share)
{
	uint32_t *protocols = &bin->protocol_packets[direction * 4 + view->role.protocol];

	ADD_SATURATING(bin->octets[direction], share->octets);
	ADD_SATURATING(bin->packets[direction], share->packets);
	ADD_SATURATING(bin->records[direction], 1u);
	ADD_SATURATING(*protocols, share->packets);
	add_sizes(bin, direction, share->classes);
	if (view->role.marks & ROLE_ICMP_ERROR)
		ADD_SATURATING(bin->icmp_errors[direction], share->packets);
	bin->sampling_interval[0] = MAX(bin->sampling_interval[0], view->record->sampling_interval);
	bin->exporters[0] |= view->exporter_bit;
	bin->earliest_ms[0] = MIN(bin->earliest_ms[0], (uint16_t)share->first_ms);
	bin->latest_ms[0] = MAX(bin->latest_ms[0], (uint16_t)share->last_ms);
	bin->directions[0] |= (uint8_t)(1u << direction);
	bin->size_knowledge[0] |= (uint8_t)view->knowledge;
	if (share->first)
		count_record(bin, view, direction);
	if (share->last && (view->role.marks & ROLE_RESET))
		ADD_SATURATING(bin->reset_records[direction], 1u);
}

static inline uint16_t
touch_kinds(const struct view *view, enum host_direction direction, const struct share *share)
{
	uint32_t marks = view->role.marks;
	bool host_is_client = (direction == HOST_OUT) == ((marks & ROLE_SOURCE_IS_CLIENT) != 0);
	bool begins = (marks & ROLE_BEGINS) && share->first;
	unsigned kinds = 0;

	if (direction == HOST_IN)
		kinds |= TOUCH_IN;
	if (share->first)
		kinds |= TOUCH_STARTS;
	if (share->last)
		kinds |= TOUCH_ENDS;
	if (view->record->packets <= SMALL_PACKETS)
		kinds |= TOUCH_SMALL;
	if (share->first && share->last && share->last_ms - share->first_ms >= SHAPED_MS)
		kinds |= (unsigned)second_shape_of(view->record) << TOUCH_SHAPE_SHIFT;
	if (begins)
		kinds |= TOUCH_BEGUN;
	if (!host_is_client)
		return (uint16_t)(kinds | TOUCH_SERVED);
	if (direction == HOST_OUT && !(marks & ROLE_NO_CONTACT))
		kinds |= TOUCH_SENT;
	if (begins && !(marks & ROLE_ANSWERED))
		kinds |= TOUCH_FAILING;
	if (marks & (ROLE_ANSWERED | ROLE_POSITIVE))
		kinds |= TOUCH_HEARD;
	if (marks & ROLE_REFUSAL)
		kinds |= TOUCH_REFUSED;
	return (uint16_t)kinds;
}

static void
touch_bin(BinTable *table, uint32_t number, const struct job *job, const struct share *share)
{
	const struct flow_record *record = job->view->record;
	struct host_bin *bin = bin_pool_bin(table->pool, number);
	struct host_bin_extension *extension = NULL;
	struct host_touch touch = {
		.peer = job->direction == HOST_OUT ? record->destination : record->source,
		.octets = saturate_u32(share->octets),
		.port = job->view->role.port,
		.kinds = touch_kinds(job->view, job->direction, share),
		.protocol = record->protocol,
		.first_quarter = (uint8_t)(share->first_ms / QUARTER_MS),
		.last_quarter = (uint8_t)(share->last_ms / QUARTER_MS),
		.packets = (uint8_t)MIN(share->packets, UINT8_MAX),
	};

	if (bin->touch_count >= HOST_BIN_TOUCHES)
		extension = bin_pool_extend(table->pool, number);
	if (host_bin_touch(bin, extension, &touch, table->sketch_key))
		return;
	ADD_SATURATING(bin->touches_lost[0], 1u);
	table->counters.touches_lost++;
}

/* The bin, opened if need be; BIN_POOL_NONE: there is no room. */
static uint32_t
bin_for(BinTable *table, const struct host_address *host, uint32_t minute, uint64_t hash)
{
	uint32_t number = bin_pool_find(table->pool, host, minute, hash);

	if (number != BIN_POOL_NONE)
		return number;
	number = bin_pool_open(table->pool, host, minute, hash);
	if (number != BIN_POOL_NONE) {
		bin_pool_tag(table->pool, number)->owner = table->owner;
		bin_pool_tag(table->pool, number)->opened = table->opened;
		due_list_add(table->order, table->owner, number);
	}
	return number;
}

static bool
note_copy(BinTable *table, const struct job *job)
{
	uint32_t number = bin_for(table, job->host, job->view->minute, job->hash);
	struct host_bin *bin;

	if (number == BIN_POOL_NONE)
		return false;
	bin = bin_pool_bin(table->pool, number);
	ADD_SATURATING(bin->copied_records[0], 1u);
	bin->exporters[0] |= job->view->exporter_bit;
	return true;
}

/* True: at least one minute of it found room. */
static bool
do_job(BinTable *table, const struct job *job)
{
	struct cutter cutter = { .view = job->view, .next_ms = job->view->record->start.ms };
	bool placed = false;
	struct share share;

	if (job->view->copied)
		return note_copy(table, job);
	while (take_minute(&cutter, &share) || cut_minute(&cutter, &share)) {
		uint64_t hash = share.first ? job->hash
		                            : bin_pool_hash(table->pool, job->host, share.minute);
		uint32_t number = share.first && job->number != BIN_POOL_NONE
		                          ? job->number
		                          : bin_for(table, job->host, share.minute, hash);

		if (number == BIN_POOL_NONE) {
			table->counters.shares_lost++;
			continue;
		}
		placed = true;
		count_share(bin_pool_bin(table->pool, number), job->view, job->direction, &share);
		if (!(job->view->role.marks & ROLE_ICMP_ERROR))
			touch_bin(table, number, job, &share);
	}
	return placed;
}

static inline void
plan_job(BinTable *table, const struct view *view, enum host_direction direction)
{
	struct job *job = &table->jobs[table->job_count];
	const struct flow_record *record = view->record;

	job->host = direction == HOST_OUT ? &record->source : &record->destination;
	if (!prefix_set_contains(table->monitored, job->host))
		return;
	job->view = view;
	job->direction = direction;
	job->hash = bin_pool_hash(table->pool, job->host, view->minute);
	bin_pool_prefetch_index(table->pool, job->hash);
	table->job_count++;
}

static inline void
plan_view(BinTable *table, const struct flow_batch *batch, const struct flow_record *record)
{
	struct view *view = &table->views[table->view_count];
	size_t jobs = table->job_count;

	view->record = record;
	view->minute = (uint32_t)((uint64_t)record->start.ms / HOST_BIN_MS);
	view->first_ms = (uint32_t)((uint64_t)record->start.ms - (uint64_t)view->minute * HOST_BIN_MS);
	plan_job(table, view, HOST_OUT);
	plan_job(table, view, HOST_IN);
	if (table->job_count == jobs)
		return;
	view->role = flow_role_of(record);
	view->knowledge = packet_sizes_split(record, view->classes);
	view->packets = 0;
	for (size_t i = 0; i < PACKET_SIZE_CLASSES; i++)
		view->packets += view->classes[i];
	view->duration_ms = record->end.ms - record->start.ms + 1;
	view->exporter_bit =
		(uint16_t)(1u << (batch->exporter + batch->observation_domain * 7) % EXPORTER_BITS);
	view->copied = (record->marks & FLOW_COPY) != 0;
	table->view_count++;
}

static inline bool
is_uncounted(const struct flow_record *record)
{
	bool reverse = (record->marks & FLOW_HAS_REVERSE) &&
	               (record->reverse_octets | record->reverse_packets) != 0;

	return !reverse && (record->octets | record->packets) == 0;
}

/* The counter of what refuses the record; NULL: nothing does. */
static inline uint64_t *
refusal_of(BinTable *table, const struct flow_batch *batch, const struct flow_record *record)
{
	struct bin_table_counters *counters = &table->counters;

	if (record->marks & FLOW_EVENT)
		return &counters->events;
	if (record->marks & FLOW_TIMES_IMPOSSIBLE)
		return &counters->impossible;
	if (is_uncounted(record))
		return &counters->uncounted;
	if (record->end.ms > batch->export_time.ms + table->limits.future_ms)
		return &counters->future;
	if (record->start.ms < batch->export_time.ms - table->limits.lateness_ms)
		return &counters->late;
	if (record->start.ms < 0 || record->end.ms < record->start.ms ||
	    record->end.ms / HOST_BIN_MS > UINT32_MAX)
		return &counters->impossible;
	return NULL;
}

/* Counts the record by what became of it. */
static void
settle(BinTable *table, const struct flow_record *record, size_t jobs, bool placed)
{
	if (jobs == 0)
		table->counters.unmonitored++;
	else if (record->marks & FLOW_COPY)
		table->counters.copies++;
	else if (placed)
		table->counters.binned++;
	else
		table->counters.unplaced++;
}

/* The bins have been asked for; now what lies behind them. */
static void
prefetch_extension(const BinTable *table, struct job *job)
{
	const struct flow_record *record = job->view->record;
	const struct host_bin_extension *extension;
	struct host_touch touch;

	job->number = bin_pool_find(table->pool, job->host, job->view->minute, job->hash);
	if (job->number == BIN_POOL_NONE)
		return;
	extension = bin_pool_extension(table->pool, job->number);
	if (extension == NULL)
		return;
	touch = (struct host_touch){
		.peer = job->direction == HOST_OUT ? record->destination : record->source,
		.port = job->view->role.port,
		.kinds = touch_kinds(job->view, job->direction, &(struct share){ .first = true }),
		.protocol = record->protocol,
		.first_quarter = (uint8_t)(job->view->first_ms / QUARTER_MS),
	};
	host_bin_prefetch(extension, &touch, table->sketch_key);
}

static void
add_block(BinTable *table, const struct flow_batch *batch, size_t from, size_t until)
{
	size_t job_ends[BLOCK];
	size_t job = 0;

	table->view_count = table->job_count = 0;
	for (size_t i = from; i < until; i++) {
		const struct flow_record *record = &batch->records[i];
		uint64_t *refusal = refusal_of(table, batch, record);

		job_ends[i - from] = SIZE_MAX;
		if (refusal != NULL) {
			(*refusal)++;
			continue;
		}
		if ((record->octets | record->packets) != 0)
			plan_view(table, batch, record);
		if ((record->marks & FLOW_HAS_REVERSE) &&
		    (record->reverse_octets | record->reverse_packets) != 0) {
			flow_role_reverse(record, &table->reversed[i - from]);
			plan_view(table, batch, &table->reversed[i - from]);
		}
		job_ends[i - from] = table->job_count;
	}
	for (size_t i = 0; i < table->job_count; i++)
		bin_pool_prefetch_bin(table->pool, table->jobs[i].hash);
	for (size_t i = 0; i < table->job_count; i++)
		prefetch_extension(table, &table->jobs[i]);
	for (size_t i = from; i < until; i++) {
		size_t first = job;
		bool placed = false;

		if (job_ends[i - from] == SIZE_MAX)
			continue;
		for (; job < job_ends[i - from]; job++)
			placed |= do_job(table, &table->jobs[job]);
		settle(table, &batch->records[i], job - first, placed);
	}
}

void
bin_table_add(BinTable *table, const struct flow_batch *batch)
{
	table->owner = export_progress_note(table->progress, batch->exporter, batch->export_time);
	table->opened =
		(uint16_t)(export_progress_of(table->progress, table->owner) >> OPENED_UNIT_SHIFT);
	table->counters.records += batch->count;
	for (size_t i = 0; i < batch->count; i += BLOCK)
		add_block(table, batch, i, MIN(i + BLOCK, batch->count));
}

static bool
bins_are_scarce(const BinTable *table)
{
	return bin_pool_free_bins(table->pool) < table->limits.hosts_max / PRESSURE_SHARE;
}

static bool
extensions_are_scarce(const BinTable *table)
{
	return bin_pool_free_extensions(table->pool) <
	       table->limits.extensions_max / PRESSURE_SHARE;
}

bool
bin_table_is_due(const BinTable *table)
{
	int64_t since = export_progress_lead(table->progress) - table->swept_at_ms;

	return since >= table->limits.part_ms / SWEEPS_PER_PART || bins_are_scarce(table) ||
	       extensions_are_scarce(table);
}

static void
release_given(BinTable *table)
{
	if (table->given != BIN_POOL_NONE)
		bin_pool_release(table->pool, table->given);
	table->given = BIN_POOL_NONE;
}

/* Sorts stably by minute, which seldom differs by more than a few hundred: one pass of a radix sort
 * does then, and it looks at no more counts than there are minutes. */
static void
sort_by_minute(BinTable *table)
{
	g_autofree uint32_t *starts = g_new(uint32_t, (1u << RADIX_BITS) + 1);
	g_autofree uint32_t *sorted = g_new(uint32_t, table->due->len);
	uint32_t *numbers = &g_array_index(table->due, uint32_t, 0);
	uint32_t least = UINT32_MAX;
	uint32_t greatest = 0;
	size_t counts;

	for (guint i = 0; i < table->due->len; i++) {
		if (table->due->len - i > MINUTES_AHEAD)
			__builtin_prefetch(bin_pool_bin(table->pool, numbers[i + MINUTES_AHEAD]));
		least = MIN(least, bin_pool_bin(table->pool, numbers[i])->minute);
		greatest = MAX(greatest, bin_pool_bin(table->pool, numbers[i])->minute);
	}
	counts = MIN((size_t)greatest - least + 1, 1u << RADIX_BITS);
	for (unsigned shift = 0; shift < 32 && (greatest - least) >> shift != 0;
	     shift += RADIX_BITS) {
		memset(starts, 0, (counts + 1) * sizeof(*starts));
		for (guint i = 0; i < table->due->len; i++)
			starts[(uint16_t)((bin_pool_bin(table->pool, numbers[i])->minute - least) >>
			                  shift) +
			       1]++;
		for (size_t i = 0; i < counts; i++)
			starts[i + 1] += starts[i];
		for (guint i = 0; i < table->due->len; i++)
			sorted[starts[(
				uint16_t)((bin_pool_bin(table->pool, numbers[i])->minute - least) >>
			                  shift)]++] = numbers[i];
		memcpy(numbers, sorted, table->due->len * sizeof(*numbers));
	}
}

static uint16_t
clock_of(const BinTable *table, uint16_t owner)
{
	return (uint16_t)(export_progress_of(table->progress, owner) >> OPENED_UNIT_SHIFT);
}

/* How long ago the bin was opened, on its owner's clock. */
static uint16_t
age_of(const BinTable *table, uint32_t number, uint16_t now)
{
	return (uint16_t)(now - bin_pool_tag(table->pool, number)->opened);
}

/* The bins of an exporter that are due, extended or not: the first ones. */
static void
mark_oldest(BinTable *table, uint16_t owner, bool all)
{
	const int64_t quiet = table->limits.quiet_ms >> OPENED_UNIT_SHIFT;
	uint16_t now = clock_of(table, owner);

	all |= export_progress_silence(table->progress, owner) >=
	       SILENT_QUIETS * table->limits.quiet_ms;
	for (uint32_t number = due_list_first(table->order, owner); number != DUE_LIST_END;
	     number = due_list_next(table->order, number)) {
		if (!all && age_of(table, number, now) < quiet)
			return;
		due_list_mark(table->order, number);
	}
}

/* Bins with an extension are due sooner. */
static void
mark_extended(BinTable *table, bool all)
{
	const int64_t part = table->limits.part_ms >> OPENED_UNIT_SHIFT;
	uint32_t limit = bin_pool_extension_limit(table->pool);

	for (uint32_t i = 0; i < limit; i++) {
		uint32_t number = bin_pool_extension_owner(table->pool, i);
		uint16_t owner;

		if (number == BIN_POOL_NONE)
			continue;
		owner = bin_pool_tag(table->pool, number)->owner;
		if (all || age_of(table, number, clock_of(table, owner)) >= part)
			due_list_mark(table->order, number);
	}
}

static void
gather_due(BinTable *table, bool all)
{
	uint16_t owners = export_progress_count(table->progress);

	all |= bins_are_scarce(table);
	for (uint16_t owner = 0; owner < owners; owner++)
		mark_oldest(table, owner, all);
	if (!all)
		mark_extended(table, extensions_are_scarce(table));
	due_list_take_marked(table->order, bin_pool_limit(table->pool), table->due);
}

void
bin_table_begin_parts(BinTable *table, bool all)
{
	release_given(table);
	table->swept_at_ms = export_progress_lead(table->progress);
	table->due_next = 0;
	g_array_set_size(table->due, 0);
	gather_due(table, all);
	if (table->due->len > 1)
		sort_by_minute(table);
}

/* Asks for the memory of parts that will be given out soon. */
static void
prefetch_parts(const BinTable *table)
{
	const uint32_t *numbers = (const uint32_t *)(const void *)table->due->data;
	guint left = table->due->len - table->due_next;

	if (left > PARTS_AHEAD)
		bin_pool_prefetch_part(table->pool, numbers[table->due_next + PARTS_AHEAD]);
	if (left > PARTS_AHEAD / 2)
		bin_pool_prefetch_close(table->pool, numbers[table->due_next + PARTS_AHEAD / 2]);
}

bool
bin_table_next_part(BinTable *table, int64_t *export_ms, const struct host_bin **bin,
                    const struct host_bin_extension **extension)
{
	uint32_t number;

	release_given(table);
	if (table->due_next >= table->due->len)
		return false;
	prefetch_parts(table);
	number = g_array_index(table->due, uint32_t, table->due_next++);
	bin_pool_close(table->pool, number);
	due_list_remove(table->order, bin_pool_tag(table->pool, number)->owner, number);
	table->given = number;
	*export_ms =
		export_progress_time(table->progress, bin_pool_tag(table->pool, number)->owner).ms;
	*bin = bin_pool_bin(table->pool, number);
	*extension = bin_pool_extension(table->pool, number);
	table->counters.parts++;
	table->counters.extended += *extension != NULL;
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

	counters.open_bins = bin_pool_open_bins(table->pool);
	counters.open_extensions = bin_pool_open_extensions(table->pool);
	return counters;
}

size_t
bin_table_memory(const BinTable *table)
{
	return sizeof(*table) + bin_pool_memory(table->pool) + due_list_memory(table->order, bin_pool_limit(table->pool));
}
