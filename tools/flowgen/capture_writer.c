#include "tools/flowgen/capture_writer.h"

enum {
	ETHERNET_SIZE = 14,
	IP_SIZE = 20,
	UDP_SIZE = 8,
	SNAPLEN = 65535,
	LINK_ETHERNET = 1,
};

static void
put_little(GByteArray *buffer, uint64_t value, size_t width)
{
	for (size_t i = 0; i < width; i++) {
		uint8_t octet = (uint8_t)(value >> (8 * i));

		g_byte_array_append(buffer, &octet, 1);
	}
}

static void
put_big(GByteArray *buffer, uint64_t value, size_t width)
{
	for (size_t i = width; i-- > 0;) {
		uint8_t octet = (uint8_t)(value >> (8 * i));

		g_byte_array_append(buffer, &octet, 1);
	}
}

bool
capture_write_head(FILE *stream)
{
	g_autoptr(GByteArray) head = g_byte_array_new();

	put_little(head, 0xa1b2c3d4, 4); /* times in microseconds */
	put_little(head, 2, 2);
	put_little(head, 4, 2);
	put_little(head, 0, 8); /* time zone, accuracy */
	put_little(head, SNAPLEN, 4);
	put_little(head, LINK_ETHERNET, 4);
	return fwrite(head->data, 1, head->len, stream) == head->len;
}

/* RFC 1071, over the header of 20 octets that begins at `start`. */
static void
set_checksum(GByteArray *packet, size_t start)
{
	uint32_t sum = 0;

	for (size_t i = start; i < start + IP_SIZE; i += 2)
		sum += (uint32_t)packet->data[i] << 8 | packet->data[i + 1];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	packet->data[start + 10] = (uint8_t)(~sum >> 8);
	packet->data[start + 11] = (uint8_t)~sum;
}

static void
put_packet(GByteArray *packet, const struct capture_datagram *datagram)
{
	size_t start;

	put_big(packet, 0x020000000001, 6); /* locally administered */
	put_big(packet, 0x020000000002, 6);
	put_big(packet, 0x0800, 2);
	start = packet->len;
	put_big(packet, 0x4500, 2);
	put_big(packet, IP_SIZE + UDP_SIZE + datagram->octets->len, 2);
	put_big(packet, 0, 4);      /* not fragmented */
	put_big(packet, 0x4011, 2); /* 64 hops, UDP */
	put_big(packet, 0, 2);
	put_big(packet, datagram->source, 4);
	put_big(packet, datagram->destination, 4);
	set_checksum(packet, start);
	put_big(packet, datagram->source_port, 2);
	put_big(packet, datagram->destination_port, 2);
	put_big(packet, UDP_SIZE + datagram->octets->len, 2);
	put_big(packet, 0, 2); /* no checksum */
	g_byte_array_append(packet, datagram->octets->data, datagram->octets->len);
}

bool
capture_write(FILE *stream, const struct capture_datagram *datagram)
{
	g_autoptr(GByteArray) record = g_byte_array_new();
	uint32_t length = ETHERNET_SIZE + IP_SIZE + UDP_SIZE + datagram->octets->len;

	put_little(record, (uint64_t)datagram->time_ms / 1000, 4);
	put_little(record, (uint64_t)(datagram->time_ms % 1000) * 1000, 4);
	put_little(record, length, 4);
	put_little(record, length, 4);
	put_packet(record, datagram);
	return fwrite(record->data, 1, record->len, stream) == record->len;
}
