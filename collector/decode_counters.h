/*
 * The counters of schemas/counters.def, as a struct: one for each Exporter and one for the total.
 *
 * Threads: values.
 */
#ifndef COLLECTOR_DECODE_COUNTERS_H
#define COLLECTOR_DECODE_COUNTERS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct decode_counters {
#define COUNTER(name, kind, meaning) uint64_t name;
#include "schemas/counters.def"
#undef COUNTER
};

void decode_counters_add(struct decode_counters *into, const struct decode_counters *other);

/* Appends `"name":value` for every row, separated by commas, without braces; `zeros`: also those
 * that are 0. */
void decode_counters_format(const struct decode_counters *counters, bool zeros, GString *text);

#endif
