#include <glib.h>
#include <string.h>

#include "collector/flow_dump.h"
#include "tests/support/decoding.h"
#include "tests/support/export_builder.h"

static GString *
dump_one(const struct flow_record *record)
{
	g_autofree struct flow_batch *batch = g_new0(struct flow_batch, 1);
	GString *text = g_string_new(NULL);

	batch->version = 9;
	batch->observation_domain = 42;
	flow_dump_record(batch, record, text);
	return text;
}

static void
names_fields_as_iana_does(void)
{
	const struct flow_record record = {
		.source = host_address_from_ipv4(0x0a000001),
		.destination = { .octets = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } },
		.start = { 1700000000123 },
		.end = { 1700000000456 },
		.octets = UINT64_MAX,
		.packets = 7,
		.source_port = 1234,
		.destination_port = 80,
		.protocol = 6,
		.tcp_flags = 27,
		.template_id = 300,
		.ingress_interface = 3,
		.sampling_interval = 100,
		.marks = FLOW_HAS_TIMES | FLOW_HAS_OCTETS | FLOW_HAS_PACKETS | FLOW_HAS_FLAGS,
	};
	g_autoptr(GString) text = dump_one(&record);

	g_assert_cmpstr(
		text->str, ==,
		"{\"version\":9,\"observationDomainId\":42,\"templateId\":300,\"recordType\":\"flow\","
		"\"sourceIPv4Address\":\"10.0.0.1\",\"destinationIPv6Address\":\"2001:db8::1\","
		"\"sourceTransportPort\":1234,\"destinationTransportPort\":80,\"protocolIdentifier\":6,"
		"\"octetDeltaCount\":18446744073709551615,\"packetDeltaCount\":7,\"tcpControlBits\":27,"
		"\"flowStartMilliseconds\":1700000000123,\"flowEndMilliseconds\":1700000000456,"
		"\"ingressInterface\":3,\"egressInterface\":0,\"samplingInterval\":100}\n");
}

static void
shows_mapped_addresses_as_they_came(void)
{
	const struct flow_record record = { .source = host_address_from_ipv4(0x0a000001),
		                            .destination = { .octets = { 0x20, [15] = 1 } },
		                            .marks = FLOW_IPV4_MAPPED };
	g_autoptr(GString) text = dump_one(&record);

	g_assert_nonnull(strstr(text->str, "\"sourceIPv6Address\":\"::ffff:10.0.0.1\""));
	g_assert_nonnull(strstr(text->str, "\"destinationIPv6Address\":\"2000::1\""));
}

static void
leaves_out_what_was_not_told(void)
{
	const struct flow_record record = { .source = host_address_from_ipv4(1),
		                            .flow_direction = 255 };
	g_autoptr(GString) text = dump_one(&record);
	static const char *const absent[] = { "octetDeltaCount",        "packetDeltaCount",
		                              "tcpControlBits",         "flowStartMilliseconds",
		                              "flowDirection",          "samplingInterval",
		                              "reverseOctetDeltaCount", "destinationIP" };

	for (size_t i = 0; i < G_N_ELEMENTS(absent); i++)
		g_assert_null(strstr(text->str, absent[i]));
	g_assert_nonnull(strstr(text->str, "\"recordType\":\"other\""));
}

static void
keeps_what_a_packet_section_says_apart(void)
{
	const struct flow_record record = { .source = host_address_from_ipv4(1),
		                            .octets = 100,
		                            .marks = FLOW_PACKET_SECTION | FLOW_HAS_OCTETS };
	g_autoptr(GString) text = dump_one(&record);

	g_assert_nonnull(strstr(
		text->str, "\"recordType\":\"other\",\"packetSection\":{\"sourceIPv4Address\""));
	g_assert_nonnull(strstr(text->str, "\"octetDeltaCount\":100},\"ingressInterface\""));
}

static void
ends_with_counters(void)
{
	const struct netflow5_fields fields = { .export_s = TEST_EXPORT_S };
	struct decoding decoding = decoding_start();
	g_autoptr(GString) text = g_string_new(NULL);

	decoding_feed(&decoding, netflow5_build(&fields, 3));
	decoding_feed_octets(&decoding, "\0\1", 2);
	flow_dump_stats(decoding.exporters, text);
	g_assert_true(g_str_has_prefix(text->str,
	                               "{\"stats\":{\"datagrams\":2,\"datagramsRejected\":1,"
	                               "\"setsWithoutTemplate\":0,\"records\":3,"));
	g_assert_true(g_str_has_suffix(text->str, "}}\n"));
	decoding_stop(&decoding);
}

int
main(int argc, char **argv)
{
#define TEST(name) g_test_add_func("/flow_dump/" #name, name)
	g_test_init(&argc, &argv, NULL);
	TEST(names_fields_as_iana_does);
	TEST(shows_mapped_addresses_as_they_came);
	TEST(leaves_out_what_was_not_told);
	TEST(keeps_what_a_packet_section_says_apart);
	TEST(ends_with_counters);
	return g_test_run();
}
