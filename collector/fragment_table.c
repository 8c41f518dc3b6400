#include "collector/fragment_table.h"

#include <string.h>

enum {
	PACKET_OCTETS_MAX = 65535,
	BLOCK_OCTETS = 8, /* what offsets count in */
	BLOCKS_MAX = (PACKET_OCTETS_MAX + BLOCK_OCTETS - 1) / BLOCK_OCTETS,
	LIFETIME_MS = 30 * 1000,
};

/* A packet of which fragments have come. */
struct partial {
	bool is_open;
	struct host_address source, destination;
	uint32_t identification;
	uint8_t protocol;
	struct wall_time begin;
	size_t length; /* 0: the last fragment has not come */
	size_t blocks; /* that have come */
	uint32_t fragments;
	uint8_t *octets;
	uint8_t has[BLOCKS_MAX / 8 + 1]; /* a bit for each block */
};

struct FragmentTable {
	struct partial packets[FRAGMENT_PACKETS_MAX];
	uint64_t joined;
};

FragmentTable *
fragment_table_new(void)
{
	return g_new0(FragmentTable, 1);
}

void
fragment_table_free(FragmentTable *table)
{
	if (table == NULL)
		return;
	for (size_t i = 0; i < FRAGMENT_PACKETS_MAX; i++)
		g_free(table->packets[i].octets);
	g_free(table);
}

static bool
is_of(const struct partial *packet, const struct fragment *fragment)
{
	return packet->is_open && packet->identification == fragment->identification &&
	       packet->protocol == fragment->protocol &&
	       host_address_equal(&packet->source, &fragment->source) &&
	       host_address_equal(&packet->destination, &fragment->destination) &&
	       ABS(fragment->arrival.ms - packet->begin.ms) <= LIFETIME_MS;
}

static struct partial *
open_packet(struct partial *packet, const struct fragment *fragment)
{
	uint8_t *octets = packet->octets != NULL ? packet->octets : g_malloc(PACKET_OCTETS_MAX);

	*packet = (struct partial){
		.is_open = true,
		.source = fragment->source,
		.destination = fragment->destination,
		.identification = fragment->identification,
		.protocol = fragment->protocol,
		.begin = fragment->arrival,
		.octets = octets,
	};
	return packet;
}

/* The packet that the fragment is of; a new one in the place of the oldest if there is none. */
static struct partial *
find_packet(FragmentTable *table, const struct fragment *fragment)
{
	struct partial *oldest = &table->packets[0];

	for (size_t i = 0; i < FRAGMENT_PACKETS_MAX; i++) {
		struct partial *packet = &table->packets[i];

		if (is_of(packet, fragment))
			return packet;
		if (oldest->is_open && (!packet->is_open || packet->begin.ms < oldest->begin.ms))
			oldest = packet;
	}
	return open_packet(oldest, fragment);
}

static void
copy_blocks(struct partial *packet, const struct fragment *fragment)
{
	for (size_t at = 0; at < fragment->length; at += BLOCK_OCTETS) {
		size_t block = (fragment->offset + at) / BLOCK_OCTETS;
		uint8_t bit = (uint8_t)(1U << block % 8);

		if ((packet->has[block / 8] & bit) != 0)
			continue;
		packet->has[block / 8] |= bit;
		packet->blocks++;
		memcpy(packet->octets + fragment->offset + at, fragment->octets + at,
		       MIN(fragment->length - at, (size_t)BLOCK_OCTETS));
	}
}

bool
fragment_table_take(FragmentTable *table, const struct fragment *fragment,
                    struct whole_packet *whole)
{
	struct partial *packet;

	*whole = (struct whole_packet){ .octets = NULL };
	if (fragment->length == 0 || fragment->offset % BLOCK_OCTETS != 0 ||
	    fragment->offset + fragment->length > PACKET_OCTETS_MAX ||
	    (fragment->more && fragment->length % BLOCK_OCTETS != 0))
		return false;
	packet = find_packet(table, fragment);
	if (!fragment->more)
		packet->length = fragment->offset + fragment->length;
	packet->fragments++;
	copy_blocks(packet, fragment);
	if (packet->length == 0 ||
	    packet->blocks != (packet->length + BLOCK_OCTETS - 1) / BLOCK_OCTETS)
		return true;
	packet->is_open = false;
	table->joined += packet->fragments - 1;
	*whole = (struct whole_packet){ packet->octets, packet->length };
	return true;
}

uint64_t
fragment_table_joined(const FragmentTable *table)
{
	return table->joined;
}
