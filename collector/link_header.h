/*
 * What stands before the IP packet in a packet of a capture: the link layer's header, VLAN tags,
 * PPPoE, MPLS labels.
 *
 * Source: the registry of link types at tcpdump.org; IEEE 802.1Q, RFC 1661, 1662, 2516, 3032.
 * Threads: pure functions.
 */
#ifndef COLLECTOR_LINK_HEADER_H
#define COLLECTOR_LINK_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/wire_reader.h"

/* Is it a link type, LINKTYPE_... as files have it, that is read? */
bool link_header_known(uint16_t link_type);

/* Moves to the IP packet, or as far as the octets go (wire_failed()).  False: it carries none. */
bool link_header_skip(struct wire_reader *packet, uint16_t link_type);

#endif
