/*
 * Flow records that a collector has decoded (NDJSON of kenchi-collector --dump-flows), to be
 * exported anew by a worse exporter: one that samples packets, that leaves TCP flags out, or that
 * sees one direction only.
 *
 * Sampling is of records, for the packets are not there: each packet is taken with a probability of
 * one in `sample`, octets in proportion, times at random within the record's life, SYN, FIN and RST
 * if their packet was taken.  A record without packets vanishes.
 */
#ifndef TOOLS_FLOWGEN_REPLAY_H
#define TOOLS_FLOWGEN_REPLAY_H

#include <glib.h>
#include <stdint.h>

#include "common/prefix_set.h"

enum replay_direction { REPLAY_BOTH, REPLAY_OUT, REPLAY_IN };

struct replay_config {
	uint64_t seed;
	uint32_t sample;                 /* one packet in so many; 1: all */
	enum replay_direction direction; /* of `hosts`; others' records stay */
	const PrefixSet *hosts;
};

/* An array of struct export_record in the order of the file; NULL: `error` tells which line is
 * none. */
GArray *replay_read(const char *path, const struct replay_config *config, GError **error);

#endif
