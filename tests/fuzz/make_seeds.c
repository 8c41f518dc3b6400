/* Writes the first inputs of the decoders' fuzz targets, built from values: make_seeds
 * FOLDER-OF-CORPORA */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/export_builder.h"

enum { EXPORT_S = 1700000000, REVERSE = 29305, CESNET = 8057, YAF = 6871 };

static const struct export_header header = { .export_s = EXPORT_S,
	                                     .uptime_ms = 100000,
	                                     .domain = 1 };

static const struct wire_field flow_fields[] = {
	{ 0, 8, 4 }, { 0, 12, 4 }, { 0, 7, 2 },  { 0, 11, 2 }, { 0, 4, 1 },  { 0, 6, 1 },
	{ 0, 1, 4 }, { 0, 2, 4 },  { 0, 22, 4 }, { 0, 21, 4 }, { 0, 10, 2 }, { 0, 48, 1 },
};
static const uint64_t flow_values[] = {
	0x0a000001, 0x0a000002, 1234, 80, 6, 2, 1000, 5, 90000, 95000, 3, 7,
};
static const struct wire_field flow6_fields[] = {
	{ 0, 27, 16 },     { 0, 28, 16 }, { 0, 150, 4 }, { 0, 151, 4 }, { 0, 154, 8 },
	{ 0, 157, 8 },     { 0, 158, 4 }, { 0, 85, 8 },  { 0, 86, 8 },  { REVERSE, 1, 8 },
	{ REVERSE, 2, 8 }, { 0, 61, 1 },  { 0, 161, 4 }, { 0, 160, 8 }, { 0, 25, 2 },
	{ 0, 26, 2 },      { 0, 230, 1 }, { 0, 233, 1 },
};
static const uint64_t flow6_values[G_N_ELEMENTS(flow6_fields)] = { 1, 2, EXPORT_S - 5, EXPORT_S };
static const struct wire_field sampler_fields[] = {
	{ 0, 1, 4 }, { 0, 48, 1 }, { 0, 49, 1 }, { 0, 50, 4 }
};
static const uint64_t sampler_values[] = { 0, 7, 2, 512 };
static const struct wire_field psamp_fields[] = {
	{ 0, 302, 8 }, { 0, 304, 2 }, { 0, 305, 4 }, { 0, 306, 4 }, { 0, 311, 8 }, { 0, 160, 8 },
};
static const uint64_t psamp_values[] = { 7, 1, 1, 99, 0x3f50624dd2f1a9fc, UINT64_C(1700000000000) };
static const struct wire_field ntop_fields[] = {
	{ 0, 8, 4 },     { 0, 1, 4 },     { 0, 2, 4 },     { 0, 57560, 4 }, { 0, 57561, 4 },
	{ 0, 57562, 4 }, { 0, 57563, 4 }, { 0, 57564, 4 }, { 0, 57565, 4 },
};
static const uint64_t ntop_values[] = { 1, 7820, 10, 5, 0, 0, 0, 5, 0 };

#define COUNT(fields) G_N_ELEMENTS(fields)

/* One datagram of a sequence; see decode_sequence.h. */
static void
add_datagram(GByteArray *sequence, uint8_t circumstances, GByteArray *message)
{
	if (message->data[1] != 5)
		export_close(message);
	export_put(sequence, message->len, 2);
	export_put(sequence, circumstances, 1);
	export_put_octets(sequence, message->data, message->len);
	g_byte_array_unref(message);
}

static void
save(const char *folder, const char *target, const char *name, GByteArray *sequence)
{
	g_autofree char *directory = g_build_filename(folder, target, NULL);
	g_autofree char *path = g_build_filename(directory, name, NULL);
	g_autoptr(GError) error = NULL;

	if (g_mkdir_with_parents(directory, 0755) != 0 ||
	    !g_file_set_contents(path, (const char *)sequence->data, sequence->len, &error)) {
		fprintf(stderr, "%s: %s\n", path,
		        error != NULL ? error->message : "cannot make the folder");
		exit(EXIT_FAILURE);
	}
	g_byte_array_unref(sequence);
}

static void
netflow5_seeds(const char *folder)
{
	struct netflow5_fields fields = { .uptime_ms = 100000,
		                          .export_s = EXPORT_S,
		                          .source = 0x0a000001,
		                          .destination = 0x0a000002,
		                          .packets = 10,
		                          .octets = 1000,
		                          .first_ms = 90000,
		                          .last_ms = 95000,
		                          .sampling = 0x4064,
		                          .protocol = 6 };
	GByteArray *sequence = g_byte_array_new();

	for (uint16_t i = 0; i < 3; i++) {
		add_datagram(sequence, (uint8_t)(i << 2),
		             netflow5_build(&fields, (uint16_t)(i + 1)));
		fields.sequence += i + 1U;
	}
	save(folder, "netflow5", "three_in_order", sequence);
	sequence = g_byte_array_new();
	fields.uptime_ms = 10;
	add_datagram(sequence, 0, netflow5_build(&fields, 30));
	fields.protocol = 1;
	fields.sequence = 5;
	add_datagram(sequence, 5, netflow5_build(&fields, 1));
	save(folder, "netflow5", "wrapped_uptime", sequence);
}

static void
netflow9_seeds(const char *folder)
{
	GByteArray *sequence = g_byte_array_new();
	GByteArray *message = netflow9_open(&header);

	netflow9_add_template(message, 256, flow_fields, COUNT(flow_fields));
	export_add_record(message, 256, flow_fields, COUNT(flow_fields), flow_values);
	netflow9_add_options_template(message, 257, sampler_fields, 1, COUNT(sampler_fields));
	export_add_record(message, 257, sampler_fields, COUNT(sampler_fields), sampler_values);
	add_datagram(sequence, 0, message);
	message = netflow9_open(&header);
	export_add_record(message, 256, flow_fields, COUNT(flow_fields), flow_values);
	add_datagram(sequence, 0, message);
	save(folder, "netflow9", "flow_and_sampler", sequence);

	sequence = g_byte_array_new();
	message = netflow9_open(&header);
	export_add_record(message, 256, flow6_fields, COUNT(flow6_fields), flow6_values);
	add_datagram(sequence, 0, message);
	message = netflow9_open(&header);
	netflow9_add_template(message, 256, flow6_fields, COUNT(flow6_fields));
	netflow9_add_template(message, 256, flow_fields, COUNT(flow_fields));
	export_add_record(message, 256, flow_fields, COUNT(flow_fields), flow_values);
	add_datagram(sequence, 4, message);
	save(folder, "netflow9", "data_before_its_template", sequence);

	sequence = g_byte_array_new();
	message = netflow9_open(&header);
	netflow9_add_template(message, 256, ntop_fields, COUNT(ntop_fields));
	export_add_record(message, 256, ntop_fields, COUNT(ntop_fields), ntop_values);
	add_datagram(sequence, 0, message);
	save(folder, "netflow9", "ntop_sizes", sequence);
}

static void
put_lists(GByteArray *message)
{
	size_t set = export_open_set(message, 302);

	export_put(message, 0x0a000001, 4);
	export_put(message, 2, 4);
	export_put(message, 180, 4);
	export_put(message, 9 + 4, 1); /* lengths of two packets */
	export_put(message, 255, 1);
	export_put(message, 1013 | 0x8000, 2);
	export_put(message, 2, 2);
	export_put(message, CESNET, 4);
	export_put(message, 100, 2);
	export_put(message, 0, 2);
	export_put(message, 9 + 2, 1); /* and their directions */
	export_put(message, 255, 1);
	export_put(message, 1016 | 0x8000, 2);
	export_put(message, 1, 2);
	export_put(message, CESNET, 4);
	export_put(message, 0x0101, 2);
	export_put(message, 1 + 4 + 7, 1); /* a record by Template 303 */
	export_put(message, 3, 1);
	export_put(message, 303, 2);
	export_put(message, 4 + 7, 2);
	export_put(message, 1, 4);
	export_put(message, 0x021912, 3);
	export_close_set(message, set);
}

static const uint8_t frame[] = {
	0,    1,  2, 3,  4, 5, 6, 7, 8,  9, 10, 11, 0x81, 0,    0, 5, 0x88, 0x47, 0, 0,
	0x11, 64, /* VLAN, MPLS */
	0x45, 0,  0, 40, 0, 0, 0, 0, 64, 6, 0,  0,  10,   0,    0, 1, 10,   0,    0, 2, /* IPv4 */
	0,    80, 1, 0,  0, 0, 0, 0, 0,  0, 0,  0,  0x50, 0x02,                         /* TCP */
};

static void
put_section(GByteArray *message)
{
	static const struct wire_field fields[] = { { 0, 10, 4 }, { 0, 315, 65535 } };
	size_t set;

	ipfix_add_template(message, 304, fields, COUNT(fields));
	set = export_open_set(message, 304);
	export_put(message, 3, 4);
	export_put(message, sizeof(frame), 1);
	export_put_octets(message, frame, sizeof(frame));
	export_close_set(message, set);
}

static void
ipfix_seeds(const char *folder)
{
	static const struct wire_field list_fields[] = {
		{ 0, 8, 4 },       { 0, 2, 4 },       { 0, 1, 4 },
		{ 0, 291, 65535 }, { 0, 291, 65535 }, { 0, 293, 65535 },
	};
	static const struct wire_field tcp_fields[] = {
		{ 0, 184, 4 }, { YAF, 14, 1 }, { YAF, 15, 1 }, { YAF, 16398, 1 }
	};
	GByteArray *sequence = g_byte_array_new();
	GByteArray *message = ipfix_open(&header);

	ipfix_add_template(message, 300, flow_fields, COUNT(flow_fields));
	ipfix_add_template(message, 301, flow6_fields, COUNT(flow6_fields));
	export_add_record(message, 300, flow_fields, COUNT(flow_fields), flow_values);
	export_add_record(message, 301, flow6_fields, COUNT(flow6_fields), flow6_values);
	ipfix_add_options_template(message, 400, psamp_fields, 1, COUNT(psamp_fields));
	export_add_record(message, 400, psamp_fields, COUNT(psamp_fields), psamp_values);
	add_datagram(sequence, 0, message);
	message = ipfix_open(&header);
	ipfix_add_template(message, 300, NULL, 0);
	ipfix_add_template(message, 2, NULL, 0);
	export_add_record(message, 300, flow_fields, COUNT(flow_fields), flow_values);
	add_datagram(sequence, 0, message);
	save(folder, "ipfix", "flows_options_withdrawals", sequence);

	sequence = g_byte_array_new();
	message = ipfix_open(&header);
	ipfix_add_template(message, 303, tcp_fields, COUNT(tcp_fields));
	ipfix_add_template(message, 302, list_fields, COUNT(list_fields));
	put_lists(message);
	add_datagram(sequence, 0, message);
	save(folder, "ipfix", "lists", sequence);

	sequence = g_byte_array_new();
	message = ipfix_open(&header);
	put_section(message);
	add_datagram(sequence, 0, message);
	save(folder, "ipfix", "packet_section", sequence);
}

/* A list whose records are flows, within lists: as fuzz_ipfix reads it. */
static void
put_nested_lists(GByteArray *message)
{
	g_autoptr(GByteArray) inner = g_byte_array_new();
	g_autoptr(GByteArray) outer = g_byte_array_new();
	size_t set = export_open_set(message, 306);

	export_put(inner, 3, 1);
	export_put(inner, 300, 2);
	for (size_t record = 0; record < 2; record++)
		for (size_t i = 0; i < COUNT(flow_fields); i++)
			export_put(inner, flow_values[i] + record, flow_fields[i].length);
	export_put(outer, 3, 1);
	export_put(outer, 305, 2);
	export_put(outer, 4 + 4 + 1 + inner->len, 2);
	export_put(outer, 17, 4);
	export_put(outer, inner->len, 1);
	export_put_octets(outer, inner->data, inner->len);
	export_put(message, 1000, 8);
	export_put(message, outer->len, 1);
	export_put_octets(message, outer->data, outer->len);
	export_close_set(message, set);
}

static void
list_seeds(const char *folder)
{
	static const struct wire_field branch_fields[] = { { 0, 10, 4 }, { 0, 292, 65535 } };
	static const struct wire_field list_fields[] = { { 0, 1, 8 }, { 0, 293, 65535 } };
	/* Two Templates, (address, list) and (address, octets); a list of the first with one of the
	 * second in it; the same as a subTemplateMultiList; a basicList. */
	static const uint8_t nested[] = { 2, 1,  0, 0, 6,  0, 1, 1, 0, 3, 0, 0, 3, 1, 44, 1, 2, 3,
		                          4, 15, 3, 1, 45, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0,  0, 9 };
	static const uint8_t multi[] = { 1, 1, 1, 0, 3, 0, 1, 3, 1, 44, 0, 16, 5, 6, 7,
		                         8, 0, 0, 0, 0, 0, 0, 0, 9, 9,  9, 0,  5, 1 };
	static const uint8_t basic[] = {
		0, 2, 255, 0x83, 0xf5, 0, 2, 0, 0, 0x1f, 0x79, 0, 9, 1, 2
	};
	static const struct {
		const char *name;
		const uint8_t *octets;
		size_t length;
	} rows[] = {
		{ "nested", nested, sizeof(nested) },
		{ "multi", multi, sizeof(multi) },
		{ "basic", basic, sizeof(basic) },
	};
	GByteArray *sequence = g_byte_array_new();
	GByteArray *message = ipfix_open(&header);

	ipfix_add_template(message, 300, flow_fields, COUNT(flow_fields));
	ipfix_add_template(message, 305, branch_fields, COUNT(branch_fields));
	ipfix_add_template(message, 306, list_fields, COUNT(list_fields));
	put_nested_lists(message);
	add_datagram(sequence, 0, message);
	save(folder, "ipfix", "flows_in_lists", sequence);
	for (size_t i = 0; i < COUNT(rows); i++) {
		sequence = g_byte_array_new();
		export_put_octets(sequence, rows[i].octets, rows[i].length);
		save(folder, "lists", rows[i].name, sequence);
	}
}

static void
export_seeds(const char *folder)
{
	struct netflow5_fields fields = { .export_s = EXPORT_S, .protocol = 17 };
	GByteArray *sequence = g_byte_array_new();
	GByteArray *message;

	add_datagram(sequence, 0, netflow5_build(&fields, 1));
	message = netflow9_open(&header);
	netflow9_add_template(message, 256, flow_fields, COUNT(flow_fields));
	export_add_record(message, 256, flow_fields, COUNT(flow_fields), flow_values);
	add_datagram(sequence, 1, message);
	message = ipfix_open(&header);
	ipfix_add_template(message, 256, flow_fields, COUNT(flow_fields));
	export_add_record(message, 256, flow_fields, COUNT(flow_fields), flow_values);
	add_datagram(sequence, 2, message);
	save(folder, "export", "three_versions", sequence);
}

/* The messages that files of several kinds hold. */
static GByteArray *
first_message(void)
{
	GByteArray *message = ipfix_open(&header);

	ipfix_add_template(message, 300, flow_fields, COUNT(flow_fields));
	export_add_record(message, 300, flow_fields, COUNT(flow_fields), flow_values);
	export_close(message);
	return message;
}

static GByteArray *
second_message(void)
{
	GByteArray *message = ipfix_open(&header);

	put_section(message);
	export_add_record(message, 300, flow_fields, COUNT(flow_fields), flow_values);
	export_close(message);
	return message;
}

static void
ipfix_file_seeds(const char *folder)
{
	GByteArray *file = first_message();
	g_autoptr(GByteArray) second = second_message();

	export_put_octets(file, second->data, second->len);
	save(folder, "ipfix_file", "two_messages", file);
}

/* The part from `offset` on of a UDP datagram, in an Ethernet frame. */
static GByteArray *
ipv4_frame(const GByteArray *payload, size_t offset, size_t length)
{
	g_autoptr(GByteArray) udp = g_byte_array_new();
	GByteArray *out = g_byte_array_new();

	export_put(udp, 0x10000807, 4);
	export_put(udp, (payload->len + 8) << 16, 4);
	export_put_octets(udp, payload->data, payload->len);
	length = MIN(length, udp->len - offset);
	export_put(out, 0, 6);
	export_put(out, 0, 6);
	export_put(out, 0x0800, 2);
	export_put(out, 0x4500, 2);
	export_put(out, 20 + length, 2);
	export_put(out, 1, 2);
	export_put(out, (offset + length < udp->len ? 0x2000U : 0) | offset / 8, 2);
	export_put(out, 0x40110000, 4);
	export_put(out, 0xc0000201, 4);
	export_put(out, 0xc0000202, 4);
	export_put_octets(out, udp->data + offset, length);
	return out;
}

static void
put_pcap_frame(GByteArray *file, GByteArray *packet)
{
	export_put(file, EXPORT_S, 4);
	export_put(file, 0, 4);
	export_put(file, packet->len, 4);
	export_put(file, packet->len, 4);
	export_put_octets(file, packet->data, packet->len);
	g_byte_array_unref(packet);
}

static void
put_pcapng_block(GByteArray *file, uint32_t type, const GByteArray *body)
{
	size_t padding = (4 - body->len % 4) % 4;

	export_put(file, type, 4);
	export_put(file, body->len + padding + 12, 4);
	export_put_octets(file, body->data, body->len);
	export_put(file, 0, (unsigned)padding);
	export_put(file, body->len + padding + 12, 4);
}

static void
pcapng_seed(const char *folder)
{
	g_autoptr(GByteArray) message = first_message();
	g_autoptr(GByteArray) packet = ipv4_frame(message, 0, SIZE_MAX);
	g_autoptr(GByteArray) section = g_byte_array_new();
	g_autoptr(GByteArray) interface = g_byte_array_new();
	g_autoptr(GByteArray) body = g_byte_array_new();
	GByteArray *file = g_byte_array_new();

	export_put(section, 0x1a2b3c4d00010000, 8);
	export_put(section, UINT64_MAX, 8);
	put_pcapng_block(file, 0x0a0d0d0a, section);
	export_put(interface, 0x0001000000010000, 8);
	put_pcapng_block(file, 1, interface);
	export_put(body, 0, 4);
	export_put(body, (uint64_t)EXPORT_S * 1000000, 8);
	export_put(body, packet->len, 4);
	export_put(body, packet->len, 4);
	export_put_octets(body, packet->data, packet->len);
	put_pcapng_block(file, 6, body);
	save(folder, "capture", "pcapng", file);
}

static void
capture_seeds(const char *folder)
{
	g_autoptr(GByteArray) first = first_message();
	g_autoptr(GByteArray) second = second_message();
	GByteArray *file = g_byte_array_new();

	export_put(file, 0xa1b2c3d400020004, 8);
	export_put(file, 0, 8);
	export_put(file, 65535, 4);
	export_put(file, 1, 4);
	put_pcap_frame(file, ipv4_frame(first, 0, SIZE_MAX));
	put_pcap_frame(file, ipv4_frame(second, 48, SIZE_MAX));
	put_pcap_frame(file, ipv4_frame(second, 0, 48));
	save(folder, "capture", "pcap_with_fragments", file);
	pcapng_seed(folder);
}

static void
template_file_seeds(const char *folder)
{
	static const char text[] = "kenchi-templates 1\n"
				   "exporter 192.0.2.1 0\n"
				   "domain 9 1 -1\n"
				   "sampler 1 7 512\n"
				   "template 256 0 0 1000 0/8/4 0/12/4 0/1/4\n"
				   "domain 10 2 1700000000000\n"
				   "template 300 1 1 0 29305/1/8 0/160/8";
	GByteArray *octets = g_byte_array_new();

	export_put_octets(octets, text, sizeof(text) - 1);
	save(folder, "template_file", "two_domains", octets);
}

int
main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: make_seeds FOLDER\n");
		return 2;
	}
	netflow5_seeds(argv[1]);
	netflow9_seeds(argv[1]);
	ipfix_seeds(argv[1]);
	list_seeds(argv[1]);
	export_seeds(argv[1]);
	ipfix_file_seeds(argv[1]);
	capture_seeds(argv[1]);
	template_file_seeds(argv[1]);
	return 0;
}
