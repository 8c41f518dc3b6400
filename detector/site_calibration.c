#include "detector/site_calibration.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of the windows whose tail is known so many are above the quantile that a site is compared at. */
static const double known_share = 0.2;
static const double factor_most =
	4; /* a site cannot be further from what is known than that, or its inverse */

struct sampled_host {
	struct host_address host;
	uint32_t seen;
	uint32_t random;
	float values[BEHAVIOUR_COUNT][SITE_CALIBRATION_VALUES];
};

struct SiteCalibration {
	GHashTable *hosts; /* host_address → struct sampled_host */
	GPtrArray *order;  /* the same, as they came */
	uint64_t windows;
};

/* One host's greatest value of a behaviour. */
struct ranked_host {
	const struct sampled_host *host;
	double greatest;
};

static guint
hash_address(gconstpointer key)
{
	guint hash = 2166136261u;

	for (int i = 0; i < 16; i++)
		hash = (hash ^ ((const struct host_address *)key)->octets[i]) * 16777619u;
	return hash;
}

static gboolean
equal_addresses(gconstpointer a, gconstpointer b)
{
	return host_address_equal(a, b);
}

SiteCalibration *
site_calibration_new(void)
{
	SiteCalibration *site = g_new0(SiteCalibration, 1);

	site->hosts = g_hash_table_new(hash_address, equal_addresses);
	site->order = g_ptr_array_new_with_free_func(g_free);
	return site;
}

void
site_calibration_free(SiteCalibration *site)
{
	if (site == NULL)
		return;
	g_hash_table_unref(site->hosts);
	g_ptr_array_unref(site->order);
	g_free(site);
}

void
site_calibration_clear(SiteCalibration *site)
{
	g_hash_table_remove_all(site->hosts);
	g_ptr_array_set_size(site->order, 0);
	site->windows = 0;
}

static struct sampled_host *
host_of(SiteCalibration *site, const struct host_address *address)
{
	struct sampled_host *host = g_hash_table_lookup(site->hosts, address);

	if (host != NULL || site->order->len >= SITE_CALIBRATION_HOSTS)
		return host;
	host = g_new0(struct sampled_host, 1);
	host->host = *address;
	host->random = 2463534242u;
	g_hash_table_insert(site->hosts, &host->host, host);
	g_ptr_array_add(site->order, host);
	return host;
}

/* Xorshift (Marsaglia, 2003). */
static uint32_t
next_random(struct sampled_host *host)
{
	host->random ^= host->random << 13;
	host->random ^= host->random >> 17;
	host->random ^= host->random << 5;
	return host->random;
}

void
site_calibration_add(SiteCalibration *site, const struct assessment *assessment)
{
	struct sampled_host *host = host_of(site, &assessment->host);
	uint32_t place;

	if (host == NULL)
		return;
	site->windows++;
	host->seen++;
	place = host->seen <= SITE_CALIBRATION_VALUES ? host->seen - 1
	                                              : next_random(host) % host->seen;
	if (place >= SITE_CALIBRATION_VALUES)
		return;
	for (int behaviour = 0; behaviour < BEHAVIOUR_COUNT; behaviour++)
		host->values[behaviour][place] = 0;
	for (size_t i = 0; i < assessment->evidence_count; i++) {
		const struct evidence *evidence = &assessment->evidence[i];

		host->values[evidence->behaviour][place] = (float)evidence->measured;
	}
}

uint64_t
site_calibration_windows(const SiteCalibration *site)
{
	return site->windows;
}

size_t
site_calibration_hosts(const SiteCalibration *site)
{
	return site->order->len;
}

static size_t
value_count(const struct sampled_host *host)
{
	return MIN(host->seen, SITE_CALIBRATION_VALUES);
}

/* Greatest first; equal ones by address. */
static int
compare_ranks(const void *a, const void *b)
{
	const struct ranked_host *x = a, *y = b;

	if (x->greatest != y->greatest)
		return x->greatest < y->greatest ? 1 : -1;
	return memcmp(&x->host->host, &y->host->host, sizeof(x->host->host));
}

static struct tail
trimmed_tail(const SiteCalibration *site, int behaviour)
{
	size_t hosts = site->order->len;
	size_t trimmed = (hosts + SITE_CALIBRATION_TRIM - 1) / SITE_CALIBRATION_TRIM;
	g_autofree struct ranked_host *ranks = g_new(struct ranked_host, hosts);
	g_autofree double *values = g_new(double, hosts *SITE_CALIBRATION_VALUES);
	size_t count = 0;

	for (size_t i = 0; i < hosts; i++) {
		const struct sampled_host *host = g_ptr_array_index(site->order, i);

		ranks[i] = (struct ranked_host){ host, (double)host->values[behaviour][0] };
		for (size_t j = 1; j < value_count(host); j++)
			ranks[i].greatest =
				MAX(ranks[i].greatest, (double)host->values[behaviour][j]);
	}
	qsort(ranks, hosts, sizeof(ranks[0]), compare_ranks);
	for (size_t i = trimmed; i < hosts; i++) {
		for (size_t j = 0; j < value_count(ranks[i].host); j++)
			values[count++] = (double)ranks[i].host->values[behaviour][j];
	}
	return tail_of(values, count);
}

/* The known shape, reached as many times as often as this site's windows pass its 80 % quantile. */
static struct tail
scaled_tail(const SiteCalibration *site, int behaviour, const struct tail *known)
{
	double limit = known->quantiles[TAIL_QUANTILES * 8 / 10], above = 0, count = 0;
	double hosts = site->order->len, weight = hosts / (hosts + SITE_CALIBRATION_HOSTS_HALF);
	struct tail tail = *known;

	for (size_t i = 0; i < site->order->len; i++) {
		const struct sampled_host *host = g_ptr_array_index(site->order, i);

		for (size_t j = 0; j < value_count(host); j++)
			above += (double)host->values[behaviour][j] > limit;
		count += (double)value_count(host);
	}
	tail.count = (uint64_t)count;
	tail.factor = pow(CLAMP(above / count / known_share, 1 / factor_most, factor_most), weight);
	return tail;
}

bool
site_calibration_make(const SiteCalibration *site, const struct calibration *known,
                      struct calibration *calibration)
{
	if (site->windows < SITE_CALIBRATION_WINDOWS_LEAST ||
	    site->order->len < SITE_CALIBRATION_HOSTS_LEAST)
		return false;
	calibration->alarms = known->alarms;
	for (int behaviour = 0; behaviour < BEHAVIOUR_COUNT; behaviour++) {
		const struct tail *tail = &known->tails[behaviour];

		calibration->tails[behaviour] = tail->count > 0 ? scaled_tail(site, behaviour, tail)
		                                                : trimmed_tail(site, behaviour);
	}
	return true;
}
