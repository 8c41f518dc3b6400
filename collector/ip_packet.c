#include "collector/ip_packet.h"

#include <string.h>

enum {
	HEADER_HOP_BY_HOP = 0,
	HEADER_ROUTING = 43,
	HEADER_FRAGMENT = 44,
	HEADER_NONE = 59,
	HEADER_DESTINATION = 60,
	IPV6_HEADERS_MOST = 8,
	PROTOCOL_UDP = 17,
};

static enum ip_packet_kind
read_udp(struct wire_reader *packet, struct datagram *datagram)
{
	uint16_t length;

	datagram->exporter_port = wire_read_u16(packet);
	wire_skip(packet, 2); /* destination port */
	length = wire_read_u16(packet);
	wire_skip(packet, 2); /* checksum */
	if (wire_failed(packet))
		return PACKET_CUT;
	if (length < 8)
		return PACKET_MALFORMED;
	datagram->length = (size_t)length - 8;
	datagram->octets = wire_take(packet, datagram->length);
	return datagram->octets != NULL ? PACKET_DATAGRAM : PACKET_CUT;
}

/* Keeps a fragment until its packet is whole, and reads that. */
static enum ip_packet_kind
read_fragment(FragmentTable *fragments, const struct fragment *fragment, struct datagram *datagram)
{
	struct whole_packet whole;
	struct wire_reader body;

	if (fragment->protocol != PROTOCOL_UDP)
		return PACKET_NOT_UDP;
	if (!fragment_table_take(fragments, fragment, &whole))
		return PACKET_MALFORMED;
	if (whole.octets == NULL)
		return PACKET_FRAGMENT;
	body = wire_reader(whole.octets, whole.length);
	return read_udp(&body, datagram);
}

static enum ip_packet_kind
read_ipv4(struct wire_reader *packet, FragmentTable *fragments, struct datagram *datagram)
{
	struct fragment fragment = { .arrival = datagram->arrival };
	struct wire_reader header = *packet;
	struct wire_reader body;
	size_t header_length = 4 * (size_t)(wire_read_u8(&header) & 0x0f);
	uint16_t total;
	uint16_t offset;

	wire_skip(&header, 1); /* type of service */
	total = wire_read_u16(&header);
	fragment.identification = wire_read_u16(&header);
	offset = wire_read_u16(&header);
	wire_skip(&header, 1); /* time to live */
	fragment.protocol = wire_read_u8(&header);
	wire_skip(&header, 2); /* checksum */
	fragment.source = datagram->exporter = host_address_from_ipv4(wire_read_u32(&header));
	fragment.destination = host_address_from_ipv4(wire_read_u32(&header));
	if (wire_failed(&header))
		return PACKET_CUT;
	if (header_length < 20 || (total != 0 && total < header_length))
		return PACKET_MALFORMED;
	if (fragment.protocol != PROTOCOL_UDP)
		return PACKET_NOT_UDP;
	fragment.more = (offset & 0x2000) != 0;
	fragment.offset = 8 * (size_t)(offset & 0x1fff);
	if ((fragment.more || fragment.offset != 0) && total > wire_left(packet))
		return PACKET_CUT;
	/* Of a packet that was captured before its segmentation the length is 0. */
	body = wire_read_nested(packet,
	                        total != 0 ? MIN(total, wire_left(packet)) : wire_left(packet));
	wire_skip(&body, header_length);
	if (!fragment.more && fragment.offset == 0)
		return read_udp(&body, datagram);
	if (wire_failed(&body))
		return PACKET_CUT;
	fragment.octets = body.next;
	fragment.length = wire_left(&body);
	return read_fragment(fragments, &fragment, datagram);
}

/* What stands behind an IPv6 header and its extensions. */
enum { EXTENSION_FRAGMENT = 256, EXTENSION_CUT };

/* Passes over extension headers; the protocol behind them, or EXTENSION_FRAGMENT when it is a part
 * of a packet that is now told in `fragment`, EXTENSION_CUT where the capture ends. */
static int
skip_ipv6_extensions(struct wire_reader *packet, uint8_t next, struct fragment *fragment)
{
	for (int i = 0; i < IPV6_HEADERS_MOST; i++) {
		uint8_t current = next;
		uint8_t length;

		if (current != HEADER_HOP_BY_HOP && current != HEADER_ROUTING &&
		    current != HEADER_FRAGMENT && current != HEADER_DESTINATION)
			return current;
		next = wire_read_u8(packet);
		length = wire_read_u8(packet);
		if (current == HEADER_FRAGMENT) {
			uint16_t offset = wire_read_u16(packet);

			fragment->identification = wire_read_u32(packet);
			fragment->protocol = next;
			fragment->offset = offset & 0xfff8;
			fragment->more = (offset & 1) != 0;
			if (!wire_failed(packet) && (offset & 0xfff9) != 0)
				return EXTENSION_FRAGMENT;
		} else
			wire_skip(packet, 6 + 8 * (size_t)length);
		if (wire_failed(packet))
			return EXTENSION_CUT;
	}
	return HEADER_NONE;
}

static void
read_ipv6_address(struct wire_reader *packet, struct host_address *address)
{
	const uint8_t *octets = wire_take(packet, sizeof(address->octets));

	if (octets != NULL)
		memcpy(address->octets, octets, sizeof(address->octets));
}

static enum ip_packet_kind
read_ipv6(struct wire_reader *packet, FragmentTable *fragments, struct datagram *datagram)
{
	struct fragment fragment = { .arrival = datagram->arrival };
	struct wire_reader body;
	bool is_whole;
	uint16_t length;
	uint8_t next;
	int protocol;

	wire_skip(packet, 4); /* version, class, flow label */
	length = wire_read_u16(packet);
	next = wire_read_u8(packet);
	wire_skip(packet, 1); /* hop limit */
	read_ipv6_address(packet, &fragment.source);
	read_ipv6_address(packet, &fragment.destination);
	if (wire_failed(packet))
		return PACKET_CUT;
	datagram->exporter = fragment.source;
	is_whole = length <= wire_left(packet);
	body = wire_read_nested(packet,
	                        length != 0 ? MIN(length, wire_left(packet)) : wire_left(packet));
	protocol = skip_ipv6_extensions(&body, next, &fragment);
	if (protocol == EXTENSION_CUT)
		return PACKET_CUT;
	if (protocol != EXTENSION_FRAGMENT)
		return protocol == PROTOCOL_UDP ? read_udp(&body, datagram) : PACKET_NOT_UDP;
	if (!is_whole)
		return PACKET_CUT;
	fragment.octets = body.next;
	fragment.length = wire_left(&body);
	return read_fragment(fragments, &fragment, datagram);
}

enum ip_packet_kind
ip_packet_read(struct wire_reader *packet, FragmentTable *fragments, struct datagram *datagram)
{
	struct wire_reader peek = *packet;
	uint8_t first = wire_read_u8(&peek);

	if (wire_failed(&peek))
		return PACKET_CUT;
	if (first >> 4 == 4)
		return read_ipv4(packet, fragments, datagram);
	return first >> 4 == 6 ? read_ipv6(packet, fragments, datagram) : PACKET_NOT_IP;
}
