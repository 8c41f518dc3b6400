/*
 * How many hosts of the site have contacted a peer: what many contact is a service, what one alone
 * contacts is not.
 *
 * A bounded table of peers, each with a bitmap of the hosts by hash (linear counting up to a few
 * dozen hosts, enough to tell rare from common).  The peer that was not contacted for longest makes
 * room among four.
 *
 * Time: minutes of the bins; no clock is read.
 * Threads: one.
 */
#ifndef DETECTOR_PREVALENCE_H
#define DETECTOR_PREVALENCE_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#include "common/host_bin.h"

typedef struct Prevalence Prevalence;

/* `peers` is rounded up to a power of two. */
Prevalence *prevalence_new(size_t peers, uint64_t sketch_key);
void prevalence_free(Prevalence *prevalence);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Prevalence, prevalence_free)

/* Notes the peers that the host began flows to, as far as the bin's sample or touches name them. */
void prevalence_add(Prevalence *prevalence, const struct host_bin *bin,
                    const struct host_bin_extension *extension);

/* Hosts that have contacted the peer, `host` itself not counted; 0 when none is known. */
unsigned prevalence_others(const Prevalence *prevalence, const struct host_address *peer,
                           const struct host_address *host);

#endif
