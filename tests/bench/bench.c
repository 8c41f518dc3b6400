#include "tests/bench/bench.h"

#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { RUN_NS = 500000000 };

static int
counter_open(uint64_t config)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = config,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};

	return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static void
counter_print(int fd, uint64_t items)
{
	uint64_t count;

	if (fd < 0 || read(fd, &count, sizeof(count)) != sizeof(count))
		printf("  %8s", "-");
	else
		printf("  %8.1f", (double)count / (double)items);
	if (fd >= 0)
		close(fd);
}

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void
bench_run(const char *name, bench_function function, void *context)
{
	int cycles = counter_open(PERF_COUNT_HW_CPU_CYCLES);
	int instructions = counter_open(PERF_COUNT_HW_INSTRUCTIONS);
	uint64_t start = now_ns();
	uint64_t elapsed = 0;
	uint64_t items = 0;

	while (elapsed < RUN_NS) {
		items += function(context);
		elapsed = now_ns() - start;
	}
	printf("%-24s  %12.0f/s  %8.1f ns", name, (double)items * 1e9 / (double)elapsed,
	       (double)elapsed / (double)items);
	counter_print(cycles, items);
	counter_print(instructions, items);
	printf("\n");
}
