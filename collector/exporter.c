#include "collector/exporter.h"

enum {
	CLOCK_WINDOW_MS = 60 * 1000,
	CLOCK_STEP_MS = 60 * 1000, /* no delay on the way: the clock went back */
	RATE_WINDOW_MS = 60 * 1000,
};

void
clock_offset_take(struct clock_offset *offset, struct wall_time export_time,
                  struct wall_time arrival)
{
	int64_t ms = export_time.ms - arrival.ms;
	int64_t age_ms = arrival.ms - offset->window_begin.ms;

	if (!offset->known || age_ms < 0 || age_ms > 2L * CLOCK_WINDOW_MS ||
	    ms < offset->ms - CLOCK_STEP_MS) {
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

/* `at_hand`: a datagram that is counted but not meant. */
static struct rates
rates_since_begin(const struct exporter *exporter, int64_t passed_ms, unsigned at_hand)
{
	const struct exporter_rate *rate = &exporter->rate;
	const struct decode_counters *counters = &exporter->counters;
	double seconds = (double)MAX(passed_ms, 1000) / 1000;

	return (struct rates){
		(double)(counters->datagrams_taken - at_hand - rate->datagrams_at_begin) / seconds,
		(double)(counters->records_decoded - rate->records_at_begin) / seconds,
	};
}

struct rates
exporter_rates(const struct exporter *exporter, struct wall_time now)
{
	const struct exporter_rate *rate = &exporter->rate;
	int64_t passed_ms = now.ms - rate->begin.ms;

	if (rate->begin.ms == 0)
		return (struct rates){ 0, 0 };
	if (!rate->is_whole || passed_ms > 2L * RATE_WINDOW_MS)
		return rates_since_begin(exporter, passed_ms, 0);
	return rate->last;
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
		/* The datagram at hand belongs to the next window. */
		rate->last = rates_since_begin(exporter, passed_ms, 1);
		rate->is_whole = true;
	}
	rate->begin = exporter->last_arrival;
	rate->datagrams_at_begin = counters->datagrams_taken - 1;
	rate->records_at_begin = counters->records_decoded;
}
