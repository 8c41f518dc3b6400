#include "detector/host_window.h"

#include "common/sketch.h"

enum { BUCKET_WORDS_MAX = 16 };

const unsigned host_window_minutes[HOST_WINDOWS] = { 1, 5, 15 };

void
host_window_merge(struct host_window *window, const struct known_host *host, uint32_t minute,
                  unsigned minutes, uint64_t sketch_key)
{
	window->minute = minute;
	window->minutes = minutes;
	window->active = 0;
	host_bin_init(&window->total, &host->host, minute);
	host_bin_extension_init(&window->detail);
	host_bin_extend(&window->total, &window->detail, sketch_key);
	for (const struct host_minute *part = host->newest; part != NULL; part = part->older) {
		if (part->bin.minute > minute)
			continue;
		if (part->bin.minute + minutes <= minute)
			break;
		host_bin_merge(&window->total, &window->detail, &part->bin, part->extension,
		               sketch_key);
		window->active++;
	}
}

const struct host_bin_extension *
host_minute_detail(const struct host_minute *minute, struct host_bin_extension *scratch,
                   uint64_t sketch_key)
{
	struct host_bin copy = minute->bin;

	if (minute->extension != NULL)
		return minute->extension;
	host_bin_extension_init(scratch);
	host_bin_extend(&copy, scratch, sketch_key);
	return scratch;
}

struct bucket_count
bucket_count(const uint64_t *sent, const uint64_t *heard, size_t words)
{
	uint64_t both[BUCKET_WORDS_MAX];
	struct bucket_count count;

	for (size_t i = 0; i < words; i++)
		both[i] = sent[i] & heard[i];
	count.sent = sketch_linear_estimate(sent, words);
	count.failing = count.sent - sketch_linear_estimate(both, words);
	return count;
}
