/*
 * Synthetic traffic: an invented network of hosts that browse, one that scans and one that beacons.
 * It resembles real traffic as far as tests, demonstrations and load need, and no further: figures
 * of accuracy cannot be taken on it.
 */
#ifndef TOOLS_FLOWGEN_TRAFFIC_H
#define TOOLS_FLOWGEN_TRAFFIC_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/host_address.h"

struct traffic_config {
	uint64_t seed;
	int64_t start_ms;
	unsigned minutes;
	unsigned hosts; /* normal ones; the resolver, the scanning and the beaconing host come on
	                   top */
	bool ipv6;      /* every fifth normal host has an IPv6 address */
};

/* What one client and one server exchanged. */
struct conversation {
	int64_t start_ms;
	uint32_t duration_ms;
	unsigned host; /* index of the client */
	struct host_address client;
	struct host_address server;
	uint16_t client_port;
	uint16_t server_port;
	uint8_t protocol;
	uint8_t flags[2]; /* TCP flags, from the client, from the server */
	uint32_t packets[2];
	uint64_t octets[2]; /* zero packets from the server: no answer */
};

/* Fills an array of struct conversation, in no order. */
GArray *traffic_make(const struct traffic_config *config);

/* Writes which host is what, as CSV: host,from_ms,to_ms,label,family,capture,behaviour,note. */
void traffic_write_labels(const struct traffic_config *config, FILE *stream);

#endif
