/* A ring of the least size in a folder of its own, with both its sides, and bins that tell their
 * number. */
#ifndef TESTS_SUPPORT_RING_PAIR_H
#define TESTS_SUPPORT_RING_PAIR_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/ring.h"
#include "common/ring_layout.h"

enum { RING_PAIR_OCTETS = RING_SIZE_LEAST };

extern const struct ring_position ring_pair_oldest;

struct ring_pair {
	char *folder;
	RingWriter *writer;
	RingReader *reader;
};

/* For g_test_add(): makes the ring and opens both sides; closes both and removes it. */
void ring_pair_set_up(struct ring_pair *pair, const void *unused);
void ring_pair_tear_down(struct ring_pair *pair, const void *unused);

void ring_pair_open_writer(struct ring_pair *pair);
void ring_pair_open_reader(struct ring_pair *pair, struct ring_position from);
void ring_pair_close_writer(struct ring_pair *pair);
void ring_pair_close_reader(struct ring_pair *pair);

struct host_bin ring_pair_bin(uint64_t number);
bool ring_pair_push(RingWriter *writer, uint64_t number);

/* Pushes these bins, for which there is room, and publishes them. */
void ring_pair_push_all(RingWriter *writer, uint64_t first, uint64_t last);

/* Pushes bins until the ring is full; returns how many. */
uint64_t ring_pair_fill(RingWriter *writer);

/* Pops one bin, which must be of that number. */
struct ring_position ring_pair_expect(RingReader *reader, uint64_t number);
void ring_pair_expect_nothing(RingReader *reader);

#endif
