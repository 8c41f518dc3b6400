/*
 * Reads the addresses of a flow from a section of one of its packets (IPFIX elements 313 and 315,
 * PSAMP).
 *
 * Goes through VLAN tags, MPLS labels, pseudowires, PPPoE and IP in IP to the innermost IP header
 * that is there: that one is the host's.  Bounded by the section's length.
 *
 * Source:  RFC 791, RFC 8200, RFC 8754 (SRv6), RFC 3032, RFC 4385, IEEE 802.1Q.
 * Threads: pure functions.
 */
#ifndef COLLECTOR_PACKET_SECTION_H
#define COLLECTOR_PACKET_SECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/flow_record.h"

enum packet_section {
	SECTION_FROM_IP,
	SECTION_FROM_ETHERNET,
};

/*
 * Writes addresses, protocol, ports and TCP flags, and one packet of the IP header's length where
 * the record has no counters yet.  Marks the record FLOW_PACKET_SECTION.  False: no IP header was
 * found, and nothing is written.
 */
bool packet_section_read(const uint8_t *octets, size_t length, enum packet_section from,
                         struct flow_record *record);

#endif
