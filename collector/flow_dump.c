#include "collector/flow_dump.h"

#include "common/json_writer.h"

static void
add_unset_as_absent(GString *text, const char *name, uint64_t value)
{
	if (value != 0)
		json_add_unsigned(text, name, value);
}

/* What the record holds of its two ends. */
struct address_names {
	const char *ipv4, *ipv6;
};

static const struct address_names source_names = { "sourceIPv4Address", "sourceIPv6Address" };
static const struct address_names destination_names = { "destinationIPv4Address",
	                                                "destinationIPv6Address" };

static void
add_address(GString *text, const struct address_names *names, const struct host_address *address,
            bool is_mapped)
{
	static const struct host_address unset;
	char buffer[HOST_ADDRESS_TEXT_SIZE];
	g_autofree char *mapped = NULL;

	if (host_address_equal(address, &unset))
		return;
	host_address_format(address, buffer);
	if (!host_address_is_ipv4(address)) {
		json_add_string(text, names->ipv6, buffer);
	} else if (is_mapped) {
		mapped = g_strconcat("::ffff:", buffer, NULL);
		json_add_string(text, names->ipv6, mapped);
	} else {
		json_add_string(text, names->ipv4, buffer);
	}
}

static void
add_key(GString *text, const struct flow_record *record)
{
	bool is_mapped = (record->marks & FLOW_IPV4_MAPPED) != 0;

	add_address(text, &source_names, &record->source, is_mapped);
	add_address(text, &destination_names, &record->destination, is_mapped);
	json_add_unsigned(text, "sourceTransportPort", record->source_port);
	json_add_unsigned(text, "destinationTransportPort", record->destination_port);
	json_add_unsigned(text, "protocolIdentifier", record->protocol);
	add_unset_as_absent(text, "icmpTypeCode", record->icmp_type_code);
}

static void
add_counters(GString *text, const struct flow_record *record)
{
	if ((record->marks & FLOW_HAS_OCTETS) != 0)
		json_add_unsigned(text, "octetDeltaCount", record->octets);
	if ((record->marks & FLOW_HAS_PACKETS) != 0)
		json_add_unsigned(text, "packetDeltaCount", record->packets);
	if ((record->marks & FLOW_HAS_FLAGS) != 0)
		json_add_unsigned(text, "tcpControlBits", record->tcp_flags);
}

static void
add_sizes(GString *text, const char *name, const uint32_t sizes[static 8])
{
	json_open_array(text, name);
	for (size_t i = 0; i < 8; i++)
		json_add_unsigned(text, NULL, sizes[i]);
	json_close_array(text);
}

static void
add_rest(GString *text, const struct flow_record *record)
{
	if ((record->marks & FLOW_HAS_REVERSE) != 0) {
		json_add_unsigned(text, "reverseOctetDeltaCount", record->reverse_octets);
		json_add_unsigned(text, "reversePacketDeltaCount", record->reverse_packets);
		json_add_unsigned(text, "reverseTcpControlBits", record->reverse_tcp_flags);
	}
	if ((record->marks & (FLOW_HAS_TIMES | FLOW_START_GUESSED)) == FLOW_HAS_TIMES)
		json_add_integer(text, "flowStartMilliseconds", record->start.ms);
	if ((record->marks & (FLOW_HAS_TIMES | FLOW_END_GUESSED)) == FLOW_HAS_TIMES)
		json_add_integer(text, "flowEndMilliseconds", record->end.ms);
	json_add_unsigned(text, "ingressInterface", record->ingress_interface);
	json_add_unsigned(text, "egressInterface", record->egress_interface);
	if ((record->marks & FLOW_HAS_DIRECTION) != 0)
		json_add_unsigned(text, "flowDirection", record->flow_direction);
	add_unset_as_absent(text, "flowEndReason", record->flow_end_reason);
	add_unset_as_absent(text, "samplingInterval", record->sampling_interval);
	add_unset_as_absent(text, "firewallEvent", record->firewall_event);
	add_unset_as_absent(text, "natEvent", record->nat_event);
	if ((record->marks & FLOW_HAS_SIZE_RANGE) != 0) {
		json_add_unsigned(text, "minimumIpTotalLength", record->packet_octets_least);
		json_add_unsigned(text, "maximumIpTotalLength", record->packet_octets_greatest);
	}
	if ((record->marks & FLOW_HAS_SIZES) == 0)
		return;
	add_sizes(text, "packetsBySize", record->sizes);
	if ((record->marks & FLOW_HAS_REVERSE) != 0)
		add_sizes(text, "reversePacketsBySize", record->reverse_sizes);
}

static const char *
type_of(const struct flow_record *record)
{
	if ((record->marks & FLOW_EVENT) != 0)
		return "event";
	if ((record->marks & FLOW_PACKET_SECTION) != 0)
		return "other";
	return (record->marks & (FLOW_HAS_OCTETS | FLOW_HAS_PACKETS)) != 0 ? "flow" : "other";
}

void
flow_dump_record(const struct flow_batch *batch, const struct flow_record *record, GString *text)
{
	bool is_section = (record->marks & FLOW_PACKET_SECTION) != 0;

	json_open_object(text, NULL);
	json_add_unsigned(text, "version", batch->version);
	json_add_unsigned(text, "observationDomainId", batch->observation_domain);
	if (batch->version != 5)
		json_add_unsigned(text, "templateId", record->template_id);
	json_add_string(text, "recordType", type_of(record));
	if (is_section)
		json_open_object(text, "packetSection");
	add_key(text, record);
	add_counters(text, record);
	if (is_section)
		json_close_object(text);
	add_rest(text, record);
	if ((record->marks & FLOW_UPTIME_TIMES) != 0 && batch->clock_correction_ms != 0)
		json_add_integer(text, "clockCorrectionMilliseconds", batch->clock_correction_ms);
	json_close_object(text);
	json_end_line(text);
}

void
flow_dump_batch(const struct flow_batch *batch, GString *text)
{
	for (size_t i = 0; i < batch->count; i++)
		flow_dump_record(batch, &batch->records[i], text);
}

void
flow_dump_stats(const ExporterTable *exporters, GString *text)
{
	struct decode_counters counters = exporter_table_counters(exporters);
	g_autoptr(GString) rest = NULL;
	uint64_t decoded = counters.datagrams_netflow5 + counters.datagrams_netflow9 +
	                   counters.datagrams_ipfix;

	json_open_object(text, NULL);
	json_open_object(text, "stats");
	json_add_unsigned(text, "datagrams", counters.datagrams_taken);
	json_add_unsigned(text, "datagramsRejected", counters.datagrams_taken - decoded);
	json_add_unsigned(text, "setsWithoutTemplate",
	                  counters.sets_template_missing + counters.sets_template_late +
	                          counters.sets_waiting);
	json_add_unsigned(text, "records", counters.records_decoded);
	rest = g_string_new(NULL);
	decode_counters_format(&counters, false, rest);
	if (rest->len > 0)
		g_string_append_printf(text, ",%s", rest->str);
	json_close_object(text);
	json_close_object(text);
	json_end_line(text);
}
