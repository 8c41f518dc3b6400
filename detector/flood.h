/*
 * What one minute of a host holds of a flood, by kind: what it sent without an answer, and how much
 * of that is a flood.
 *
 * Threads: pure functions.
 */
#ifndef DETECTOR_FLOOD_H
#define DETECTOR_FLOOD_H

#include "common/host_bin.h"

/*
 * By volume, a flood is of packets that are mostly small, or of large ones: media and telemetry
 * flow one way too, and a transfer whose answers take another way looks so.  SYN are flows, and
 * tell even where one direction alone is exported.
 */
enum flood_kind { FLOOD_SYN, FLOOD_TCP, FLOOD_UDP, FLOOD_UDP_LARGE, FLOOD_ICMP, FLOOD_KINDS };

const char *flood_kind_title(enum flood_kind kind);

/* Packets (SYN: flows) a minute. */
double flood_threshold(enum flood_kind kind);

/* Sent without answer in the minute; 0: what was sent was answered, or is of another kind. */
double flood_measure(const struct host_bin *bin, enum flood_kind kind);

enum host_protocol flood_protocol(enum flood_kind kind);

#endif
