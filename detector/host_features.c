#include "detector/host_features.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detector/processors.h"

enum {
	RHYTHM_MINUTES = 5,
	RHYTHM_SECONDS = RHYTHM_MINUTES * HOST_BIN_SECONDS,
	RHYTHM_LAG_LEAST = 2,
	RHYTHM_LAG_GREATEST = 100,
	WAVE_SILENCE = 5, /* seconds before a rise */
	WAVE_INTERVALS_LEAST = 3,
	WAVE_INTERVALS_MANY = 8,
	RHYTHM_ACTIVE_LEAST = 8, /* seconds; below it nothing is called rhythm */
	SENT_WORDS = SERVICE_SENT_WORDS,
};

static int
compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct moments {
	double mean;
	double spread;
};

static struct moments
moments(const double *values, size_t count)
{
	struct moments m = { 0, 0 };

	for (size_t i = 0; i < count; i++)
		m.mean += values[i] / (double)count;
	for (size_t i = 0; i < count; i++)
		m.spread += (values[i] - m.mean) * (values[i] - m.mean) / (double)count;
	m.spread = sqrt(m.spread);
	return m;
}

struct sample_shape
sample_shape(const struct host_bin_extension *detail)
{
	double ratios[HOST_BIN_SAMPLED_PEERS], octets[2][HOST_BIN_SAMPLED_PEERS];
	struct sample_shape shape = { 0 };
	size_t count = 0;

	for (int i = 0; i < HOST_BIN_SAMPLED_PEERS; i++) {
		const struct host_peer *peer = &detail->sample[i];
		double flows = fmax(peer->flows, 1);

		if (peer->hash == 0 || !(peer->kinds & TOUCH_SENT))
			continue;
		ratios[count] =
			log((peer->octets[HOST_OUT] + 100.0) / (peer->octets[HOST_IN] + 100.0));
		octets[HOST_OUT][count] = log1p(peer->octets[HOST_OUT] / flows);
		octets[HOST_IN][count] = log1p(peer->octets[HOST_IN] / flows);
		shape.flows_mean += log(flows);
		shape.flows_most = fmax(shape.flows_most, log(flows));
		shape.refused_share += (peer->kinds & TOUCH_REFUSED) != 0;
		shape.silent_share += (peer->kinds & (TOUCH_REFUSED | TOUCH_HEARD)) == 0;
		count++;
	}
	if (count == 0)
		return shape;
	shape.flows_mean /= (double)count;
	shape.refused_share /= (double)count;
	shape.silent_share /= (double)count;
	for (int direction = 0; direction < 2; direction++) {
		struct moments m = moments(octets[direction], count);

		shape.octets_mean[direction] = m.mean;
		shape.octets_spread[direction] = m.spread;
	}
	qsort(ratios, count, sizeof(ratios[0]), compare_doubles);
	shape.ratio_median = (ratios[(count - 1) / 2] + ratios[count / 2]) / 2;
	shape.ratio_least = ratios[0];
	shape.ratio_most = ratios[count - 1];
	return shape;
}

#define SET(name, value) v[HOST_FEATURE_##name] = (value)

static void
set_beacon(const struct host_view *view, double *v)
{
	const struct service_rhythm *rhythm = &view->services->rhythm;

	SET(beacon_most, service_rhythm_rank(rhythm));
	SET(beacon_count, log1p(view->services->regular));
	SET(beacon_interval, log1p(rhythm->interval_s));
}

/* What the host did in the history before the last five minutes. */
struct before {
	uint64_t sent[SENT_WORDS];
	double flows;
	double octets;
	unsigned active; /* minutes */
};

static void
before_collect(const struct host_view *view, struct before *before)
{
	memset(before, 0, sizeof(*before));
	host_services_sent(view->services, AGE_5, AGE_30, before->sent);
	for (const struct host_minute *m = view->host->newest; m != NULL; m = m->older) {
		if (m->bin.minute + RHYTHM_MINUTES > view->minute ||
		    m->bin.minute + view->history_minutes <= view->minute)
			continue;
		before->flows += m->bin.flows[HOST_OUT];
		before->octets += (double)m->bin.octets[HOST_OUT] + (double)m->bin.octets[HOST_IN];
		before->active++;
	}
}

static void
set_change(const struct host_view *view, double *v)
{
	const struct host_window *now = &view->windows[HOST_WINDOW_5];
	double spans = fmax(1, (view->history_minutes - (double)RHYTHM_MINUTES) / RHYTHM_MINUTES);
	struct bucket_count services, silent;
	uint64_t fresh[SENT_WORDS];
	struct before before;

	before_collect(view, &before);
	for (int i = 0; i < SENT_WORDS; i++)
		fresh[i] = now->detail.sent[i] & ~before.sent[i];
	services = bucket_count(now->detail.sent, before.sent, SENT_WORDS);
	silent = bucket_count(fresh, now->detail.heard, SENT_WORDS);
	SET(fresh_rate, log1p(services.failing / RHYTHM_MINUTES));
	SET(fresh_share, services.sent > 0 ? services.failing / services.sent : 0);
	SET(fresh_silent_share, silent.sent > 0 ? silent.failing / silent.sent : 0);
	SET(active_share, (before.active + (double)now->active) / view->history_minutes);
	SET(flows_change, log((now->total.flows[HOST_OUT] + 1.0) / (before.flows / spans + 1)));
	SET(octets_change,
	    log(((double)now->total.octets[HOST_OUT] + (double)now->total.octets[HOST_IN] + 1000) /
	        (before.octets / spans + 1000)));
}

struct second_series {
	double total[RHYTHM_SECONDS];
	double small[RHYTHM_SECONDS];
	double failing[RHYTHM_SECONDS];
};

static void
series_collect(const struct host_view *view, struct second_series *series)
{
	struct host_bin_extension scratch;

	memset(series, 0, sizeof(*series));
	for (const struct host_minute *m = view->host->newest; m != NULL; m = m->older) {
		const struct host_bin_extension *detail;
		size_t at;

		if (m->bin.minute > view->minute || m->bin.minute + RHYTHM_MINUTES <= view->minute)
			continue;
		detail = host_minute_detail(m, &scratch, view->sketch_key);
		at = (size_t)(RHYTHM_MINUTES - 1 - (view->minute - m->bin.minute)) *
		     HOST_BIN_SECONDS;
		for (size_t i = 0; i < HOST_BIN_SECONDS; i++) {
			double octets = (double)detail->second_octets[i] +
			                detail->second_octets[HOST_BIN_SECONDS + i];

			series->total[at + i] = octets > 0 ? log1p(octets) : 0;
			series->small[at + i] = detail->second_small_flows[i] > 0
			                                ? log1p(detail->second_small_flows[i])
			                                : 0;
			series->failing[at + i] = (double)(detail->failing_seconds[0] >> i & 1);
		}
	}
}

static int
active_seconds(const double *series)
{
	int active = 0;

	for (int i = 0; i < RHYTHM_SECONDS; i++)
		active += series[i] > 0;
	return active;
}

/* As moments(); most seconds are silent, and for those nothing is divided anew. */
static struct moments
series_moments(const double *series)
{
	const double count = RHYTHM_SECONDS;
	struct moments m = { 0, 0 };
	double silent;

	for (int i = 0; i < RHYTHM_SECONDS; i++) {
		if (series[i] != 0)
			m.mean += series[i] / count;
	}
	silent = m.mean * m.mean / count;
	for (int i = 0; i < RHYTHM_SECONDS; i++) {
		if (series[i] != 0)
			m.spread += (series[i] - m.mean) * (series[i] - m.mean) / count;
		else
			m.spread += silent;
	}
	m.spread = sqrt(m.spread);
	return m;
}

enum {
	LAGS = 8, /* at a time */
	LAG_BLOCKS = (RHYTHM_LAG_GREATEST - RHYTHM_LAG_LEAST + LAGS) / LAGS,
	SILENCE = RHYTHM_LAG_GREATEST +
	          LAGS, /* zeros before the series, so that no lag reaches out of it */
};

typedef double lag_sums
	__attribute__((vector_size(LAGS * sizeof(double)), aligned(sizeof(double))));

/*
 * Sums of products of the series with itself, for each lag from RHYTHM_LAG_LEAST on; each in the
 * order of time, several lags beside each other.  `series` is less its mean, with SILENCE zeros
 * before it.
 */
FOR_EACH_PROCESSOR static void
correlate(const double *series, double *sums)
{
	for (int block = 0; block < LAG_BLOCKS; block++) {
		int lag = RHYTHM_LAG_LEAST + block * LAGS;
		lag_sums sum = { 0 };

		for (int i = lag; i < RHYTHM_SECONDS; i++) {
			const lag_sums *earlier = (const void *)(series + i - lag - (LAGS - 1));

			sum += series[i] * *earlier;
		}
		for (int k = 0; k < LAGS; k++)
			sums[block * LAGS + k] = sum[LAGS - 1 - k];
	}
}

/* Rise of the autocorrelation after its first minimum. */
static double
rhythm(const double *series, const struct moments *m)
{
	double padded[SILENCE + RHYTHM_SECONDS] = { 0 }, sums[LAG_BLOCKS * LAGS];
	double least = 1, rise = 0;

	for (int i = 0; i < RHYTHM_SECONDS; i++)
		padded[SILENCE + i] = series[i] - m->mean;
	correlate(padded + SILENCE, sums);
	for (int lag = RHYTHM_LAG_LEAST; lag <= RHYTHM_LAG_GREATEST; lag++) {
		double sum = sums[lag - RHYTHM_LAG_LEAST] /
		             ((RHYTHM_SECONDS - lag) * m->spread * m->spread);

		least = fmin(least, sum);
		rise = fmax(rise, sum - least);
	}
	return fmin(rise, 2);
}

/* Share of the variance that two levels explain, the best cut found by moving it between the
 * levels' means. */
static double
levels(const double *series, const struct moments *m)
{
	double cut = m->mean, between = 0;

	for (int round = 0; round < 8; round++) {
		double sum[2] = { 0, 0 }, count[2] = { 0, 0 }, last = cut;

		for (int i = 0; i < RHYTHM_SECONDS; i++) {
			sum[series[i] > cut] += series[i];
			count[series[i] > cut] += 1;
		}
		if (count[0] < 1 || count[1] < 1)
			break;
		between = count[0] * count[1] / ((double)RHYTHM_SECONDS * RHYTHM_SECONDS) *
		          pow(sum[1] / count[1] - sum[0] / count[0], 2);
		cut = (sum[0] / count[0] + sum[1] / count[1]) / 2;
		if (cut >= last && cut <= last) /* it will stay */
			break;
	}
	return fmin(between / (m->spread * m->spread), 1);
}

/* What one series shows; all but its duty is zero when too little happens. */
struct series_shape {
	double duty;
	double rhythm;
	double levels; /* when asked for */
};

static struct series_shape
series_shape(const double *series, bool with_levels)
{
	int active = active_seconds(series);
	struct series_shape shape = { .duty = active / (double)RHYTHM_SECONDS };
	struct moments m;

	if (active < RHYTHM_ACTIVE_LEAST)
		return shape;
	m = series_moments(series);
	if (m.spread < 1e-9)
		return shape;
	shape.rhythm = rhythm(series, &m);
	shape.levels = with_levels ? levels(series, &m) : 0;
	return shape;
}

static void
set_rhythm(const struct second_series *series, double *v)
{
	struct series_shape total = series_shape(series->total, true);
	struct series_shape small = series_shape(series->small, false);
	struct series_shape failing = series_shape(series->failing, false);

	SET(total_duty, total.duty);
	SET(total_levels, total.levels);
	SET(total_rhythm, total.rhythm);
	SET(small_duty, small.duty);
	SET(small_rhythm, small.rhythm);
	SET(failing_duty, failing.duty);
	SET(failing_rhythm, failing.rhythm);
}

/* Times between the seconds at which something begins after silence. */
struct rises {
	uint32_t intervals;
	uint32_t sum;
	uint32_t squares;
	int last; /* -1: none yet */
};

static void
note_rise(struct rises *rises, int second)
{
	uint32_t interval = (uint32_t)(second - rises->last);

	if (rises->last >= 0) {
		rises->intervals++;
		rises->sum += interval;
		rises->squares += interval * interval;
	}
	rises->last = second;
}

/* How alike they are. */
static double
wave(const double *series)
{
	struct rises rises = { .last = -1 };
	double mean, spread;
	int silent = 0;

	for (int i = 0; i < RHYTHM_SECONDS; i++) {
		if (series[i] > 0 && silent >= WAVE_SILENCE)
			note_rise(&rises, i);
		silent = series[i] > 0 ? 0 : silent + 1;
	}
	if (rises.intervals < WAVE_INTERVALS_LEAST)
		return 0;
	mean = rises.sum / (double)rises.intervals;
	spread = sqrt(fmax(0, rises.squares / (double)rises.intervals - mean * mean));
	return fmax(0, 1 - spread / mean) * fmin(1, rises.intervals / (double)WAVE_INTERVALS_MANY);
}

static void
set_waves(const struct host_view *view, const struct second_series *series, double *v)
{
	const struct host_bin *total = &view->windows[HOST_WINDOW_5].total;
	double records = total->records[HOST_IN];

	SET(wave_total, wave(series->total));
	SET(wave_small, wave(series->small));
	SET(wave_failing, wave(series->failing));
	SET(wave_small_height, series_shape(series->small, true).levels);
	SET(backscatter_share, records > 0 ? fmin(total->unsolicited_answers[0] / records, 1) : 0);
	SET(cut_share,
	    fmin(total->continuation_records[0] / fmax(1, records + total->records[HOST_OUT]), 1));
}

#undef SET

void
host_features_compute(const struct host_view *view, const struct feature_choice *choice,
                      double *values)
{
	struct second_series series;

	if (choice->beacon)
		set_beacon(view, values);
	if (choice->change)
		set_change(view, values);
	if (choice->rhythm || choice->waves)
		series_collect(view, &series);
	if (choice->rhythm)
		set_rhythm(&series, values);
	if (choice->waves)
		set_waves(view, &series, values);
}
