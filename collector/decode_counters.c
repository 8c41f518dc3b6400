#include "collector/decode_counters.h"

#include <stddef.h>
#include <string.h>

static const struct counter_row {
	const char *name;
	size_t offset;
} rows[] = {
#define COUNTER(name, kind, meaning) { #name, offsetof(struct decode_counters, name) },
#include "schemas/counters.def"
#undef COUNTER
};

static uint64_t
value_of(const struct decode_counters *counters, const struct counter_row *row)
{
	uint64_t value;

	memcpy(&value, (const char *)counters + row->offset, sizeof(value));
	return value;
}

void
decode_counters_add(struct decode_counters *into, const struct decode_counters *other)
{
#define COUNTER(name, kind, meaning) into->name += other->name;
#include "schemas/counters.def"
#undef COUNTER
}

void
decode_counters_format(const struct decode_counters *counters, bool zeros, GString *text)
{
	const char *separator = "";

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		uint64_t value = value_of(counters, &rows[i]);

		if (value == 0 && !zeros)
			continue;
		g_string_append_printf(text, "%s\"%s\":%" G_GUINT64_FORMAT, separator, rows[i].name,
		                       value);
		separator = ",";
	}
}
