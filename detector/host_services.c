#include "detector/host_services.h"

#include <math.h>
#include <string.h>

enum {
	BEACON_INTERVALS_LEAST = 3,
	BEACON_INTERVAL_LEAST_S = 2,
};

static const double regular_rank = 0.6;

static const unsigned age_minutes[SERVICE_AGES] = { 0, 1, 5, 15, 30 };

static enum service_age
age_of(unsigned minutes)
{
	enum service_age age = AGE_30;

	while (minutes < age_minutes[age])
		age--;
	return age;
}

/* The service of that hash, or NULL when there is none yet: it belongs in *slot. */
static struct host_service *
find(struct host_services *services, uint64_t hash, uint16_t **slot)
{
	size_t at = hash >> 32 & (SERVICE_SLOTS - 1);

	while (services->slots[at] != SERVICE_NONE &&
	       services->services[services->slots[at]].hash != hash)
		at = (at + 1) & (SERVICE_SLOTS - 1);
	*slot = &services->slots[at];
	return **slot == SERVICE_NONE ? NULL : &services->services[**slot];
}

_Static_assert(SERVICE_ROWS * 2 <= SERVICE_SLOTS, "a free slot is found soon");

/* Minutes come newest first: the row becomes its service's oldest. */
static void
add_row(struct host_services *services, const struct host_peer *peer, uint32_t minute)
{
	struct service_row *row = &services->rows[services->row_count];
	uint16_t *slot;
	struct host_service *service = find(services, peer->hash, &slot);

	if (service == NULL) {
		*slot = (uint16_t)services->count;
		service = &services->services[services->count++];
		*service = (struct host_service){
			.hash = peer->hash,
			.first = SERVICE_NONE,
			.last = SERVICE_NONE,
		};
	}
	if (service->last == SERVICE_NONE && peer->seconds != 0)
		service->last = (uint16_t)services->row_count;
	*row = (struct service_row){ *peer, minute, service->first };
	service->first = (uint16_t)services->row_count++;
	service->starts = (uint16_t)(service->starts + __builtin_popcountll(peer->seconds));
}

static void
add_minute(struct host_services *services, const struct host_minute *minute, unsigned age,
           uint64_t sketch_key)
{
	const struct host_bin *bin = &minute->bin;
	uint64_t *sent = services->sent[age_of(age)];
	struct host_peer made[HOST_BIN_TOUCHES];
	const struct host_peer *sample = made;
	size_t count = HOST_BIN_SAMPLED_PEERS;

	if (minute->extension != NULL) {
		for (size_t i = 0; i < SERVICE_SENT_WORDS; i++)
			sent[i] |= minute->extension->sent[i];
		sample = minute->extension->sample;
	} else {
		host_touches_sent(bin->touches, bin->touch_count, sent, sketch_key);
		count = age < SERVICE_MINUTES ? host_touches_sample(bin->touches, bin->touch_count,
		                                                    made, sketch_key)
		                              : 0;
	}
	for (size_t i = 0; i < count && age < SERVICE_MINUTES && sample[i].hash != 0; i++) {
		if (sample[i].kinds & TOUCH_SENT)
			add_row(services, &sample[i], bin->minute);
	}
}

double
service_rhythm_rank(const struct service_rhythm *rhythm)
{
	return rhythm->regularity * fmin(1, rhythm->intervals / 8.0);
}

/* Intervals between the flows of a service. */
struct interval_sums {
	uint32_t count;
	double sum, squares;
	int64_t last_s; /* -1: none yet */
};

static void
add_interval(struct interval_sums *sums, int64_t now_s)
{
	double interval = (double)(now_s - sums->last_s);

	if (sums->last_s >= 0 && interval >= BEACON_INTERVAL_LEAST_S) {
		sums->sum += interval;
		sums->squares += interval * interval;
		sums->count++;
	}
	sums->last_s = now_s;
}

struct service_rhythm
service_rhythm_of(const struct host_services *services, const struct host_service *service)
{
	struct interval_sums sums = { .last_s = -1 };
	double mean;

	for (uint16_t at = service->first; at != SERVICE_NONE; at = services->rows[at].next) {
		const struct service_row *row = &services->rows[at];

		for (uint64_t left = row->peer.seconds; left != 0; left &= left - 1)
			add_interval(&sums, (int64_t)row->minute * HOST_BIN_SECONDS +
			                            __builtin_ctzll(left));
	}
	if (sums.count < BEACON_INTERVALS_LEAST)
		return (struct service_rhythm){ 0 };
	mean = sums.sum / sums.count;
	return (struct service_rhythm){
		.intervals = sums.count,
		.interval_s = mean,
		.regularity =
			fmax(0, 1 - sqrt(fmax(0, sums.squares / sums.count - mean * mean)) / mean),
	};
}

/* Among equals the one with the least hash, so that the order of the samples does not matter. */
static void
find_rhythm(struct host_services *services)
{
	uint64_t best_hash = 0;

	for (size_t i = 0; i < services->count; i++) {
		const struct host_service *service = &services->services[i];
		struct service_rhythm rhythm;
		double rank, best;

		if (service->starts <= BEACON_INTERVALS_LEAST)
			continue;
		rhythm = service_rhythm_of(services, service);
		rank = service_rhythm_rank(&rhythm);
		best = service_rhythm_rank(&services->rhythm);
		services->regular += rank >= regular_rank;
		if (rank < best || rank <= 0 || (rank == best && service->hash > best_hash))
			continue;
		services->rhythm = rhythm;
		services->rhythm.service = services->rows[service->last].peer;
		best_hash = service->hash;
	}
}

void
host_services_collect(struct host_services *services, const struct known_host *host,
                      uint32_t minute, uint64_t sketch_key)
{
	services->minute = minute;
	services->row_count = services->count = 0;
	services->regular = 0;
	services->rhythm = (struct service_rhythm){ 0 };
	memset(services->sent, 0, sizeof(services->sent));
	memset(services->slots, 0xff, sizeof(services->slots));
	for (const struct host_minute *m = host->newest; m != NULL; m = m->older) {
		if (m->bin.minute <= minute)
			add_minute(services, m, minute - m->bin.minute, sketch_key);
	}
	find_rhythm(services);
}

void
host_services_sent(const struct host_services *services, enum service_age from,
                   enum service_age until, uint64_t sent[static SERVICE_SENT_WORDS])
{
	memset(sent, 0, SERVICE_SENT_WORDS * sizeof(*sent));
	for (enum service_age age = from; age < until; age++) {
		for (size_t i = 0; i < SERVICE_SENT_WORDS; i++)
			sent[i] |= services->sent[age][i];
	}
}
