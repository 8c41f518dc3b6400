/*
 * The last minutes of every host: parts in any order, merged into one bin for each host and minute.
 *
 * Bounded twice: a host keeps the minutes of the last `minutes` before its newest one, and above
 * `hosts_max` hosts the one that was silent longest is forgotten.  Quiet minutes stay as small as
 * they came: only extended bins hold an extension.  Both come from pools that are never given back,
 * so a long run does not fragment.
 *
 * Time: the exporters' clocks, as the parts tell them; no clock is read.
 * Threads: one.
 */
#ifndef DETECTOR_HOST_HISTORY_H
#define DETECTOR_HOST_HISTORY_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/ring.h"
#include "detector/evidence.h"

typedef struct HostHistory HostHistory;

/* One minute of one host. */
struct host_minute {
	struct host_minute *older;            /* NULL: the oldest kept */
	struct host_bin_extension *extension; /* NULL: the bin is not extended */
	bool changed;                         /* a part came since host_history_settle() */
	struct host_bin bin;
};

/* What outlives the minutes: small, for every host. */
struct host_past {
	struct value_past pattern; /* the classifier's decision values */
	uint32_t judged_minute; /* newest minute with a full assessment; 0: none */
	uint32_t sent_since;    /* minute from which on sent[0] is */
	uint64_t sent[2][16];   /* services begun to in minutes that are no longer kept: of late, and before that */
};

struct known_host {
	struct host_address host;
	struct host_minute *newest;
	int64_t export_ms;  /* newest of its parts */
	uint16_t exporters; /* bitmap over its parts */
	bool changed;       /* is in the list of host_history_take_changed() */
	bool pending;       /* has minutes that were not judged in full */
	bool incomplete;    /* parts were dropped before the newest one */
	struct host_past past;
};

struct host_history_limits {
	size_t hosts_max;
	unsigned minutes;
	uint64_t sketch_key;
};

struct host_history_counters {
	uint64_t parts;
	uint64_t hosts;      /* now */
	uint64_t minutes;    /* kept now */
	uint64_t extensions; /* kept now */
	uint64_t forgotten;  /* hosts that made room */
	uint64_t stale;      /* parts older than what their host keeps */
	uint64_t octets;     /* of memory, about */
};

HostHistory *host_history_new(const struct host_history_limits *limits);
void host_history_free(HostHistory *history);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostHistory, host_history_free)

/*
 * Merges a part into its host's minute.  The host, valid until the next call of this function; NULL
 * when the part is stale.  A host that is forgotten to make room must no longer be used by the
 * caller: host_history_find() tells.
 */
struct known_host *host_history_add(HostHistory *history, const struct ring_bin *part);

/* NULL: not known. */
struct known_host *host_history_find(const HostHistory *history, const struct host_address *host);

/* The minute, or NULL when the host had no traffic in it. */
const struct host_minute *host_history_minute(const struct known_host *host, uint32_t minute);

/* The experts have looked at the host: its minutes are no longer marked as changed. */
void host_history_settle(struct known_host *host);

struct host_history_counters host_history_counters(const HostHistory *history);

#endif
