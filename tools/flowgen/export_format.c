#include "tools/flowgen/export_format.h"

enum {
	TEMPLATE_IPV4 = 256,
	TEMPLATE_IPV6 = 257,
	TEMPLATE_EVERY = 16, /* datagrams of the same Templates */
	V9_TEMPLATE_SET = 0,
	IPFIX_TEMPLATE_SET = 2,
	V5_SAMPLED = 1 << 14, /* deterministic sampling; the interval is in the bits below */
};

struct field {
	uint16_t element;
	uint16_t width;
};

/* Information Elements by number (RFC 7012; NetFlow v9 has the same numbers); addresses come first,
 * times last. */
static const struct field common_fields[] = {
	{ 7, 2 },  /* sourceTransportPort */
	{ 11, 2 }, /* destinationTransportPort */
	{ 4, 1 },  /* protocolIdentifier */
	{ 1, 8 },  /* octetDeltaCount */
	{ 2, 4 },  /* packetDeltaCount */
};
static const struct field flags_field = { 6, 1 };     /* tcpControlBits */
static const struct field sampling_field = { 34, 4 }; /* samplingInterval */
static const struct field ipv4_fields[] = { { 8, 4 }, { 12, 4 } };
static const struct field ipv6_fields[] = { { 27, 16 }, { 28, 16 } };
static const struct field v9_times[] = { { 22, 4 },
	                                 { 21, 4 } }; /* FIRST_SWITCHED, LAST_SWITCHED: uptime */
static const struct field ipfix_times[] = {
	{ 152, 8 }, { 153, 8 }
}; /* flowStartMilliseconds, flowEndMilliseconds */

static void
put(GByteArray *buffer, uint64_t value, size_t width)
{
	for (size_t i = width; i-- > 0;) {
		uint8_t octet = (uint8_t)(value >> (8 * i));

		g_byte_array_append(buffer, &octet, 1);
	}
}

static void
put_address(GByteArray *buffer, const struct host_address *address)
{
	if (host_address_is_ipv4(address))
		g_byte_array_append(buffer, address->octets + 12, 4);
	else
		g_byte_array_append(buffer, address->octets, sizeof(address->octets));
}

/* Writes a 16-bit length, known only now, over the place that was kept for it. */
static void
set_length(GByteArray *buffer, size_t at, size_t length)
{
	buffer->data[at] = (uint8_t)(length >> 8);
	buffer->data[at + 1] = (uint8_t)length;
}

static uint32_t
uptime(const struct export_stream *stream, int64_t ms)
{
	return (uint32_t)(ms - stream->boot_ms);
}

static void
put_v5_record(const struct export_stream *stream, const struct export_record *record,
              GByteArray *buffer)
{
	put_address(buffer, &record->source);
	put_address(buffer, &record->destination);
	put(buffer, 0, 4); /* next hop */
	put(buffer, 1, 2); /* input */
	put(buffer, 2, 2); /* output */
	put(buffer, record->packets, 4);
	put(buffer, MIN(record->octets, UINT32_MAX), 4);
	put(buffer, uptime(stream, record->start_ms), 4);
	put(buffer, uptime(stream, record->end_ms), 4);
	put(buffer, record->source_port, 2);
	put(buffer, record->destination_port, 2);
	put(buffer, 0, 1);
	put(buffer, record->flags, 1);
	put(buffer, record->protocol, 1);
	put(buffer, 0, 1); /* type of service */
	put(buffer, 0, 4); /* autonomous systems */
	put(buffer, 0, 4); /* masks, padding */
}

static void
write_v5(struct export_stream *stream, int64_t now_ms, const struct export_record *records,
         size_t count, GByteArray *buffer)
{
	put(buffer, EXPORT_V5, 2);
	put(buffer, count, 2);
	put(buffer, uptime(stream, now_ms), 4);
	put(buffer, (uint64_t)now_ms / 1000, 4);
	put(buffer, (uint64_t)(now_ms % 1000) * 1000000, 4);
	put(buffer, stream->sequence, 4);
	put(buffer, stream->domain & 0xffff, 2); /* engine type and number */
	put(buffer, stream->sample > 0 ? V5_SAMPLED | stream->sample : 0, 2);
	for (size_t i = 0; i < count; i++)
		put_v5_record(stream, &records[i], buffer);
	stream->sequence += (uint32_t)count;
}

/* Datagrams use pairs of Templates, one for each family, in turn. */
static unsigned
pairs_of(const struct export_stream *stream)
{
	return MAX(stream->templates, 1);
}

static uint16_t
template_number(const struct export_stream *stream, bool ipv4)
{
	unsigned pair = stream->datagrams % pairs_of(stream);

	return (uint16_t)((ipv4 ? TEMPLATE_IPV4 : TEMPLATE_IPV6) + 2 * pair);
}

static bool
is_template_due(const struct export_stream *stream)
{
	return stream->datagrams / pairs_of(stream) % TEMPLATE_EVERY == 0;
}

static void
put_fields(GByteArray *buffer, const struct field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		put(buffer, fields[i].element, 2);
		put(buffer, fields[i].width, 2);
	}
}

static void
put_template(const struct export_stream *stream, bool ipv6, GByteArray *buffer)
{
	size_t others = 4u + (stream->no_flags ? 0u : 1u) + (stream->sample > 0 ? 1u : 0u);

	put(buffer, template_number(stream, !ipv6), 2);
	put(buffer, G_N_ELEMENTS(common_fields) + others, 2);
	put_fields(buffer, ipv6 ? ipv6_fields : ipv4_fields, 2);
	put_fields(buffer, common_fields, G_N_ELEMENTS(common_fields));
	put_fields(buffer, &flags_field, stream->no_flags ? 0 : 1);
	put_fields(buffer, &sampling_field, stream->sample > 0 ? 1 : 0);
	put_fields(buffer, stream->version == EXPORT_V9 ? v9_times : ipfix_times, 2);
}

static void
put_templates(const struct export_stream *stream, GByteArray *buffer)
{
	size_t start = buffer->len;

	put(buffer, stream->version == EXPORT_V9 ? V9_TEMPLATE_SET : IPFIX_TEMPLATE_SET, 2);
	put(buffer, 0, 2);
	put_template(stream, false, buffer);
	put_template(stream, true, buffer);
	set_length(buffer, start + 2, buffer->len - start);
}

static void
put_record(const struct export_stream *stream, const struct export_record *record,
           GByteArray *buffer)
{
	put_address(buffer, &record->source);
	put_address(buffer, &record->destination);
	put(buffer, record->source_port, 2);
	put(buffer, record->destination_port, 2);
	put(buffer, record->protocol, 1);
	put(buffer, record->octets, 8);
	put(buffer, record->packets, 4);
	if (!stream->no_flags)
		put(buffer, record->flags, 1);
	if (stream->sample > 0)
		put(buffer, stream->sample, 4);
	if (stream->version == EXPORT_V9) {
		put(buffer, uptime(stream, record->start_ms), 4);
		put(buffer, uptime(stream, record->end_ms), 4);
	} else {
		put(buffer, (uint64_t)record->start_ms, 8);
		put(buffer, (uint64_t)record->end_ms, 8);
	}
}

/* One Data Set of the records of one family; none when there are none. */
static void
put_data(const struct export_stream *stream, const struct export_record *records, size_t count,
         bool ipv4, GByteArray *buffer)
{
	size_t start = buffer->len;
	bool empty = true;

	put(buffer, template_number(stream, ipv4), 2);
	put(buffer, 0, 2);
	for (size_t i = 0; i < count; i++) {
		if (host_address_is_ipv4(&records[i].source) != ipv4)
			continue;
		put_record(stream, &records[i], buffer);
		empty = false;
	}
	if (empty) {
		g_byte_array_set_size(buffer, (guint)start);
		return;
	}
	while ((buffer->len - start) % 4 != 0)
		put(buffer, 0, 1);
	set_length(buffer, start + 2, buffer->len - start);
}

static void
write_v9(struct export_stream *stream, int64_t now_ms, const struct export_record *records,
         size_t count, GByteArray *buffer)
{
	bool templates = is_template_due(stream);

	put(buffer, EXPORT_V9, 2);
	put(buffer, count + (templates ? 2 : 0), 2);
	put(buffer, uptime(stream, now_ms), 4);
	put(buffer, (uint64_t)now_ms / 1000, 4);
	put(buffer, stream->sequence, 4);
	put(buffer, stream->domain, 4);
	if (templates)
		put_templates(stream, buffer);
	put_data(stream, records, count, true, buffer);
	put_data(stream, records, count, false, buffer);
	stream->sequence++;
}

static void
write_ipfix(struct export_stream *stream, int64_t now_ms, const struct export_record *records,
            size_t count, GByteArray *buffer)
{
	put(buffer, EXPORT_IPFIX, 2);
	put(buffer, 0, 2);
	put(buffer, (uint64_t)now_ms / 1000, 4);
	put(buffer, stream->sequence, 4);
	put(buffer, stream->domain, 4);
	if (is_template_due(stream))
		put_templates(stream, buffer);
	put_data(stream, records, count, true, buffer);
	put_data(stream, records, count, false, buffer);
	set_length(buffer, 2, buffer->len);
	stream->sequence += (uint32_t)count;
}

void
export_write(struct export_stream *stream, int64_t now_ms, const struct export_record *records,
             size_t count, GByteArray *datagram)
{
	switch (stream->version) {
	case EXPORT_V5:
		write_v5(stream, now_ms, records, count, datagram);
		break;
	case EXPORT_V9:
		write_v9(stream, now_ms, records, count, datagram);
		break;
	case EXPORT_IPFIX:
		write_ipfix(stream, now_ms, records, count, datagram);
		break;
	}
	stream->datagrams++;
}
