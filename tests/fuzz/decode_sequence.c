#include "tests/fuzz/decode_sequence.h"

#include <glib.h>
#include <stdlib.h>

#include "collector/decoder.h"
#include "collector/flow_dump.h"
#include "collector/sampling.h"
#include "collector/uptime_clock.h"
#include "common/wire_reader.h"
#include "tests/support/decoding.h"

enum { HEADER_OCTETS = 3, DATAGRAMS_MAX = 64 };

/* Small, so that every limit is met. */
static struct exporter_limits
small_limits(void)
{
	struct exporter_limits limits = decoding_limits();

	limits.exporters_max = 3;
	limits.domains_max = 4;
	limits.templates_max = 8;
	limits.fields_max = 64;
	limits.waiting_octets_max = 4096;
	limits.clock_tolerance_ms = 1000;
	return limits;
}

static void
check_batch(struct flow_batch *batch, ExporterTable *exporters)
{
	g_autoptr(GString) text = g_string_new(NULL);

	if (batch->count == 0 || batch->count > FLOW_BATCH_RECORDS ||
	    batch->exporter >= exporter_table_count(exporters))
		abort();
	for (size_t i = 0; i < batch->count; i++) {
		const struct flow_record *record = &batch->records[i];
		uint64_t sizes = 0;

		for (size_t class = 0; class < 8; class ++)
			sizes += record->sizes[class];
		if (record->end.ms < record->start.ms)
			abort();
		if ((record->marks & FLOW_HAS_SIZES) != 0 && sizes != record->packets)
			abort();
	}
	flow_dump_batch(batch, text);
	uptime_clock_correct(batch);
	sampling_scale(batch, 0);
}

void
decode_exact(struct decoding *decoding, const struct datagram *datagram, uint16_t version)
{
	g_autofree uint8_t *exact =
		datagram->length > 0 ? g_memdup2(datagram->octets, datagram->length) : NULL;
	struct datagram copy = *datagram;

	copy.octets = exact;
	if (version != 0 && copy.length >= 2) {
		exact[0] = (uint8_t)(version >> 8);
		exact[1] = (uint8_t)version;
	}
	decoder_take(decoding->decoder, &copy);
	while (decoder_next(decoding->decoder, decoding->batch))
		check_batch(decoding->batch, decoding->exporters);
}

void
decode_check(struct decoding *decoding)
{
	struct decode_counters counters = decoding_counters(decoding);
	g_autoptr(GString) text = g_string_new(NULL);

	if (decoding_broken_law(&counters) != NULL)
		abort();
	for (uint32_t i = 0; i < exporter_table_count(decoding->exporters); i++)
		exporter_table_describe(decoding->exporters, i, decoding->arrival, 1000, text);
	flow_dump_stats(decoding->exporters, text);
}

void
decode_sequence(const uint8_t *octets, size_t length, uint16_t version)
{
	struct exporter_limits limits = small_limits();
	struct decoding decoding = decoding_start_with(&limits);
	struct wire_reader reader = wire_reader(octets, length);

	for (int i = 0; i < DATAGRAMS_MAX && wire_left(&reader) >= HEADER_OCTETS; i++) {
		size_t datagram_octets = wire_read_u16(&reader);
		uint8_t circumstances = wire_read_u8(&reader);
		/* The last datagram takes what is left: the fuzzer need not get lengths right. */
		size_t left = wire_left(&reader);
		struct wire_reader part = wire_read_nested(&reader, MIN(datagram_octets, left));
		struct datagram datagram = { .octets = part.next, .length = wire_left(&part) };

		decoding.exporter = TEST_EXPORTER + (circumstances & 3U);
		decoding.arrival.ms += (int64_t)(circumstances >> 2) * (circumstances >> 2) * 1000;
		datagram.exporter = host_address_from_ipv4(decoding.exporter);
		datagram.arrival = decoding.arrival;
		decode_exact(&decoding, &datagram, version);
	}
	decode_check(&decoding);
	decoding_stop(&decoding);
}
