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

void
host_window_total(struct host_bin *total, const struct known_host *host, uint32_t minute,
                  unsigned minutes)
{
	host_bin_init(total, &host->host, minute);
	for (const struct host_minute *part = host->newest; part != NULL; part = part->older) {
		if (part->bin.minute <= minute && part->bin.minute + minutes > minute)
			host_bin_merge_base(total, &part->bin);
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

enum { ESTIMATES_TO = BUCKET_WORDS_MAX * 64 };

/* sketch_linear_estimate() of so many bits set, for the two sizes of bitmap that there are most of.
 */
struct estimates {
	double few[HOST_BIN_BUCKET_WORDS * 64 + 1];
	double many[ESTIMATES_TO + 1];
};

static void
fill_estimates(double *estimates, size_t words)
{
	uint64_t bitmap[BUCKET_WORDS_MAX] = { 0 };

	for (size_t set = 0; set <= words * 64; set++) {
		estimates[set] = sketch_linear_estimate(bitmap, words);
		if (set < words * 64)
			bitmap[set / 64] |= UINT64_C(1) << (set % 64);
	}
}

static const struct estimates *
estimates_of(void)
{
	static _Thread_local struct estimates made;
	static _Thread_local bool is_made;

	if (!is_made) {
		fill_estimates(made.few, HOST_BIN_BUCKET_WORDS);
		fill_estimates(made.many, BUCKET_WORDS_MAX);
		is_made = true;
	}
	return &made;
}

double
bitmap_estimate(const uint64_t *bitmap, size_t words)
{
	size_t set = 0;

	for (size_t i = 0; i < words; i++)
		set += (size_t)__builtin_popcountll(bitmap[i]);
	if (words == HOST_BIN_BUCKET_WORDS)
		return estimates_of()->few[set];
	return words == BUCKET_WORDS_MAX ? estimates_of()->many[set]
	                                 : sketch_linear_estimate(bitmap, words);
}

struct bucket_count
bucket_count(const uint64_t *sent, const uint64_t *heard, size_t words)
{
	uint64_t both[BUCKET_WORDS_MAX];
	struct bucket_count count;

	for (size_t i = 0; i < words; i++)
		both[i] = sent[i] & heard[i];
	count.sent = bitmap_estimate(sent, words);
	count.failing = count.sent - bitmap_estimate(both, words);
	return count;
}
