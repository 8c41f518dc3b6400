/*
 * Decodes a sequence of datagrams from one fuzzed input and aborts when a law of the decoders is
 * broken.
 *
 * The input: datagrams, each with two octets of length (big-endian) and one of circumstances before
 * it: bits 0 and 1 name one of four exporters, the others how much time passes.  `version` is
 * written over the first two octets of each datagram, so that the fuzzer need not find it; 0: as
 * they are.
 */
#ifndef TESTS_FUZZ_DECODE_SEQUENCE_H
#define TESTS_FUZZ_DECODE_SEQUENCE_H

#include <stddef.h>
#include <stdint.h>

#include "collector/datagram.h"
#include "tests/support/decoding.h"

void decode_sequence(const uint8_t *octets, size_t length, uint16_t version);

/* Decodes one datagram from an exact copy, so that a sanitizer sees overreads, and checks what
 * comes out; `version` as above. */
void decode_exact(struct decoding *decoding, const struct datagram *datagram, uint16_t version);

/* Do the counters add up? */
void decode_check(struct decoding *decoding);

#endif
