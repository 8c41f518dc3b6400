#include "detector/prevalence.h"

#include "common/sketch.h"

enum { WAYS = 4 };

struct peer_entry {
	uint32_t tag;    /* of the peer's hash; with minute 0 the entry is free */
	uint32_t minute; /* of the last contact */
	uint64_t hosts;  /* bitmap by hash of the host */
};

struct Prevalence {
	uint64_t sketch_key;
	size_t sets; /* of WAYS entries */
	struct peer_entry *entries;
};

Prevalence *
prevalence_new(size_t peers, uint64_t sketch_key)
{
	Prevalence *prevalence = g_new0(Prevalence, 1);

	prevalence->sketch_key = sketch_key;
	prevalence->sets = 1;
	while (prevalence->sets * WAYS < peers)
		prevalence->sets *= 2;
	prevalence->entries = g_new0(struct peer_entry, prevalence->sets * WAYS);
	return prevalence;
}

void
prevalence_free(Prevalence *prevalence)
{
	if (prevalence == NULL)
		return;
	g_free(prevalence->entries);
	g_free(prevalence);
}

static struct peer_entry *
set_of(const Prevalence *prevalence, uint64_t hash)
{
	return prevalence->entries + (hash >> 32 & (prevalence->sets - 1)) * WAYS;
}

static uint64_t
host_bit(const Prevalence *prevalence, const struct host_address *host)
{
	return UINT64_C(1) << (sketch_hash_peer(host, prevalence->sketch_key) & 63);
}

static void
note(Prevalence *prevalence, const struct host_address *peer, uint32_t minute, uint64_t host)
{
	uint64_t hash = sketch_hash_peer(peer, prevalence->sketch_key);
	struct peer_entry *set = set_of(prevalence, hash);
	struct peer_entry *oldest = set;

	for (int i = 0; i < WAYS; i++) {
		if (set[i].minute != 0 && set[i].tag == (uint32_t)hash) {
			set[i].hosts |= host;
			set[i].minute = MAX(set[i].minute, minute);
			return;
		}
		if (set[i].minute < oldest->minute)
			oldest = &set[i];
	}
	*oldest = (struct peer_entry){ (uint32_t)hash, minute, host };
}

void
prevalence_add(Prevalence *prevalence, const struct host_bin *bin,
               const struct host_bin_extension *extension)
{
	uint64_t host = host_bit(prevalence, &bin->host);

	if (bin->touch_count != HOST_BIN_EXTENDED) {
		for (int i = 0; i < bin->touch_count; i++) {
			if (bin->touches[i].kinds & TOUCH_SENT)
				note(prevalence, &bin->touches[i].peer, bin->minute, host);
		}
		return;
	}
	for (int i = 0; i < HOST_BIN_SAMPLED_PEERS && extension->sample[i].hash != 0; i++) {
		if (extension->sample[i].kinds & TOUCH_SENT)
			note(prevalence, &extension->sample[i].peer, bin->minute, host);
	}
}

unsigned
prevalence_others(const Prevalence *prevalence, const struct host_address *peer,
                  const struct host_address *host)
{
	uint64_t hash = sketch_hash_peer(peer, prevalence->sketch_key);
	const struct peer_entry *set = set_of(prevalence, hash);
	uint64_t others = 0;

	for (int i = 0; i < WAYS; i++) {
		if (set[i].minute != 0 && set[i].tag == (uint32_t)hash)
			others = set[i].hosts & ~host_bit(prevalence, host);
	}
	return (unsigned)__builtin_popcountll(others);
}
