/*
 * A histogram of packet sizes as an Exporter tells it, turned into the size classes of
 * schemas/host_bin.def.
 *
 * The Exporter's bins have other edges.  A bin whose packets can only lie in one class is exact:
 * its bounds are narrowed first by the octets of all packets together.  Of the others the packets
 * are placed so that the octets come out right: all are of the bin's usual size where that does,
 * else some are halfway from there to one of the bounds; when that is not far enough, all are at
 * their mean.
 *
 * Pure functions.
 */
#ifndef COLLECTOR_SIZE_BINS_H
#define COLLECTOR_SIZE_BINS_H

#include <stddef.h>
#include <stdint.h>

enum {
	SIZE_CLASSES = 8,
	SIZE_BINS_MAX = 8,
	SIZE_BIN_OCTETS_MAX = 65535,
};

/* Packets whose IP length is within [least, most]; `most` is at most SIZE_BIN_OCTETS_MAX. */
struct size_bin {
	uint64_t packets;
	uint32_t least, most;
	uint32_t usual; /* anything: brought within the bounds */
};

enum size_knowledge {
	SIZE_BINS_REFUSED, /* they do not add up to the packets: nothing was written */
	SIZE_BINS_PLACED,  /* some packets are placed */
	SIZE_BINS_EXACT,   /* every packet can only be of its class */
};

/* `count` is at most SIZE_BINS_MAX.  Octets that the bins cannot have are not believed, nor is 0.
 */
enum size_knowledge size_bins_place(const struct size_bin *bins, size_t count, uint64_t packets,
                                    uint64_t octets, uint32_t classes[static SIZE_CLASSES]);

/* The class of an IP length. */
size_t size_class_of(uint64_t ip_octets);

#endif
