#include "detector/verdict_table.h"

#include <stdlib.h>
#include <string.h>

#include "common/keyed_hash.h"

enum { FORGET_TRIES = 64 };

/* By how much it must be stored. */
enum change { UNCHANGED, SEEN_AGAIN, SEEN_FIRST, CHANGED_URGENTLY, CHANGES };

struct entry {
	struct verdict verdict;
	enum change change;
	int64_t stored_ms; /* last_seen_ms when it was handed out last; 0: never */
	GList by_silence;  /* in VerdictTable.by_silence */
	GList changed;     /* in one of VerdictTable.changed */
};

struct VerdictTable {
	struct verdict_rules rules;
	GHashTable *entries; /* of struct entry, by verdict.host */
	GQueue by_silence;   /* longest silent first */
	GQueue changed[CHANGES];
	bool hurry;
	GArray *forgotten; /* of struct host_address */
	struct verdict_counters counters;
};

/* A stranger may choose addresses: the key is drawn at each start. */
static uint64_t hash_key;

static unsigned
hash_host(const void *host)
{
	return (unsigned)keyed_hash_octets(host, sizeof(struct host_address), hash_key);
}

static int
equal_hosts(const void *a, const void *b)
{
	return host_address_equal(a, b);
}

VerdictTable *
verdict_table_new(const struct verdict_rules *rules)
{
	VerdictTable *table = g_new0(VerdictTable, 1);

	if (hash_key == 0)
		hash_key = (uint64_t)g_random_int() << 32 | g_random_int() | 1;
	table->rules = *rules;
	table->entries = g_hash_table_new_full(hash_host, equal_hosts, NULL, g_free);
	table->forgotten = g_array_new(FALSE, FALSE, sizeof(struct host_address));
	return table;
}

void
verdict_table_free(VerdictTable *table)
{
	if (table == NULL)
		return;
	g_hash_table_destroy(table->entries);
	g_array_free(table->forgotten, TRUE);
	g_free(table);
}

static void
count_kind(VerdictTable *table, enum verdict_kind kind, int difference)
{
	if (kind == VERDICT_INFECTED)
		table->counters.infected += (uint64_t)difference;
	if (kind == VERDICT_NORMAL)
		table->counters.normal += (uint64_t)difference;
}

static void
mark_changed(VerdictTable *table, struct entry *entry, bool urgent)
{
	enum change change = urgent                  ? CHANGED_URGENTLY
	                     : entry->stored_ms == 0 ? SEEN_FIRST
	                                             : SEEN_AGAIN;

	if (entry->change >= change)
		return;
	if (entry->change != UNCHANGED)
		g_queue_unlink(&table->changed[entry->change], &entry->changed);
	entry->change = change;
	g_queue_push_tail_link(&table->changed[change], &entry->changed);
}

static void
remove_entry(VerdictTable *table, struct entry *entry)
{
	if (entry->change != UNCHANGED)
		g_queue_unlink(&table->changed[entry->change], &entry->changed);
	g_queue_unlink(&table->by_silence, &entry->by_silence);
	count_kind(table, entry->verdict.kind, -1);
	g_hash_table_remove(table->entries, &entry->verdict.host);
}

static void
move_to_newest(VerdictTable *table, struct entry *entry)
{
	g_queue_unlink(&table->by_silence, &entry->by_silence);
	g_queue_push_tail_link(&table->by_silence, &entry->by_silence);
}

/* Forgets the longest silent host that is not infected.  False: none was found. */
static bool
make_room(VerdictTable *table)
{
	for (unsigned i = 0; i < FORGET_TRIES && table->by_silence.head != NULL; i++) {
		struct entry *oldest = table->by_silence.head->data;

		if (oldest->verdict.kind != VERDICT_INFECTED) {
			g_array_append_val(table->forgotten, oldest->verdict.host);
			table->counters.forgotten++;
			remove_entry(table, oldest);
			return true;
		}
		move_to_newest(table, oldest);
	}
	return false;
}

static struct entry *
add_entry(VerdictTable *table, const struct host_address *host)
{
	struct entry *entry;

	if (g_hash_table_size(table->entries) >= table->rules.hosts_max && !make_room(table)) {
		table->counters.refused++;
		return NULL;
	}
	entry = g_new0(struct entry, 1);
	entry->verdict.host = *host;
	entry->by_silence.data = entry->changed.data = entry;
	g_hash_table_insert(table->entries, &entry->verdict.host, entry);
	g_queue_push_tail_link(&table->by_silence, &entry->by_silence);
	return entry;
}

static struct entry *
find_or_add(VerdictTable *table, const struct host_address *host)
{
	struct entry *entry = g_hash_table_lookup(table->entries, host);

	return entry != NULL ? entry : add_entry(table, host);
}

void
verdict_table_restore(VerdictTable *table, const struct verdict *verdict)
{
	struct entry *entry = find_or_add(table, &verdict->host);

	if (entry == NULL)
		return;
	count_kind(table, entry->verdict.kind, -1);
	count_kind(table, verdict->kind, 1);
	entry->verdict = *verdict;
	entry->stored_ms = verdict->last_seen_ms;
}

/* `from_ms` and `to_ms` are the first and last moment of the host's traffic in one minute. */
static void
note_traffic(struct verdict *verdict, int64_t from_ms, int64_t to_ms)
{
	if (verdict->bins == 0) {
		verdict->first_seen_ms = from_ms;
		verdict->since_ms = from_ms;
	}
	verdict->first_seen_ms = MIN(verdict->first_seen_ms, from_ms);
	if (verdict->bins == 0 || to_ms / HOST_BIN_MS > verdict->last_seen_ms / HOST_BIN_MS)
		verdict->bins++;
	verdict->last_seen_ms = MAX(verdict->last_seen_ms, to_ms);
}

void
verdict_table_see(VerdictTable *table, const struct host_bin *bin)
{
	int64_t minute_ms = (int64_t)bin->minute * HOST_BIN_MS;
	struct entry *entry = find_or_add(table, &bin->host);

	if (entry == NULL)
		return;
	note_traffic(&entry->verdict, minute_ms + MIN(bin->earliest_ms[0], HOST_BIN_MS - 1),
	             minute_ms + MIN(bin->latest_ms[0], HOST_BIN_MS - 1));
	move_to_newest(table, entry);
	mark_changed(table, entry, false);
}

static void
change_kind(VerdictTable *table, struct verdict *verdict, enum verdict_kind kind, int64_t time_ms)
{
	count_kind(table, verdict->kind, -1);
	count_kind(table, kind, 1);
	verdict->kind = kind;
	verdict->since_ms = time_ms;
}

static enum verdict_act
take_evidence(VerdictTable *table, struct verdict *verdict, const struct assessment *assessment)
{
	unsigned behaviours = verdict_strong_behaviours(assessment);
	bool news = (behaviours & ~verdict->behaviours) != 0;

	verdict->evidence_ms = MAX(verdict->evidence_ms, assessment->bin_end_ms);
	verdict->judged = 0;
	if (verdict->kind != VERDICT_INFECTED) {
		change_kind(table, verdict, VERDICT_INFECTED, assessment->time_ms);
		if (verdict->first_detected_ms == 0)
			verdict->first_detected_ms = assessment->time_ms;
		verdict->infected_ms = assessment->time_ms;
		verdict->score = assessment->score;
		verdict->behaviours = behaviours;
		verdict->alerted_ms = assessment->time_ms;
		return ACT_DETECTED;
	}
	verdict->score = MAX(verdict->score, assessment->score);
	verdict->behaviours |= behaviours;
	if (!news && assessment->time_ms - verdict->alerted_ms < table->rules.update_ms)
		return ACT_NONE;
	verdict->alerted_ms = assessment->time_ms;
	return ACT_UPDATED;
}

/* Counts a window, once: after a start the same minute may be judged again. */
static void
count_judged(struct verdict *verdict, const struct assessment *assessment)
{
	if (assessment->bin_end_ms <= verdict->judged_ms)
		return;
	verdict->judged_ms = assessment->bin_end_ms;
	verdict->judged++;
}

/* Was enough to be seen that silence says something? */
static bool
can_tell(const struct verdict_rules *rules, const struct assessment *assessment)
{
	return (assessment->cannot_tell & (CANNOT_TELL_DIRECTION | CANNOT_TELL_DETAIL)) == 0 &&
	       assessment->sampling_interval <= rules->sampling_max;
}

/* Nothing is known any more of what was judged. */
static void
forget_judged(VerdictTable *table, struct verdict *verdict, int64_t time_ms)
{
	change_kind(table, verdict, VERDICT_UNKNOWN, time_ms);
	verdict->judged = 0;
}

/* Would what called the host infected have been seen in this window? */
static bool
would_show(const struct verdict_rules *rules, const struct verdict *verdict,
           const struct assessment *assessment)
{
	return assessment->enough && (can_tell(rules, assessment) ||
	                              !(verdict->behaviours >> BEHAVIOUR_traffic_pattern & 1));
}

static enum verdict_act
take_quiet(VerdictTable *table, struct verdict *verdict, const struct assessment *assessment)
{
	const struct verdict_rules *rules = &table->rules;

	if (assessment->early || !would_show(rules, verdict, assessment))
		return ACT_NONE;
	count_judged(verdict, assessment);
	if (verdict->judged < rules->clear_windows ||
	    assessment->bin_end_ms - verdict->evidence_ms < rules->clear_ms)
		return ACT_NONE;
	if (can_tell(rules, assessment))
		change_kind(table, verdict, VERDICT_NORMAL, assessment->time_ms);
	else
		forget_judged(table, verdict, assessment->time_ms);
	verdict->score = assessment->score;
	verdict->behaviours = 0;
	verdict->alerted_ms = assessment->time_ms;
	return ACT_CLEARED;
}

static void
take_ordinary(VerdictTable *table, struct verdict *verdict, const struct assessment *assessment)
{
	if (assessment->early) {
		verdict->score = MAX(verdict->score, assessment->score);
		return;
	}
	verdict->score = assessment->score;
	if (assessment->enough && can_tell(&table->rules, assessment))
		count_judged(verdict, assessment);
	else if (assessment->enough && verdict->kind == VERDICT_NORMAL &&
	         assessment->bin_end_ms - verdict->judged_ms >= table->rules.clear_ms)
		forget_judged(table, verdict, assessment->time_ms);
	if (verdict->kind == VERDICT_UNKNOWN && verdict->judged >= table->rules.normal_windows)
		change_kind(table, verdict, VERDICT_NORMAL, assessment->time_ms);
}

const struct verdict *
verdict_table_update(VerdictTable *table, const struct assessment *assessment,
                     enum verdict_act *act)
{
	struct entry *entry = find_or_add(table, &assessment->host);
	struct verdict *verdict;
	enum verdict_kind before;

	*act = ACT_NONE;
	if (entry == NULL)
		return NULL;
	verdict = &entry->verdict;
	before = verdict->kind;
	if (verdict->bins == 0)
		note_traffic(verdict, assessment->bin_end_ms - HOST_BIN_MS,
		             assessment->bin_end_ms - 1);
	verdict->peak_score = MAX(verdict->peak_score, assessment->score);
	verdict->sampling_interval = assessment->sampling_interval;
	verdict->cannot_tell = assessment->cannot_tell;
	if (assessment->score >= VERDICT_INFECTED_SCORE)
		*act = take_evidence(table, verdict, assessment);
	else if (verdict->kind == VERDICT_INFECTED)
		*act = take_quiet(table, verdict, assessment);
	else
		take_ordinary(table, verdict, assessment);
	mark_changed(table, entry,
	             verdict->kind != before || verdict->kind == VERDICT_INFECTED ||
	                     assessment->score >= VERDICT_NEAR_SCORE);
	return verdict;
}

/*
 * A store takes some thousand rows a second: the more hosts there are, the more seldom they are
 * stored for being seen.  The first in the queue waits longest: when it is not due, the others are
 * not.
 */
static bool
is_due(const VerdictTable *table)
{
	static const double ms_a_host = 0.6;
	const GList *first = table->changed[SEEN_AGAIN].head;
	const struct entry *entry = first != NULL ? first->data : NULL;

	return entry != NULL &&
	       (table->hurry || (double)(entry->verdict.last_seen_ms - entry->stored_ms) >=
	                                ms_a_host * g_hash_table_size(table->entries));
}

const struct verdict *
verdict_table_next_changed(VerdictTable *table, bool urgent)
{
	GList *link = g_queue_pop_head_link(&table->changed[CHANGED_URGENTLY]);
	struct entry *entry;

	if (link == NULL && !urgent)
		link = g_queue_pop_head_link(&table->changed[SEEN_FIRST]);
	if (link == NULL && !urgent && is_due(table))
		link = g_queue_pop_head_link(&table->changed[SEEN_AGAIN]);
	if (link == NULL)
		return NULL;
	entry = link->data;
	entry->change = UNCHANGED;
	entry->stored_ms = entry->verdict.last_seen_ms;
	return &entry->verdict;
}

size_t
verdict_table_changed(const VerdictTable *table)
{
	size_t count = 0;

	for (int change = SEEN_AGAIN; change < CHANGES; change++)
		count += table->changed[change].length;
	return count;
}

static int
compare_links(const void *a, const void *b)
{
	const GList *const *x = a, *const *y = b;
	const struct entry *first = (*x)->data, *second = (*y)->data;

	return memcmp(&first->verdict.host, &second->verdict.host, sizeof(first->verdict.host));
}

void
verdict_table_hurry(VerdictTable *table)
{
	size_t count = verdict_table_changed(table);
	g_autofree GList **links = g_new(GList *, count + 1);

	table->hurry = true;
	count = 0;
	for (int change = SEEN_AGAIN; change < CHANGES; change++) {
		GList *link;

		while ((link = g_queue_pop_head_link(&table->changed[change])) != NULL)
			links[count++] = link;
	}
	qsort(links, count, sizeof(void *), compare_links);
	for (size_t i = 0; i < count; i++) {
		((struct entry *)links[i]->data)->change = SEEN_FIRST;
		g_queue_push_tail_link(&table->changed[SEEN_FIRST], links[i]);
	}
}

bool
verdict_table_next_forgotten(VerdictTable *table, struct host_address *host)
{
	unsigned count = table->forgotten->len;

	if (count == 0)
		return false;
	*host = g_array_index(table->forgotten, struct host_address, count - 1);
	g_array_set_size(table->forgotten, count - 1);
	return true;
}

static void
add_unknown_reason(const struct verdict_rules *rules, const struct verdict *verdict, GString *text)
{
	if (verdict->sampling_interval > rules->sampling_max)
		g_string_append_printf(text, "sampled 1:%u: only scans, floods and mail would show",
		                       verdict->sampling_interval);
	else if ((verdict->cannot_tell & CANNOT_TELL_DIRECTION) != 0)
		g_string_append(text, "one direction only");
	else if ((verdict->cannot_tell & CANNOT_TELL_DETAIL) != 0)
		g_string_append(text, "detail was lost");
	else
		g_string_append(text, "too little traffic");
	if (verdict->judged > 0)
		g_string_append_printf(text, " (%u of %u windows judged)", verdict->judged,
		                       rules->normal_windows);
}

void
verdict_table_add_reason(const VerdictTable *table, const struct verdict *verdict, GString *text)
{
	const char *separator = "";

	switch (verdict->kind) {
	case VERDICT_UNKNOWN:
		add_unknown_reason(&table->rules, verdict, text);
		break;
	case VERDICT_NORMAL:
		g_string_append(text, "no evidence");
		break;
	case VERDICT_INFECTED:
		for (unsigned i = 0; i < BEHAVIOUR_COUNT; i++) {
			if ((verdict->behaviours & (1u << i)) == 0)
				continue;
			g_string_append_printf(text, "%s%s", separator,
			                       behaviour_title((enum behaviour)i));
			separator = ", ";
		}
		break;
	}
}

struct verdict_counters
verdict_table_counters(const VerdictTable *table)
{
	struct verdict_counters counters = table->counters;

	counters.hosts = g_hash_table_size(table->entries);
	return counters;
}
