/* Time of the decoders for a record, datagrams as routers send them: bench_decoder [NAME] */
#include <glib.h>
#include <string.h>

#include "collector/decoder.h"
#include "tests/bench/bench.h"
#include "tests/support/decoding.h"
#include "tests/support/export_builder.h"

static const struct wire_field router_fields[] = {
	{ 0, 8, 4 },  { 0, 12, 4 }, { 0, 15, 4 }, { 0, 10, 4 }, { 0, 14, 4 },
	{ 0, 2, 4 },  { 0, 1, 4 },  { 0, 22, 4 }, { 0, 21, 4 }, { 0, 7, 2 },
	{ 0, 11, 2 }, { 0, 6, 1 },  { 0, 4, 1 },  { 0, 5, 1 },  { 0, 16, 4 },
	{ 0, 17, 4 }, { 0, 9, 1 },  { 0, 13, 1 }, { 0, 61, 1 },
};
static const struct wire_field router6_fields[] = {
	{ 0, 27, 16 }, { 0, 28, 16 }, { 0, 62, 16 }, { 0, 10, 4 }, { 0, 14, 4 }, { 0, 2, 8 },
	{ 0, 1, 8 },   { 0, 152, 8 }, { 0, 153, 8 }, { 0, 7, 2 },  { 0, 11, 2 }, { 0, 6, 2 },
	{ 0, 4, 1 },   { 0, 5, 1 },   { 0, 136, 1 }, { 0, 61, 1 },
};
static const struct wire_field variable_fields[] = {
	{ 0, 8, 4 }, { 0, 12, 4 }, { 0, 2, 8 }, { 0, 1, 8 }, { 0, 152, 8 },    { 0, 153, 8 },
	{ 0, 7, 2 }, { 0, 11, 2 }, { 0, 6, 1 }, { 0, 4, 1 }, { 0, 96, 65535 },
};

struct subject {
	Decoder *decoder;
	struct flow_batch *batch;
	struct datagram datagram;
};

static uint64_t
decode(void *context)
{
	struct subject *subject = context;
	uint64_t records = 0;

	decoder_take(subject->decoder, &subject->datagram);
	while (decoder_next(subject->decoder, subject->batch))
		records += subject->batch->count;
	return records;
}

static const struct export_header header = { .export_s = TEST_EXPORT_S,
	                                     .uptime_ms = 1000000,
	                                     .domain = 1 };

static void
put_records(GByteArray *message, const struct wire_field *fields, size_t count, size_t records)
{
	size_t set = export_open_set(message, 256);

	for (size_t i = 0; i < records; i++)
		for (size_t field = 0; field < count; field++) {
			if (fields[field].length == 65535) {
				export_put(message, 5, 1);
				export_put(message, 0x68656c6c6f, 5);
				continue;
			}
			for (unsigned octet = 0; octet < fields[field].length; octet++)
				export_put(message, i * 7 + octet, 1);
		}
	export_close_set(message, set);
	export_close(message);
}

/* Feeds the Template, then measures the data alone. */
static void
run(const char *name, GByteArray *learn, GByteArray *data)
{
	struct decoding decoding = decoding_start();
	struct subject subject = { decoding.decoder,
		                   decoding.batch,
		                   { .arrival = decoding.arrival } };

	if (learn != NULL)
		decoding_feed(&decoding, learn);
	subject.datagram.exporter = host_address_from_ipv4(decoding.exporter);
	subject.datagram.octets = data->data;
	subject.datagram.length = data->len;
	bench_run(name, decode, &subject);
	g_byte_array_unref(data);
	decoding_stop(&decoding);
}

static bool
is_wanted(int argc, char **argv, const char *name)
{
	return argc < 2 || strcmp(argv[1], name) == 0;
}

static void
run_template(const char *name, const struct wire_field *fields, size_t count, bool is_ipfix)
{
	GByteArray *learn = is_ipfix ? ipfix_open(&header) : netflow9_open(&header);
	GByteArray *data = is_ipfix ? ipfix_open(&header) : netflow9_open(&header);

	if (is_ipfix)
		ipfix_add_template(learn, 256, fields, count);
	else
		netflow9_add_template(learn, 256, fields, count);
	put_records(data, fields, count, 24);
	run(name, learn, data);
}

int
main(int argc, char **argv)
{
	const struct netflow5_fields fields = { .uptime_ms = 1000,
		                                .export_s = TEST_EXPORT_S,
		                                .protocol = 6 };

	if (is_wanted(argc, argv, "netflow5"))
		run("netflow5", NULL, netflow5_build(&fields, 30));
	if (is_wanted(argc, argv, "netflow9"))
		run_template("netflow9", router_fields, G_N_ELEMENTS(router_fields), false);
	if (is_wanted(argc, argv, "ipfix6"))
		run_template("ipfix6", router6_fields, G_N_ELEMENTS(router6_fields), true);
	if (is_wanted(argc, argv, "variable"))
		run_template("variable", variable_fields, G_N_ELEMENTS(variable_fields), true);
	return 0;
}
