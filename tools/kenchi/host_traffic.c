#include "tools/kenchi/host_traffic.h"

struct HostTraffic {
	GArray *minutes; /* of struct host_minute, sorted */
};

HostTraffic *
host_traffic_new(void)
{
	HostTraffic *traffic = g_new0(HostTraffic, 1);

	traffic->minutes = g_array_new(FALSE, TRUE, sizeof(struct host_minute));
	return traffic;
}

void
host_traffic_free(HostTraffic *traffic)
{
	if (traffic == NULL)
		return;
	g_array_free(traffic->minutes, TRUE);
	g_free(traffic);
}

/* Where the minute stands, or would stand. */
static guint
place_of(const HostTraffic *traffic, int64_t minute)
{
	guint first = 0;
	guint end = traffic->minutes->len;

	while (first < end) {
		guint middle = first + (end - first) / 2;

		if (g_array_index(traffic->minutes, struct host_minute, middle).minute < minute)
			first = middle + 1;
		else
			end = middle;
	}
	return first;
}

const struct host_minute *
host_traffic_at(const HostTraffic *traffic, size_t index)
{
	return &g_array_index(traffic->minutes, struct host_minute, index);
}

size_t
host_traffic_count(const HostTraffic *traffic)
{
	return traffic->minutes->len;
}

const struct host_minute *
host_traffic_find(const HostTraffic *traffic, int64_t minute)
{
	guint place = place_of(traffic, minute);
	const struct host_minute *found;

	if (place == traffic->minutes->len)
		return NULL;
	found = host_traffic_at(traffic, place);
	return found->minute == minute ? found : NULL;
}

struct host_minute *
host_traffic_minute(HostTraffic *traffic, int64_t minute)
{
	guint place = place_of(traffic, minute);

	if (host_traffic_find(traffic, minute) == NULL) {
		struct host_minute fresh = { .minute = minute };

		g_array_insert_val(traffic->minutes, place, fresh);
	}
	return &g_array_index(traffic->minutes, struct host_minute, place);
}

/* Seconds before 1970 lie in the minute before them, too. */
static int64_t
minute_of(int64_t second)
{
	int64_t minute = second / HOST_BIN_SECONDS;

	return minute * HOST_BIN_SECONDS > second ? minute - 1 : minute;
}

void
host_traffic_add_octets(HostTraffic *traffic, int64_t second, enum host_direction direction,
                        uint64_t octets)
{
	int64_t minute = minute_of(second);

	host_traffic_minute(traffic, minute)
		->octets[direction][second - minute * HOST_BIN_SECONDS] += octets;
}

uint64_t
host_traffic_octets(const HostTraffic *traffic, int64_t second, enum host_direction direction)
{
	int64_t minute = minute_of(second);
	const struct host_minute *found = host_traffic_find(traffic, minute);

	return found == NULL ? 0 : found->octets[direction][second - minute * HOST_BIN_SECONDS];
}

unsigned
host_traffic_size_class(uint64_t octets)
{
	static const uint64_t edges[HOST_BIN_SIZE_CLASSES - 1] = { 50,   100,  200, 500,
		                                                   1000, 1400, 1500 };
	unsigned class = 0;

	while (class < HOST_BIN_SIZE_CLASSES - 1 && octets >= edges[class])
		class ++;
	return class;
}
