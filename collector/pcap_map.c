#include "collector/pcap_map.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include "common/fault.h"
#include "common/map_fault.h"
#include "common/wire_reader.h"

enum {
	HEADER_OCTETS = 24,
	RECORD_OCTETS = 16,             /* before each packet */
	PACKET_OCTETS_MOST = 262144,    /* as libpcap has it for all link types that are read */
	RESIDENT_OCTETS_MOST = 8 << 20, /* of what has been read */
	VERSION_MAJOR = 2,
	VERSION_MINOR = 4,
	MICROSECONDS = 1000,
	NANOSECONDS = 1000000,
};

#define MAGIC_MICROSECONDS 0xa1b2c3d4
#define MAGIC_NANOSECONDS  0xa1b23c4d

struct PcapMap {
	uint8_t *octets;
	size_t length;
	struct wire_reader rest;
	uint8_t *resident; /* what lies before it was given back */
	bool is_little;    /* the file's byte order */
	uint32_t units;    /* of a millisecond */
	size_t snapshot_octets;
	uint16_t link_type;
};

static uint16_t
read_u16(PcapMap *map)
{
	uint16_t value = wire_read_u16(&map->rest);

	return (uint16_t)(map->is_little ? GUINT16_SWAP_LE_BE(value) : value);
}

static uint32_t
read_u32(PcapMap *map)
{
	uint32_t value = wire_read_u32(&map->rest);

	return map->is_little ? GUINT32_SWAP_LE_BE(value) : value;
}

static bool
read_header(PcapMap *map)
{
	uint32_t magic = wire_read_u32(&map->rest);
	uint16_t major, minor;

	map->is_little = magic == GUINT32_SWAP_LE_BE(MAGIC_MICROSECONDS) ||
	                 magic == GUINT32_SWAP_LE_BE(MAGIC_NANOSECONDS);
	if (map->is_little)
		magic = GUINT32_SWAP_LE_BE(magic);
	if (magic != MAGIC_MICROSECONDS && magic != MAGIC_NANOSECONDS)
		return false;
	map->units = magic == MAGIC_NANOSECONDS ? NANOSECONDS : MICROSECONDS;
	major = read_u16(map);
	minor = read_u16(map);
	if (major != VERSION_MAJOR || minor != VERSION_MINOR)
		return false;
	wire_skip(&map->rest, HEADER_OCTETS - 12); /* libpcap has read it */
	map->link_type = (uint16_t)read_u32(map);
	return !wire_failed(&map->rest);
}

PcapMap *
pcap_map_new(int descriptor, const char *path, size_t snapshot_octets)
{
	g_autoptr(PcapMap) map = NULL;
	struct stat status;
	void *octets;

	if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode) ||
	    status.st_size < HEADER_OCTETS)
		return NULL;
	octets = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
	if (octets == MAP_FAILED)
		return NULL;
	(void)madvise(octets, (size_t)status.st_size, MADV_SEQUENTIAL);
	map_fault_add(octets, (size_t)status.st_size, path);
	map = g_new0(PcapMap, 1);
	map->octets = map->resident = octets;
	map->length = (size_t)status.st_size;
	map->rest = wire_reader(octets, map->length);
	map->snapshot_octets = snapshot_octets;
	return read_header(map) ? g_steal_pointer(&map) : NULL;
}

void
pcap_map_free(PcapMap *map)
{
	if (map == NULL)
		return;
	map_fault_remove(map->octets);
	(void)munmap(map->octets, map->length);
	g_free(map);
}

/* A capture may be larger than memory; what is behind is in the system's cache all the same. */
static void
give_back(PcapMap *map)
{
	size_t behind = (size_t)(map->rest.next - map->resident);

	if (behind < 2 * (size_t)RESIDENT_OCTETS_MOST)
		return;
	behind -= behind % RESIDENT_OCTETS_MOST;
	(void)madvise(map->resident, behind, MADV_DONTNEED);
	map->resident += behind;
}

static bool
tell_cut(GError **error)
{
	return fault_input(error, "it ends inside a packet");
}

bool
pcap_map_next(PcapMap *map, struct captured_packet *packet, GError **error)
{
	uint32_t s;
	uint32_t fraction;
	size_t length;

	if (wire_left(&map->rest) == 0)
		return false;
	if (wire_left(&map->rest) < RECORD_OCTETS)
		return tell_cut(error);
	give_back(map);
	s = read_u32(map);
	fraction = read_u32(map);
	length = read_u32(map);
	packet->sent = read_u32(map);
	if (length > PACKET_OCTETS_MOST)
		return fault_input(error, "a packet of %zu octets cannot be", length);
	packet->octets = wire_take(&map->rest, length);
	if (packet->octets == NULL)
		return tell_cut(error);
	packet->length = MIN(length, map->snapshot_octets);
	packet->link_type = map->link_type;
	packet->time.ms = (int64_t)s * 1000 + fraction / map->units;
	return true;
}
