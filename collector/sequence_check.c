#include "collector/sequence_check.h"

enum {
	SWITCH_STREAK = 4,     /* Messages that must follow another rule before it is believed */
	REORDER_WINDOW = 8192, /* in the rule's units: what lies farther back is a restart */
	GAP_MAX = 4 * 1000 * 1000, /* a larger step forward is a restart, not a loss */
};

void
sequence_check_init(struct sequence_check *check, enum sequence_rule rule)
{
	*check = (struct sequence_check){ .rule = rule };
}

static uint32_t
units(const struct sequence_check *check, const struct sequence_message *message)
{
	switch (check->rule) {
	case SEQUENCE_BY_FLOWS:
	case SEQUENCE_BY_OWN_FLOWS:
		return message->records - message->options;
	case SEQUENCE_BY_MESSAGES:
		return 1;
	case SEQUENCE_BY_RECORDS:
	case SEQUENCE_BY_OWN_RECORDS:
	case SEQUENCE_RULES:
		break;
	}
	return message->records;
}

static uint32_t
begin_of(const struct sequence_check *check, const struct sequence_message *message)
{
	bool is_inclusive =
		check->rule == SEQUENCE_BY_OWN_RECORDS || check->rule == SEQUENCE_BY_OWN_FLOWS;

	return message->sequence - (is_inclusive ? units(check, message) : 0);
}

/* Goes on behind the message. */
static void
follow(struct sequence_check *check, const struct sequence_message *message)
{
	check->known = true;
	check->next = begin_of(check, message) + units(check, message);
	check->unsure = !message->records_known && check->rule != SEQUENCE_BY_MESSAGES;
	check->candidate_known = false;
}

static void
remember(struct sequence_check *check, const struct sequence_message *message)
{
	check->last = message->sequence;
	check->last_records = message->records;
	check->last_flows = message->records - message->options;
}

static void
watch_rules(struct sequence_check *check, const struct sequence_message *message)
{
	uint32_t step = message->sequence - check->last;
	const uint32_t predicted[SEQUENCE_RULES] = {
		[SEQUENCE_BY_RECORDS] = check->last_records,
		[SEQUENCE_BY_FLOWS] = check->last_flows,
		[SEQUENCE_BY_OWN_RECORDS] = message->records,
		[SEQUENCE_BY_OWN_FLOWS] = message->records - message->options,
		[SEQUENCE_BY_MESSAGES] = 1,
	};

	for (size_t i = 0; i < SEQUENCE_RULES; i++) {
		if (step != predicted[i]) {
			check->streak[i] = 0;
			check->streak_lost[i] = 0;
		} else if (check->streak[i] < UINT8_MAX) {
			check->streak[i]++;
		}
	}
	remember(check, message);
}

/* Has the exporter been following another rule for a while, and not the one it was thought to
 * follow? */
static void
switch_rule(struct sequence_check *check, const struct sequence_message *message,
            struct decode_counters *counters)
{
	if (check->streak[check->rule] > 0)
		return;
	for (size_t i = 0; i < SEQUENCE_RULES; i++) {
		if (check->streak[i] < SWITCH_STREAK)
			continue;
		counters->sequence_lost -= MIN(check->streak_lost[i], counters->sequence_lost);
		check->rule = (enum sequence_rule)i;
		check->next = begin_of(check, message);
		check->hole = 0;
		return;
	}
}

static void
lose(struct sequence_check *check, uint32_t length, struct decode_counters *counters)
{
	counters->sequence_lost += length;
	for (size_t i = 0; i < SEQUENCE_RULES; i++)
		if (check->streak[i] > 0)
			check->streak_lost[i] += length;
	check->holes[check->hole % SEQUENCE_HOLES].begin = check->next;
	check->holes[check->hole % SEQUENCE_HOLES].length = length;
	check->hole++;
}

/* True: the message fills a hole, or a part of one. */
static bool
fill_hole(struct sequence_check *check, uint32_t begin, uint32_t length,
          struct decode_counters *counters)
{
	size_t count = check->hole < SEQUENCE_HOLES ? check->hole : SEQUENCE_HOLES;

	for (size_t i = 0; i < count; i++) {
		uint32_t offset = begin - check->holes[i].begin;
		uint32_t left = check->holes[i].length;

		if (offset >= left)
			continue;
		length = length < left - offset ? length : left - offset;
		counters->sequence_lost -= MIN(length, counters->sequence_lost);
		counters->sequence_reordered++;
		/* What is before the message stays missing; what is behind it is forgotten when it
		 * is not the last part. */
		check->holes[i].length = offset;
		if (offset == 0) {
			check->holes[i].begin += length;
			check->holes[i].length = left - length;
		}
		return true;
	}
	return false;
}

/* A number from the past that fills no hole: a duplicate, or the beginning of a restart. */
static void
doubt(struct sequence_check *check, const struct sequence_message *message,
      struct decode_counters *counters)
{
	uint32_t begin = begin_of(check, message);

	if (check->candidate_known && begin == check->candidate_next) {
		counters->sequence_restarts++;
		check->hole = 0;
		follow(check, message);
		return;
	}
	check->candidate_known = true;
	check->candidate_next = begin + units(check, message);
}

void
sequence_check_take(struct sequence_check *check, const struct sequence_message *message,
                    struct decode_counters *counters)
{
	int32_t gap;

	if (!check->known || check->unsure) {
		remember(check, message);
		follow(check, message);
		return;
	}
	watch_rules(check, message);
	switch_rule(check, message, counters);
	gap = (int32_t)(begin_of(check, message) - check->next);
	if (gap > GAP_MAX || gap < -REORDER_WINDOW) {
		counters->sequence_restarts++;
		check->hole = 0;
	} else if (gap > 0) {
		lose(check, (uint32_t)gap, counters);
	} else if (gap < 0) {
		if (!fill_hole(check, begin_of(check, message), units(check, message), counters))
			doubt(check, message, counters);
		return;
	}
	follow(check, message);
}

const char *
sequence_rule_name(enum sequence_rule rule)
{
	static const char *const names[SEQUENCE_RULES] = {
		[SEQUENCE_BY_RECORDS] = "records",
		[SEQUENCE_BY_FLOWS] = "flows",
		[SEQUENCE_BY_OWN_RECORDS] = "records with its own",
		[SEQUENCE_BY_OWN_FLOWS] = "flows with its own",
		[SEQUENCE_BY_MESSAGES] = "messages",
	};

	return rule < SEQUENCE_RULES ? names[rule] : "?";
}
