#include "detector/host_features.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	HISTORY_SERVICES_MAX = 64 * HOST_BIN_SAMPLED_PEERS,
	RHYTHM_MINUTES = 5,
	RHYTHM_SECONDS = RHYTHM_MINUTES * HOST_BIN_SECONDS,
	RHYTHM_LAG_LEAST = 2,
	RHYTHM_LAG_GREATEST = 100,
	RHYTHM_ACTIVE_LEAST = 8, /* seconds; below it nothing is called rhythm */
	BEACON_INTERVALS_LEAST = 3,
	BEACON_INTERVAL_LEAST_S = 2,
	SENT_WORDS = 16,
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

/* One service's flow starts in one minute. */
struct service_starts {
	uint64_t hash;
	uint64_t seconds;
	uint32_t minute;
	uint32_t index; /* in the sample of the minute */
};

static int
compare_starts(const void *a, const void *b)
{
	const struct service_starts *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash > y->hash ? 1 : -1;
	return (x->minute > y->minute) - (x->minute < y->minute);
}

static size_t
starts_collect(const struct host_view *view, struct service_starts *starts)
{
	struct host_bin_extension scratch;
	size_t count = 0;

	for (const struct host_minute *m = view->host->newest; m != NULL; m = m->older) {
		const struct host_bin_extension *detail;

		if (m->bin.minute > view->minute || m->bin.minute + view->history_minutes <= view->minute ||
		    count + HOST_BIN_SAMPLED_PEERS > HISTORY_SERVICES_MAX)
			continue;
		detail = host_minute_detail(m, &scratch, view->sketch_key);
		for (uint32_t i = 0; i < HOST_BIN_SAMPLED_PEERS; i++) {
			const struct host_peer *peer = &detail->sample[i];

			if (peer->hash != 0 && (peer->kinds & TOUCH_SENT) && peer->seconds != 0)
				starts[count++] =
					(struct service_starts){ peer->hash, peer->seconds,
					                         m->bin.minute, i };
		}
	}
	qsort(starts, count, sizeof(starts[0]), compare_starts);
	return count;
}

/* Regularity of one service's starts: `count` rows of the same hash, by minute. */
static struct service_rhythm
rhythm_of(const struct service_starts *starts, size_t count)
{
	struct service_rhythm rhythm = { 0 };
	double sum = 0, squares = 0, mean;
	int64_t last = -1;

	for (size_t i = 0; i < count; i++) {
		for (int second = 0; second < HOST_BIN_SECONDS; second++) {
			int64_t now = (int64_t)starts[i].minute * HOST_BIN_SECONDS + second;
			double interval = (double)(now - last);

			if (!(starts[i].seconds >> second & 1))
				continue;
			if (last >= 0 && interval >= BEACON_INTERVAL_LEAST_S) {
				sum += interval;
				squares += interval * interval;
				rhythm.intervals++;
			}
			last = now;
		}
	}
	if (rhythm.intervals < BEACON_INTERVALS_LEAST)
		return (struct service_rhythm){ 0 };
	mean = sum / rhythm.intervals;
	rhythm.interval_s = mean;
	rhythm.regularity =
		fmax(0, 1 - sqrt(fmax(0, squares / rhythm.intervals - mean * mean)) / mean);
	return rhythm;
}

static double
rhythm_rank(const struct service_rhythm *rhythm)
{
	return rhythm->regularity * fmin(1, rhythm->intervals / 8.0);
}

/* The service itself, out of the sample of the newest minute that has it. */
static struct host_peer
service_of(const struct known_host *host, const struct service_starts *starts, uint64_t key)
{
	struct host_bin_extension scratch;
	const struct host_minute *minute = host_history_minute(host, starts->minute);

	return host_minute_detail(minute, &scratch, key)->sample[starts->index];
}

struct service_rhythm
service_rhythm_find(const struct host_view *view, unsigned *above)
{
	struct service_starts starts[HISTORY_SERVICES_MAX];
	size_t count = starts_collect(view, starts);
	struct service_rhythm best = { 0 };
	size_t best_row = 0;

	*above = 0;
	for (size_t first = 0, next; first < count; first = next) {
		struct service_rhythm rhythm;

		for (next = first; next < count && starts[next].hash == starts[first].hash;)
			next++;
		rhythm = rhythm_of(starts + first, next - first);
		*above += rhythm_rank(&rhythm) >= 0.6;
		if (rhythm_rank(&rhythm) > rhythm_rank(&best)) {
			best = rhythm;
			best_row = next - 1;
		}
	}
	if (best.intervals > 0)
		best.service = service_of(view->host, &starts[best_row], view->sketch_key);
	return best;
}

#define SET(name, value) v[HOST_FEATURE_##name] = (value)

static void
set_beacon(const struct host_view *view, double *v)
{
	unsigned above;
	struct service_rhythm rhythm =
		service_rhythm_find(view, &above);

	SET(beacon_most, rhythm_rank(&rhythm));
	SET(beacon_count, log1p(above));
	SET(beacon_interval, log1p(rhythm.interval_s));
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
	struct host_bin_extension scratch;

	memset(before, 0, sizeof(*before));
	for (const struct host_minute *m = view->host->newest; m != NULL; m = m->older) {
		const struct host_bin_extension *detail;

		if (m->bin.minute + RHYTHM_MINUTES > view->minute ||
		    m->bin.minute + view->history_minutes <= view->minute)
			continue;
		detail = host_minute_detail(m, &scratch, view->sketch_key);
		for (int i = 0; i < SENT_WORDS; i++)
			before->sent[i] |= detail->sent[i];
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
		at = (RHYTHM_MINUTES - 1 - (view->minute - m->bin.minute)) * HOST_BIN_SECONDS;
		for (size_t i = 0; i < HOST_BIN_SECONDS; i++) {
			series->total[at + i] = log1p((double)detail->second_octets[i] +
			                              detail->second_octets[HOST_BIN_SECONDS + i]);
			series->small[at + i] = log1p(detail->second_small_flows[i]);
			series->failing[at + i] = (double)(detail->failing_seconds[0] >> i & 1);
		}
	}
}

static double
duty(const double *series)
{
	int active = 0;

	for (int i = 0; i < RHYTHM_SECONDS; i++)
		active += series[i] > 0;
	return active / (double)RHYTHM_SECONDS;
}

/* Rise of the autocorrelation after its first minimum. */
static double
rhythm(const double *series)
{
	struct moments m = moments(series, RHYTHM_SECONDS);
	double least = 1, rise = 0;

	if (duty(series) * RHYTHM_SECONDS < RHYTHM_ACTIVE_LEAST || m.spread < 1e-9)
		return 0;
	for (int lag = RHYTHM_LAG_LEAST; lag <= RHYTHM_LAG_GREATEST; lag++) {
		double sum = 0;

		for (int i = lag; i < RHYTHM_SECONDS; i++)
			sum += (series[i] - m.mean) * (series[i - lag] - m.mean);
		sum /= (RHYTHM_SECONDS - lag) * m.spread * m.spread;
		least = fmin(least, sum);
		rise = fmax(rise, sum - least);
	}
	return fmin(rise, 2);
}

/* Share of the variance that two levels explain, the best cut found by moving it between the
 * levels' means. */
static double
levels(const double *series)
{
	struct moments m = moments(series, RHYTHM_SECONDS);
	double cut = m.mean, between = 0;

	if (duty(series) * RHYTHM_SECONDS < RHYTHM_ACTIVE_LEAST || m.spread < 1e-9)
		return 0;
	for (int round = 0; round < 8; round++) {
		double sum[2] = { 0, 0 }, count[2] = { 0, 0 };

		for (int i = 0; i < RHYTHM_SECONDS; i++) {
			sum[series[i] > cut] += series[i];
			count[series[i] > cut] += 1;
		}
		if (count[0] < 1 || count[1] < 1)
			break;
		between = count[0] * count[1] / ((double)RHYTHM_SECONDS * RHYTHM_SECONDS) *
		          pow(sum[1] / count[1] - sum[0] / count[0], 2);
		cut = (sum[0] / count[0] + sum[1] / count[1]) / 2;
	}
	return fmin(between / (m.spread * m.spread), 1);
}

static void
set_rhythm(const struct host_view *view, double *v)
{
	struct second_series series;

	series_collect(view, &series);
	SET(total_duty, duty(series.total));
	SET(total_levels, levels(series.total));
	SET(total_rhythm, rhythm(series.total));
	SET(small_duty, duty(series.small));
	SET(small_rhythm, rhythm(series.small));
	SET(failing_duty, duty(series.failing));
	SET(failing_rhythm, rhythm(series.failing));
}

#undef SET

void
host_features_compute(const struct host_view *view, double *values)
{
	set_beacon(view, values);
	set_change(view, values);
	set_rhythm(view, values);
}
