#include "collector/flow_roles.h"

#include <stdint.h>
#include <string.h>
#include <sys/param.h>

#include "collector/record_lanes.h"

enum {
	TCP = 6,
	UDP = 17,
	ICMP = 1,
	ICMP6 = 58,
	FLAG_FIN = 0x01,
	FLAG_SYN = 0x02,
	FLAG_RST = 0x04,
	FLAG_PSH = 0x08,
	FLAG_ACK = 0x10,
	BACKSCATTER_PACKETS = 3,
	PORTS_KNOWN = 1024, /* those below are servers' */
	PORTS_FREE = 32768, /* those from here on are clients' */
	TRACEROUTE_FIRST = 33434,
	TRACEROUTE_PORTS = 100,
};

#ifdef __x86_64__

/* What one direction has sent: see flow_role.c. */
struct sides {
	lanes flags;
	lanes are_told; /* the flags */
	lanes packets;
	lanes has_payload;
	lanes has_options; /* more than bare headers */
};

struct columns {
	lanes beyond; /* numbers do not fit, or it is one of the few that are told apart otherwise
	               */
	lanes marks;
	lanes sampling;
	lanes source_port;
	lanes destination_port;
	lanes is_tcp;
	lanes is_udp;
	lanes is_known;     /* the other direction */
	lanes is_to_nobody; /* the destination is no single host */
	struct sides own;
	struct sides other;
};

WIDE lanes
is_ipv4(const lanes address[static 4])
{
	return ((address[0] | address[1]) == 0) & (address[2] == (int32_t)0xffff0000);
}

enum { OCTETS_MOST = 0x3fffffff, PACKETS_MOST = 0xffff };

/* Compares the octets with what the headers of so many packets have, of TCP in IPv4 or IPv6: where
 * there are at most PACKETS_MOST, for else the product might not fit. */
WIDE void
compare_headers(struct sides *sides, lanes octets, lanes is_ipv6)
{
	lanes packets = sides->packets & PACKETS_MOST;
	lanes more = ((packets << 4) + (packets << 2)) & is_ipv6;

	sides->has_payload = octets > (packets << 6) + more;
	sides->has_options = octets >= (packets << 5) + (packets << 3) + (packets << 2) + more;
}

_Static_assert(offsetof(struct flow_record, packets) == offsetof(struct flow_record, octets) + 8 &&
                       offsetof(struct flow_record, marks) ==
                               offsetof(struct flow_record, sampling_interval) + 12 &&
                       offsetof(struct flow_record, tcp_flags) ==
                               offsetof(struct flow_record, source_port) + 6 &&
                       offsetof(struct flow_record, protocol) ==
                               offsetof(struct flow_record, source_port) + 12 &&
                       offsetof(struct flow_record, other_packets) ==
                               offsetof(struct flow_record, other_octets) + 4 &&
                       offsetof(struct flow_record, other_tcp_flags) ==
                               offsetof(struct flow_record, other_octets) + 8,
               "columns are taken by 16 octets");

WIDE void
take_counts(const struct flow_record *const records[static LANES], struct columns *columns)
{
	lanes counts[4], others[4], address[4], is_ipv6;

	take_columns(records, offsetof(struct flow_record, octets), counts);
	take_columns(records, offsetof(struct flow_record, other_octets), others);
	take_columns(records, offsetof(struct flow_record, source), address);
	is_ipv6 = ~is_ipv4(address);
	columns->own.packets = counts[2];
	columns->other.packets = others[1];
	columns->other.flags = others[2] & UINT16_MAX;
	columns->other.are_told = columns->other.flags != 0;
	columns->beyond |= ((counts[0] & ~OCTETS_MOST) | counts[1] | (counts[2] & ~PACKETS_MOST) |
	                    counts[3]) != 0;
	columns->beyond |= counts[2] == 0;
	columns->beyond |= columns->is_known &
	                   (((others[0] & ~OCTETS_MOST) | (others[1] & ~PACKETS_MOST)) != 0);
	compare_headers(&columns->own, counts[0], is_ipv6);
	compare_headers(&columns->other, others[0], is_ipv6);
}

WIDE void
take_tuple(const struct flow_record *const records[static LANES], struct columns *columns)
{
	lanes words[4], protocol, flags, are_told;

	take_columns(records, offsetof(struct flow_record, sampling_interval), words);
	columns->sampling = words[0];
	columns->marks = words[3];
	columns->is_known = has(columns->marks, FLOW_KNOWN_REVERSE);
	are_told = has(columns->marks, FLOW_HAS_FLAGS);
	take_columns(records, offsetof(struct flow_record, source_port), words);
	columns->source_port = words[0] & UINT16_MAX;
	columns->destination_port = words[0] >> 16 & UINT16_MAX;
	flags = words[1] >> 16 & UINT16_MAX;
	protocol = words[3] & UINT8_MAX;
	columns->is_tcp = protocol == TCP;
	columns->is_udp = protocol == UDP;
	columns->own.flags = flags & columns->is_tcp;
	columns->own.are_told = columns->own.flags != 0;
	columns->beyond |= (protocol == ICMP) | (protocol == ICMP6) |
	                   (columns->own.are_told & ~are_told) |
	                   has(columns->marks, FLOW_HAS_REVERSE);
}

/* Multicast and broadcast: see flow_role.c. */
WIDE lanes
is_to_nobody(const struct flow_record *const records[static LANES])
{
	lanes address[4], in_ipv4;

	take_columns(records, offsetof(struct flow_record, destination), address);
	in_ipv4 = ((address[3] & 0xf0) == 0xe0) |
	          ((address[3] & (int32_t)0xff000000) == (int32_t)0xff000000);
	return choose(is_ipv4(address), in_ipv4, (address[0] & 0xff) == 0xff);
}

/* Did TCP's side that sent this say yes? */
WIDE lanes
is_positive(const struct sides *sides)
{
	lanes refuses = has(sides->flags, FLAG_RST) & ~has(sides->flags, FLAG_SYN);
	lanes by_flags = choose(refuses, has(sides->flags, FLAG_PSH) | sides->has_payload,
	                        has(sides->flags, FLAG_ACK));

	return choose(sides->are_told, by_flags, sides->has_options);
}

/* Does TCP's client show that it was answered? */
WIDE lanes
shows_answer(const struct sides *sides)
{
	lanes synchronises = has(sides->flags, FLAG_SYN);
	lanes some = sides->packets >= 3;
	lanes by_flags = choose(synchronises, sides->packets >= 2,
	                        some & has_any(sides->flags, FLAG_PSH | FLAG_FIN)) &
	                 has(sides->flags, FLAG_ACK);

	return choose(sides->are_told, by_flags, some & sides->has_payload);
}

/* How well a port is known as a server's, 0 best, and behind that the port: services' ports among
 * those in the middle are not told apart. */
WIDE lanes
rank_of(lanes port)
{
	lanes is_free = (port == 0) | (port >= PORTS_FREE);
	lanes is_known = port < PORTS_KNOWN;

	return port | choose(is_free, (lanes){ 0 } + (3 << 16), ~is_known & (1 << 16));
}

WIDE lanes
source_is_client(struct columns *columns)
{
	lanes flags = columns->own.flags;
	lanes synchronises = has(flags, FLAG_SYN);
	lanes acknowledges = has(flags, FLAG_ACK);
	lanes begins = synchronises & ~acknowledges;
	lanes answers = synchronises & acknowledges & (columns->own.packets == 1);
	lanes is_said = has_any(columns->marks, FLOW_SOURCE_BEGAN | FLOW_SOURCE_ANSWERS);
	lanes source = rank_of(columns->source_port);
	lanes destination = rank_of(columns->destination_port);
	lanes by_ports = (source > destination) | ((source == destination) & ~columns->is_known);
	lanes by_services = (source >> 16 == 1) & (destination >> 16 == 1);

	columns->beyond |= by_services & ~begins & ~answers & ~is_said;
	by_ports = choose(is_said, has(columns->marks, FLOW_SOURCE_BEGAN), by_ports);
	return begins | (by_ports & ~answers);
}

WIDE lanes
marks_of_client(const struct columns *columns)
{
	lanes source = columns->source_port;
	lanes destination = columns->destination_port;
	lanes traceroute = (destination >= TRACEROUTE_FIRST) &
	                   (destination < TRACEROUTE_FIRST + TRACEROUTE_PORTS) &
	                   (source >= PORTS_KNOWN);
	lanes undecided =
		((columns->sampling & ~1) != 0) & (source == destination) & ~columns->is_known;
	lanes no_contact = columns->is_to_nobody | (columns->is_udp & (traceroute | undecided));
	lanes heard = columns->is_known & (columns->other.packets != 0) &
	              (~columns->is_tcp | is_positive(&columns->other));
	lanes answered = heard | (columns->is_tcp & shows_answer(&columns->own));

	return ROLE_SOURCE_IS_CLIENT | (~has(columns->marks, FLOW_CONTINUES) & ROLE_BEGINS) |
	       (answered & ROLE_ANSWERED) | (no_contact & ROLE_NO_CONTACT);
}

WIDE lanes
marks_of_server(const struct columns *columns)
{
	const struct sides *own = &columns->own;
	lanes positive = ~columns->is_tcp | is_positive(own);
	lanes refusal = ~positive & has(own->flags, FLAG_RST);
	lanes unsolicited = has_any(own->flags, FLAG_RST | FLAG_SYN) &
	                    (own->packets <= BACKSCATTER_PACKETS) & ~own->has_payload &
	                    ~columns->is_known;

	return (positive & ROLE_POSITIVE) | (refusal & ROLE_REFUSAL) |
	       (unsolicited & ROLE_UNSOLICITED);
}

WIDE lanes
marks_of_tcp(const struct columns *columns)
{
	lanes flags = columns->own.flags;
	lanes alone = (flags & (FLAG_SYN | FLAG_ACK | FLAG_RST)) == FLAG_SYN;
	lanes flagless = columns->is_tcp & ~columns->own.are_told & (columns->own.packets > 1);

	return (has(flags, FLAG_RST) & ROLE_RESET) | (alone & ROLE_SYN_ONLY) |
	       (flagless & ROLE_FLAGLESS);
}

/* What was found of eight records. */
struct found {
	uint32_t beyond[LANES];
	uint32_t marks[LANES];
	uint32_t ports[LANES];
	uint32_t protocols[LANES];
};

WIDE void
find_eight(const struct flow_record *const records[static LANES], struct found *found)
{
	struct columns columns = { .beyond = { 0 } };
	lanes is_client, marks;

	take_tuple(records, &columns);
	take_counts(records, &columns);
	columns.is_to_nobody = is_to_nobody(records);
	is_client = source_is_client(&columns);
	marks = choose(is_client, marks_of_client(&columns), marks_of_server(&columns));
	put_lanes(found->beyond, columns.beyond);
	put_lanes(found->marks, marks | marks_of_tcp(&columns));
	put_lanes(found->ports, choose(is_client, columns.destination_port, columns.source_port));
	put_lanes(found->protocols,
	          choose(columns.is_udp, (lanes){ 0 } + HOST_UDP, ~columns.is_tcp & HOST_OTHER));
}

WIDE void
tell_eight(const struct flow_record *const records[static LANES], size_t count,
           struct flow_role *roles)
{
	struct found found;

	find_eight(records, &found);
	for (size_t i = 0; i < count; i++) {
		if (found.beyond[i] != 0)
			roles[i] = flow_role_of(records[i]);
		else
			roles[i] = (struct flow_role){ found.marks[i], (uint16_t)found.ports[i],
				                       (enum host_protocol)found.protocols[i] };
	}
}

static __attribute__((target("avx2"))) void
tell_all(const struct flow_record *const *records, size_t count, struct flow_role *roles)
{
	const struct flow_record *eight[LANES];

	for (size_t i = 0; i < count; i += LANES) {
		take_pointers(records, count, i, eight);
		tell_eight(eight, MIN(count - i, LANES), roles + i);
	}
}

#endif

void
flow_roles_of(const struct flow_record *const *records, size_t count, struct flow_role *roles)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2")) {
		tell_all(records, count, roles);
		return;
	}
#endif
	for (size_t i = 0; i < count; i++)
		roles[i] = flow_role_of(records[i]);
}
