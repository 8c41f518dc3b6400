#include "detector/site_calibration.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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
	place = host->seen <= SITE_CALIBRATION_VALUES ? host->seen - 1 : next_random(host) % host->seen;
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
	g_autofree double *values = g_new(double, hosts * SITE_CALIBRATION_VALUES);
	size_t count = 0;

	for (size_t i = 0; i < hosts; i++) {
		const struct sampled_host *host = g_ptr_array_index(site->order, i);

		ranks[i] = (struct ranked_host){ host, (double)host->values[behaviour][0] };
		for (size_t j = 1; j < value_count(host); j++)
			ranks[i].greatest = MAX(ranks[i].greatest, (double)host->values[behaviour][j]);
	}
	qsort(ranks, hosts, sizeof(ranks[0]), compare_ranks);
	for (size_t i = trimmed; i < hosts; i++) {
		for (size_t j = 0; j < value_count(ranks[i].host); j++)
			values[count++] = (double)ranks[i].host->values[behaviour][j];
	}
	return tail_of(values, count);
}

static int
compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
host_level_of(double *levels, size_t count)
{
	qsort(levels, count, sizeof(levels[0]), compare_doubles);
	return count == 0 ? NAN : levels[(count - 1) * 3 / 4];
}

double
host_level_of_one(double *values, size_t count)
{
	qsort(values, count, sizeof(values[0]), compare_doubles);
	return values[(count - 1) * 9 / 10];
}

static double
site_level(const SiteCalibration *site, int behaviour)
{
	g_autofree double *levels = g_new(double, site->order->len);
	double values[SITE_CALIBRATION_VALUES];

	for (size_t i = 0; i < site->order->len; i++) {
		const struct sampled_host *host = g_ptr_array_index(site->order, i);

		for (size_t j = 0; j < value_count(host); j++)
			values[j] = (double)host->values[behaviour][j];
		levels[i] = host_level_of_one(values, value_count(host));
	}
	return host_level_of(levels, site->order->len);
}

/* The known shape, moved towards where this site's hosts lie. */
static struct tail
moved_tail(const SiteCalibration *site, int behaviour, const struct tail *known)
{
	double hosts = site->order->len;
	double by = (site_level(site, behaviour) - known->host_level) * hosts / (hosts + SITE_CALIBRATION_HOSTS_HALF);

	return tail_shifted(known, by);
}

bool
site_calibration_make(const SiteCalibration *site, const struct calibration *known, struct calibration *calibration)
{
	if (site->windows < SITE_CALIBRATION_WINDOWS_LEAST || site->order->len < SITE_CALIBRATION_HOSTS_LEAST)
		return false;
	calibration->windows_a_day = known->windows_a_day;
	for (int behaviour = 0; behaviour < BEHAVIOUR_COUNT; behaviour++) {
		const struct tail *tail = &known->tails[behaviour];
		bool moves = tail->count > 0 && isfinite(tail->host_level);

		calibration->tails[behaviour] = moves ? moved_tail(site, behaviour, tail) : trimmed_tail(site, behaviour);
	}
	return true;
}
