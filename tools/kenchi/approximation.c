#include "tools/kenchi/approximation.h"

#include <math.h>

enum { THREE = 3, MINUTES = APPROXIMATION_WINDOW_S / HOST_BIN_SECONDS };

static uint64_t
sum_of(const uint64_t *values, size_t count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += values[i];
	return sum;
}

double
approximation_distance(const uint64_t *truth, const uint64_t *approximation, size_t classes)
{
	double all[2] = { (double)sum_of(truth, classes), (double)sum_of(approximation, classes) };
	double distance = 0;

	if (all[0] == 0 || all[1] == 0)
		return all[0] == all[1] ? 0 : 2;
	for (size_t i = 0; i < classes; i++)
		distance += fabs((double)truth[i] / all[0] - (double)approximation[i] / all[1]);
	return distance;
}

double
approximation_correlation(const double *truth, const double *approximation, size_t count)
{
	double means[2] = { 0 };
	double squares[2] = { 0 };
	double products = 0;

	for (size_t i = 0; i < count; i++) {
		means[0] += truth[i] / (double)count;
		means[1] += approximation[i] / (double)count;
	}
	for (size_t i = 0; i < count; i++) {
		double a = truth[i] - means[0];
		double b = approximation[i] - means[1];

		squares[0] += a * a;
		squares[1] += b * b;
		products += a * b;
	}
	return squares[0] > 0 && squares[1] > 0 ? products / sqrt(squares[0] * squares[1]) : 0;
}

double
approximation_mean(const struct approximation_mean *mean)
{
	return mean->count == 0 ? NAN : mean->sum / (double)mean->count;
}

static void
take(struct approximation_mean *mean, double value)
{
	mean->sum += value;
	mean->count++;
}

static void
packets_of(const struct host_minute *minute, enum approximation_side side,
           uint64_t classes[static HOST_BIN_SIZE_CLASSES])
{
	for (size_t i = 0; i < HOST_BIN_SIZE_CLASSES; i++) {
		classes[i] = 0;
		if (minute != NULL && side != SIDE_IN)
			classes[i] += minute->packets[HOST_OUT][i];
		if (minute != NULL && side != SIDE_OUT)
			classes[i] += minute->packets[HOST_IN][i];
	}
}

static void
coarsen(const uint64_t classes[static HOST_BIN_SIZE_CLASSES], uint64_t three[static THREE])
{
	three[0] = classes[0] + classes[1];
	three[1] = classes[2] + classes[3] + classes[4];
	three[2] = classes[5] + classes[6] + classes[7];
}

static void
compare_sizes(const struct host_minute *truth, const struct host_minute *approximation,
              struct approximation_error *error)
{
	for (int side = 0; side < SIDES; side++) {
		uint64_t eight[2][HOST_BIN_SIZE_CLASSES];
		uint64_t three[2][THREE];

		packets_of(truth, (enum approximation_side)side, eight[0]);
		packets_of(approximation, (enum approximation_side)side, eight[1]);
		if (sum_of(eight[0], HOST_BIN_SIZE_CLASSES) < APPROXIMATION_PACKETS)
			continue;
		coarsen(eight[0], three[0]);
		coarsen(eight[1], three[1]);
		take(&error->three[side], approximation_distance(three[0], three[1], THREE));
		take(&error->eight[side],
		     approximation_distance(eight[0], eight[1], HOST_BIN_SIZE_CLASSES));
	}
}

/* The octets of five minutes, second by second; returns in how many seconds there are any. */
static size_t
series_of(const HostTraffic *traffic, int64_t first_minute, enum approximation_side side,
          double series[static APPROXIMATION_WINDOW_S])
{
	size_t seconds = 0;

	for (int i = 0; i < APPROXIMATION_WINDOW_S; i++) {
		const struct host_minute *minute =
			host_traffic_find(traffic, first_minute + i / HOST_BIN_SECONDS);

		series[i] = 0;
		if (minute != NULL && side != SIDE_IN)
			series[i] += (double)minute->octets[HOST_OUT][i % HOST_BIN_SECONDS];
		if (minute != NULL && side != SIDE_OUT)
			series[i] += (double)minute->octets[HOST_IN][i % HOST_BIN_SECONDS];
		seconds += series[i] > 0;
	}
	return seconds;
}

static void
compare_series(const HostTraffic *truth, const HostTraffic *approximation, int64_t first_minute,
               struct approximation_error *error)
{
	double series[2][APPROXIMATION_WINDOW_S];

	for (int side = 0; side < SIDES; side++) {
		size_t seconds =
			series_of(truth, first_minute, (enum approximation_side)side, series[0]);

		series_of(approximation, first_minute, (enum approximation_side)side, series[1]);
		if (seconds >= APPROXIMATION_SECONDS)
			take(&error->correlation[side],
			     approximation_correlation(series[0], series[1],
			                               APPROXIMATION_WINDOW_S));
	}
}

void
approximation_compare(const HostTraffic *truth, const HostTraffic *approximation,
                      struct approximation_error *error)
{
	int64_t window = INT64_MIN;

	for (size_t i = 0; i < host_traffic_count(truth); i++) {
		const struct host_minute *minute = host_traffic_at(truth, i);

		compare_sizes(minute, host_traffic_find(approximation, minute->minute), error);
		if (minute->minute / MINUTES != window) {
			window = minute->minute / MINUTES;
			compare_series(truth, approximation, window * MINUTES, error);
		}
	}
}

static void
add_means(struct approximation_mean sums[static SIDES],
          const struct approximation_mean means[static SIDES])
{
	for (int side = 0; side < SIDES; side++) {
		sums[side].sum += means[side].sum;
		sums[side].count += means[side].count;
	}
}

void
approximation_add(struct approximation_error *sum, const struct approximation_error *error)
{
	add_means(sum->three, error->three);
	add_means(sum->eight, error->eight);
	add_means(sum->correlation, error->correlation);
}
