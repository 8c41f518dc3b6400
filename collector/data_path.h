/*
 * The way of one worker's datagrams: decoder, sampling, conversations, bins, and out to the ring or
 * a bin file; or, for a dump, decoder and text.  The only file that knows all parts of that way;
 * where datagrams come from is collector.c's.
 *
 * Live: at a full ring parts are dropped and counted.  Of a capture: it waits for the reader, until
 * a signal comes.
 *
 * Threads: one at a time.
 * Errors:  false with `error` set when the output fails; what was wrong with a datagram is counted.
 */
#ifndef COLLECTOR_DATA_PATH_H
#define COLLECTOR_DATA_PATH_H

#include <glib.h>
#include <stdbool.h>

#include "collector/collector_config.h"
#include "collector/collector_stats.h"
#include "collector/datagram.h"

typedef struct DataPath DataPath;

/* `worker` numbers the ring.  `config` must outlive the path. */
DataPath *data_path_open(const CollectorConfig *config, unsigned worker, GError **error);
void data_path_close(DataPath *path); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DataPath, data_path_close)

bool data_path_take(DataPath *path, const struct datagram *datagram, GError **error);

/* Nothing more has come for now: what was held back goes out, some of it at each call. */
bool data_path_idle(DataPath *path, GError **error);

/* Is something still held back, to be sent when idle? */
bool data_path_has_more(const DataPath *path);

/* From now on all open bins are held back no longer: data_path_idle() sends them. */
void data_path_flush(DataPath *path);

/* How far the exporters' clocks have moved on, those that are ahead; while it stands, no open bin
 * becomes due. */
int64_t data_path_lead_ms(const DataPath *path);

/* The capture's end: all open bins and the mark behind which nothing follows; or the dump's last
 * line. */
bool data_path_end(DataPath *path, GError **error);

/* Puts the counters, one JSON object, on the ring for the detector. */
void data_path_tell_counters(DataPath *path, const char *json);

/*
 * Opens the ring again when somebody has removed, replaced or cut its files: nobody would ever read
 * what is written to them.  `renewed`: that was so, and what the detector had not read is lost.
 * Call every few seconds when live.
 */
bool data_path_renew_ring(DataPath *path, bool *renewed, GError **error);

/* Drops what is out of date; call every minute or so when live. */
void data_path_expire(DataPath *path, struct wall_time now);

/* Templates and sampling survive a restart; a damaged file leaves an error to warn of.  Saved are
 * they only when there is news, or else with `all`: when each Exporter was heard last, and how old
 * its Templates are. */
bool data_path_load_templates(DataPath *path, struct wall_time now, GError **error);
bool data_path_save_templates(DataPath *path, bool all, GError **error);

/* Fills all but what belongs to the sockets and to the capture. */
void data_path_count(DataPath *path, struct collector_counts *counts);

/* Appends one line for each exporter. */
void data_path_describe_exporters(const DataPath *path, struct wall_time now, GString *lines);

#endif
