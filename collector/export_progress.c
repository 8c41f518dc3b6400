#include "collector/export_progress.h"

struct place {
	int64_t newest_ms;
	int64_t progress_ms;
	int64_t moved_at_ms; /* the lead, when it last moved */
	bool known;
};

struct ExportProgress {
	GArray *places; /* of struct place */
	int64_t step_max_ms;
	int64_t lead_ms;
};

ExportProgress *
export_progress_new(int64_t step_max_ms)
{
	ExportProgress *progress = g_new0(ExportProgress, 1);

	progress->places = g_array_new(FALSE, TRUE, sizeof(struct place));
	progress->step_max_ms = step_max_ms;
	return progress;
}

void
export_progress_free(ExportProgress *progress)
{
	if (progress == NULL)
		return;
	g_array_free(progress->places, TRUE);
	g_free(progress);
}

static struct place *
place_at(const ExportProgress *progress, uint16_t place)
{
	return &g_array_index(progress->places, struct place, place);
}

uint16_t
export_progress_note(ExportProgress *progress, uint32_t exporter, struct wall_time export_time)
{
	uint16_t number = (uint16_t)MIN(exporter, EXPORT_PROGRESS_EXPORTERS - 1);
	struct place *place;
	int64_t step;

	if (number >= progress->places->len)
		g_array_set_size(progress->places, number + 1u);
	place = place_at(progress, number);
	if (!place->known) {
		*place = (struct place){ export_time.ms, progress->lead_ms, progress->lead_ms,
			                 true };
		return number;
	}
	if (export_time.ms <= place->newest_ms)
		return number;
	step = export_time.ms - place->newest_ms;
	place->newest_ms = export_time.ms;
	place->progress_ms += MIN(step, progress->step_max_ms);
	progress->lead_ms = MAX(progress->lead_ms, place->progress_ms);
	place->moved_at_ms = progress->lead_ms;
	return number;
}

uint16_t
export_progress_count(const ExportProgress *progress)
{
	return (uint16_t)progress->places->len;
}

int64_t
export_progress_of(const ExportProgress *progress, uint16_t place)
{
	return place_at(progress, place)->progress_ms;
}

int64_t
export_progress_lead(const ExportProgress *progress)
{
	return progress->lead_ms;
}

int64_t
export_progress_silence(const ExportProgress *progress, uint16_t place)
{
	return progress->lead_ms - place_at(progress, place)->moved_at_ms;
}

struct wall_time
export_progress_time(const ExportProgress *progress, uint16_t place)
{
	return (struct wall_time){ place_at(progress, place)->newest_ms };
}

static bool
is_alive(const ExportProgress *progress, uint16_t place, int64_t alive_ms)
{
	return place_at(progress, place)->known &&
	       export_progress_silence(progress, place) < alive_ms;
}

struct wall_time
export_progress_newest(const ExportProgress *progress, int64_t alive_ms)
{
	int64_t newest = INT64_MIN;

	for (guint i = 0; i < progress->places->len; i++)
		if (is_alive(progress, (uint16_t)i, alive_ms))
			newest = MAX(newest, place_at(progress, (uint16_t)i)->newest_ms);
	return (struct wall_time){ newest == INT64_MIN ? 0 : newest };
}

struct wall_time
export_progress_least(const ExportProgress *progress, int64_t alive_ms)
{
	int64_t least = INT64_MAX;

	for (guint i = 0; i < progress->places->len; i++)
		if (is_alive(progress, (uint16_t)i, alive_ms))
			least = MIN(least, place_at(progress, (uint16_t)i)->newest_ms);
	return (struct wall_time){ least == INT64_MAX ? 0 : least };
}
