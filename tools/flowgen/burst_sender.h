/*
 * Sends datagrams that were made beforehand: several of one exporter and one length with one system
 * call (UDP_SEGMENT, udp(7)), so that one processor sends more than a collector takes.
 */
#ifndef TOOLS_FLOWGEN_BURST_SENDER_H
#define TOOLS_FLOWGEN_BURST_SENDER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct BurstSender BurstSender;

struct burst_totals {
	uint64_t sent;    /* datagrams */
	uint64_t refused; /* datagrams of which the kernel would not take a burst */
	int64_t took_ms;
};

BurstSender *burst_sender_new(unsigned exporters);

/* Keeps a copy; datagrams of one exporter stay in their order. */
void burst_sender_add(BurstSender *sender, unsigned exporter, const GByteArray *datagram);

/* Sends all by the exporters' connected sockets, `rate` datagrams a second; 0: as fast as it goes.
 */
struct burst_totals burst_sender_send(BurstSender *sender, const int *sockets, double rate);

void burst_sender_free(BurstSender *sender);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BurstSender, burst_sender_free)

#endif
