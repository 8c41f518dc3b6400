/*
 * The project's own benchmark loop: repeats a function for a set time and
 * prints one line, "name  items/s  ns/item  cycles/item  instructions/item".
 * Time is CPU time, so that a busy machine does not count.  The two counters come from
 * perf_event_open(2) and are "-" where it is refused.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stdint.h>

/* Does the work once and returns how many items (records, bins) that was. */
typedef uint64_t (*bench_function)(void *context);

void bench_run(const char *name, bench_function function, void *context);

#endif
