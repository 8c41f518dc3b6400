#include "tools/flowgen/burst_sender.h"

#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

#include "common/mono_time.h"
#include "tools/flowgen/pace.h"

enum { BURST_DATAGRAMS = 16 }; /* of 1500 octets they stay below what one call may send */

struct burst {
	size_t offset;
	size_t octets;
	unsigned exporter;
	unsigned datagrams;
	uint16_t length; /* of each but the last, which may be shorter */
};

struct pending {
	GByteArray *octets;
	unsigned datagrams;
	uint16_t length;
};

struct BurstSender {
	struct pending *pending;
	unsigned exporters;
	GByteArray *octets;
	GArray *bursts;
};

BurstSender *
burst_sender_new(unsigned exporters)
{
	BurstSender *sender = g_new0(BurstSender, 1);

	sender->exporters = exporters;
	sender->pending = g_new0(struct pending, exporters);
	for (unsigned i = 0; i < exporters; i++)
		sender->pending[i].octets = g_byte_array_new();
	sender->octets = g_byte_array_new();
	sender->bursts = g_array_new(FALSE, FALSE, sizeof(struct burst));
	return sender;
}

static void
close_burst(BurstSender *sender, unsigned exporter)
{
	struct pending *pending = &sender->pending[exporter];
	struct burst burst = { sender->octets->len, pending->octets->len, exporter,
		               pending->datagrams, pending->length };

	if (pending->datagrams == 0)
		return;
	g_byte_array_append(sender->octets, pending->octets->data, pending->octets->len);
	g_array_append_val(sender->bursts, burst);
	g_byte_array_set_size(pending->octets, 0);
	pending->datagrams = 0;
}

void
burst_sender_add(BurstSender *sender, unsigned exporter, const GByteArray *datagram)
{
	struct pending *pending = &sender->pending[exporter];

	if (pending->datagrams > 0 && datagram->len > pending->length)
		close_burst(sender, exporter);
	if (pending->datagrams == 0)
		pending->length = (uint16_t)datagram->len;
	g_byte_array_append(pending->octets, datagram->data, datagram->len);
	pending->datagrams++;
	if (pending->datagrams == BURST_DATAGRAMS || datagram->len < pending->length)
		close_burst(sender, exporter);
}

static bool
send_burst(int descriptor, struct iovec piece, uint16_t datagram_octets)
{
	union {
		char octets[CMSG_SPACE(sizeof(uint16_t))];
		struct cmsghdr aligned;
	} control = { 0 };
	struct msghdr message = { .msg_iov = &piece,
		                  .msg_iovlen = 1,
		                  .msg_control = control.octets,
		                  .msg_controllen = sizeof(control.octets) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_UDP;
	head->cmsg_type = UDP_SEGMENT;
	head->cmsg_len = CMSG_LEN(sizeof(datagram_octets));
	memcpy(CMSG_DATA(head), &datagram_octets, sizeof(datagram_octets));
	return sendmsg(descriptor, &message, 0) == (ssize_t)piece.iov_len;
}

struct burst_totals
burst_sender_send(BurstSender *sender, const int *sockets, double rate)
{
	struct burst_totals totals = { 0 };
	int64_t begun_ms;

	for (unsigned i = 0; i < sender->exporters; i++)
		close_burst(sender, i);
	begun_ms = mono_time_now().ms;
	for (guint i = 0; i < sender->bursts->len; i++) {
		const struct burst *burst = &g_array_index(sender->bursts, struct burst, i);
		struct iovec piece = { sender->octets->data + burst->offset, burst->octets };

		if (rate > 0)
			pace_wait(begun_ms, (double)totals.sent * 1000 / rate);
		totals.sent += burst->datagrams;
		if (!send_burst(sockets[burst->exporter], piece, burst->length))
			totals.refused += burst->datagrams;
	}
	totals.took_ms = mono_time_now().ms - begun_ms;
	return totals;
}

void
burst_sender_free(BurstSender *sender)
{
	for (unsigned i = 0; i < sender->exporters; i++)
		g_byte_array_unref(sender->pending[i].octets);
	g_free(sender->pending);
	g_byte_array_unref(sender->octets);
	g_array_unref(sender->bursts);
	g_free(sender);
}
