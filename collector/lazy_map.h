/*
 * Memory for tables with a bound that is seldom reached: it costs nothing until it is used.
 *
 * Zeroed, and in huge pages where there are any.  A machine that refuses to set aside addresses
 * cannot be worked on: that ends the program.
 *
 * Threads: any.
 */
#ifndef COLLECTOR_LAZY_MAP_H
#define COLLECTOR_LAZY_MAP_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

enum { LAZY_MAP_HUGE_OCTETS = 2 << 20 };

static inline size_t
lazy_map_rounded(size_t octets)
{
	size_t unit = octets < LAZY_MAP_HUGE_OCTETS ? 4096 : LAZY_MAP_HUGE_OCTETS;

	return (octets + unit - 1) / unit * unit;
}

/* Huge pages begin at a multiple of their size: what lies before the first one is given back. */
static inline void *
lazy_map(size_t octets)
{
	size_t length = lazy_map_rounded(octets);
	size_t spare = length < LAZY_MAP_HUGE_OCTETS ? 0 : LAZY_MAP_HUGE_OCTETS;
	char *memory = mmap(NULL, length + spare, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t before;

	if (memory == MAP_FAILED)
		g_error("cannot map %zu octets", octets);
	if (spare == 0)
		return memory;
	before = (spare - (uintptr_t)memory % spare) % spare;
	if (before > 0)
		(void)munmap(memory, before);
	if (before < spare)
		(void)munmap(memory + before + length, spare - before);
	(void)madvise(memory + before, length, MADV_HUGEPAGE);
	return memory + before;
}

/* Has the memory now that is known to be used.  Kernels that cannot (before 5.14) give it later. */
static inline void
lazy_map_populate(void *memory, size_t octets)
{
#ifdef MADV_POPULATE_WRITE
	(void)madvise(memory, octets, MADV_POPULATE_WRITE);
#else
	(void)memory;
	(void)octets;
#endif
}

static inline void
lazy_unmap(void *memory, size_t octets)
{
	if (memory != NULL)
		(void)munmap(memory, lazy_map_rounded(octets));
}

#endif
