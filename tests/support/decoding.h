/* A decoder with its exporter table, and what has come out of it: what the decoders' tests work on.
 */
#ifndef TESTS_SUPPORT_DECODING_H
#define TESTS_SUPPORT_DECODING_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "collector/decoder.h"

enum {
	TEST_EXPORT_S = 1700000000,
	TEST_EXPORTER = 0xc0000201, /* 192.0.2.1 */
};

struct decoding {
	ExporterTable *exporters;
	Decoder *decoder;
	struct flow_batch *batch; /* the last one */
	GArray *records;          /* struct flow_record, all of them */
	struct wall_time arrival; /* of the next datagram */
	uint32_t exporter;        /* its IPv4 address */
	uint16_t port;
	bool from_file;
};

/* Room enough for any test; a test of a limit takes them and lowers it. */
struct exporter_limits decoding_limits(void);

struct decoding decoding_start(void); /* with these limits */
struct decoding decoding_start_with(const struct exporter_limits *limits);
void decoding_stop(struct decoding *decoding);

/* Decodes the octets, from an exact copy so that a sanitizer sees overreads. */
void decoding_feed_octets(struct decoding *decoding, const void *octets, size_t length);
/* Closes the message, feeds and frees it. */
void decoding_feed(struct decoding *decoding, GByteArray *message);

const struct flow_record *decoding_record(const struct decoding *decoding, size_t i);
/* There is one and no more. */
const struct flow_record *decoding_only_record(const struct decoding *decoding);
struct decode_counters decoding_counters(const struct decoding *decoding);

/* Do the laws of schemas/counters.def hold?  Names the one that is broken, else NULL. */
const char *decoding_broken_law(const struct decode_counters *counters);

#endif
