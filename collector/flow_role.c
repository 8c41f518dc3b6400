#include "collector/flow_role.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum {
	FLAG_FIN = 0x01,
	FLAG_SYN = 0x02,
	FLAG_RST = 0x04,
	FLAG_PSH = 0x08,
	FLAG_ACK = 0x10,
	IPV4_TCP_HEADERS = 40,
	IPV6_TCP_HEADERS = 60,
	OPTION_OCTETS = 4,   /* a SYN+ACK has at least the MSS option, a RST none */
	PAYLOAD_OCTETS = 24, /* more than headers with timestamps: there was payload */
	BACKSCATTER_PACKETS = 3,
};

/* What one direction of a flow looks like, as far as an answer is concerned. */
struct side {
	uint64_t packets;
	uint64_t octets;
	uint16_t flags;
	uint16_t headers; /* octets of IP and TCP headers without options */
	bool has_flags;
};

static uint16_t
header_octets(const struct flow_record *record)
{
	return host_address_is_ipv4(&record->source) ? IPV4_TCP_HEADERS : IPV6_TCP_HEADERS;
}

static bool
has_payload(const struct side *side)
{
	return side->octets > side->packets * (uint64_t)(side->headers + PAYLOAD_OCTETS);
}

/* Did a server that sent this say yes?  A RST has no options and no payload; everything else has.
 */
static bool
tcp_answer_is_positive(const struct side *side)
{
	if (!side->has_flags)
		return side->octets >= side->packets * (uint64_t)(side->headers + OPTION_OCTETS);
	if (side->flags & FLAG_SYN)
		return (side->flags & FLAG_ACK) != 0;
	if (side->flags & FLAG_RST)
		return (side->flags & FLAG_PSH) != 0 || has_payload(side);
	return (side->flags & FLAG_ACK) != 0;
}

static bool
answer_is_positive(enum host_protocol protocol, const struct side *side)
{
	if (side->packets == 0)
		return false;
	return protocol != HOST_TCP || tcp_answer_is_positive(side);
}

/*
 * Does a client's own record show that it was answered?  It acknowledges what it was sent; but a
 * RST+ACK of its own, or a lone ACK, proves nothing.
 */
static bool
tcp_client_shows_answer(const struct side *side)
{
	if (!side->has_flags)
		return side->packets >= 3 && has_payload(side);
	if (!(side->flags & FLAG_ACK))
		return false;
	if (side->flags & FLAG_SYN)
		return side->packets >= 2;
	return side->packets >= 3 && (side->flags & (FLAG_PSH | FLAG_FIN)) != 0;
}

static struct side
own_side(const struct flow_record *record)
{
	return (struct side){
		.packets = record->packets,
		.octets = record->octets,
		.flags = record->tcp_flags,
		.headers = header_octets(record),
		.has_flags = (record->marks & FLOW_HAS_FLAGS) && record->tcp_flags != 0,
	};
}

static bool
other_side_is_positive(const struct flow_record *record, enum host_protocol protocol)
{
	struct side other = { .headers = header_octets(record) };

	if (record->marks & FLOW_HAS_REVERSE) {
		other.packets = record->reverse_packets;
		other.octets = record->reverse_octets;
		other.flags = record->reverse_tcp_flags;
	} else if (record->marks & FLOW_KNOWN_REVERSE) {
		other.packets = record->other_packets;
		other.octets = record->other_octets;
		other.flags = record->other_tcp_flags;
	}
	other.has_flags = other.flags != 0;
	return answer_is_positive(protocol, &other);
}

enum icmp_meaning
flow_role_icmp(const struct flow_record *record)
{
	unsigned type = record->icmp_type_code >> 8;

	if (record->protocol == 58) {
		if ((type != 0 && type < 128) || type == 137)
			return ICMP_ERROR;
		return type == 128 || type == 133 || type == 135 ? ICMP_REQUEST : ICMP_REPLY;
	}
	switch (type) {
	case 3:
	case 4:
	case 5:
	case 11:
	case 12:
		return ICMP_ERROR;
	case 8:
	case 13:
	case 15:
	case 17:
		return ICMP_REQUEST;
	default:
		return ICMP_REPLY;
	}
}

static bool
is_service(uint16_t port)
{
	switch (port) {
	case 1080:
	case 1194:
	case 1433:
	case 1521:
	case 1723:
	case 1883:
	case 1900:
	case 2049:
	case 3128:
	case 3306:
	case 3389:
	case 3478:
	case 4500:
	case 5060:
	case 5222:
	case 5353:
	case 5355:
	case 5432:
	case 5900:
	case 6379:
	case 6667:
	case 8000:
	case 8080:
	case 8443:
	case 8888:
	case 9100:
	case 9200:
	case 11211:
	case 27017:
		return true;
	default:
		return false;
	}
}

/* How well a port is known as a server's: 0 best. */
static unsigned
port_rank(uint16_t port)
{
	if (port != 0 && port < 1024)
		return 0;
	if (port == 0 || port >= 32768)
		return 3;
	return is_service(port) ? 1 : 2;
}

static bool
source_port_is_clients(const struct flow_record *record)
{
	unsigned source = port_rank(record->source_port);
	unsigned destination = port_rank(record->destination_port);

	if (source != destination)
		return source > destination;
	if (record->source_port != record->destination_port)
		return record->source_port > record->destination_port;
	return !(record->marks & FLOW_KNOWN_REVERSE); /* who was heard of first */
}

static bool
source_is_client(const struct flow_record *record, const struct side *side,
                 enum host_protocol protocol)
{
	bool synchronises = protocol == HOST_TCP && side->has_flags && (side->flags & FLAG_SYN);

	if (protocol == HOST_ICMP && record->icmp_type_code != 0)
		return flow_role_icmp(record) == ICMP_REQUEST;
	if (synchronises && !(side->flags & FLAG_ACK))
		return true;
	if (synchronises && side->packets == 1)
		return false;
	if (record->marks & (FLOW_SOURCE_BEGAN | FLOW_SOURCE_ANSWERS))
		return (record->marks & FLOW_SOURCE_BEGAN) != 0;
	if (record->marks & FLOW_HAS_REVERSE)
		return true;
	return protocol != HOST_ICMP && source_port_is_clients(record);
}

/* Multicast and broadcast; an IPv4 address that ends in 255 is taken for a subnet's broadcast
 * address. */
static bool
is_no_single_host(const struct host_address *address)
{
	if (host_address_is_ipv4(address))
		return (address->octets[12] & 0xf0) == 0xe0 || address->octets[15] == 255;
	return address->octets[0] == 0xff;
}

/* traceroute(8) asks for an error, not for an answer, at ports where nobody serves. */
static bool
is_traceroute(const struct flow_record *record)
{
	enum { FIRST_PORT = 33434, PORTS = 100 };

	return record->protocol == 17 && record->destination_port >= FIRST_PORT &&
	       record->destination_port < FIRST_PORT + PORTS && record->source_port >= 1024;
}

/* Of two equal ports a sampled export does not tell who asked: the other direction was mostly not
 * taken. */
static bool
is_undecided(const struct flow_record *record)
{
	return record->protocol == 17 && record->sampling_interval > 1 &&
	       record->source_port == record->destination_port &&
	       !(record->marks & (FLOW_KNOWN_REVERSE | FLOW_HAS_REVERSE));
}

static uint32_t
client_marks(const struct flow_record *record, const struct side *side, enum host_protocol protocol)
{
	uint32_t marks = ROLE_SOURCE_IS_CLIENT;

	if (!(record->marks & FLOW_CONTINUES))
		marks |= ROLE_BEGINS;
	if (other_side_is_positive(record, protocol) ||
	    (protocol == HOST_TCP && tcp_client_shows_answer(side)))
		marks |= ROLE_ANSWERED;
	if (is_no_single_host(&record->destination) || is_traceroute(record) ||
	    is_undecided(record))
		marks |= ROLE_NO_CONTACT;
	return marks;
}

static uint32_t
server_marks(const struct flow_record *record, const struct side *side, enum host_protocol protocol)
{
	bool answers = (side->flags & FLAG_RST) || (side->flags & FLAG_SYN);
	uint32_t marks = 0;

	if (answer_is_positive(protocol, side))
		marks |= ROLE_POSITIVE;
	else if (protocol == HOST_TCP && (side->flags & FLAG_RST))
		marks |= ROLE_REFUSAL;
	if (protocol == HOST_TCP && side->has_flags && answers &&
	    side->packets <= BACKSCATTER_PACKETS && !has_payload(side) &&
	    !(record->marks & (FLOW_KNOWN_REVERSE | FLOW_HAS_REVERSE)))
		marks |= ROLE_UNSOLICITED;
	return marks;
}

static uint32_t
tcp_marks(const struct side *side)
{
	uint32_t marks = 0;

	if (!side->has_flags)
		return side->packets > 1 ? ROLE_FLAGLESS : 0;
	if (side->flags & FLAG_RST)
		marks |= ROLE_RESET;
	if ((side->flags & (FLAG_SYN | FLAG_ACK | FLAG_RST)) == FLAG_SYN)
		marks |= ROLE_SYN_ONLY;
	return marks;
}

struct flow_role
flow_role_of(const struct flow_record *record)
{
	struct flow_role role = { .protocol = host_protocol(record->protocol) };
	struct side side = own_side(record);

	if (role.protocol == HOST_ICMP && record->icmp_type_code != 0 &&
	    flow_role_icmp(record) == ICMP_ERROR) {
		role.marks = ROLE_ICMP_ERROR;
		return role;
	}
	if (role.protocol == HOST_TCP)
		role.marks = tcp_marks(&side);
	if (source_is_client(record, &side, role.protocol)) {
		role.marks |= client_marks(record, &side, role.protocol);
		role.port = record->destination_port;
	} else {
		role.marks |= server_marks(record, &side, role.protocol);
		role.port = record->source_port;
	}
	if (role.protocol == HOST_ICMP)
		role.port = 0;
	return role;
}

void
flow_role_reverse(const struct flow_record *biflow, struct flow_record *reverse)
{
	static const uint32_t dropped =
		FLOW_HAS_REVERSE | FLOW_HAS_SIZE_RANGE | FLOW_SOURCE_BEGAN | FLOW_SOURCE_ANSWERS;
	bool source_began = (flow_role_of(biflow).marks & ROLE_SOURCE_IS_CLIENT) != 0;

	*reverse = *biflow;
	reverse->source = biflow->destination;
	reverse->destination = biflow->source;
	reverse->source_port = biflow->destination_port;
	reverse->destination_port = biflow->source_port;
	reverse->ingress_interface = biflow->egress_interface;
	reverse->egress_interface = biflow->ingress_interface;
	reverse->octets = biflow->reverse_octets;
	reverse->packets = biflow->reverse_packets;
	reverse->tcp_flags = biflow->reverse_tcp_flags;
	reverse->other_octets = biflow->octets < UINT32_MAX ? (uint32_t)biflow->octets : UINT32_MAX;
	reverse->other_packets =
		biflow->packets < UINT32_MAX ? (uint32_t)biflow->packets : UINT32_MAX;
	reverse->other_tcp_flags = biflow->tcp_flags;
	reverse->reverse_octets = reverse->reverse_packets = 0;
	reverse->icmp_type_code = 0;
	memcpy(reverse->sizes, biflow->reverse_sizes, sizeof(reverse->sizes));
	reverse->marks = (biflow->marks & ~dropped) | FLOW_KNOWN_REVERSE |
	                 (source_began ? FLOW_SOURCE_ANSWERS : FLOW_SOURCE_BEGAN);
}
