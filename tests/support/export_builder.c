#include "tests/support/export_builder.h"

enum { ENTERPRISE_BIT = 0x8000, NETFLOW9 = 9, IPFIX = 10 };

void
export_put(GByteArray *out, uint64_t value, unsigned width)
{
	for (unsigned shift = width * 8; shift > 0; shift -= 8) {
		uint8_t octet = (uint8_t)(value >> (shift - 8));

		g_byte_array_append(out, &octet, 1);
	}
}

void
export_put_at(GByteArray *out, size_t at, uint64_t value, unsigned width)
{
	g_assert_cmpuint(at + width, <=, out->len);
	for (unsigned i = 0; i < width; i++)
		out->data[at + i] = (uint8_t)(value >> (8 * (width - 1 - i)));
}

void
export_put_octets(GByteArray *out, const void *octets, size_t length)
{
	g_byte_array_append(out, octets, (guint)length);
}

static void
put_netflow5_record(GByteArray *out, const struct netflow5_fields *fields)
{
	export_put(out, fields->source, 4);
	export_put(out, fields->destination, 4);
	export_put(out, 0, 4); /* next hop */
	export_put(out, fields->input, 2);
	export_put(out, fields->output, 2);
	export_put(out, fields->packets, 4);
	export_put(out, fields->octets, 4);
	export_put(out, fields->first_ms, 4);
	export_put(out, fields->last_ms, 4);
	export_put(out, fields->source_port, 2);
	export_put(out, fields->destination_port, 2);
	export_put(out, 0, 1);
	export_put(out, fields->tcp_flags, 1);
	export_put(out, fields->protocol, 1);
	export_put(out, 0, 1 + 2 + 2 + 1 + 1); /* ToS, AS numbers, masks */
	export_put(out, 0, 2);
}

GByteArray *
netflow5_build(const struct netflow5_fields *fields, uint16_t count)
{
	GByteArray *out = g_byte_array_new();

	export_put(out, 5, 2);
	export_put(out, count, 2);
	export_put(out, fields->uptime_ms, 4);
	export_put(out, fields->export_s, 4);
	export_put(out, fields->export_ns, 4);
	export_put(out, fields->sequence, 4);
	export_put(out, fields->engine, 2);
	export_put(out, fields->sampling, 2);
	for (unsigned i = 0; i < count; i++)
		put_netflow5_record(out, fields);
	return out;
}

GByteArray *
netflow9_open(const struct export_header *header)
{
	GByteArray *out = g_byte_array_new();

	export_put(out, NETFLOW9, 2);
	export_put(out, 0, 2);
	export_put(out, header->uptime_ms, 4);
	export_put(out, header->export_s, 4);
	export_put(out, header->sequence, 4);
	export_put(out, header->domain, 4);
	return out;
}

GByteArray *
ipfix_open(const struct export_header *header)
{
	GByteArray *out = g_byte_array_new();

	export_put(out, IPFIX, 2);
	export_put(out, 0, 2);
	export_put(out, header->export_s, 4);
	export_put(out, header->sequence, 4);
	export_put(out, header->domain, 4);
	return out;
}

void
export_close(GByteArray *message)
{
	size_t count = 0;

	if (message->data[1] == IPFIX) {
		export_put_at(message, 2, message->len, 2);
		return;
	}
	for (size_t at = 20; at + 4 <= message->len; count++) {
		size_t length = (size_t)message->data[at + 2] << 8 | message->data[at + 3];

		at += MAX(length, 4);
	}
	export_put_at(message, 2, count, 2);
}

size_t
export_open_set(GByteArray *message, uint16_t id)
{
	size_t set = message->len;

	export_put(message, id, 2);
	export_put(message, 0, 2);
	return set;
}

void
export_close_set(GByteArray *message, size_t set)
{
	while ((message->len - set) % 4 != 0)
		export_put(message, 0, 1);
	export_put_at(message, set + 2, message->len - set, 2);
}

static void
put_field(GByteArray *message, const struct wire_field *field)
{
	export_put(message,
	           field->enterprise != 0 ? field->element | ENTERPRISE_BIT : field->element, 2);
	export_put(message, field->length, 2);
	if (field->enterprise != 0)
		export_put(message, field->enterprise, 4);
}

static void
put_fields(GByteArray *message, const struct wire_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		put_field(message, &fields[i]);
}

void
netflow9_add_template(GByteArray *message, uint16_t id, const struct wire_field *fields,
                      size_t count)
{
	size_t set = export_open_set(message, 0);

	export_put(message, id, 2);
	export_put(message, count, 2);
	put_fields(message, fields, count);
	export_close_set(message, set);
}

void
ipfix_add_template(GByteArray *message, uint16_t id, const struct wire_field *fields, size_t count)
{
	size_t set = export_open_set(message, 2);

	export_put(message, id, 2);
	export_put(message, count, 2);
	put_fields(message, fields, count);
	export_close_set(message, set);
}

void
netflow9_add_options_template(GByteArray *message, uint16_t id, const struct wire_field *fields,
                              size_t scopes, size_t count)
{
	size_t set = export_open_set(message, 1);

	export_put(message, id, 2);
	export_put(message, scopes * 4, 2);
	export_put(message, (count - scopes) * 4, 2);
	put_fields(message, fields, count);
	export_close_set(message, set);
}

void
ipfix_add_options_template(GByteArray *message, uint16_t id, const struct wire_field *fields,
                           size_t scopes, size_t count)
{
	size_t set = export_open_set(message, 3);

	export_put(message, id, 2);
	export_put(message, count, 2);
	export_put(message, scopes, 2);
	put_fields(message, fields, count);
	export_close_set(message, set);
}

void
export_add_record(GByteArray *message, uint16_t id, const struct wire_field *fields, size_t count,
                  const uint64_t *values)
{
	size_t set = export_open_set(message, id);

	for (size_t i = 0; i < count; i++) {
		/* Wider than a number: zeros, and the value at the end. */
		for (unsigned width = fields[i].length; width > 8; width--)
			export_put(message, 0, 1);
		export_put(message, values[i], MIN(fields[i].length, 8));
	}
	export_close_set(message, set);
}

GByteArray *
ipfix_with_record(const struct export_header *header, const struct wire_field *fields, size_t count,
                  const uint64_t *values)
{
	GByteArray *message = ipfix_open(header);

	ipfix_add_template(message, 300, fields, count);
	export_add_record(message, 300, fields, count, values);
	return message;
}
