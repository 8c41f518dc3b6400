/*
 * Export datagrams out of a file: a capture (pcap by libpcap, pcapng by pcapng_file.h) of the
 * packets that carried them, or an IPFIX File (RFC 5655), either of them compressed with gzip or
 * not, told apart by content.  The only file that knows libpcap.
 *
 * Of a capture, the payload of every UDP datagram is given out, whatever its port; which are export
 * datagrams is the decoder's to tell.  Link types: Ethernet (with VLAN tags, PPPoE, MPLS), Linux
 * cooked (SLL, SLL2), PPP, Cisco HDLC, raw IP, BSD loopback (link_header.h).  IP fragments are put
 * together (fragment_table.h).  Of an IPFIX File every Message is a datagram of the exporter "::",
 * at its Export Time.
 *
 * Time:      that of the file.
 * Ownership: a datagram's octets are the reader's, valid until the next call.
 * Errors:    a file that is damaged or no such file is an error that names it; a packet that
 *            carries no whole UDP datagram is counted by reason.
 * Threads:   one reader each.
 */
#ifndef COLLECTOR_CAPTURE_READER_H
#define COLLECTOR_CAPTURE_READER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "collector/datagram.h"

typedef struct CaptureReader CaptureReader;

/* packets = datagrams + joined + not_ip + not_udp + fragments + cut + malformed */
struct capture_counters {
	uint64_t packets;   /* met; of an IPFIX File: Messages */
	uint64_t datagrams; /* given out */
	uint64_t not_ip;    /* neither IPv4 nor IPv6 */
	uint64_t not_udp;
	uint64_t joined;    /* fragments that others made whole: the last to come is a datagram */
	uint64_t fragments; /* of IP packets that are not whole, so far or for good */
	uint64_t cut;       /* the capture holds less than the packet had */
	uint64_t malformed; /* headers at odds with each other */
};

/* Opens `path`; "-" is standard input. */
CaptureReader *capture_open(const char *path, GError **error);
void capture_close(CaptureReader *reader); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CaptureReader, capture_close)

/*
 * Could `path` be opened and does it begin as a capture or IPFIX File does?  Leaves what can be
 * read only once, such as standard input and pipes, unread.
 */
bool capture_check(const char *path, GError **error);

/* False: the end, or, when `error` is set, damage. */
bool capture_next(CaptureReader *reader, struct datagram *datagram, GError **error);

/* Counts since capture_open(). */
struct capture_counters capture_counters(const CaptureReader *reader);

#endif
