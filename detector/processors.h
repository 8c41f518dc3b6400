/*
 * FOR_EACH_PROCESSOR before a function: it is compiled for AVX-512, AVX2 and any other processor,
 * and the program takes the one that fits when it is loaded.  Products are never contracted into
 * sums: all of them give the same bits.
 */
#ifndef DETECTOR_PROCESSORS_H
#define DETECTOR_PROCESSORS_H

/* Sanitizers do not get on with functions that are chosen while the program is loaded. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) &&       \
	!defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif

#endif
