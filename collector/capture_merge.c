#include "collector/capture_merge.h"

struct source {
	CaptureReader *reader;
	struct datagram next;
};

struct CaptureMerge {
	char *const *paths; /* of those not yet opened */
	size_t count;
	struct source sources[CAPTURES_OPEN_MAX]; /* in the order given */
	struct source *given; /* whose datagram was given out last; NULL: none */
	struct capture_counters ended;
	GError *error; /* the first one */
};

CaptureMerge *
capture_merge_new(char *const *paths)
{
	CaptureMerge *merge = g_new0(CaptureMerge, 1);

	merge->paths = paths;
	return merge;
}

void
capture_merge_free(CaptureMerge *merge)
{
	if (merge == NULL)
		return;
	for (size_t i = 0; i < merge->count; i++)
		capture_close(merge->sources[i].reader);
	g_clear_error(&merge->error);
	g_free(merge);
}

static void
add_counters(struct capture_counters *sum, const struct capture_counters *other)
{
	sum->packets += other->packets;
	sum->datagrams += other->datagrams;
	sum->not_ip += other->not_ip;
	sum->not_udp += other->not_udp;
	sum->joined += other->joined;
	sum->fragments += other->fragments;
	sum->cut += other->cut;
	sum->malformed += other->malformed;
}

struct capture_counters
capture_merge_counters(const CaptureMerge *merge)
{
	struct capture_counters sum = merge->ended;

	for (size_t i = 0; i < merge->count; i++) {
		struct capture_counters counters = capture_counters(merge->sources[i].reader);

		add_counters(&sum, &counters);
	}
	return sum;
}

static void
note_error(CaptureMerge *merge, GError *error)
{
	if (merge->error == NULL)
		merge->error = error;
	else
		g_clear_error(&error);
}

/* False: the file has ended, and is no longer a source. */
static bool
read_on(CaptureMerge *merge, struct source *source)
{
	struct capture_counters counters;
	GError *error = NULL;
	size_t i = (size_t)(source - merge->sources);

	if (capture_next(source->reader, &source->next, &error))
		return true;
	if (error != NULL)
		note_error(merge, error);
	counters = capture_counters(source->reader);
	add_counters(&merge->ended, &counters);
	capture_close(source->reader);
	for (merge->count--; i < merge->count; i++)
		merge->sources[i] = merge->sources[i + 1];
	return false;
}

static void
open_more(CaptureMerge *merge)
{
	while (*merge->paths != NULL && merge->count < CAPTURES_OPEN_MAX) {
		struct source *source = &merge->sources[merge->count];
		GError *error = NULL;

		source->reader = capture_open(*merge->paths++, &error);
		if (source->reader == NULL) {
			note_error(merge, error);
			continue;
		}
		merge->count++;
		(void)read_on(merge, source);
	}
}

static struct source *
first_in_time(CaptureMerge *merge)
{
	struct source *first = merge->count > 0 ? &merge->sources[0] : NULL;

	for (size_t i = 1; i < merge->count; i++)
		if (merge->sources[i].next.arrival.ms < first->next.arrival.ms)
			first = &merge->sources[i];
	return first;
}

bool
capture_merge_next(CaptureMerge *merge, struct datagram *datagram, GError **error)
{
	struct source *given = merge->given;
	bool goes_on = given != NULL && given->next.from_file;

	if (given != NULL && !read_on(merge, given))
		goes_on = false;
	if (!goes_on) {
		open_more(merge);
		given = first_in_time(merge);
	}
	merge->given = given;
	if (given != NULL) {
		*datagram = given->next;
		return true;
	}
	if (merge->error != NULL)
		g_propagate_error(error, g_steal_pointer(&merge->error));
	return false;
}
