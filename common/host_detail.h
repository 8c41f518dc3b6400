/*
 * The detail of a host bin: its extension, and what touches become in it.  Who has whole bins uses
 * common/host_bin.h.
 *
 * Threads: values.
 */
#ifndef COMMON_HOST_DETAIL_H
#define COMMON_HOST_DETAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/host_bin_fields.h"

/* An empty extension. */
void host_bin_extension_init(struct host_bin_extension *into);

/* Folds a touch into an (initialised) extension. */
void host_detail_fold(struct host_bin_extension *into, const struct host_touch *touch,
                      uint64_t key);

void host_detail_merge(struct host_bin_extension *into, const struct host_bin_extension *other);

/* As host_bin_valid(), of the extension. */
bool host_detail_valid(const struct host_bin_extension *extension);

/*
 * What folding touches into an extension does to its field `sent`, and to an empty extension's
 * sample (returns how many peers there are): for who looks at a quiet bin and needs no more of it.
 * `sample` has room for one peer for each touch.
 */
void host_touches_sent(const struct host_touch *touches, size_t count, uint64_t *sent,
                       uint64_t key);
size_t host_touches_sample(const struct host_touch *touches, size_t count, struct host_peer *sample,
                           uint64_t key);

/* The bucket of a server's port, 0 to HOST_BIN_PORT_BUCKETS - 1; of a peer, 0 to
 * HOST_BIN_PEER_BUCKETS - 1. */
unsigned host_bin_port_bucket(uint16_t port, uint8_t protocol_identifier, uint64_t key);
unsigned host_bin_peer_bucket(const struct host_address *peer, uint64_t key);

#endif
