/* Hosts as experts see them, made of single exchanges. */
#ifndef TESTS_SUPPORT_HOST_VIEWS_H
#define TESTS_SUPPORT_HOST_VIEWS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "detector/host_window.h"

enum { HOST_VIEWS_KEY = 7, HOST_VIEWS_MINUTE = 1000 };

typedef struct HostViews HostViews;

/* One flow of a host: what it sent to a peer's port and got back. */
struct exchange {
	uint32_t host; /* IPv4 */
	uint32_t peer;
	uint32_t minute; /* after HOST_VIEWS_MINUTE */
	unsigned second;
	uint32_t out; /* octets */
	uint32_t in;  /* 0: no answer */
	uint16_t port;
	uint8_t protocol;   /* 0: TCP */
	uint8_t directions; /* of which records are exported, as struct host_bin has it; 0: both */
	uint32_t packets;   /* sent; 0: one */
	bool called;        /* the peer began it, and the port is the host's */
	bool small;         /* of at most three packets; when nothing came back, it fails */
	bool goes_on;       /* of a flow that began before */
};

HostViews *host_views_new(void);
void host_views_free(HostViews *views);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostViews, host_views_free)

void host_views_add(HostViews *views, const struct exchange *exchange);

/* A peer that `count` other hosts know, by an exchange of each at minute 0. */
void host_views_make_known(HostViews *views, uint32_t peer, uint16_t port, unsigned count);

/* The host at that minute after HOST_VIEWS_MINUTE; valid until the next call. */
const struct host_view *host_views_at(HostViews *views, uint32_t host, uint32_t minute);

#endif
