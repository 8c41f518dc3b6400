/*
 * An Exporting Process in virtual time: conversations become Flow Records, cut at the active
 * timeout and sent when the inactive timeout has passed, and these become datagrams.
 */
#ifndef TOOLS_FLOWGEN_EXPORTER_H
#define TOOLS_FLOWGEN_EXPORTER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "tools/flowgen/export_format.h"

enum { EXPORTERS_MOST = 64 };

/* Takes one datagram; false: stop. */
struct exporter_sink {
	bool (*send)(void *context, unsigned exporter, int64_t time_ms, const GByteArray *datagram);
	void *context;
};

struct exporter_config {
	int64_t start_ms;
	unsigned count; /* of Exporters; each sends the flows of its share of the hosts */
	enum export_version versions[EXPORTERS_MOST];
	unsigned records;   /* at most in a datagram; 0: EXPORT_RECORDS */
	unsigned templates; /* pairs of Templates that take turns; 0: one */
	uint32_t sample;    /* one packet in so many was taken, and the records say so; 0: all */
	bool no_flags;
};

struct exporter_totals {
	uint64_t datagrams;
	uint64_t records;
	uint64_t octets;   /* IP octets that the records tell of */
	uint64_t left_out; /* records that no Exporter's version has room for */
};

/* An array of struct export_record. */
GArray *exporter_records(const GArray *conversations);

/* Sorts the records by the time of their export and sends them; returns what was sent. */
struct exporter_totals exporter_run(const struct exporter_config *config, GArray *records,
                                    const struct exporter_sink *sink);

#endif
