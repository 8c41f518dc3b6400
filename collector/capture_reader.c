#include "collector/capture_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "collector/fragment_table.h"
#include "collector/pcap_map.h"
#include "collector/pcapng_file.h"
#include "common/fault.h"
#include "common/wire_reader.h"

enum {
	HEAD_OCTETS = 16, /* looked at before it is known what the file is */
	STREAM_OCTETS = 1 << 17,
	IPFIX_VERSION = 10,
	IPFIX_HEADER_OCTETS = 16,
	MESSAGE_OCTETS_MOST = 65535,
	VLAN_TAGS_MOST = 4,
	MPLS_LABELS_MOST = 8,
	IPV6_HEADERS_MOST = 8,
	PROTOCOL_UDP = 17,
};

/* What a packet turns out to be. */
enum verdict { IS_DATAGRAM, NOT_IP, NOT_UDP, IS_FRAGMENT, IS_CUT, IS_MALFORMED };

struct CaptureReader {
	char *path;
	gzFile stream;
	int descriptor; /* the stream's */
	off_t begin;    /* where it was opened; -1: it can be read only once */
	uint8_t head[HEAD_OCTETS];
	size_t head_length;
	size_t head_used; /* octets of the head that were read again */
	FILE *file;       /* over the stream; closed by `pcap` if there is one */
	bool is_plain;    /* `file` is the file itself */
	pcap_t *pcap;     /* of these three one is there */
	PcapMap *map;     /* instead of reading with `pcap`; NULL: not to be had */
	PcapngFile *pcapng;
	uint8_t *message; /* of an IPFIX File */
	int link_type;    /* of a pcapng file: of its first interface */
	FragmentTable *fragments;
	struct capture_counters counters;
};

/* Octets of the file, unpacked; the head comes again.  -1: damaged. */
static ssize_t
read_stream(CaptureReader *reader, void *octets, size_t length)
{
	size_t left = reader->head_length - reader->head_used;
	int got;

	if (left > 0) {
		length = MIN(length, left);
		memcpy(octets, reader->head + reader->head_used, length);
		reader->head_used += length;
		return (ssize_t)length;
	}
	got = gzread(reader->stream, octets, (unsigned)MIN(length, 1U << 30));
	if (got < 0)
		errno = EIO;
	return got;
}

static ssize_t
read_cookie(void *cookie, char *octets, size_t length)
{
	return read_stream(cookie, octets, length);
}

/* True when all octets were there. */
static bool
read_whole(CaptureReader *reader, uint8_t *octets, size_t length, size_t *got)
{
	*got = 0;
	while (*got < length) {
		ssize_t part = read_stream(reader, octets + *got, length - *got);
		if (part <= 0)
			return false;
		*got += (size_t)part;
	}
	return true;
}

/* At the end: was it the file's own? */
static bool
is_damaged(CaptureReader *reader)
{
	int problem;

	(void)gzerror(reader->stream, &problem);
	return problem != Z_OK;
}

static bool
is_known_link(int type)
{
	switch (type) {
	case DLT_EN10MB:
	case DLT_LINUX_SLL:
	case DLT_LINUX_SLL2:
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
	case DLT_NULL:
	case DLT_LOOP:
	case DLT_PPP:
	case DLT_PPP_SERIAL:
	case DLT_C_HDLC:
		return true;
	default:
		return false;
	}
}

/* The file itself, from where it was opened, when it needs no unpacking: the stream would copy it
 * twice.  NULL: it does, or can be read only once. */
static FILE *
open_plain(const CaptureReader *reader)
{
	FILE *file;
	int descriptor;

	if (!gzdirect(reader->stream) || reader->begin < 0 ||
	    lseek(reader->descriptor, reader->begin, SEEK_SET) < 0)
		return NULL;
	descriptor = fcntl(reader->descriptor, F_DUPFD_CLOEXEC, 0);
	file = descriptor < 0 ? NULL : fdopen(descriptor, "rb");
	if (file == NULL && descriptor >= 0)
		close(descriptor);
	return file;
}

/* As libpcap calls what stands in files. */
static int
link_type_of(uint16_t link_type)
{
	enum { LINKTYPE_RAW = 101 };

	return link_type == LINKTYPE_RAW ? DLT_RAW : link_type;
}

static bool
begin_pcapng(CaptureReader *reader, GError **error)
{
	g_autoptr(GError) fault = NULL;
	uint16_t link_type;

	reader->pcapng = pcapng_file_new(reader->file);
	if (pcapng_file_link_type(reader->pcapng, &link_type, &fault)) {
		reader->link_type = link_type_of(link_type);
		return true;
	}
	return fault_input(error, "%s: %s", reader->path,
	                   fault != NULL ? fault->message : "it describes no interface");
}

static bool
begin_pcap(CaptureReader *reader, GError **error)
{
	char message[PCAP_ERRBUF_SIZE] = "";

	reader->pcap = pcap_fopen_offline(reader->file, message);
	if (reader->pcap == NULL)
		return fault_input(error, "%s: %s", reader->path, message);
	reader->link_type = pcap_datalink(reader->pcap);
	if (reader->is_plain && reader->begin == 0)
		reader->map = pcap_map_new(reader->descriptor, reader->path,
		                           (size_t)pcap_snapshot(reader->pcap));
	return true;
}

static bool
open_packets(CaptureReader *reader, GError **error)
{
	const char *link;

	reader->file = open_plain(reader);
	reader->is_plain = reader->file != NULL;
	if (!reader->is_plain)
		reader->file =
			fopencookie(reader, "r", (cookie_io_functions_t){ .read = read_cookie });
	if (reader->file == NULL)
		return fault_system(error, "%s", reader->path);
	setvbuf(reader->file, NULL, _IOFBF, STREAM_OCTETS);
	if (reader->head_length >= 4 && pcapng_begins(reader->head) ? !begin_pcapng(reader, error)
	                                                            : !begin_pcap(reader, error))
		return false;
	if (is_known_link(reader->link_type))
		return true;
	link = pcap_datalink_val_to_name(reader->link_type);
	return fault_input(error, "%s: link type %d (%s) is not supported", reader->path,
	                   reader->link_type, link != NULL ? link : "unknown");
}

static bool
open_stream(CaptureReader *reader, GError **error)
{
	int descriptor = strcmp(reader->path, "-") == 0 ? dup(STDIN_FILENO)
	                                                : open(reader->path, O_RDONLY | O_CLOEXEC);

	if (descriptor < 0)
		return fault_system(error, "cannot open %s", reader->path);
	reader->descriptor = descriptor;
	reader->begin = lseek(descriptor, 0, SEEK_CUR);
	reader->stream = gzdopen(descriptor, "rb");
	if (reader->stream == NULL) {
		close(descriptor);
		return fault_system(error, "cannot open %s", reader->path);
	}
	gzbuffer(reader->stream, STREAM_OCTETS);
	return true;
}

/* Looks at the first octets; read_stream() gives them again. */
static bool
is_ipfix_file(CaptureReader *reader)
{
	struct wire_reader head;
	uint16_t version;
	uint16_t length;

	(void)read_whole(reader, reader->head, HEAD_OCTETS, &reader->head_length);
	head = wire_reader(reader->head, reader->head_length);
	version = wire_read_u16(&head);
	length = wire_read_u16(&head);
	return version == IPFIX_VERSION && length >= IPFIX_HEADER_OCTETS;
}

CaptureReader *
capture_open(const char *path, GError **error)
{
	g_autoptr(CaptureReader) reader = g_new0(CaptureReader, 1);

	reader->path = g_strdup(path);
	reader->fragments = fragment_table_new();
	if (!open_stream(reader, error))
		return NULL;
	if (is_ipfix_file(reader))
		reader->message = g_malloc(MESSAGE_OCTETS_MOST);
	else if (reader->head_length == 0) {
		fault_input(
			error,
			"%s: it is empty or cannot be read: neither a capture nor an IPFIX File",
			path);
		return NULL;
	} else if (!open_packets(reader, error))
		return NULL;
	return g_steal_pointer(&reader);
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
	else if (reader->file != NULL)
		fclose(reader->file);
	if (reader->stream != NULL)
		gzclose(reader->stream);
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

static enum verdict
read_udp(struct wire_reader *packet, struct datagram *datagram)
{
	uint16_t length;

	datagram->exporter_port = wire_read_u16(packet);
	wire_skip(packet, 2); /* destination port */
	length = wire_read_u16(packet);
	wire_skip(packet, 2); /* checksum */
	if (wire_failed(packet))
		return IS_CUT;
	if (length < 8)
		return IS_MALFORMED;
	datagram->length = (size_t)length - 8;
	datagram->octets = wire_take(packet, datagram->length);
	return datagram->octets != NULL ? IS_DATAGRAM : IS_CUT;
}

/* Keeps a fragment until its packet is whole, and reads that. */
static enum verdict
read_fragment(CaptureReader *reader, const struct fragment *fragment, struct datagram *datagram)
{
	struct whole_packet whole;
	struct wire_reader body;

	if (fragment->protocol != PROTOCOL_UDP)
		return NOT_UDP;
	if (!fragment_table_take(reader->fragments, fragment, &whole))
		return IS_MALFORMED;
	if (whole.octets == NULL)
		return IS_FRAGMENT;
	/* Until now they were counted as fragments of nothing. */
	reader->counters.fragments -= whole.fragments - 1;
	reader->counters.joined += whole.fragments - 1;
	body = wire_reader(whole.octets, whole.length);
	return read_udp(&body, datagram);
}

static enum verdict
read_ipv4(CaptureReader *reader, struct wire_reader *packet, struct datagram *datagram)
{
	struct fragment fragment = { .arrival = datagram->arrival };
	struct wire_reader header = *packet;
	struct wire_reader body;
	size_t header_length = 4 * (size_t)(wire_read_u8(&header) & 0x0f);
	uint16_t total;
	uint16_t offset;

	wire_skip(&header, 1); /* type of service */
	total = wire_read_u16(&header);
	fragment.identification = wire_read_u16(&header);
	offset = wire_read_u16(&header);
	wire_skip(&header, 1); /* time to live */
	fragment.protocol = wire_read_u8(&header);
	wire_skip(&header, 2); /* checksum */
	fragment.source = datagram->exporter = host_address_from_ipv4(wire_read_u32(&header));
	fragment.destination = host_address_from_ipv4(wire_read_u32(&header));
	if (wire_failed(&header))
		return IS_CUT;
	if (header_length < 20 || (total != 0 && total < header_length))
		return IS_MALFORMED;
	if (fragment.protocol != PROTOCOL_UDP)
		return NOT_UDP;
	fragment.more = (offset & 0x2000) != 0;
	fragment.offset = 8 * (size_t)(offset & 0x1fff);
	if ((fragment.more || fragment.offset != 0) && total > wire_left(packet))
		return IS_CUT;
	/* Of a packet that was captured before its segmentation the length is 0. */
	body = wire_read_nested(packet,
	                        total != 0 ? MIN(total, wire_left(packet)) : wire_left(packet));
	wire_skip(&body, header_length);
	if (!fragment.more && fragment.offset == 0)
		return read_udp(&body, datagram);
	if (wire_failed(&body))
		return IS_CUT;
	fragment.octets = body.next;
	fragment.length = wire_left(&body);
	return read_fragment(reader, &fragment, datagram);
}

/* What stands behind an IPv6 header and its extensions. */
enum { EXTENSION_FRAGMENT = 256, EXTENSION_CUT };

/* Passes over extension headers; the protocol behind them, or EXTENSION_FRAGMENT when it is a part
 * of a packet that is now told in `fragment`, EXTENSION_CUT where the capture ends. */
static int
skip_ipv6_extensions(struct wire_reader *packet, uint8_t next, struct fragment *fragment)
{
	for (int i = 0; i < IPV6_HEADERS_MOST; i++) {
		uint8_t current = next;
		uint8_t length;

		if (current != 0 && current != 43 && current != 44 && current != 60)
			return current;
		next = wire_read_u8(packet);
		length = wire_read_u8(packet);
		if (current == 44) {
			uint16_t offset = wire_read_u16(packet);

			fragment->identification = wire_read_u32(packet);
			fragment->protocol = next;
			fragment->offset = offset & 0xfff8;
			fragment->more = (offset & 1) != 0;
			if (!wire_failed(packet) && (offset & 0xfff9) != 0)
				return EXTENSION_FRAGMENT;
		} else
			wire_skip(packet, 6 + 8 * (size_t)length);
		if (wire_failed(packet))
			return EXTENSION_CUT;
	}
	return 59; /* no next header */
}

static void
read_ipv6_address(struct wire_reader *packet, struct host_address *address)
{
	const uint8_t *octets = wire_take(packet, sizeof(address->octets));

	if (octets != NULL)
		memcpy(address->octets, octets, sizeof(address->octets));
}

static enum verdict
read_ipv6(CaptureReader *reader, struct wire_reader *packet, struct datagram *datagram)
{
	struct fragment fragment = { .arrival = datagram->arrival };
	struct wire_reader body;
	bool is_whole;
	uint16_t length;
	uint8_t next;
	int protocol;

	wire_skip(packet, 4); /* version, class, flow label */
	length = wire_read_u16(packet);
	next = wire_read_u8(packet);
	wire_skip(packet, 1); /* hop limit */
	read_ipv6_address(packet, &fragment.source);
	read_ipv6_address(packet, &fragment.destination);
	if (wire_failed(packet))
		return IS_CUT;
	datagram->exporter = fragment.source;
	is_whole = length <= wire_left(packet);
	body = wire_read_nested(packet,
	                        length != 0 ? MIN(length, wire_left(packet)) : wire_left(packet));
	protocol = skip_ipv6_extensions(&body, next, &fragment);
	if (protocol == EXTENSION_CUT)
		return IS_CUT;
	if (protocol != EXTENSION_FRAGMENT)
		return protocol == PROTOCOL_UDP ? read_udp(&body, datagram) : NOT_UDP;
	if (!is_whole)
		return IS_CUT;
	fragment.octets = body.next;
	fragment.length = wire_left(&body);
	return read_fragment(reader, &fragment, datagram);
}

static enum verdict
read_ip(CaptureReader *reader, struct wire_reader *packet, struct datagram *datagram)
{
	struct wire_reader peek = *packet;
	uint8_t first = wire_read_u8(&peek);

	if (wire_failed(&peek))
		return IS_CUT;
	if (first >> 4 == 4)
		return read_ipv4(reader, packet, datagram);
	return first >> 4 == 6 ? read_ipv6(reader, packet, datagram) : NOT_IP;
}

/* The EtherType behind VLAN tags. */
static uint16_t
skip_vlan_tags(struct wire_reader *packet, uint16_t type)
{
	for (int i = 0; i < VLAN_TAGS_MOST; i++) {
		if (type != 0x8100 && type != 0x88a8 && type != 0x9100)
			break;
		wire_skip(packet, 2);
		type = wire_read_u16(packet);
	}
	return type;
}

/* The EtherType of what a PPP frame carries.  Address and control stand before it on serial lines
 * (RFC 1662). */
static uint16_t
skip_ppp_header(struct wire_reader *packet)
{
	uint16_t protocol = wire_read_u16(packet);

	if (protocol == 0xff03)
		protocol = wire_read_u16(packet);
	return protocol == 0x0021 ? 0x0800 : protocol == 0x0057 ? 0x86dd : 0;
}

/* The EtherType behind the labels: IP, of the version that its first octet tells. */
static uint16_t
skip_mpls_labels(struct wire_reader *packet)
{
	for (int i = 0; i < MPLS_LABELS_MOST; i++)
		if ((wire_read_u32(packet) & 0x100) != 0)
			return 0x0800;
	return 0;
}

/* The EtherType of the packet behind all that may stand before it on Ethernet. */
static uint16_t
skip_tunnels(struct wire_reader *packet, uint16_t type)
{
	type = skip_vlan_tags(packet, type);
	if (type == 0x8864) { /* PPPoE: version, code, session, length */
		wire_skip(packet, 6);
		return skip_ppp_header(packet);
	}
	return type == 0x8847 || type == 0x8848 ? skip_mpls_labels(packet) : type;
}

/* Moves to the IP packet.  False: it is none. */
static bool
skip_link_header(struct wire_reader *packet, int link_type)
{
	uint16_t type = 0x0800; /* of link types that carry nothing but IP; its version is looked at
	                           later */

	switch (link_type) {
	case DLT_EN10MB:
		wire_skip(packet, 12);
		type = wire_read_u16(packet);
		break;
	case DLT_LINUX_SLL:
		wire_skip(packet, 14);
		type = wire_read_u16(packet);
		break;
	case DLT_LINUX_SLL2:
		type = wire_read_u16(packet);
		wire_skip(packet, 18);
		break;
	case DLT_NULL:
	case DLT_LOOP:
		wire_skip(packet, 4);
		break;
	case DLT_PPP:
	case DLT_PPP_SERIAL:
		type = skip_ppp_header(packet);
		break;
	case DLT_C_HDLC: /* address, control */
		wire_skip(packet, 2);
		type = wire_read_u16(packet);
		break;
	default:
		break;
	}
	type = skip_tunnels(packet, type);
	return wire_failed(packet) || type == 0x0800 || type == 0x86dd;
}

static void
count(struct capture_counters *counters, enum verdict verdict)
{
	uint64_t *const of_verdict[] = {
		[IS_DATAGRAM] = &counters->datagrams,
		[NOT_IP] = &counters->not_ip,
		[NOT_UDP] = &counters->not_udp,
		[IS_FRAGMENT] = &counters->fragments,
		[IS_CUT] = &counters->cut,
		[IS_MALFORMED] = &counters->malformed,
	};

	++*of_verdict[verdict];
	++counters->packets;
}

/* The next packet of either format, with libpcap's link type. */
struct captured {
	struct wire_reader octets;
	bool is_cut;
	int link_type;
	struct wall_time time;
};

/* False: the end, or damage. */
static bool
next_of_file(CaptureReader *reader, struct captured *captured, GError **error)
{
	g_autoptr(GError) fault = NULL;
	struct captured_packet packet;
	bool got = reader->map != NULL ? pcap_map_next(reader->map, &packet, &fault)
	                               : pcapng_file_next(reader->pcapng, &packet, &fault);

	if (!got)
		return fault == NULL ? false
		                     : fault_input(error, "%s: %s", reader->path, fault->message);
	*captured = (struct captured){
		.octets = wire_reader(packet.octets, packet.length),
		.is_cut = packet.length < packet.sent,
		.link_type = link_type_of(packet.link_type),
		.time = packet.time,
	};
	return true;
}

static bool
next_of_pcap(CaptureReader *reader, struct captured *captured, GError **error)
{
	struct pcap_pkthdr *header;
	const uint8_t *octets;
	int result = pcap_next_ex(reader->pcap, &header, &octets);

	if (result == PCAP_ERROR)
		return fault_input(error, "%s: %s", reader->path, pcap_geterr(reader->pcap));
	if (result != 1)
		return false;
	*captured = (struct captured){
		.octets = wire_reader(octets, header->caplen),
		.is_cut = header->caplen < header->len,
		.link_type = reader->link_type,
		.time = { (int64_t)header->ts.tv_sec * 1000 + (int64_t)header->ts.tv_usec / 1000 },
	};
	return true;
}

static enum verdict
read_packet(CaptureReader *reader, struct captured *captured, struct datagram *datagram)
{
	enum verdict verdict = NOT_IP;

	datagram->from_file = false;
	datagram->arrival = captured->time;
	if (is_known_link(captured->link_type) &&
	    skip_link_header(&captured->octets, captured->link_type))
		verdict = wire_failed(&captured->octets)
		                  ? IS_CUT
		                  : read_ip(reader, &captured->octets, datagram);
	/* Nothing was cut off: then it is the packet that is wrong. */
	return verdict == IS_CUT && !captured->is_cut ? IS_MALFORMED : verdict;
}

static bool
next_packet(CaptureReader *reader, struct datagram *datagram, GError **error)
{
	g_autoptr(GError) fault = NULL;
	struct captured captured = { .is_cut = false };

	while (reader->map != NULL || reader->pcapng != NULL
	               ? next_of_file(reader, &captured, &fault)
	               : next_of_pcap(reader, &captured, &fault)) {
		enum verdict verdict = read_packet(reader, &captured, datagram);

		count(&reader->counters, verdict);
		if (verdict == IS_DATAGRAM)
			return true;
	}
	if (fault != NULL) {
		g_propagate_error(error, g_steal_pointer(&fault));
		return false;
	}
	if (is_damaged(reader))
		return fault_input(error, "%s: the compressed data is damaged or ends early",
		                   reader->path);
	return false;
}

static bool
next_message(CaptureReader *reader, struct datagram *datagram, GError **error)
{
	struct wire_reader header;
	uint16_t version;
	size_t length;
	size_t got;

	if (!read_whole(reader, reader->message, IPFIX_HEADER_OCTETS, &got)) {
		if (got == 0 && !is_damaged(reader))
			return false;
		return fault_input(error, "%s: it ends inside an IPFIX Message", reader->path);
	}
	header = wire_reader(reader->message, IPFIX_HEADER_OCTETS);
	version = wire_read_u16(&header);
	length = wire_read_u16(&header);
	if (version != IPFIX_VERSION || length < IPFIX_HEADER_OCTETS)
		return fault_input(error, "%s: damaged behind %" PRIu64 " IPFIX Messages",
		                   reader->path, reader->counters.packets);
	if (!read_whole(reader, reader->message + IPFIX_HEADER_OCTETS, length - IPFIX_HEADER_OCTETS,
	                &got))
		return fault_input(error, "%s: it ends inside an IPFIX Message", reader->path);
	count(&reader->counters, IS_DATAGRAM);
	*datagram = (struct datagram){ .arrival = { (int64_t)wire_read_u32(&header) * 1000 },
		                       .octets = reader->message,
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
	return reader->counters;
}
