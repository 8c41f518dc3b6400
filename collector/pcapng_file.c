#include "collector/pcapng_file.h"

#include <string.h>

#include "common/fault.h"
#include "common/wire_reader.h"

enum {
	BLOCK_SECTION = 0x0a0d0d0a, /* the same in both byte orders */
	BLOCK_INTERFACE = 1,
	BLOCK_OLD_PACKET = 2,
	BLOCK_SIMPLE_PACKET = 3,
	BLOCK_PACKET = 6,
	BYTE_ORDER_MAGIC = 0x1a2b3c4d,
	BLOCK_FRAME_OCTETS = 12, /* type, length, and the length once more */
	BLOCK_OCTETS_MOST = 16 << 20,
	INTERFACES_MOST = 4096,
	OPTION_END = 0,
	OPTION_RESOLUTION = 9,
	OPTION_OFFSET = 14,
	DECIMAL_DIGITS_MOST = 19,
	BINARY_DIGITS_MOST = 63,
	MICROSECONDS = 1000000,
	MS_PER_S = 1000,
};

struct interface {
	uint16_t link_type;
	uint32_t snapshot_octets; /* 0: no limit */
	uint64_t units;           /* of a second */
	int64_t offset_s;
};

struct PcapngFile {
	FILE *file;
	bool is_little;     /* the section's byte order */
	GArray *interfaces; /* struct interface, of the section */
	bool link_known;
	uint16_t link_type; /* of the first interface of all */
	GByteArray *block;
	struct wall_time last;
};

struct block {
	uint32_t type;
	struct wire_reader body;
};

bool
pcapng_begins(const uint8_t octets[static 4])
{
	static const uint8_t section[4] = { 0x0a, 0x0d, 0x0d, 0x0a };

	return memcmp(octets, section, sizeof(section)) == 0;
}

PcapngFile *
pcapng_file_new(FILE *file)
{
	PcapngFile *pcapng = g_new0(PcapngFile, 1);

	pcapng->file = file;
	pcapng->interfaces = g_array_new(false, false, sizeof(struct interface));
	pcapng->block = g_byte_array_new();
	return pcapng;
}

void
pcapng_file_free(PcapngFile *pcapng)
{
	if (pcapng == NULL)
		return;
	g_array_unref(pcapng->interfaces);
	g_byte_array_unref(pcapng->block);
	g_free(pcapng);
}

static uint16_t
read_u16(const PcapngFile *pcapng, struct wire_reader *reader)
{
	uint16_t value = wire_read_u16(reader);

	return (uint16_t)(pcapng->is_little ? GUINT16_SWAP_LE_BE(value) : value);
}

static uint32_t
read_u32(const PcapngFile *pcapng, struct wire_reader *reader)
{
	uint32_t value = wire_read_u32(reader);

	return pcapng->is_little ? GUINT32_SWAP_LE_BE(value) : value;
}

static uint64_t
read_u64(const PcapngFile *pcapng, struct wire_reader *reader)
{
	uint64_t value = wire_read_unsigned(reader, 8);

	return pcapng->is_little ? GUINT64_SWAP_LE_BE(value) : value;
}

/* Appends so many octets of the file to the block.  False: they are not there. */
static bool
fetch(PcapngFile *pcapng, size_t count)
{
	guint before = pcapng->block->len;
	size_t got;

	g_byte_array_set_size(pcapng->block, before + (guint)count);
	got = fread(pcapng->block->data + before, 1, count, pcapng->file);
	g_byte_array_set_size(pcapng->block, before + (guint)got);
	return got == count;
}

static bool
tell_cut(GError **error)
{
	return fault_input(error, "it ends inside a pcapng block");
}

/* A section begins: how its numbers are written stands behind its header's length. */
static bool
begin_section(PcapngFile *pcapng, GError **error)
{
	struct wire_reader magic;

	if (!fetch(pcapng, 4))
		return tell_cut(error);
	g_array_set_size(pcapng->interfaces, 0);
	magic = wire_reader(pcapng->block->data + 8, 4);
	pcapng->is_little = false;
	if (read_u32(pcapng, &magic) == BYTE_ORDER_MAGIC)
		return true;
	magic = wire_reader(pcapng->block->data + 8, 4);
	pcapng->is_little = true;
	return read_u32(pcapng, &magic) == BYTE_ORDER_MAGIC ||
	       fault_input(error, "no byte order that a pcapng section may have");
}

/* False: the end, or damage. */
static bool
next_block(PcapngFile *pcapng, struct block *block, GError **error)
{
	struct wire_reader reader;
	uint32_t length;

	g_byte_array_set_size(pcapng->block, 0);
	if (!fetch(pcapng, 8)) {
		if (pcapng->block->len > 0 || ferror(pcapng->file))
			tell_cut(error);
		return false;
	}
	if (pcapng_begins(pcapng->block->data) && !begin_section(pcapng, error))
		return false;
	reader = wire_reader(pcapng->block->data, 8);
	block->type = read_u32(pcapng, &reader);
	length = read_u32(pcapng, &reader);
	if (length < MAX(BLOCK_FRAME_OCTETS, pcapng->block->len + 4) || length % 4 != 0 ||
	    length > BLOCK_OCTETS_MOST)
		return fault_input(error, "a pcapng block of %u octets cannot be", length);
	if (!fetch(pcapng, length - pcapng->block->len))
		return tell_cut(error);
	reader = wire_reader(pcapng->block->data + length - 4, 4);
	if (read_u32(pcapng, &reader) != length)
		return fault_input(error, "a pcapng block tells two lengths");
	block->body = wire_reader(pcapng->block->data + 8, length - BLOCK_FRAME_OCTETS);
	return true;
}

static bool
take_resolution(struct interface *interface, uint8_t code)
{
	unsigned digits = code & 0x7f;

	if (digits > ((code & 0x80) != 0 ? BINARY_DIGITS_MOST : DECIMAL_DIGITS_MOST))
		return false;
	interface->units = 1;
	for (unsigned i = 0; i < digits; i++)
		interface->units *= (code & 0x80) != 0 ? 2 : 10;
	return true;
}

static bool
take_interface(PcapngFile *pcapng, struct wire_reader body, GError **error)
{
	struct interface interface = { .units = MICROSECONDS };
	uint16_t code = OPTION_END + 1;

	interface.link_type = read_u16(pcapng, &body);
	wire_skip(&body, 2);
	interface.snapshot_octets = read_u32(pcapng, &body);
	if (wire_failed(&body) || pcapng->interfaces->len == INTERFACES_MOST)
		return fault_input(error, "a pcapng interface cannot be read");
	while (wire_left(&body) >= 4 && code != OPTION_END) {
		struct wire_reader value;
		uint16_t length;

		code = read_u16(pcapng, &body);
		length = read_u16(pcapng, &body);
		value = wire_read_nested(&body, length);
		wire_skip(&body, (4 - length % 4U) % 4);
		if (code == OPTION_RESOLUTION && length == 1 &&
		    !take_resolution(&interface, wire_read_u8(&value)))
			return fault_input(error, "a pcapng interface counts time in units that "
			                          "cannot be");
		if (code == OPTION_OFFSET && length == 8)
			interface.offset_s = (int64_t)read_u64(pcapng, &value);
	}
	g_array_append_val(pcapng->interfaces, interface);
	if (!pcapng->link_known)
		pcapng->link_type = interface.link_type;
	pcapng->link_known = true;
	return true;
}

static struct wall_time
time_of(const struct interface *interface, uint64_t stamp)
{
	/* More than 40 bits of seconds is no time; the cut keeps the product in range. */
	static const int64_t most_s = INT64_C(1) << 40;
	uint64_t rest = stamp % interface->units;
	int64_t s = (int64_t)MIN(stamp / interface->units, (uint64_t)most_s);
	int64_t ms =
		(int64_t)(interface->units % MS_PER_S == 0
	                          ? rest / (interface->units / MS_PER_S)
	                          : (uint64_t)((double)rest * MS_PER_S / (double)interface->units));

	s += CLAMP(interface->offset_s, -most_s, most_s);
	return (struct wall_time){ s * MS_PER_S + ms };
}

/* What the three kinds of packet blocks tell before the packet. */
static bool
take_packet(PcapngFile *pcapng, struct block block, struct captured_packet *packet, GError **error)
{
	bool is_simple = block.type == BLOCK_SIMPLE_PACKET;
	const struct interface *interface;
	uint32_t number = 0;
	uint64_t stamp = 0;

	if (block.type == BLOCK_OLD_PACKET) {
		number = read_u16(pcapng, &block.body);
		wire_skip(&block.body, 2); /* drops */
	} else if (!is_simple) {
		number = read_u32(pcapng, &block.body);
	}
	if (number >= pcapng->interfaces->len)
		return fault_input(error, "a packet of an interface that pcapng did not describe");
	interface = &g_array_index(pcapng->interfaces, struct interface, number);
	if (!is_simple) {
		stamp = (uint64_t)read_u32(pcapng, &block.body) << 32;
		stamp |= read_u32(pcapng, &block.body);
		packet->length = read_u32(pcapng, &block.body);
		pcapng->last = time_of(interface, stamp);
	}
	packet->sent = read_u32(pcapng, &block.body);
	if (is_simple) {
		packet->length = MIN(packet->sent, wire_left(&block.body));
		if (interface->snapshot_octets != 0)
			packet->length = MIN(packet->length, interface->snapshot_octets);
	}
	packet->octets = wire_take(&block.body, packet->length);
	packet->time = pcapng->last; /* a simple one tells none */
	packet->link_type = interface->link_type;
	return !wire_failed(&block.body) ||
	       fault_input(error, "a packet goes past its pcapng block");
}

bool
pcapng_file_link_type(PcapngFile *pcapng, uint16_t *link_type, GError **error)
{
	struct block block;

	while (!pcapng->link_known) {
		if (!next_block(pcapng, &block, error))
			return false;
		if (block.type == BLOCK_INTERFACE && !take_interface(pcapng, block.body, error))
			return false;
	}
	*link_type = pcapng->link_type;
	return true;
}

bool
pcapng_file_next(PcapngFile *pcapng, struct captured_packet *packet, GError **error)
{
	struct block block;

	while (next_block(pcapng, &block, error)) {
		if (block.type == BLOCK_INTERFACE && !take_interface(pcapng, block.body, error))
			return false;
		if (block.type == BLOCK_PACKET || block.type == BLOCK_OLD_PACKET ||
		    block.type == BLOCK_SIMPLE_PACKET)
			return take_packet(pcapng, block, packet, error);
	}
	return false;
}
