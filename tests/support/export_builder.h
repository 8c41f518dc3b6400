/*
 * Builds export datagrams for tests from values, octet by octet, and never with the decoders.
 *
 * A message is opened, gets Sets, and is closed; lengths and counts are filled in.  What is to be
 * wrong is then written over with export_put_at().
 */
#ifndef TESTS_SUPPORT_EXPORT_BUILDER_H
#define TESTS_SUPPORT_EXPORT_BUILDER_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

struct wire_field {
	uint32_t enterprise; /* 0: IANA */
	uint16_t element;
	uint16_t length;
};

/* Appends `value` in `width` octets, 0 to 8, big-endian. */
void export_put(GByteArray *out, uint64_t value, unsigned width);
void export_put_at(GByteArray *out, size_t at, uint64_t value, unsigned width);
/* Appends an IPv6 address or other octets as they are. */
void export_put_octets(GByteArray *out, const void *octets, size_t length);

/* NetFlow v5. */
struct netflow5_fields {
	uint32_t uptime_ms, export_s, export_ns, sequence;
	uint16_t engine, sampling;
	uint32_t source, destination, packets, octets, first_ms, last_ms;
	uint16_t source_port, destination_port, input, output;
	uint8_t tcp_flags, protocol;
};

/* A datagram of `count` records that all carry the same fields. */
GByteArray *netflow5_build(const struct netflow5_fields *fields, uint16_t count);

/* NetFlow v9 and IPFIX. */
struct export_header {
	uint32_t export_s;
	uint32_t uptime_ms; /* of v9 */
	uint32_t sequence;
	uint32_t domain;
};

GByteArray *netflow9_open(const struct export_header *header);
GByteArray *ipfix_open(const struct export_header *header);
/* Fills in the length (IPFIX) or the count of Sets (v9). */
void export_close(GByteArray *message);

/* Opens a Set and returns where it begins; export_close_set() fills in its length, padded to four
 * octets. */
size_t export_open_set(GByteArray *message, uint16_t id);
void export_close_set(GByteArray *message, size_t set);

/* A Template Set with one Template (v9: id 0, IPFIX: id 2). */
void netflow9_add_template(GByteArray *message, uint16_t id, const struct wire_field *fields,
                           size_t count);
void ipfix_add_template(GByteArray *message, uint16_t id, const struct wire_field *fields,
                        size_t count);

/* An Options Template Set with one Template, whose first `scopes` fields are scopes. */
void netflow9_add_options_template(GByteArray *message, uint16_t id,
                                   const struct wire_field *fields, size_t scopes, size_t count);
void ipfix_add_options_template(GByteArray *message, uint16_t id, const struct wire_field *fields,
                                size_t scopes, size_t count);

/* An IPFIX Message with a Template, of id 300, and one record of it; not closed. */
GByteArray *ipfix_with_record(const struct export_header *header, const struct wire_field *fields,
                              size_t count, const uint64_t *values);

/* A Set of one record whose fields have the widths of `fields` and the values of `values`. */
void export_add_record(GByteArray *message, uint16_t id, const struct wire_field *fields,
                       size_t count, const uint64_t *values);

#endif
