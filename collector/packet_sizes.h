/*
 * What a flow record tells about the sizes of its packets: packets by the size classes of
 * schemas/host_bin.def (IP length below 50, 100, 200, 500, 1000, 1400, 1500, and above).
 *
 * As the exporter tells them where it does (FLOW_HAS_SIZES): exact, or placed between the edges of
 * its histogram (FLOW_SIZES_PLACED); else split by rule from flags, counts and the
 * other direction; the mean only where nothing else is possible.  The classes sum to the record's
 * packets; where the exporter tells octets without packets, to the fewest that can have carried
 * them.  Pure functions.
 */
#ifndef COLLECTOR_PACKET_SIZES_H
#define COLLECTOR_PACKET_SIZES_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/flow_record.h"

enum { PACKET_SIZE_CLASSES = 8 };

enum packet_size_knowledge {
	SIZES_EXACT = 1 << 0,
	SIZES_HISTOGRAM = 1 << 1,
	SIZES_RULE = 1 << 2,
	SIZES_TABLE = 1 << 3,
	SIZES_MEAN = 1 << 4,
};

struct packet_sizes {
	uint32_t classes[PACKET_SIZE_CLASSES]; /* packets */
	uint8_t octets[PACKET_SIZE_CLASSES];   /* the same in an octet each, where all fit */
	bool fit_octets;
	uint8_t knowledge; /* enum packet_size_knowledge */
};

/* Packets by class for the record's forward direction.  For many records see record_sizes.h. */
void packet_sizes_split(const struct flow_record *record, struct packet_sizes *sizes);

#endif
