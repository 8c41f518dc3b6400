/*
 * Packets of a pcap file that lies mapped in memory: none is copied.
 *
 * Only for files as they are written today: version 2.4, stamps of micro- or nanoseconds, either
 * byte order.  Their header is libpcap's to read (capture_reader.h), as are all other files.
 *
 * A file that somebody cuts short meanwhile is a fault that map_fault.h answers.  What has been
 * read does not stay resident.
 *
 * Ownership: a packet's octets are the map's, valid until the next call.
 * Errors:    what is damaged or cut short is an error, which does not name the file.
 * Threads:   one.
 */
#ifndef COLLECTOR_PCAP_MAP_H
#define COLLECTOR_PCAP_MAP_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/captured_packet.h"

typedef struct PcapMap PcapMap;

/*
 * Maps the whole file `path`, open as `descriptor`, of whose packets at most `snapshot_octets` are
 * given.  NULL: it is none that can be mapped and read.
 */
PcapMap *pcap_map_new(int descriptor, const char *path, size_t snapshot_octets);
void pcap_map_free(PcapMap *map); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PcapMap, pcap_map_free)

/* False: the end, or, when `error` is set, damage. */
bool pcap_map_next(PcapMap *map, struct captured_packet *packet, GError **error);

#endif
