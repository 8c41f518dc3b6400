/*
 * What one monitored host did in one minute: a mergeable summary of flow records, the unit that the
 * collector hands to the detector.  Its fields are the rows of schemas/host_bin.def.
 *
 * A bin has two parts.  The base is what every host has.  Detail about peers, ports and seconds is
 * made of *touches*, one for each record and minute; the base keeps up to HOST_BIN_TOUCHES of them
 * as they are, and a host with more has an extension, into which every touch has been folded.  So a
 * quiet host costs the base alone, and nothing is approximated that is small.
 *
 * Law: merging is commutative and associative, and adding touches in any order gives the same
 * octets.
 *
 * Threads:  values; never share one between threads.
 */
#ifndef COMMON_HOST_BIN_H
#define COMMON_HOST_BIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/host_bin_fields.h"
#include "common/host_detail.h"

/* An empty bin of `host` at `minute`. */
void host_bin_init(struct host_bin *into, const struct host_address *host, uint32_t minute);

/*
 * Adds a touch's detail (not the sums of the base).  False: the bin holds HOST_BIN_TOUCHES already
 * and `extension` is NULL; nothing has changed, and the caller gives an (initialised) extension or
 * counts the loss. With an extension, touches kept so far are folded into it first.  `key` is the
 * site's sketch key.
 */
bool host_bin_touch(struct host_bin *bin, struct host_bin_extension *extension,
                    const struct host_touch *touch, uint64_t key);

/* True when merging the two needs an extension of `into` that it has not yet. */
bool host_bin_merge_extends(const struct host_bin *into, const struct host_bin *other);

/*
 * Merges `other` (and its extension, NULL when it is not extended) into `into`.  `extension` is
 * that of `into`, initialised, or NULL when neither is extended and host_bin_merge_extends() is
 * false.  Hosts and minutes are not compared: merging bins of several minutes gives the sums of a
 * window (seconds are then overlaid).
 */
void host_bin_merge(struct host_bin *into, struct host_bin_extension *extension,
                    const struct host_bin *other, const struct host_bin_extension *other_extension,
                    uint64_t key);

/* The sums of the base alone, without any detail. */
void host_bin_merge_base(struct host_bin *into, const struct host_bin *other);

/* Folds the touches kept in the base into an (initialised) extension; afterwards the bin is
 * extended. */
void host_bin_extend(struct host_bin *bin, struct host_bin_extension *extension, uint64_t key);

/* A number that changes with the layout of the two structs and with what a touch's shapes mean:
 * part of every file format that holds them. */
uint64_t host_bin_layout(void);

/*
 * Checks what came from outside (shared memory, a file): counts within range, sorted where it must
 * be. `extension` is NULL when there is none.  False: the bin must not be used.
 */
bool host_bin_valid(const struct host_bin *bin, const struct host_bin_extension *extension);

enum host_port_class host_port_class(uint16_t port);

#endif
