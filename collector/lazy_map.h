/*
 * Memory for tables with a bound that is seldom reached: it costs nothing until it is used.
 *
 * Zeroed, and in huge pages where there are any.  A machine that refuses to set aside addresses
 * cannot be worked on: that ends the program.
 */
#ifndef COLLECTOR_LAZY_MAP_H
#define COLLECTOR_LAZY_MAP_H

#include <glib.h>
#include <stddef.h>
#include <sys/mman.h>

static inline void *
lazy_map(size_t octets)
{
	enum { HUGE_PAGE_OCTETS = 2 << 20 };
	void *memory = mmap(NULL, octets, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		g_error("cannot map %zu octets", octets);
	if (octets >= HUGE_PAGE_OCTETS)
		(void)madvise(memory, octets, MADV_HUGEPAGE);
	return memory;
}

static inline void
lazy_unmap(void *memory, size_t octets)
{
	if (memory != NULL)
		(void)munmap(memory, octets);
}

#endif
