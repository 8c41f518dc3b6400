#include "tests/support/decoding.h"

#include "tests/support/export_builder.h"

struct exporter_limits
decoding_limits(void)
{
	return (struct exporter_limits){
		.exporters_max = 1024,
		.domains_max = 256,
		.templates_max = 512,
		.fields_max = 512,
		.template_octets_max = (size_t)64 << 20,
		.waiting_octets_max = (size_t)4 << 20,
		.waiting_ms = 10L * 60 * 1000,
		.template_lifetime_ms = 30L * 60 * 1000,
	};
}

struct decoding
decoding_start_with(const struct exporter_limits *limits)
{
	struct decoding decoding = {
		.exporters = exporter_table_new(limits),
		.batch = g_new0(struct flow_batch, 1),
		.records = g_array_new(false, false, sizeof(struct flow_record)),
		.arrival = { (int64_t)TEST_EXPORT_S * 1000 },
		.exporter = TEST_EXPORTER,
		.port = 50000,
	};

	decoding.decoder = decoder_new(decoding.exporters);
	return decoding;
}

struct decoding
decoding_start(void)
{
	struct exporter_limits limits = decoding_limits();

	return decoding_start_with(&limits);
}

void
decoding_stop(struct decoding *decoding)
{
	struct decode_counters counters = decoding_counters(decoding);

	g_assert_cmpstr(decoding_broken_law(&counters), ==, NULL);
	decoder_free(decoding->decoder);
	exporter_table_free(decoding->exporters);
	g_free(decoding->batch);
	g_array_unref(decoding->records);
}

void
decoding_feed_octets(struct decoding *decoding, const void *octets, size_t length)
{
	g_autofree uint8_t *exact = length > 0 ? g_memdup2(octets, length) : NULL;
	struct datagram datagram = {
		.exporter = host_address_from_ipv4(decoding->exporter),
		.exporter_port = decoding->port,
		.arrival = decoding->arrival,
		.octets = exact,
		.length = length,
		.from_file = decoding->from_file,
	};

	decoder_take(decoding->decoder, &datagram);
	while (decoder_next(decoding->decoder, decoding->batch))
		g_array_append_vals(decoding->records, decoding->batch->records,
		                    (guint)decoding->batch->count);
}

void
decoding_feed(struct decoding *decoding, GByteArray *message)
{
	if (message->len >= 2 && message->data[1] != 5)
		export_close(message);
	decoding_feed_octets(decoding, message->data, message->len);
	g_byte_array_unref(message);
}

const struct flow_record *
decoding_record(const struct decoding *decoding, size_t i)
{
	g_assert_cmpuint(i, <, decoding->records->len);
	return &g_array_index(decoding->records, struct flow_record, i);
}

const struct flow_record *
decoding_only_record(const struct decoding *decoding)
{
	g_assert_cmpuint(decoding->records->len, ==, 1);
	return decoding_record(decoding, 0);
}

struct decode_counters
decoding_counters(const struct decoding *decoding)
{
	return exporter_table_counters(decoding->exporters);
}

/* The rows of one unit, added up by what they are. */
struct law {
	const char *prefix;
	uint64_t taken;
	uint64_t others;
};

enum kind {
	TAKEN,
	GIVEN,
	REFUSED,
	TOLD,
};

static void
add_row(struct law *law, const char *name, enum kind kind, uint64_t value)
{
	if (!g_str_has_prefix(name, law->prefix) || kind == TOLD)
		return;
	if (kind == TAKEN)
		law->taken += value;
	else
		law->others += value;
}

const char *
decoding_broken_law(const struct decode_counters *counters)
{
	static const char *const prefixes[] = { "datagrams_", "sets_", "templates_", "records_" };

	for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++) {
		struct law law = { .prefix = prefixes[i] };

#define COUNTER(name, kind, meaning) add_row(&law, #name, kind, counters->name);
#include "schemas/counters.def"
#undef COUNTER
		if (law.taken != law.others)
			return prefixes[i];
	}
	return NULL;
}
