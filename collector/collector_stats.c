#include "collector/collector_stats.h"

#include "common/json_writer.h"

/* Structs that hold nothing but counters add up word by word. */
static void
add_words(void *into, const void *other, size_t size)
{
	uint64_t *sums = into;
	const uint64_t *terms = other;

	for (size_t i = 0; i < size / sizeof(uint64_t); i++)
		sums[i] += terms[i];
}

_Static_assert(sizeof(struct collector_counts) % sizeof(uint64_t) == 0, "counters alone");

void
collector_counts_add(struct collector_counts *into, const struct collector_counts *other)
{
	int64_t newest = MAX(into->newest_export_ms, other->newest_export_ms);

	add_words(into, other, sizeof(*into));
	into->newest_export_ms = newest;
}

void
collector_rates_keep(struct collector_rates *rates, const struct collector_counts *counts,
                     struct mono_time now)
{
	unsigned place = rates->count++ % COLLECTOR_RATES_KEPT;

	rates->kept[place].at = now;
	rates->kept[place].datagrams = counts->decode.datagrams_taken;
	rates->kept[place].octets = counts->octets_received;
	rates->kept[place].records = counts->decode.records_decoded;
	rates->kept[place].parts = counts->bins.parts;
}

static void
add_rate(GString *json, const char *name, uint64_t difference, int64_t ms)
{
	json_add_unsigned(json, name, ms > 0 ? difference * 1000 / (uint64_t)ms : 0);
}

void
collector_rates_format(const struct collector_rates *rates, GString *json)
{
	unsigned last = (rates->count + COLLECTOR_RATES_KEPT - 1) % COLLECTOR_RATES_KEPT;
	unsigned first =
		rates->count > COLLECTOR_RATES_KEPT ? rates->count % COLLECTOR_RATES_KEPT : 0;
	int64_t ms = rates->kept[last].at.ms - rates->kept[first].at.ms;

	json_open_object(json, "rates");
	add_rate(json, "datagrams_per_s",
	         rates->kept[last].datagrams - rates->kept[first].datagrams, ms);
	add_rate(json, "octets_per_s", rates->kept[last].octets - rates->kept[first].octets, ms);
	add_rate(json, "records_per_s", rates->kept[last].records - rates->kept[first].records, ms);
	add_rate(json, "parts_per_s", rates->kept[last].parts - rates->kept[first].parts, ms);
	json_close_object(json);
}

static void
format_sockets(const struct collector_counts *counts, GString *json)
{
	json_add_unsigned(json, "datagrams_received", counts->datagrams_received);
	json_add_unsigned(json, "octets_received", counts->octets_received);
	json_add_unsigned(json, "kernel_dropped", counts->kernel_dropped);
}

static void
format_capture(const struct capture_counters *capture, GString *json)
{
	json_open_object(json, "capture");
	json_add_unsigned(json, "packets", capture->packets);
	json_add_unsigned(json, "datagrams", capture->datagrams);
	json_add_unsigned(json, "not_ip", capture->not_ip);
	json_add_unsigned(json, "not_udp", capture->not_udp);
	json_add_unsigned(json, "joined", capture->joined);
	json_add_unsigned(json, "fragments", capture->fragments);
	json_add_unsigned(json, "cut", capture->cut);
	json_add_unsigned(json, "malformed", capture->malformed);
	json_close_object(json);
}

static void
format_bins(const struct bin_table_counters *bins, GString *json)
{
	json_open_object(json, "bins");
	json_add_unsigned(json, "records", bins->records);
	json_add_unsigned(json, "binned", bins->binned);
	json_add_unsigned(json, "events", bins->events);
	json_add_unsigned(json, "copies", bins->copies);
	json_add_unsigned(json, "unmonitored", bins->unmonitored);
	json_add_unsigned(json, "late", bins->late);
	json_add_unsigned(json, "future", bins->future);
	json_add_unsigned(json, "impossible", bins->impossible);
	json_add_unsigned(json, "uncounted", bins->uncounted);
	json_add_unsigned(json, "unplaced", bins->unplaced);
	json_add_unsigned(json, "parts", bins->parts);
	json_add_unsigned(json, "extended", bins->extended);
	json_add_unsigned(json, "shares_lost", bins->shares_lost);
	json_add_unsigned(json, "open_shares", bins->open_shares);
	json_close_object(json);
}

static void
format_pools(const struct share_log_room *room, GString *json)
{
	json_open_object(json, "pools");
	json_open_object(json, "shares");
	json_add_unsigned(json, "used", room->used);
	json_add_unsigned(json, "most", room->most);
	json_add_unsigned(json, "octets", room->octets);
	json_add_unsigned(json, "octets_most", room->octets_most);
	json_close_object(json);
	json_close_object(json);
}

static void
format_conversations(const struct conversation_counters *conversations, GString *json)
{
	json_open_object(json, "conversations");
	json_add_unsigned(json, "entries", conversations->entries);
	json_add_unsigned(json, "continuations", conversations->continuations);
	json_add_unsigned(json, "copies", conversations->copies);
	json_add_unsigned(json, "evicted", conversations->evicted);
	json_close_object(json);
}

static void
format_ring(const struct collector_counts *counts, GString *json)
{
	json_open_object(json, "ring");
	json_add_unsigned(json, "parts_pushed", counts->parts_pushed);
	json_add_unsigned(json, "parts_dropped", counts->parts_dropped);
	json_add_unsigned(json, "octets_used", counts->ring_octets_used);
	json_add_unsigned(json, "octets", counts->ring_octets);
	json_add_unsigned(json, "readers", counts->ring_readers);
	json_close_object(json);
}

void
collector_counts_format(const struct collector_counts *counts, bool live, GString *json)
{
	g_autoptr(GString) decode = g_string_new(NULL);

	if (live)
		format_sockets(counts, json);
	else
		format_capture(&counts->capture, json);
	json_add_unsigned(json, "exporters", counts->exporters);
	json_add_unsigned(json, "exporters_alive", counts->exporters_alive);
	decode_counters_format(&counts->decode, true, decode);
	g_string_append_c(json, ',');
	g_string_append_len(json, decode->str, (gssize)decode->len);
	format_conversations(&counts->conversations, json);
	format_bins(&counts->bins, json);
	format_pools(&counts->shares, json);
	format_ring(counts, json);
	json_add_unsigned(json, "memory_octets", counts->memory_octets);
	json_add_integer(json, "newest_export_ms", counts->newest_export_ms);
}
