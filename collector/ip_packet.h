/*
 * The UDP datagram in an IP packet of a capture (RFC 791, 8200, 768).
 *
 * Octets behind the packet's own length are padding.  A packet of length 0 was captured before the
 * sender's hardware cut it into segments: it reaches as far as the capture does.
 *
 * Time:      that of the capture; no clock is read.
 * Ownership: the datagram's octets are the packet's, or, when it was put together, those of the
 *            fragment table.
 * Threads:   one, that of the fragment table.
 */
#ifndef COLLECTOR_IP_PACKET_H
#define COLLECTOR_IP_PACKET_H

#include "collector/datagram.h"
#include "collector/fragment_table.h"
#include "common/wire_reader.h"

/* What a packet turns out to be. */
enum ip_packet_kind {
	PACKET_DATAGRAM,
	PACKET_NOT_IP,
	PACKET_NOT_UDP,
	PACKET_FRAGMENT, /* of a packet that is not whole yet */
	PACKET_CUT,      /* it goes on where the octets end */
	PACKET_MALFORMED,
};

/*
 * Reads the packet, which came at datagram->arrival, into `datagram`: exporter, its port, octets.
 * `datagram` is of use only for PACKET_DATAGRAM.
 */
enum ip_packet_kind ip_packet_read(struct wire_reader *packet, FragmentTable *fragments,
                                   struct datagram *datagram);

#endif
