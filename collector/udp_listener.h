/*
 * The sockets that export datagrams come to.
 *
 * Datagrams are taken in batches (recvmmsg), without waiting; the caller polls.  IPv4 exporters
 * that come to an IPv6 socket have the same address as at an IPv4 one (host_address holds them
 * alike).
 *
 * Drops: what the kernel threw away because a socket's buffer was full.  It is the counter that
 * SO_RXQ_OVFL attaches to datagrams, asked for with SO_MEMINFO instead: that costs nothing per
 * datagram and is right also when no further datagram comes.
 *
 * Datagrams of one sender that the kernel has put together to carry them up as one message
 * (UDP_GRO) come apart again here; of those of such a message that does not fit in the buffer, it
 * counts one.
 *
 * Errors:  a GError that names the address and port.
 * Threads: one for each listener; several listeners may share their addresses
 *          (udp_listener_options.workers).
 */
#ifndef COLLECTOR_UDP_LISTENER_H
#define COLLECTOR_UDP_LISTENER_H

#include <glib.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/datagram.h"

typedef struct UdpListener UdpListener;

enum {
	UDP_LISTENER_BATCH = 64,        /* messages at a time */
	UDP_LISTENER_SOCKETS_MOST = 16, /* sockets of one listener */
};

struct udp_socket_status {
	char address[64];   /* as bound: "[::]:2055" */
	int buffer_octets;  /* granted by the kernel, its overhead included */
	uint64_t datagrams; /* received */
	uint64_t octets;
	uint64_t dropped; /* by the kernel, which counts datagrams that it put together as one */
};

/*
 * Binds every address ("127.0.0.1:2055", "[::]:0") or none.  Where the machine has no IPv6, "[::]"
 * is taken as 0.0.0.0. `buffer_octets` is asked for as each socket's receive buffer.
 */
UdpListener *udp_listener_open(const char *const *addresses, int64_t buffer_octets, GError **error);

/*
 * The same for `count` listeners that share the addresses.  The kernel gives all datagrams of one
 * exporter, by its address, to the same listener (SO_ATTACH_REUSEPORT_CBPF), whatever its ports:
 * Templates and the data that needs them stay together.  An address that another program has bound
 * is refused, although it might share it.
 */
bool udp_listener_open_group(const char *const *addresses, int64_t buffer_octets,
                             UdpListener **listeners, size_t count, GError **error);

/* Are these addresses, of which not too many?  Binds nothing. */
bool udp_listener_check(const char *const *addresses, GError **error);

void udp_listener_close(UdpListener *listener); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UdpListener, udp_listener_close)

size_t udp_listener_count(const UdpListener *listener);

/* Fills one entry for each socket. */
void udp_listener_poll_fds(const UdpListener *listener, struct pollfd *fds);

/*
 * Takes what socket `index` has, at most a batch.  `*datagrams` stays valid until the next call.
 * Returns their number; 0 when there is nothing.
 */
size_t udp_listener_receive(UdpListener *listener, size_t index, struct wall_time arrival,
                            const struct datagram **datagrams);

/* Did the last call take as much as it could, so that there may be more? */
bool udp_listener_may_have_more(const UdpListener *listener);

struct udp_socket_status udp_listener_status(UdpListener *listener, size_t index);

#endif
