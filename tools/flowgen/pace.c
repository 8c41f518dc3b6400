#include "tools/flowgen/pace.h"

#include <time.h>

#include "common/mono_time.h"

void
pace_wait(int64_t begun_ms, double due_ms)
{
	double wait_ms = due_ms - (double)(mono_time_now().ms - begun_ms);

	if (wait_ms >= 1) {
		struct timespec pause = { (time_t)(wait_ms / 1000),
			                  (long)((int64_t)(wait_ms * 1e6) % 1000000000) };

		nanosleep(&pause, NULL);
	}
}
