#include "common/wall_clock.h"

#include <time.h>

struct wall_time
wall_clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (struct wall_time){ (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 };
}
