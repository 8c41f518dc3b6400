#include <glib.h>

#include "collector/packet_section.h"
#include "tests/support/export_builder.h"

static void
put_ipv4(GByteArray *out, uint8_t protocol, uint16_t octets)
{
	export_put(out, 0x4500, 2);
	export_put(out, octets, 2);
	export_put(out, 0, 4);
	export_put(out, 64, 1);
	export_put(out, protocol, 1);
	export_put(out, 0, 2);
	export_put(out, 0x0a000001, 4);
	export_put(out, 0x0a000002, 4);
}

static void
put_ipv6(GByteArray *out, uint8_t protocol, uint16_t payload)
{
	export_put(out, 0x60000000, 4);
	export_put(out, payload, 2);
	export_put(out, protocol, 1);
	export_put(out, 64, 1);
	for (unsigned i = 0; i < 32; i++)
		export_put(out, i < 16 ? 0x20 : 0x21, 1);
}

static void
put_tcp(GByteArray *out)
{
	export_put(out, 49152, 2);
	export_put(out, 443, 2);
	export_put(out, 0, 8);
	export_put(out, 0x5002, 2);
	export_put(out, 0, 6);
}

static void
put_ethernet(GByteArray *out, uint16_t type)
{
	export_put(out, 0x020304050607, 6);
	export_put(out, 0x08090a0b0c0d, 6);
	export_put(out, type, 2);
}

static void
put_mpls(GByteArray *out)
{
	export_put(out, 0x00010040, 4);
	export_put(out, 0x00020140, 4); /* bottom of the stack */
}

static struct flow_record
read_from(GByteArray *section, enum packet_section from)
{
	g_autofree uint8_t *exact = g_memdup2(section->data, section->len);
	struct flow_record record = { .marks = 0 };

	g_assert_true(packet_section_read(exact, section->len, from, &record));
	g_byte_array_unref(section);
	return record;
}

static void
assert_web_flow(const struct flow_record *record, uint64_t octets)
{
	struct host_address source = host_address_from_ipv4(0x0a000001);

	g_assert_true(host_address_equal(&record->source, &source));
	g_assert_cmpuint(record->protocol, ==, 6);
	g_assert_cmpuint(record->source_port, ==, 49152);
	g_assert_cmpuint(record->destination_port, ==, 443);
	g_assert_cmpuint(record->tcp_flags, ==, 2);
	g_assert_cmpuint(record->octets, ==, octets);
	g_assert_cmpuint(record->packets, ==, 1);
}

static void
reads_an_ip_header(void)
{
	GByteArray *section = g_byte_array_new();
	struct flow_record record;

	put_ipv4(section, 6, 1500);
	put_tcp(section);
	record = read_from(section, SECTION_FROM_IP);
	assert_web_flow(&record, 1500);
}

static void
goes_through_tags_and_labels(void)
{
	GByteArray *section = g_byte_array_new();
	struct flow_record record;

	put_ethernet(section, 0x88a8);
	export_put(section, 5, 2);
	export_put(section, 0x8100, 2);
	export_put(section, 6, 2);
	export_put(section, 0x8847, 2);
	put_mpls(section);
	put_ipv4(section, 6, 60);
	put_tcp(section);
	record = read_from(section, SECTION_FROM_ETHERNET);
	assert_web_flow(&record, 60);
}

static void
goes_through_a_pseudowire(void)
{
	GByteArray *section = g_byte_array_new();
	struct flow_record record;

	put_ethernet(section, 0x8847);
	put_mpls(section);
	export_put(section, 0, 4); /* control word */
	put_ethernet(section, 0x0800);
	put_ipv4(section, 6, 60);
	put_tcp(section);
	record = read_from(section, SECTION_FROM_ETHERNET);
	assert_web_flow(&record, 60);
}

static void
takes_the_inner_header_of_a_tunnel(void)
{
	GByteArray *section = g_byte_array_new();
	struct flow_record record;

	put_ipv6(section, 43, 100); /* a routing header of SRv6 */
	export_put(section, 4, 1);
	export_put(section, 2, 1); /* two units of eight octets behind the first */
	export_put(section, 0, 6);
	export_put(section, 0, 8);
	export_put(section, 0, 8);
	put_ipv4(section, 6, 60);
	put_tcp(section);
	record = read_from(section, SECTION_FROM_IP);
	assert_web_flow(&record, 60);
}

static void
reads_no_ports_of_a_later_fragment(void)
{
	GByteArray *section = g_byte_array_new();
	struct flow_record record;

	put_ipv4(section, 17, 500);
	export_put_at(section, 6, 100, 2);
	put_tcp(section);
	record = read_from(section, SECTION_FROM_IP);
	g_assert_cmpuint(record.protocol, ==, 17);
	g_assert_cmpuint(record.destination_port, ==, 0);
}

static void
keeps_counters_that_the_record_has(void)
{
	GByteArray *section = g_byte_array_new();
	struct flow_record record = { .octets = 9000,
		                      .packets = 7,
		                      .marks = FLOW_HAS_OCTETS | FLOW_HAS_PACKETS };

	put_ipv4(section, 6, 60);
	put_tcp(section);
	g_assert_true(packet_section_read(section->data, section->len, SECTION_FROM_IP, &record));
	g_assert_cmpuint(record.octets, ==, 9000);
	g_assert_cmpuint(record.packets, ==, 7);
	g_byte_array_unref(section);
}

static void
survives_every_truncation(void)
{
	g_autoptr(GByteArray) section = g_byte_array_new();

	put_ethernet(section, 0x8847);
	put_mpls(section);
	export_put(section, 0, 4);
	put_ethernet(section, 0x86dd);
	put_ipv6(section, 60, 100);
	export_put(section, 4, 1);
	export_put(section, 0, 7);
	put_ipv4(section, 6, 60);
	put_tcp(section);
	for (size_t length = 0; length <= section->len; length++) {
		g_autofree uint8_t *exact = length > 0 ? g_memdup2(section->data, length) : NULL;
		struct flow_record record = { .marks = 0 };
		bool found = packet_section_read(exact, length, SECTION_FROM_ETHERNET, &record);

		/* From the IPv6 header's last octet on there is something to tell. */
		g_assert_cmpint(found, ==, length >= 14 + 8 + 4 + 14 + 40);
	}
}

int
main(int argc, char **argv)
{
#define TEST(name) g_test_add_func("/packet_section/" #name, name)
	g_test_init(&argc, &argv, NULL);
	TEST(reads_an_ip_header);
	TEST(goes_through_tags_and_labels);
	TEST(goes_through_a_pseudowire);
	TEST(takes_the_inner_header_of_a_tunnel);
	TEST(reads_no_ports_of_a_later_fragment);
	TEST(keeps_counters_that_the_record_has);
	TEST(survives_every_truncation);
	return g_test_run();
}
