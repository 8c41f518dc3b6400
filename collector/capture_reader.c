#include "collector/capture_reader.h"

#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "collector/captured_packet.h"
#include "collector/fragment_table.h"
#include "collector/ip_packet.h"
#include "collector/link_header.h"
#include "collector/pcap_map.h"
#include "collector/pcapng_file.h"
#include "collector/unpacked_file.h"
#include "common/fault.h"
#include "common/wire_reader.h"

enum {
	IPFIX_VERSION = 10,
	IPFIX_HEADER_OCTETS = 16,
	MESSAGE_OCTETS_MOST = 65535,
};

struct CaptureReader {
	char *path;
	UnpackedFile *file;
	FILE *stream; /* of the file; closed by `pcap` if there is one */
	pcap_t *pcap; /* of these three one is there */
	PcapngFile *pcapng;
	uint8_t *message;   /* of an IPFIX File */
	PcapMap *map;       /* instead of reading with `pcap`; NULL: not to be had */
	uint16_t link_type; /* of the file, or of its first interface */
	FragmentTable *fragments;
	struct capture_counters counters; /* but `joined` */
};

static bool
begin_pcapng(CaptureReader *reader, GError **error)
{
	g_autoptr(GError) fault = NULL;

	reader->pcapng = pcapng_file_new(reader->stream);
	if (pcapng_file_link_type(reader->pcapng, &reader->link_type, &fault))
		return true;
	return fault_input(error, "%s: %s", reader->path,
	                   fault != NULL ? fault->message : "it describes no interface");
}

static bool
begin_pcap(CaptureReader *reader, GError **error)
{
	char message[PCAP_ERRBUF_SIZE] = "";
	int descriptor = unpacked_file_descriptor(reader->file);

	reader->pcap = pcap_fopen_offline(reader->stream, message);
	if (reader->pcap == NULL)
		return fault_input(error, "%s: %s", reader->path, message);
	reader->link_type = (uint16_t)pcap_datalink(reader->pcap);
	if (descriptor >= 0)
		reader->map =
			pcap_map_new(descriptor, reader->path, (size_t)pcap_snapshot(reader->pcap));
	return true;
}

static bool
begin_packets(CaptureReader *reader, GError **error)
{
	struct wire_reader head = unpacked_file_head(reader->file);
	const char *link;

	reader->stream = unpacked_file_stream(reader->file);
	if (reader->stream == NULL)
		return fault_system(error, "%s", reader->path);
	if (wire_left(&head) >= 4 && pcapng_begins(head.next) ? !begin_pcapng(reader, error)
	                                                      : !begin_pcap(reader, error))
		return false;
	if (link_header_known(reader->link_type))
		return true;
	link = pcap_datalink_val_to_name(reader->link_type);
	return fault_input(error, "%s: link type %d (%s) is not supported", reader->path,
	                   reader->link_type, link != NULL ? link : "unknown");
}

/* Reads the head of an IPFIX Message as far as its length.  False: it is none. */
static bool
read_message_head(struct wire_reader *head, size_t *length)
{
	uint16_t version = wire_read_u16(head);

	*length = wire_read_u16(head);
	return version == IPFIX_VERSION && *length >= IPFIX_HEADER_OCTETS;
}

static bool
begin(CaptureReader *reader, GError **error)
{
	struct wire_reader head;
	size_t length;

	reader->file = unpacked_file_open(reader->path, error);
	if (reader->file == NULL)
		return false;
	head = unpacked_file_head(reader->file);
	if (wire_left(&head) == 0)
		return fault_input(
			error,
			"%s: it is empty or cannot be read: neither a capture nor an IPFIX File",
			reader->path);
	if (!read_message_head(&head, &length))
		return begin_packets(reader, error);
	reader->message = g_malloc(MESSAGE_OCTETS_MOST);
	return true;
}

CaptureReader *
capture_open(const char *path, GError **error)
{
	g_autoptr(CaptureReader) reader = g_new0(CaptureReader, 1);

	reader->path = g_strdup(path);
	reader->fragments = fragment_table_new();
	return begin(reader, error) ? g_steal_pointer(&reader) : NULL;
}

void
capture_close(CaptureReader *reader)
{
	if (reader == NULL)
		return;
	pcapng_file_free(reader->pcapng);
	pcap_map_free(reader->map);
	if (reader->pcap != NULL)
		pcap_close(reader->pcap);
	else if (reader->stream != NULL)
		fclose(reader->stream);
	unpacked_file_close(reader->file);
	fragment_table_free(reader->fragments);
	g_free(reader->message);
	g_free(reader->path);
	g_free(reader);
}

bool
capture_check(const char *path, GError **error)
{
	g_autoptr(CaptureReader) reader = NULL;
	struct stat status;

	if (strcmp(path, "-") == 0)
		return true;
	if (stat(path, &status) != 0)
		return fault_system(error, "cannot open %s", path);
	if (S_ISDIR(status.st_mode))
		return fault_input(error, "%s is a folder, no capture", path);
	if (!S_ISREG(status.st_mode))
		return true;
	reader = capture_open(path, error);
	return reader != NULL;
}

static void
count(struct capture_counters *counters, enum ip_packet_kind kind)
{
	uint64_t *const of_kind[] = {
		[PACKET_DATAGRAM] = &counters->datagrams,
		[PACKET_NOT_IP] = &counters->not_ip,
		[PACKET_NOT_UDP] = &counters->not_udp,
		[PACKET_FRAGMENT] = &counters->fragments,
		[PACKET_CUT] = &counters->cut,
		[PACKET_MALFORMED] = &counters->malformed,
	};

	++*of_kind[kind];
	++counters->packets;
}

static bool
next_of_pcap(CaptureReader *reader, struct captured_packet *packet, GError **error)
{
	struct pcap_pkthdr *header;
	const uint8_t *octets;
	int result = pcap_next_ex(reader->pcap, &header, &octets);

	if (result == PCAP_ERROR)
		return fault_input(error, "%s", pcap_geterr(reader->pcap));
	if (result != 1)
		return false;
	*packet = (struct captured_packet){
		.octets = octets,
		.length = header->caplen,
		.sent = header->len,
		.time = { (int64_t)header->ts.tv_sec * 1000 + (int64_t)header->ts.tv_usec / 1000 },
		.link_type = reader->link_type,
	};
	return true;
}

/* False: the end, or, when `error` is set, damage that is not told with the file's name. */
static bool
next_of_file(CaptureReader *reader, struct captured_packet *packet, GError **error)
{
	if (reader->map != NULL)
		return pcap_map_next(reader->map, packet, error);
	if (reader->pcapng != NULL)
		return pcapng_file_next(reader->pcapng, packet, error);
	return next_of_pcap(reader, packet, error);
}

static enum ip_packet_kind
read_packet(CaptureReader *reader, const struct captured_packet *packet, struct datagram *datagram)
{
	struct wire_reader octets = wire_reader(packet->octets, packet->length);
	enum ip_packet_kind kind = PACKET_NOT_IP;

	datagram->from_file = false;
	datagram->arrival = packet->time;
	if (link_header_known(packet->link_type) && link_header_skip(&octets, packet->link_type))
		kind = wire_failed(&octets) ? PACKET_CUT
		                            : ip_packet_read(&octets, reader->fragments, datagram);
	/* Nothing was cut off: then it is the packet that is wrong. */
	return kind == PACKET_CUT && packet->length >= packet->sent ? PACKET_MALFORMED : kind;
}

static bool
next_packet(CaptureReader *reader, struct datagram *datagram, GError **error)
{
	g_autoptr(GError) fault = NULL;
	struct captured_packet packet = { .octets = NULL };

	while (next_of_file(reader, &packet, &fault)) {
		enum ip_packet_kind kind = read_packet(reader, &packet, datagram);

		count(&reader->counters, kind);
		if (kind == PACKET_DATAGRAM)
			return true;
	}
	if (fault != NULL)
		return fault_input(error, "%s: %s", reader->path, fault->message);
	if (unpacked_file_damaged(reader->file))
		return fault_input(error, "%s: the compressed data is damaged or ends early",
		                   reader->path);
	return false;
}

static bool
next_message(CaptureReader *reader, struct datagram *datagram, GError **error)
{
	uint8_t *message = reader->message;
	struct wire_reader header;
	size_t length;
	size_t got;

	if (!unpacked_file_read(reader->file, message, IPFIX_HEADER_OCTETS, &got)) {
		if (got == 0 && !unpacked_file_damaged(reader->file))
			return false;
		return fault_input(error, "%s: it ends inside an IPFIX Message", reader->path);
	}
	header = wire_reader(message, IPFIX_HEADER_OCTETS);
	if (!read_message_head(&header, &length))
		return fault_input(error, "%s: damaged behind %" PRIu64 " IPFIX Messages",
		                   reader->path, reader->counters.packets);
	if (!unpacked_file_read(reader->file, message + IPFIX_HEADER_OCTETS,
	                        length - IPFIX_HEADER_OCTETS, &got))
		return fault_input(error, "%s: it ends inside an IPFIX Message", reader->path);
	count(&reader->counters, PACKET_DATAGRAM);
	*datagram = (struct datagram){ .arrival = { (int64_t)wire_read_u32(&header) * 1000 },
		                       .octets = message,
		                       .length = length,
		                       .from_file = true };
	return true;
}

bool
capture_next(CaptureReader *reader, struct datagram *datagram, GError **error)
{
	if (reader->message != NULL)
		return next_message(reader, datagram, error);
	return next_packet(reader, datagram, error);
}

struct capture_counters
capture_counters(const CaptureReader *reader)
{
	struct capture_counters counters = reader->counters;

	/* Each was counted as a fragment of nothing when it came. */
	counters.joined = fragment_table_joined(reader->fragments);
	counters.fragments -= counters.joined;
	return counters;
}
