#include "detector/flood.h"

#include <math.h>
#include <stdbool.h>

enum { ANY_SIZE, SMALL, LARGE };

/* detector/EVALUATION.md has what lies below the thresholds. */
static const struct {
	const char *title;
	double threshold;
	double factor; /* times what was received, at least */
	enum host_protocol protocol;
	int size;
} kinds[FLOOD_KINDS] = {
	[FLOOD_SYN] = { "SYN without ACK", 1000, 0, HOST_TCP, ANY_SIZE },
	[FLOOD_TCP] = { "TCP, small", 20000, 100, HOST_TCP, SMALL },
	[FLOOD_UDP] = { "UDP, small", 60000, 20, HOST_UDP, SMALL },
	[FLOOD_UDP_LARGE] = { "UDP, large", 300000, 1000, HOST_UDP, LARGE },
	[FLOOD_ICMP] = { "ICMP", 1000, 10, HOST_ICMP, ANY_SIZE },
};

const char *
flood_kind_title(enum flood_kind kind)
{
	return kinds[kind].title;
}

double
flood_threshold(enum flood_kind kind)
{
	return kinds[kind].threshold;
}

enum host_protocol
flood_protocol(enum flood_kind kind)
{
	return kinds[kind].protocol;
}

/* Of 1000 octets and more, half of what the host sent. */
static bool
sends_large(const struct host_bin *bin)
{
	enum { LARGE_CLASS = 5 };
	const uint32_t *packets = &bin->size_packets[HOST_OUT * HOST_BIN_SIZE_CLASSES];
	uint64_t small = 0, large = 0;

	for (int i = 0; i < HOST_BIN_SIZE_CLASSES; i++)
		*(i < LARGE_CLASS ? &small : &large) += packets[i];
	return large >= small && large > 0;
}

/* Of flows that get an answer the host's own record shows an ACK. */
static double
unanswered_syn(const struct host_bin *bin)
{
	static const double share_least = 0.9; /* of the TCP flows begun */
	double flows = bin->syn_only_flows[HOST_OUT];

	return flows >= share_least * bin->protocol_flows[HOST_OUT * 4 + HOST_TCP] ? flows : 0;
}

double
flood_measure(const struct host_bin *bin, enum flood_kind kind)
{
	double sent = bin->protocol_packets[HOST_OUT * 4 + kinds[kind].protocol];
	double received = bin->protocol_packets[HOST_IN * 4 + kinds[kind].protocol];

	if (kind == FLOOD_SYN)
		return unanswered_syn(bin);
	if (kind == FLOOD_ICMP) /* who is flooded answers with errors */
		sent = fmax(sent - bin->icmp_errors[HOST_OUT], 0);
	if (sent < kinds[kind].factor * (received + 1))
		return 0;
	return kinds[kind].size == ANY_SIZE || sends_large(bin) == (kinds[kind].size == LARGE)
	               ? sent
	               : 0;
}
