/*
 * An invented network for benchmarks: the parts of many hosts' bins, minute by minute, as a
 * collector would push them.
 *
 * Most hosts are quiet: one to three touches a minute, a share of them as servers or scanned
 * addresses only.  Busy hosts browse (5 to 24 exchanges a minute, sent in parts of ten seconds);
 * one host in 1000 of the busy ones scans.  Numbers are for cost, and say nothing about detection.
 * The same arguments give the same parts.
 */
#ifndef TESTS_BENCH_HOST_LOAD_H
#define TESTS_BENCH_HOST_LOAD_H

#include <stdint.h>

#include "common/ring.h"

struct host_load {
	uint32_t hosts;  /* each has traffic in every minute */
	uint32_t busy;   /* of 1000 hosts */
	uint32_t asking; /* of 1000 quiet hosts: begin an exchange a minute themselves */
	uint32_t minute; /* the first one */
	uint64_t sketch_key;
};

enum { HOST_LOAD_STEP_MS = 1000, HOST_LOAD_STEPS = 60 };

/* What one step of export time brings; `take` is called for each part. */
typedef void (*host_load_taker)(void *context, const struct ring_bin *part);

/* Steps go on from 0; minutes are HOST_LOAD_STEPS of them, and a minute's last parts come in the
 * minute behind it. */
void host_load_step(const struct host_load *load, uint64_t step, host_load_taker take,
                    void *context);

/* The watermark behind a step. */
struct ring_watermark host_load_watermark(const struct host_load *load, uint64_t step);

#endif
