#include "collector/exporter.h"

enum {
	CLOCK_WINDOW_MS = 60 * 1000,
	RATE_WINDOW_MS = 60 * 1000,
};

void
clock_offset_take(struct clock_offset *offset, struct wall_time export_time,
                  struct wall_time arrival)
{
	int64_t ms = export_time.ms - arrival.ms;
	int64_t age_ms = arrival.ms - offset->window_begin.ms;

	if (!offset->known || age_ms < 0 || age_ms > 2 * CLOCK_WINDOW_MS) {
		*offset = (struct clock_offset){ true, ms, ms, ms, arrival };
		return;
	}
	if (age_ms > CLOCK_WINDOW_MS) {
		offset->last_window_ms = offset->window_ms;
		offset->window_ms = ms;
		offset->window_begin = arrival;
	}
	offset->window_ms = MAX(offset->window_ms, ms);
	offset->ms = MAX(offset->window_ms, offset->last_window_ms);
}

void
exporter_rate_take(struct exporter *exporter)
{
	struct exporter_rate *rate = &exporter->rate;
	int64_t passed_ms = exporter->last_arrival.ms - rate->begin.ms;
	const struct decode_counters *counters = &exporter->counters;

	if (passed_ms >= 0 && passed_ms < RATE_WINDOW_MS && rate->begin.ms != 0)
		return;
	if (rate->begin.ms != 0 && passed_ms > 0) {
		double seconds = (double)passed_ms / 1000;

		rate->datagrams_per_s =
			(double)(counters->datagrams_taken - rate->datagrams_at_begin) / seconds;
		rate->records_per_s =
			(double)(counters->records_decoded - rate->records_at_begin) / seconds;
	}
	rate->begin = exporter->last_arrival;
	rate->datagrams_at_begin = counters->datagrams_taken;
	rate->records_at_begin = counters->records_decoded;
}
