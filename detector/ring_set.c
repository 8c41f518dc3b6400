#include "detector/ring_set.h"

#include <gio/gio.h>

enum { POPS_IN_A_ROW = 4096, CHECKPOINTS = 256 };

/* A watermark that was popped. */
struct checkpoint {
	struct ring_position position;
	int64_t export_ms;
};

struct member {
	unsigned worker;
	RingReader *reader;
	struct ring_position popped;  /* the last one */
	struct ring_position before;  /* the last one that was popped before the start */
	struct ring_position settled; /* where reading would go on after a kill */
	struct checkpoint checkpoints[CHECKPOINTS]; /* behind settled, oldest first */
	size_t checkpoint_count;
	struct ring_watermark watermark;
	bool has_watermark;
	bool ended;
	char *counters;
	uint64_t dropped_epoch;
	uint64_t dropped; /* as told in that epoch */
};

struct RingSet {
	char *folder;
	bool lockstep;
	struct ring_position kept[RING_SET_MAX];   /* by worker */
	struct ring_position popped[RING_SET_MAX]; /* by worker, before the start */
	bool comes_again;                          /* what was popped last */
	char *told[RING_SET_MAX];                  /* by worker: the last error */
	struct member members[RING_SET_MAX];       /* sorted by worker */
	size_t count;
	size_t next; /* the one to pop from */
	unsigned pops;
	struct ring_watermark watermark;
	struct ring_set_counters counters; /* of readers that were closed */
};

RingSet *
ring_set_new(const char *folder, bool lockstep)
{
	RingSet *set = g_new0(RingSet, 1);

	set->folder = g_strdup(folder);
	set->lockstep = lockstep;
	return set;
}

static void
close_member(RingSet *set, struct member *member)
{
	set->counters.missed += ring_reader_missed(member->reader);
	set->counters.refused += ring_reader_refused(member->reader);
	g_clear_pointer(&member->reader, ring_close_reader);
	g_clear_pointer(&member->counters, g_free);
}

void
ring_set_free(RingSet *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->count; i++)
		close_member(set, &set->members[i]);
	for (size_t i = 0; i < RING_SET_MAX; i++)
		g_free(set->told[i]);
	g_free(set->folder);
	g_free(set);
}

void
ring_set_restore(RingSet *set, unsigned worker, struct ring_position settled,
                 struct ring_position popped)
{
	if (worker >= RING_SET_MAX)
		return;
	set->kept[worker] = settled;
	set->popped[worker] = popped;
}

/* Passes an error on unless it is the one that was told last for this worker. */
static bool
tell(RingSet *set, unsigned worker, GError *failure, GError **error)
{
	if (g_error_matches(failure, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) ||
	    g_strcmp0(set->told[worker], failure->message) == 0) {
		g_error_free(failure);
		return true;
	}
	g_free(set->told[worker]);
	set->told[worker] = g_strdup(failure->message);
	g_propagate_error(error, failure);
	return false;
}

static bool
add_member(RingSet *set, unsigned worker, GError **error)
{
	GError *failure = NULL;
	RingReader *reader = ring_open_reader(set->folder, worker, set->kept[worker], &failure);
	size_t at = set->count;

	if (reader == NULL)
		return tell(set, worker, failure, error);
	g_clear_pointer(&set->told[worker], g_free);
	for (; at > 0 && set->members[at - 1].worker > worker; at--)
		set->members[at] = set->members[at - 1];
	set->members[at] = (struct member){
		.worker = worker,
		.reader = reader,
		.popped = set->kept[worker],
		.before = set->popped[worker],
		.settled = set->kept[worker],
	};
	set->count++;
	return true;
}

static void
remove_member(RingSet *set, size_t index)
{
	struct member *member = &set->members[index];

	set->kept[member->worker] = member->popped;
	close_member(set, member);
	set->count--;
	for (size_t i = index; i < set->count; i++)
		set->members[i] = set->members[i + 1];
	set->next = 0;
}

static bool
is_open(const RingSet *set, unsigned worker)
{
	for (size_t i = 0; i < set->count; i++) {
		if (set->members[i].worker == worker)
			return true;
	}
	return false;
}

/* "ring.7" is 7; what is no ring's name is RING_SET_MAX. */
static unsigned
worker_of(const char *name)
{
	guint64 worker;

	if (!g_str_has_prefix(name, "ring.") ||
	    !g_ascii_string_to_unsigned(name + 5, 10, 0, RING_SET_MAX - 1, &worker, NULL))
		return RING_SET_MAX;
	return (unsigned)worker;
}

/* Replaced rings are closed once they are read to their end and what came from them is done with.
 */
static void
close_replaced(RingSet *set)
{
	for (size_t i = set->count; i > 0; i--) {
		struct member *member = &set->members[i - 1];

		if (ring_reader_stale(member->reader) && !ring_reader_has_entry(member->reader))
			remove_member(set, i - 1);
	}
}

bool
ring_set_look(RingSet *set, GError **error)
{
	g_autoptr(GDir) directory = g_dir_open(set->folder, 0, NULL);
	const char *name;
	bool ok = true;

	close_replaced(set);
	while (directory != NULL && (name = g_dir_read_name(directory)) != NULL) {
		unsigned worker = worker_of(name);

		if (worker < RING_SET_MAX && !is_open(set, worker))
			ok = add_member(set, worker, ok ? error : NULL) && ok;
	}
	return ok;
}

static void
note_dropped(RingSet *set, struct member *member, uint64_t epoch, uint64_t dropped)
{
	if (epoch != member->dropped_epoch) {
		member->dropped_epoch = epoch;
		member->dropped = 0;
	}
	if (dropped > member->dropped) {
		set->counters.dropped += dropped - member->dropped;
		member->dropped = dropped;
	}
}

static void
add_checkpoint(struct member *member, const struct ring_entry *entry)
{
	/* Too many: each second one will do. */
	if (member->checkpoint_count == CHECKPOINTS) {
		for (size_t i = 0; i < CHECKPOINTS / 2; i++)
			member->checkpoints[i] = member->checkpoints[2 * i + 1];
		member->checkpoint_count = CHECKPOINTS / 2;
	}
	member->checkpoints[member->checkpoint_count++] = (struct checkpoint){
		.position = entry->position,
		.export_ms = entry->watermark.export_ms,
	};
}

/* Epochs and sequences rise for ever. */
static bool
is_before(struct ring_position position, struct ring_position other)
{
	return position.epoch <= other.epoch && position.sequence <= other.sequence;
}

static bool
pop_from(RingSet *set, struct member *member, struct ring_entry *entry)
{
	if (!ring_pop(member->reader, entry))
		return false;
	member->popped = entry->position;
	set->comes_again = is_before(entry->position, member->before);
	member->ended = entry->type == RING_END;
	switch (entry->type) {
	case RING_BIN:
		note_dropped(set, member, entry->position.epoch, entry->bin->dropped);
		break;
	case RING_SHARES:
		note_dropped(set, member, entry->position.epoch, entry->shares.dropped);
		break;
	case RING_WATERMARK:
		note_dropped(set, member, entry->position.epoch, entry->watermark.dropped);
		member->watermark = entry->watermark;
		member->has_watermark = true;
		add_checkpoint(member, entry);
		break;
	case RING_COUNTERS:
		g_free(member->counters);
		member->counters = g_strdup(entry->counters);
		break;
	case RING_END:
		break;
	}
	return true;
}

/* In lockstep: the ring whose watermark is behind; among equal ones the first. */
static struct member *
hindmost(RingSet *set)
{
	struct member *found = NULL;

	for (size_t i = 0; i < set->count; i++) {
		struct member *member = &set->members[i];
		int64_t at = member->has_watermark ? member->watermark.export_ms : INT64_MIN;

		if (member->ended)
			continue;
		if (found == NULL ||
		    at < (found->has_watermark ? found->watermark.export_ms : INT64_MIN))
			found = member;
	}
	return found;
}

static void
turn(RingSet *set)
{
	set->next = set->count > 0 ? (set->next + 1) % set->count : 0;
	set->pops = 0;
}

bool
ring_set_pop(RingSet *set, struct ring_entry *entry)
{
	if (set->lockstep) {
		struct member *member = hindmost(set);

		/* What came behind an end in an ended ring is of the next capture. */
		for (size_t i = 0; member == NULL && i < set->count; i++) {
			if (ring_reader_has_entry(set->members[i].reader))
				member = &set->members[i];
		}
		return member != NULL && pop_from(set, member, entry);
	}
	if (++set->pops > POPS_IN_A_ROW)
		turn(set);
	for (size_t i = 0; i < set->count; i++) {
		if (pop_from(set, &set->members[set->next], entry))
			return true;
		turn(set);
	}
	return false;
}

bool
ring_set_comes_again(const RingSet *set)
{
	return set->comes_again;
}

static void
merge_watermark(struct ring_watermark *sum, const struct ring_watermark *other)
{
	sum->export_ms = MAX(sum->export_ms, other->export_ms);
	sum->least_ms = MIN(sum->least_ms, other->least_ms);
	sum->exporters += other->exporters;
	sum->sampled_exporters += other->sampled_exporters;
	sum->records += other->records;
	sum->dropped += other->dropped;
}

/* Merges those of the rings that are alive, or of all; returns how many there were. */
static size_t
merge_watermarks(const RingSet *set, bool all, struct ring_watermark *sum)
{
	size_t count = 0;

	*sum = (struct ring_watermark){ .export_ms = INT64_MIN, .least_ms = INT64_MAX };
	for (size_t i = 0; i < set->count; i++) {
		const struct member *member = &set->members[i];
		bool alive =
			!member->ended && (set->lockstep || ring_reader_has_writer(member->reader));

		if (!member->has_watermark || (!all && !alive))
			continue;
		merge_watermark(sum, &member->watermark);
		count++;
	}
	return count;
}

bool
ring_set_watermark(RingSet *set, struct ring_watermark *watermark)
{
	struct ring_watermark sum;

	if (merge_watermarks(set, false, &sum) == 0 && merge_watermarks(set, true, &sum) == 0)
		return false;
	sum.export_ms = MAX(sum.export_ms, set->watermark.export_ms);
	sum.least_ms = MAX(sum.least_ms, set->watermark.least_ms);
	set->watermark = sum;
	*watermark = sum;
	return true;
}

/* Half of a ring held back is enough: the collector needs the rest. */
static bool
is_crowded(const struct member *member)
{
	return ring_reader_held(member->reader) > ring_reader_size(member->reader) / 2;
}

/* More than a quarter is only held for what may be under way. */
static bool
is_filling(const struct member *member)
{
	return ring_reader_held(member->reader) > ring_reader_size(member->reader) / 4;
}

static void
settle_member(struct member *member, int64_t before_ms)
{
	size_t passed = 0;

	while (passed < member->checkpoint_count &&
	       member->checkpoints[passed].export_ms <= before_ms)
		passed++;
	if (passed == 0)
		return;
	member->settled = member->checkpoints[passed - 1].position;
	member->checkpoint_count -= passed;
	for (size_t i = 0; i < member->checkpoint_count; i++)
		member->checkpoints[i] = member->checkpoints[i + passed];
}

void
ring_set_settle(RingSet *set, bool all)
{
	for (size_t i = 0; i < set->count; i++) {
		struct member *member = &set->members[i];

		if (all || is_crowded(member)) {
			member->settled = member->popped;
			member->checkpoint_count = 0;
		} else {
			settle_member(member,
			              set->watermark.least_ms - (set->lockstep || is_filling(member)
			                                                 ? RING_SET_HOLD_MS
			                                                 : RING_SET_PAST_MS));
		}
	}
}

bool
ring_set_crowded(const RingSet *set)
{
	for (size_t i = 0; i < set->count; i++) {
		if (is_crowded(&set->members[i]))
			return true;
	}
	return false;
}

void
ring_set_commit(RingSet *set)
{
	for (size_t i = 0; i < set->count; i++)
		ring_commit(set->members[i].reader, set->members[i].settled);
}

void
ring_set_wait(RingSet *set, int timeout_ms)
{
	const struct member *behind = set->lockstep ? hindmost(set) : NULL;
	RingReader *readers[RING_SET_MAX];
	size_t count = 0;

	if (behind != NULL)
		readers[count++] = behind->reader;
	for (size_t i = 0; behind == NULL && i < set->count; i++)
		readers[count++] = set->members[i].reader;
	if (count == 0)
		g_usleep((gulong)timeout_ms * 1000);
	else
		ring_wait_entries(readers, count, timeout_ms);
}

size_t
ring_set_count(const RingSet *set)
{
	return set->count;
}

unsigned
ring_set_worker(const RingSet *set, size_t index)
{
	return set->members[index].worker;
}

struct ring_position
ring_set_position(const RingSet *set, size_t index)
{
	return set->members[index].settled;
}

struct ring_position
ring_set_popped(const RingSet *set, size_t index)
{
	const struct member *member = &set->members[index];

	return is_before(member->popped, member->before) ? member->before : member->popped;
}

const char *
ring_set_worker_counters(const RingSet *set, size_t index)
{
	return set->members[index].counters;
}

bool
ring_set_has_writer(const RingSet *set, size_t index)
{
	return ring_reader_has_writer(set->members[index].reader);
}

bool
ring_set_ended(const RingSet *set)
{
	for (size_t i = 0; i < set->count; i++) {
		if (!set->members[i].ended)
			return false;
	}
	return set->count > 0;
}

struct ring_set_counters
ring_set_counters(const RingSet *set)
{
	struct ring_set_counters counters = set->counters;

	for (size_t i = 0; i < set->count; i++) {
		counters.missed += ring_reader_missed(set->members[i].reader);
		counters.refused += ring_reader_refused(set->members[i].reader);
	}
	return counters;
}
