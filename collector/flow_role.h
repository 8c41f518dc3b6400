/*
 * Who is who in a flow record: which end is the client, does a flow begin, is it answered.
 *
 * The client is, in this order: whoever sent a SYN without ACK, or an ICMP request; the sender of a
 * biflow; whom the conversation table knows; else the end with the less known port.  Pure
 * functions.
 */
#ifndef COLLECTOR_FLOW_ROLE_H
#define COLLECTOR_FLOW_ROLE_H

#include <stdint.h>

#include "collector/flow_record.h"
#include "common/host_bin.h"

enum flow_role_marks {
	ROLE_SOURCE_IS_CLIENT = 1 << 0,
	ROLE_BEGINS = 1 << 1, /* the client's first record of the flow */
	ROLE_ANSWERED =
		1 << 2, /* a client's record that shows, or is known to have, a positive answer */
	ROLE_POSITIVE = 1 << 3,   /* a server's record that is a positive answer */
	ROLE_REFUSAL = 1 << 4,    /* a server's record of nothing but RST */
	ROLE_SYN_ONLY = 1 << 5,   /* SYN and neither ACK nor RST */
	ROLE_RESET = 1 << 6,      /* TCP with RST */
	ROLE_FLAGLESS = 1 << 7,   /* TCP, several packets, no flag at all */
	ROLE_ICMP_ERROR = 1 << 8, /* about another flow: begins nothing, touches nobody */
	ROLE_NO_CONTACT = 1 << 9, /* the destination is no single host, or no service of one */
	ROLE_UNSOLICITED =
		1
		<< 10, /* TCP answer to something that the destination is not known to have sent */
};

struct flow_role {
	uint32_t marks; /* enum flow_role_marks */
	uint16_t port;  /* the server's; 0 where the protocol has none */
	enum host_protocol protocol;
};

/* Of one direction: a biflow's reverse direction is a record of its own (see flow_role_reverse()).
 */
struct flow_role flow_role_of(const struct flow_record *record);

enum icmp_meaning { ICMP_REQUEST, ICMP_REPLY, ICMP_ERROR };

/* Of a record of ICMP or ICMPv6.  An exporter that does not tell the type looks like one of echo
 * replies. */
enum icmp_meaning flow_role_icmp(const struct flow_record *record);

/* Makes of a biflow the record of its reverse direction, which knows that it answers. */
void flow_role_reverse(const struct flow_record *biflow, struct flow_record *reverse);

#endif
