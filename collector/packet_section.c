#include "collector/packet_section.h"

#include <string.h>

#include "common/wire_reader.h"

enum {
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_MPLS = 0x8847,
	ETHERTYPE_MPLS_MULTICAST = 0x8848,
	ETHERTYPE_PPPOE = 0x8864,
	ETHERTYPE_SERVICE_VLAN = 0x88a8,
	ETHERTYPE_OLD_VLAN = 0x9100,
	PPP_IPV4 = 0x0021,
	PPP_IPV6 = 0x0057,
	PROTOCOL_HOP_BY_HOP = 0,
	PROTOCOL_IPV4 = 4,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_IPV6 = 41,
	PROTOCOL_ROUTING = 43,
	PROTOCOL_FRAGMENT = 44,
	PROTOCOL_ICMP = 1,
	PROTOCOL_ICMP6 = 58,
	PROTOCOL_DESTINATION = 60,
	PROTOCOL_ETHERNET = 143, /* SRv6 L2 */
	PROTOCOL_SCTP = 132,
	NESTED_MAX = 8, /* headers within headers */
};

/* The innermost IP header so far. */
struct ip_header {
	bool found;
	struct host_address source, destination;
	uint32_t octets;
	uint8_t protocol;
	bool is_first_fragment;
	struct wire_reader payload;
};

static struct host_address
read_ipv6(struct wire_reader *reader)
{
	struct host_address address = { .octets = { 0 } };
	const uint8_t *octets = wire_take(reader, sizeof(address.octets));

	if (octets != NULL)
		memcpy(address.octets, octets, sizeof(address.octets));
	return address;
}

static bool
read_ipv4_header(struct wire_reader reader, struct ip_header *header)
{
	struct ip_header read = { .found = true };
	uint8_t version = wire_read_u8(&reader);

	wire_skip(&reader, 1);
	read.octets = wire_read_u16(&reader);
	wire_skip(&reader, 2);
	read.is_first_fragment = (wire_read_u16(&reader) & 0x1fff) == 0;
	wire_skip(&reader, 1);
	read.protocol = wire_read_u8(&reader);
	wire_skip(&reader, 2);
	read.source = host_address_from_ipv4(wire_read_u32(&reader));
	read.destination = host_address_from_ipv4(wire_read_u32(&reader));
	if (wire_failed(&reader) || version >> 4 != 4 || (version & 15) < 5)
		return false;
	wire_skip(&reader, 4U * ((version & 15U) - 5U));
	read.payload = reader;
	*header = read;
	return true;
}

static bool
is_extension(uint8_t protocol)
{
	return protocol == PROTOCOL_HOP_BY_HOP || protocol == PROTOCOL_ROUTING ||
	       protocol == PROTOCOL_FRAGMENT || protocol == PROTOCOL_DESTINATION;
}

static bool
read_ipv6_header(struct wire_reader reader, struct ip_header *header)
{
	struct ip_header read = { .found = true, .is_first_fragment = true };
	uint32_t version = wire_read_u32(&reader) >> 28;

	read.octets = 40U + wire_read_u16(&reader);
	read.protocol = wire_read_u8(&reader);
	wire_skip(&reader, 1);
	read.source = read_ipv6(&reader);
	read.destination = read_ipv6(&reader);
	if (wire_failed(&reader) || version != 6)
		return false;
	for (int i = 0; i < NESTED_MAX && is_extension(read.protocol) && !wire_failed(&reader);
	     i++) {
		bool is_fragment = read.protocol == PROTOCOL_FRAGMENT;
		uint8_t next = wire_read_u8(&reader);
		uint8_t length = wire_read_u8(&reader);

		if (is_fragment)
			read.is_first_fragment = (wire_read_u16(&reader) & 0xfff8) == 0;
		wire_skip(&reader, is_fragment ? 4 : 6U + 8U * length);
		read.protocol = next;
	}
	read.payload = reader;
	*header = read;
	return true;
}

static bool
read_ip_header(struct wire_reader reader, struct ip_header *header)
{
	if (wire_left(&reader) == 0)
		return false;
	return reader.next[0] >> 4 == 4 ? read_ipv4_header(reader, header)
	                                : read_ipv6_header(reader, header);
}

/* Moves to what MPLS carries; true: an Ethernet frame (a pseudowire with control word, RFC 4385).
 */
static bool
skip_mpls(struct wire_reader *reader)
{
	while (!wire_failed(reader) && (wire_read_u32(reader) & 0x100) == 0)
		continue;
	if (wire_failed(reader) || wire_left(reader) < 4 || reader->next[0] >> 4 != 0)
		return false;
	wire_skip(reader, 4);
	return true;
}

/* Moves past an Ethernet header to IP; false: there is none.  `*again`: another Ethernet header
 * follows. */
static bool
skip_ethernet(struct wire_reader *reader, bool *again)
{
	uint16_t type;

	*again = false;
	wire_skip(reader, 12);
	type = wire_read_u16(reader);
	while (type == ETHERTYPE_VLAN || type == ETHERTYPE_SERVICE_VLAN ||
	       type == ETHERTYPE_OLD_VLAN) {
		wire_skip(reader, 2);
		type = wire_read_u16(reader);
	}
	if (type == ETHERTYPE_PPPOE) {
		wire_skip(reader, 6);
		type = wire_read_u16(reader);
		return !wire_failed(reader) && (type == PPP_IPV4 || type == PPP_IPV6);
	}
	if (type == ETHERTYPE_MPLS || type == ETHERTYPE_MPLS_MULTICAST) {
		*again = skip_mpls(reader);
		return !wire_failed(reader);
	}
	return !wire_failed(reader) && (type == ETHERTYPE_IPV4 || type == ETHERTYPE_IPV6);
}

static bool
find_ip(struct wire_reader *reader)
{
	bool again = true;

	for (int i = 0; i < NESTED_MAX && again; i++)
		if (!skip_ethernet(reader, &again))
			return false;
	return !again;
}

static struct ip_header
innermost(struct wire_reader reader, enum packet_section from)
{
	struct ip_header header = { .found = false };

	for (int i = 0; i < NESTED_MAX; i++) {
		struct ip_header inner;

		if (from == SECTION_FROM_ETHERNET && !find_ip(&reader))
			break;
		if (!read_ip_header(reader, &inner))
			break;
		header = inner;
		reader = inner.payload;
		from = inner.protocol == PROTOCOL_ETHERNET ? SECTION_FROM_ETHERNET
		                                           : SECTION_FROM_IP;
		if (wire_failed(&reader) || !inner.is_first_fragment)
			break;
		if (inner.protocol != PROTOCOL_IPV4 && inner.protocol != PROTOCOL_IPV6 &&
		    inner.protocol != PROTOCOL_ETHERNET)
			break;
	}
	return header;
}

static void
read_transport(const struct ip_header *header, struct flow_record *record)
{
	struct wire_reader reader = header->payload;
	uint16_t first = wire_read_u16(&reader);
	uint16_t second = wire_read_u16(&reader);

	if (wire_failed(&reader) || !header->is_first_fragment)
		return;
	if (header->protocol == PROTOCOL_ICMP || header->protocol == PROTOCOL_ICMP6) {
		record->icmp_type_code = first;
		return;
	}
	if (header->protocol != PROTOCOL_TCP && header->protocol != PROTOCOL_UDP &&
	    header->protocol != PROTOCOL_SCTP)
		return;
	record->source_port = first;
	record->destination_port = second;
	wire_skip(&reader, 8);
	first = wire_read_u16(&reader);
	if (header->protocol == PROTOCOL_TCP && !wire_failed(&reader)) {
		record->tcp_flags = first & 0x01ff;
		record->marks |= FLOW_HAS_FLAGS;
	}
}

bool
packet_section_read(const uint8_t *octets, size_t length, enum packet_section from,
                    struct flow_record *record)
{
	struct ip_header header = innermost(wire_reader(octets, length), from);

	if (!header.found)
		return false;
	record->source = header.source;
	record->destination = header.destination;
	record->protocol = header.protocol;
	read_transport(&header, record);
	if ((record->marks & (FLOW_HAS_OCTETS | FLOW_HAS_PACKETS)) == 0 || record->octets == 0) {
		record->octets = header.octets;
		record->packets = record->packets == 0 ? 1 : record->packets;
		record->marks |= FLOW_HAS_OCTETS | FLOW_HAS_PACKETS;
	}
	record->marks |= FLOW_PACKET_SECTION;
	return true;
}
