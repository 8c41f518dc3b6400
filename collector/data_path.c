#include "collector/data_path.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "collector/decoder.h"
#include "collector/exporter_table.h"
#include "collector/flow_dump.h"
#include "collector/sampling.h"
#include "collector/uptime_clock.h"
#include "common/bin_file.h"
#include "common/fault.h"
#include "common/ring.h"
#include "common/state_folder.h"
#include "common/stop_signal.h"

enum {
	ALIVE_MS = 600000,     /* an exporter heard of since then counts as alive */
	DUMP_OCTETS = 1 << 16, /* of text held back */
	/*
	 * A minute's end makes many parts due; live, they are sent between datagrams, so that
	 * sockets do not overflow meanwhile.  A datagram's records touch fewer hosts than this, so
	 * that sending gains on receiving.
	 */
	PARTS_WITH_DATAGRAM = 128,
	/* When the reader is behind, what is due waits here longer than on the ring. */
	PARTS_WHILE_BEHIND = 32,
	PARTS_IN_IDLE = 1024,
	WAIT_ROOM_MS = 100,
};

struct DataPath {
	const CollectorConfig *config;
	unsigned worker;
	bool live;
	ExporterTable *exporters;
	Decoder *decoder;
	ConversationTable *conversations; /* NULL: a dump */
	BinTable *bins;
	RingWriter *ring;        /* NULL: none */
	BinFileWriter *bin_file; /* NULL: none */
	uint64_t sketch_key;
	GString *text;            /* of a dump, not yet written; NULL: no dump */
	char *templates;          /* the file */
	GByteArray *sampled;      /* by exporter: 1 when its records are scaled */
	struct wall_time arrival; /* of the last datagram */
	uint64_t parts_pushed;
	uint64_t parts_dropped;
	bool sending;                    /* parts are due that have not been sent */
	struct ring_watermark watermark; /* that follows them */
	bool interrupted; /* a signal ended the wait for the reader: it is not waited for again */
	struct flow_batch batch;
};

static struct exporter_limits
exporter_limits_of(const CollectorConfig *config, bool live)
{
	return (struct exporter_limits){
		.exporters_max = (size_t)config->exporters_max,
		.domains_max = (size_t)config->domains_max,
		.templates_max = (size_t)config->templates_max,
		.fields_max = (size_t)config->fields_max,
		.template_octets_max = (size_t)config->template_octets,
		.waiting_octets_max = (size_t)config->waiting_octets,
		.waiting_ms = config->waiting_s * 1000,
		.template_lifetime_ms = config->template_lifetime_s * 1000,
		.clock_tolerance_ms = config->clock_tolerance_s * 1000,
		.clock_ahead_ms = live ? config->clock_ahead_s * 1000 : 0,
		.by_source_port = config->by_source_port,
	};
}

static struct bin_table_limits
bin_limits_of(const CollectorConfig *config)
{
	return (struct bin_table_limits){
		.hosts_max = (size_t)config->hosts_max,
		.lateness_ms = config->lateness_s * 1000,
		.future_ms = config->future_s * 1000,
		.part_ms = config->part_s * 1000,
		.quiet_ms = config->quiet_s * 1000,
	};
}

/* Tables of a capture have the fixed key too: the same capture fills them in the same way. */
static bool
table_key(const DataPath *path, uint64_t *key, GError **error)
{
	if (!path->live)
		return state_folder_site_key(NULL, true, key, error);
	if (getrandom(key, sizeof(*key), 0) != (ssize_t)sizeof(*key))
		return fault_system(error, "cannot get random numbers");
	return true;
}

static bool
open_decoder(DataPath *path, GError **error)
{
	struct exporter_limits limits = exporter_limits_of(path->config, path->live);

	path->exporters = exporter_table_new(&limits);
	path->decoder = decoder_new(path->exporters);
	exporter_table_allow_only(path->exporters, path->config->allowed_exporters);
	for (char *const *text = path->config->sampling; *text != NULL; text++) {
		g_autofree char *prefix = NULL;
		uint32_t interval;

		if (!collector_config_parse_sampling(*text, &prefix, &interval, error) ||
		    !exporter_table_override_sampling(path->exporters, prefix, interval, error))
			return false;
	}
	return true;
}

static bool
open_bins(DataPath *path, GError **error)
{
	struct bin_table_limits limits = bin_limits_of(path->config);
	uint64_t tables;

	if (!table_key(path, &tables, error) ||
	    !state_folder_site_key(path->config->state_path, !path->live, &path->sketch_key, error))
		return false;
	path->conversations = conversation_table_new((size_t)path->config->conversations, tables);
	path->bins =
		bin_table_new(&limits, path->config->monitored_hosts, tables, path->sketch_key);
	return true;
}

static bool
open_ring(DataPath *path, GError **error)
{
	const CollectorConfig *config = path->config;

	path->ring =
		ring_open_writer(config->ring_path, path->worker, (size_t)config->ring_size, error);
	/* Of a capture there is no more memory than its parts need. */
	return path->ring != NULL && (!path->live || ring_set_aside(path->ring, error));
}

static bool
open_outputs(DataPath *path, GError **error)
{
	const CollectorConfig *config = path->config;

	if (config->write_bins != NULL) {
		path->bin_file = bin_file_open_writer(config->write_bins, path->sketch_key, error);
		if (path->bin_file == NULL)
			return false;
	}
	return !collector_config_has_ring(config) || open_ring(path, error);
}

/* A page that is not there yet costs more than many records, and the kernel makes it while
 * datagrams wait. */
static void
populate(DataPath *path)
{
	if (path->conversations != NULL)
		conversation_table_populate(path->conversations);
	if (path->bins != NULL)
		bin_table_populate(path->bins);
}

DataPath *
data_path_open(const CollectorConfig *config, unsigned worker, GError **error)
{
	g_autoptr(DataPath) path = g_new0(DataPath, 1);
	g_autofree char *name =
		worker == 0 ? g_strdup("templates") : g_strdup_printf("templates.%u", worker);

	path->config = config;
	path->worker = worker;
	path->live = config->captures == NULL;
	path->sampled = g_byte_array_new();
	path->templates = g_build_filename(config->state_path, name, NULL);
	if (!open_decoder(path, error))
		return NULL;
	if (config->dump_flows)
		path->text = g_string_sized_new((gsize)2 * DUMP_OCTETS);
	else if (!open_bins(path, error) || !open_outputs(path, error))
		return NULL;
	if (path->live)
		populate(path);
	return g_steal_pointer(&path);
}

void
data_path_close(DataPath *path)
{
	if (path == NULL)
		return;
	ring_close_writer(path->ring);
	bin_file_close_writer(path->bin_file);
	bin_table_free(path->bins);
	conversation_table_free(path->conversations);
	decoder_free(path->decoder);
	exporter_table_free(path->exporters);
	if (path->text != NULL)
		g_string_free(path->text, TRUE);
	g_byte_array_unref(path->sampled);
	g_free(path->templates);
	g_free(path);
}

static bool
write_text(DataPath *path, GError **error)
{
	size_t length = path->text->len;
	bool written = fwrite(path->text->str, 1, length, stdout) == length && fflush(stdout) == 0;

	g_string_truncate(path->text, 0);
	return written || fault_system(error, "cannot write to standard output");
}

/* Room came, or there is none in time (live), or a signal ended the wait. */
static bool
wait_room(DataPath *path)
{
	if (path->live || path->interrupted || !ring_check(path->ring, NULL))
		return false;
	while (!ring_wait_room(path->ring, WAIT_ROOM_MS)) {
		if (stop_signal_came()) {
			path->interrupted = true;
			return false;
		}
	}
	return true;
}

static bool
push_once(DataPath *path, const struct bin_part *part)
{
	union host_cell *cells;

	if (part->bin != NULL)
		return ring_push_bin(path->ring, part->export_ms, part->bin, part->extension);
	cells = ring_push_cells(path->ring, part->export_ms, &part->shares);
	if (cells == NULL)
		return false;
	bin_table_write_cells(path->bins, cells);
	return true;
}

static void
push_part(DataPath *path, const struct bin_part *part)
{
	bool pushed;

	do
		pushed = push_once(path, part);
	while (!pushed && wait_room(path));
	if (pushed)
		++path->parts_pushed;
	else {
		++path->parts_dropped;
		ring_count_dropped(path->ring, 1);
	}
}

static uint64_t
count_alive(const DataPath *path)
{
	size_t count = exporter_table_count(path->exporters);
	uint64_t alive = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct wall_time last = exporter_table_last_arrival(path->exporters, i);
		alive += path->arrival.ms - last.ms < ALIVE_MS;
	}
	return alive;
}

static uint64_t
count_sampled(const DataPath *path)
{
	uint64_t sampled = 0;

	for (guint i = 0; i < path->sampled->len; i++)
		sampled += path->sampled->data[i];
	return sampled;
}

/* A bin file holds whole bins. */
static bool
write_part(DataPath *path, const struct bin_part *part, GError **error)
{
	struct host_shares shares = part->shares;
	union host_cell cells[HOST_SHARES_CELLS_MOST];
	struct host_bin_extension extension;
	struct host_bin bin;

	if (part->bin != NULL)
		return bin_file_append(path->bin_file, part->export_ms, part->bin, part->extension,
		                       error);
	bin_table_write_cells(path->bins, cells);
	shares.cells = cells;
	host_shares_expand(&shares, &bin, &extension, path->sketch_key);
	return bin_file_append(path->bin_file, part->export_ms, &bin, &extension, error);
}

static bool
send_part(DataPath *path, const struct bin_part *part, GError **error)
{
	if (path->ring != NULL)
		push_part(path, part);
	else if (path->bin_file != NULL)
		++path->parts_pushed;
	else
		++path->parts_dropped; /* the ring is gone, and the program about to end */
	if (path->ring != NULL && !ring_check(path->ring, error))
		return false;
	return path->bin_file == NULL || write_part(path, part, error);
}

/* The watermark is of now, for it promises the parts that are due now. */
static void
begin_sending(DataPath *path, bool all)
{
	bin_table_begin_parts(path->bins, all);
	path->sending = true;
	if (path->ring == NULL)
		return;
	path->watermark = (struct ring_watermark){
		.export_ms = bin_table_newest(path->bins).ms,
		.least_ms = bin_table_least(path->bins).ms,
		.exporters = (uint32_t)count_alive(path),
		.sampled_exporters = (uint32_t)count_sampled(path),
		.records = bin_table_counters(path->bins).records,
	};
}

static void
end_sending(DataPath *path)
{
	bool pushed;

	path->sending = false;
	if (path->ring == NULL)
		return;
	path->watermark.dropped = ring_writer_dropped(path->ring);
	do
		pushed = ring_push_watermark(path->ring, &path->watermark);
	while (!pushed && wait_room(path));
	ring_publish(path->ring);
}

/* Sends at most `most` of the parts that are due. */
static bool
send_some(DataPath *path, unsigned most, GError **error)
{
	struct bin_part part;

	for (unsigned i = 0; i < most; i++) {
		if (!bin_table_next_part(path->bins, &part)) {
			end_sending(path);
			return true;
		}
		if (!send_part(path, &part, error))
			return false;
	}
	if (path->ring != NULL)
		ring_publish(path->ring);
	return true;
}

/* All at once. */
static bool
send_parts(DataPath *path, bool all, GError **error)
{
	begin_sending(path, all);
	while (path->sending) {
		if (!send_some(path, PARTS_IN_IDLE, error))
			return false;
	}
	return true;
}

static void
note_sampling(DataPath *path, uint32_t override)
{
	const struct flow_record *first = &path->batch.records[0];
	uint32_t exporter = path->batch.exporter;
	guint known = path->sampled->len;

	if (exporter >= known) {
		g_byte_array_set_size(path->sampled, exporter + 1);
		memset(path->sampled->data + known, 0, exporter + 1 - known);
	}
	path->sampled->data[exporter] = override > 1 || first->sampling_interval > 1;
}

static void
bin_batch(DataPath *path)
{
	uint32_t override = exporter_table_sampling_override(path->exporters, path->batch.exporter);

	if (path->batch.count == 0)
		return;
	note_sampling(path, override);
	uptime_clock_correct(&path->batch);
	sampling_scale(&path->batch, override);
	conversation_table_annotate(path->conversations, &path->batch);
	bin_table_add(path->bins, &path->batch);
}

/* More parts are due at a minute's end than a ring may hold at once. */
static unsigned
parts_with_datagram(const DataPath *path)
{
	bool behind = path->ring != NULL &&
	              ring_writer_used(path->ring) > ring_writer_size(path->ring) / 2;

	return behind ? PARTS_WHILE_BEHIND : PARTS_WITH_DATAGRAM;
}

bool
data_path_take(DataPath *path, const struct datagram *datagram, GError **error)
{
	path->arrival = datagram->arrival;
	decoder_take(path->decoder, datagram);
	while (decoder_next(path->decoder, &path->batch)) {
		if (path->text == NULL) {
			bin_batch(path);
			continue;
		}
		flow_dump_batch(&path->batch, path->text);
		if (path->text->len >= DUMP_OCTETS && !write_text(path, error))
			return false;
	}
	if (path->bins == NULL)
		return true;
	if (!path->sending && bin_table_is_due(path->bins)) {
		if (!path->live)
			return send_parts(path, false, error);
		begin_sending(path, false);
	}
	return !path->sending || send_some(path, parts_with_datagram(path), error);
}

bool
data_path_has_more(const DataPath *path)
{
	return path->sending;
}

bool
data_path_idle(DataPath *path, GError **error)
{
	if (path->sending)
		return send_some(path, PARTS_IN_IDLE, error);
	return path->text == NULL || path->text->len == 0 || write_text(path, error);
}

void
data_path_flush(DataPath *path)
{
	if (path->bins != NULL && !path->sending)
		begin_sending(path, true);
}

int64_t
data_path_lead_ms(const DataPath *path)
{
	return path->bins == NULL ? 0 : bin_table_lead_ms(path->bins);
}

bool
data_path_end(DataPath *path, GError **error)
{
	bool pushed;

	if (path->text != NULL) {
		flow_dump_stats(path->exporters, path->text);
		return write_text(path, error);
	}
	if (!send_parts(path, true, error))
		return false;
	if (path->bin_file != NULL && !bin_file_finish(g_steal_pointer(&path->bin_file), error))
		return false;
	if (path->ring == NULL || path->live || stop_signal_came())
		return true;
	do
		pushed = ring_push_end(path->ring);
	while (!pushed && wait_room(path));
	ring_publish(path->ring);
	return true;
}

void
data_path_tell_counters(DataPath *path, const char *json)
{
	if (path->ring == NULL)
		return;
	(void)ring_push_counters(path->ring, json);
	ring_publish(path->ring);
}

bool
data_path_renew_ring(DataPath *path, bool *renewed, GError **error)
{
	*renewed = false;
	if (path->ring == NULL || !ring_writer_stale(path->ring))
		return true;
	g_clear_pointer(&path->ring, ring_close_writer);
	if (!open_ring(path, error))
		return false;
	*renewed = true;
	return true;
}

void
data_path_expire(DataPath *path, struct wall_time now)
{
	exporter_table_expire(path->exporters, now);
}

bool
data_path_load_templates(DataPath *path, struct wall_time now, GError **error)
{
	return exporter_table_load(path->exporters, path->templates, now, error);
}

bool
data_path_save_templates(DataPath *path, bool all, GError **error)
{
	all = all && exporter_table_count(path->exporters) > 0;
	return (!all && !exporter_table_is_unsaved(path->exporters)) ||
	       exporter_table_save(path->exporters, path->templates, error);
}

void
data_path_count(DataPath *path, struct collector_counts *counts)
{
	counts->decode = exporter_table_counters(path->exporters);
	counts->exporters = exporter_table_count(path->exporters);
	counts->exporters_alive = count_alive(path);
	counts->parts_pushed = path->parts_pushed;
	counts->parts_dropped = path->parts_dropped;
	if (path->ring != NULL) {
		counts->ring_octets_used = ring_writer_used(path->ring);
		counts->ring_octets = ring_writer_size(path->ring);
		counts->ring_readers = ring_writer_has_reader(path->ring);
	}
	if (path->bins == NULL)
		return;
	counts->conversations = conversation_table_counters(path->conversations);
	counts->bins = bin_table_counters(path->bins);
	counts->shares = bin_table_room(path->bins);
	counts->memory_octets = bin_table_memory(path->bins);
	counts->newest_export_ms = bin_table_newest(path->bins).ms;
}

void
data_path_describe_exporters(const DataPath *path, struct wall_time now, GString *lines)
{
	size_t count = exporter_table_count(path->exporters);

	for (uint32_t i = 0; i < count; i++) {
		exporter_table_describe(path->exporters, i, now, path->config->silent_s * 1000,
		                        lines);
		g_string_append_c(lines, '\n');
	}
}
