#include "common/mono_time.h"

#include <time.h>

struct mono_time
mono_time_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (struct mono_time){ (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 };
}
