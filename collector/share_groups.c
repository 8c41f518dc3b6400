#include "collector/share_groups.h"

#include <string.h>

#include "common/keyed_hash.h"

enum {
	CELLS_BEFORE_SUM = 30, /* a group of more is summed up */
	SLOTS_LEAST = 32,
	SORTED_BY_INSERTION = 64,
	NO_TOUCH = SHARE_COPY | SHARE_ICMP_ERROR,
};

_Static_assert((int)CELLS_BEFORE_SUM <= (int)HOST_SHARES_CELLS_MOST, "it fits in a part");

struct ShareGroups {
	struct keyed_ends key;
	uint64_t sketch_key;
	struct share_group *groups;
	uint32_t *slots; /* number of a group plus one; 0: free */
	size_t group_most;
	size_t slot_most;
	uint16_t lost; /* of the run */
	struct host_bin bin;
	struct host_bin_extension extension;
};

ShareGroups *
share_groups_new(uint64_t table_key, uint64_t sketch_key)
{
	ShareGroups *groups = g_new0(ShareGroups, 1);

	groups->key = keyed_ends(table_key);
	groups->sketch_key = sketch_key;
	return groups;
}

void
share_groups_free(ShareGroups *groups)
{
	if (groups == NULL)
		return;
	g_free(groups->groups);
	g_free(groups->slots);
	g_free(groups);
}

/* Room for as many groups as there are lines; half of the slots stay free. */
static size_t
make_room(ShareGroups *groups, size_t lines)
{
	size_t slots = SLOTS_LEAST;

	while (slots < 2 * lines)
		slots *= 2;
	if (groups->slot_most < slots) {
		groups->slot_most = slots;
		groups->slots = g_renew(uint32_t, groups->slots, slots);
		groups->group_most = slots / 2;
		groups->groups = g_renew(struct share_group, groups->groups, groups->group_most);
	}
	memset(groups->slots, 0, slots * sizeof(*groups->slots));
	return slots - 1;
}

/* What is looked through, line by line. */
struct search {
	const struct share_log *log;
	size_t mask;
	size_t count; /* groups */
};

static inline uint32_t *
slot_of(const ShareGroups *groups, const struct search *search, const struct held_share *held)
{
	uint64_t hash = keyed_hash_end(&groups->key, &held->host, (uint16_t)held->minute);

	for (size_t at = (hash >> 32) & search->mask;; at = (at + 1) & search->mask) {
		const struct share_group *group;

		if (groups->slots[at] == 0)
			return &groups->slots[at];
		group = &groups->groups[groups->slots[at] - 1];
		if (group->minute == held->minute &&
		    host_address_equal(&search->log->lines[group->first].host, &held->host))
			return &groups->slots[at];
	}
}

/* The group of a share that is not the second line of a wide one. */
static inline struct share_group *
add_share(ShareGroups *groups, struct search *search, uint32_t line)
{
	struct held_share *held = &search->log->lines[line];
	uint32_t *slot = slot_of(groups, search, held);
	bool touches = (held->cell.share.marks & NO_TOUCH) == 0;
	struct share_group *group;

	if (*slot != 0) {
		group = &groups->groups[*slot - 1];
		search->log->lines[group->last].minute = line;
		group->last = line;
		group->cells++;
		group->touches += touches;
		return group;
	}
	group = &groups->groups[search->count++];
	*slot = (uint32_t)search->count;
	*group = (struct share_group){ line, line, held->minute, 1, touches };
	return group;
}

static inline void
add_lines(ShareGroups *groups, struct search *search, uint32_t line, uint32_t end,
          struct share_group **wide)
{
	for (; line < end; line++) {
		struct share_group *group = *wide;

		if (group != NULL) {
			search->log->lines[group->last].minute = line;
			group->last = line;
			group->cells++;
			*wide = NULL;
			continue;
		}
		group = add_share(groups, search, line);
		if (search->log->lines[line].cell.share.marks & SHARE_WIDE)
			*wide = group;
	}
}

static int
compare_minutes(const void *a, const void *b, void *data)
{
	const struct share_group *one = a;
	const struct share_group *other = b;

	(void)data;
	return (one->minute > other->minute) - (one->minute < other->minute);
}

/* Most often few minutes, and nearly in order. */
static void
sort_by_minute(struct share_group *groups, size_t count)
{
	if (count > SORTED_BY_INSERTION) {
		g_qsort_with_data(groups, (gint)count, sizeof(*groups), compare_minutes, NULL);
		return;
	}
	for (size_t i = 1; i < count; i++) {
		struct share_group group = groups[i];
		size_t at = i;

		if (groups[i - 1].minute <= group.minute)
			continue;
		for (; at > 0 && groups[at - 1].minute > group.minute; at--)
			groups[at] = groups[at - 1];
		groups[at] = group;
	}
}

struct share_group *
share_groups_find(ShareGroups *groups, const struct share_log *log, const struct share_run *run,
                  size_t *count)
{
	size_t lines = (size_t)run->chunks * SHARE_CHUNK_LINES;
	struct search search = { .log = log, .mask = make_room(groups, lines) };
	struct share_group *wide = NULL;

	for (uint32_t chunk = run->first, left = run->chunks; left > 0; left--) {
		uint32_t end = left > 1 ? chunk + SHARE_CHUNK_LINES : run->end;
		uint32_t next = left > 1 ? share_log_next(log, chunk) : 0;

		for (uint32_t line = 0; line < SHARE_CHUNK_LINES; line++)
			__builtin_prefetch(&log->lines[next + line]);
		add_lines(groups, &search, chunk, end, &wide);
		chunk = next;
	}
	groups->lost = run->lost;
	sort_by_minute(groups->groups, search.count);
	*count = search.count;
	return groups->groups;
}

bool
share_groups_keep(const struct share_group *group, struct share_log *log,
                  struct share_partition *partition)
{
	uint32_t line = group->first;

	if (!share_log_has_room(log, partition, group->cells))
		return false;
	for (uint32_t i = 0; i < group->cells; i++) {
		struct held_share *kept = share_log_append(log, partition);

		*kept = log->lines[line];
		line = kept->minute;
		kept->minute = group->minute;
	}
	return true;
}

static inline void
copy_cell(const struct held_share *held, union host_cell *cell)
{
	*cell = held->cell;
	cell->share.exporters = (uint16_t)(1u << (held->cell.share.marks >> HELD_BIT_SHIFT));
	cell->share.marks &= HELD_MARKS;
}

void
share_groups_write(const struct share_log *log, const struct share_group *group,
                   union host_cell *cells)
{
	uint32_t line = group->first;

	for (uint32_t i = 0; i < group->cells; i++) {
		const struct held_share *held = &log->lines[line];

		copy_cell(held, &cells[i]);
		line = held->minute;
		if (!(held->cell.share.marks & SHARE_WIDE))
			continue;
		held = &log->lines[line];
		cells[++i] = held->cell;
		line = held->minute;
	}
}

static void
sum_up(ShareGroups *groups, const struct share_log *log, const struct share_group *group)
{
	bool extended = group->touches > HOST_BIN_TOUCHES;
	uint32_t line = group->first;
	union host_cell cell;

	host_bin_init(&groups->bin, &log->lines[group->first].host, group->minute);
	if (extended)
		host_bin_extension_init(&groups->extension);
	for (uint32_t i = 0; i < group->cells; i++) {
		const struct held_share *held = &log->lines[line];
		const struct held_share *wide = held;

		copy_cell(held, &cell);
		if (held->cell.share.marks & SHARE_WIDE) {
			wide = &log->lines[held->minute];
			i++;
		}
		host_share_add(&groups->bin, extended ? &groups->extension : NULL, &cell.share,
		               &wide->cell.numbers, groups->sketch_key);
		line = wide->minute;
	}
}

uint16_t
share_groups_part(ShareGroups *groups, const struct share_log *log, const struct share_group *group,
                  struct bin_part *part)
{
	const struct held_share *first = &log->lines[group->first];

	part->bin = NULL;
	part->extension = NULL;
	part->shares.host = first->host;
	part->shares.minute = group->minute;
	part->shares.lost = groups->lost;
	part->shares.count = 0;
	part->shares.cells = NULL;
	if (group->cells <= CELLS_BEFORE_SUM) {
		part->shares.count = (uint16_t)group->cells;
	} else {
		sum_up(groups, log, group);
		groups->bin.touches_lost[0] = groups->lost;
		part->bin = &groups->bin;
		if (groups->bin.touch_count == HOST_BIN_EXTENDED)
			part->extension = &groups->extension;
	}
	return first->cell.share.exporters;
}

size_t
share_groups_octets(const ShareGroups *groups)
{
	return sizeof(*groups) + groups->group_most * sizeof(*groups->groups) +
	       groups->slot_most * sizeof(*groups->slots);
}
