#include "collector/link_header.h"

enum {
	LINK_NULL = 0,
	LINK_ETHERNET = 1,
	LINK_PPP = 9,
	LINK_RAW_OLD = 12, /* LINK_RAW as old programs, and libpcap in memory, have it */
	LINK_PPP_SERIAL = 50,
	LINK_RAW = 101,
	LINK_C_HDLC = 104,
	LINK_LOOP = 108,
	LINK_SLL = 113,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_SLL2 = 276,
};

enum {
	TYPE_IPV4 = 0x0800,
	TYPE_IPV6 = 0x86dd,
	TYPE_MPLS = 0x8847,
	TYPE_MPLS_MULTICAST = 0x8848,
	TYPE_PPPOE_SESSION = 0x8864,
	TYPE_NONE = 0,
	VLAN_TAGS_MOST = 4,
	MPLS_LABELS_MOST = 8,
};

bool
link_header_known(uint16_t link_type)
{
	switch (link_type) {
	case LINK_NULL:
	case LINK_ETHERNET:
	case LINK_PPP:
	case LINK_RAW_OLD:
	case LINK_PPP_SERIAL:
	case LINK_RAW:
	case LINK_C_HDLC:
	case LINK_LOOP:
	case LINK_SLL:
	case LINK_IPV4:
	case LINK_IPV6:
	case LINK_SLL2:
		return true;
	default:
		return false;
	}
}

/* The EtherType behind VLAN tags. */
static uint16_t
skip_vlan_tags(struct wire_reader *packet, uint16_t type)
{
	for (int i = 0; i < VLAN_TAGS_MOST; i++) {
		if (type != 0x8100 && type != 0x88a8 && type != 0x9100)
			break;
		wire_skip(packet, 2);
		type = wire_read_u16(packet);
	}
	return type;
}

/* The EtherType of what a PPP frame carries.  Address and control stand before it on serial lines
 * (RFC 1662). */
static uint16_t
skip_ppp_header(struct wire_reader *packet)
{
	uint16_t protocol = wire_read_u16(packet);

	if (protocol == 0xff03)
		protocol = wire_read_u16(packet);
	return protocol == 0x0021 ? TYPE_IPV4 : protocol == 0x0057 ? TYPE_IPV6 : TYPE_NONE;
}

/* The EtherType behind the labels: IP, of the version that its first octet tells. */
static uint16_t
skip_mpls_labels(struct wire_reader *packet)
{
	for (int i = 0; i < MPLS_LABELS_MOST; i++)
		if ((wire_read_u32(packet) & 0x100) != 0)
			return TYPE_IPV4;
	return TYPE_NONE;
}

/* The EtherType of the packet behind all that may stand before it on Ethernet. */
static uint16_t
skip_tunnels(struct wire_reader *packet, uint16_t type)
{
	type = skip_vlan_tags(packet, type);
	if (type == TYPE_PPPOE_SESSION) {
		wire_skip(packet, 6); /* version, code, session, length */
		return skip_ppp_header(packet);
	}
	return type == TYPE_MPLS || type == TYPE_MPLS_MULTICAST ? skip_mpls_labels(packet) : type;
}

bool
link_header_skip(struct wire_reader *packet, uint16_t link_type)
{
	uint16_t type = TYPE_IPV4; /* where nothing but IP, of either version, is carried */

	switch (link_type) {
	case LINK_ETHERNET:
		wire_skip(packet, 12);
		type = wire_read_u16(packet);
		break;
	case LINK_SLL:
		wire_skip(packet, 14);
		type = wire_read_u16(packet);
		break;
	case LINK_SLL2:
		type = wire_read_u16(packet);
		wire_skip(packet, 18);
		break;
	case LINK_NULL:
	case LINK_LOOP:
		wire_skip(packet, 4);
		break;
	case LINK_PPP:
	case LINK_PPP_SERIAL:
		type = skip_ppp_header(packet);
		break;
	case LINK_C_HDLC:
		wire_skip(packet, 2); /* address, control */
		type = wire_read_u16(packet);
		break;
	default:
		break;
	}
	type = skip_tunnels(packet, type);
	return wire_failed(packet) || type == TYPE_IPV4 || type == TYPE_IPV6;
}
