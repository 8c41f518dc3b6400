/*
 * Sequence numbers of one Observation Domain: what was lost, what came late, and when the Exporter
 * began anew.
 *
 * By the RFCs the number counts records sent before the Message (NetFlow v5, IPFIX) or Messages
 * (v9).  Exporters differ: softflowd's IPFIX counts the Message's own records in, but not those of
 * options; others count Messages in IPFIX or records in v9.  The rule that an exporter follows is
 * found by watching, and what was called lost by the wrong rule is taken back.
 *
 * A Message that is missing counts as lost at once and is taken back when it comes within the
 * reorder window.
 *
 * Threads: values.
 */
#ifndef COLLECTOR_SEQUENCE_CHECK_H
#define COLLECTOR_SEQUENCE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/decode_counters.h"

enum sequence_rule {
	SEQUENCE_BY_RECORDS,     /* records sent before this Message */
	SEQUENCE_BY_FLOWS,       /* the same without records of options */
	SEQUENCE_BY_OWN_RECORDS, /* records sent, this Message's included */
	SEQUENCE_BY_OWN_FLOWS,   /* the same without records of options */
	SEQUENCE_BY_MESSAGES,
	SEQUENCE_RULES,
};

enum { SEQUENCE_HOLES = 8 };

struct sequence_check {
	bool known;
	bool unsure; /* the last Message's records could not be counted: the next one is taken as it
	                is */
	bool candidate_known;
	uint32_t next; /* where the next Message begins, by the rule */
	uint32_t last; /* number, records and flows of the last Message */
	uint32_t last_records;
	uint32_t last_flows;
	uint32_t candidate_next; /* of what may be a restart */
	enum sequence_rule rule;
	uint8_t streak[SEQUENCE_RULES];       /* Messages in a row that follow the rule */
	uint64_t streak_lost[SEQUENCE_RULES]; /* called lost meanwhile */
	struct {
		uint32_t begin;
		uint32_t length;
	} holes[SEQUENCE_HOLES]; /* what is missing, newest at `hole` - 1 */
	size_t hole;
};

struct sequence_message {
	uint32_t sequence;
	uint32_t records;   /* data records, those of options included */
	uint32_t options;   /* records of options */
	bool records_known; /* false: it had Data Sets without a Template */
};

/* `rule`: what the protocol says. */
void sequence_check_init(struct sequence_check *check, enum sequence_rule rule);

/* Takes the next Message and counts sequence_lost, sequence_reordered and sequence_restarts. */
void sequence_check_take(struct sequence_check *check, const struct sequence_message *message,
                         struct decode_counters *counters);

const char *sequence_rule_name(enum sequence_rule rule);

#endif
