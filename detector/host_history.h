/*
 * The last minutes of every host: parts in any order, merged into one bin for each host and minute.
 *
 * Minutes lie packed (detector/minute_pack.h), those of one host behind each other: a quiet minute
 * of two touches takes about 100 octets, one with an extension some hundred.  host_history_open()
 * unpacks those of one host at a time.
 *
 * Bounds: a host keeps the minutes of the last `minutes` before its newest one; above `hosts_max`
 * hosts the one that was silent longest is forgotten; above `octets_max` of packed minutes a host
 * gives up its own oldest ones early, and where it has none to give up, hosts are forgotten.  Each
 * is counted.
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
#include "detector/minute_pack.h"

typedef struct HostHistory HostHistory;

/* One minute of one host, unpacked. */
struct host_minute {
	const struct host_minute *older;            /* NULL: the oldest one unpacked */
	const struct host_bin_extension *extension; /* NULL: the bin is not extended */
	struct host_bin bin;
};

/* What outlives the minutes: small, for every host. */
struct host_past {
	struct value_past pattern; /* the classifier's decision values */
	uint32_t judged_minute;    /* newest minute with a full assessment; 0: none */
	uint32_t report_minute;    /* the newest in which a success was reported; 0: none */
	uint32_t sent_since;       /* minute from which on sent[0] is */
	uint64_t (*sent)[16]; /* services begun to in minutes that are no longer kept, [0] of late,
	                         [1] before that; NULL: none */
};

struct known_host {
	struct host_address host;
	const struct host_minute
		*newest;    /* of those that host_history_open() unpacked; NULL: none are */
	int64_t export_ms;  /* newest of its parts */
	uint16_t exporters; /* bitmap over its parts */
	bool changed;       /* is in its owner's list of changed hosts */
	bool pending;       /* has minutes that were not judged in full */
	uint32_t asked; /* newest minute in which it had to do with a peer other than as server; 0:
	                   none */
	struct host_past past;
};

struct host_history_limits {
	size_t hosts_max;
	unsigned minutes;
	uint64_t sketch_key;
	size_t octets_max; /* of packed minutes; 0: no bound */
};

struct host_history_counters {
	uint64_t parts;
	uint64_t hosts;      /* now */
	uint64_t minutes;    /* kept now */
	uint64_t extensions; /* of them extended */
	uint64_t octets;     /* of packed minutes, with the room between them */
	uint64_t forgotten;  /* hosts that made room */
	uint64_t given_up;   /* minutes that made room */
	uint64_t stale;      /* parts older than what their host keeps */
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

/* Hosts by number: one that made room gives its number to another. */
uint32_t host_history_number(const struct known_host *host);
struct known_host *host_history_at(const HostHistory *history, uint32_t number);

/* From which minute on how much is unpacked; what is older than `sent` is not. */
struct history_depth {
	uint32_t all;
	uint32_t sample;
	uint32_t sent;
};

/* Unpacks the host's minutes up to `minute`, for known_host.newest, until the next call or the next
 * part. */
void host_history_open(HostHistory *history, struct known_host *known, uint32_t minute,
                       const struct history_depth *depth);

/* Of the open ones; NULL when the host had no traffic in it. */
const struct host_minute *host_history_minute(const struct known_host *host, uint32_t wanted);

/* A minute with less of both is not busy. */
enum { HOST_BUSY_FLOWS = 8, HOST_BUSY_PACKETS = 1000 };

/* A minute, packed: begin with all zero. */
struct kept_minute {
	uint32_t minute;
	bool changed;  /* a part came since host_history_settle() */
	bool busy;     /* sent HOST_BUSY_FLOWS or HOST_BUSY_PACKETS */
	uint32_t end;  /* its place */
	uint32_t seen; /* changed ones so far */
};

/* The next older kept minute; the next changed one.  False: that was all. */
bool host_history_next(const struct known_host *host, struct kept_minute *minute);
bool host_history_next_changed(const struct known_host *host, struct kept_minute *minute);

/* The experts have looked at the host: its minutes are no longer marked as changed. */
void host_history_settle(struct known_host *known);

struct host_history_counters host_history_counters(const HostHistory *history);

#endif
