/*
 * A bounded cache of recent 5-tuples.  For each flow record it answers: what did the other
 * direction look like, does the record go on with a flow that the exporter's active timeout cut,
 * has another exporter already reported this very flow, and which side began.  The answers are
 * marks and fields of the record.
 *
 * It holds nothing back.  An entry that is evicted early costs accuracy and is counted, never a
 * record.
 *
 * Time: entries age by the export times of the records; no clock is read.
 * Threads: one.
 */
#ifndef COLLECTOR_CONVERSATION_TABLE_H
#define COLLECTOR_CONVERSATION_TABLE_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/flow_record.h"

typedef struct ConversationTable ConversationTable;

struct conversation_counters {
	uint64_t entries;       /* now */
	uint64_t continuations; /* records that went on with a flow */
	uint64_t copies;        /* records that another exporter had reported */
	uint64_t evicted;       /* entries that made room before they were old */
};

/*
 * `entries` is rounded down to a multiple of seven; `key` is random for each process, but fixed
 * when a capture is read: which entries must make room depends on it.
 */
ConversationTable *conversation_table_new(size_t entries, uint64_t key);
void conversation_table_free(ConversationTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ConversationTable, conversation_table_free)

/* Has all of its memory now, so that nothing is waited for later: who receives asks for it. */
void conversation_table_populate(ConversationTable *table);

/* Marks the records of the batch, in order. */
void conversation_table_annotate(ConversationTable *table, struct flow_batch *batch);

struct conversation_counters conversation_table_counters(const ConversationTable *table);

#endif
