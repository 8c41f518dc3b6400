#include "detector/detector_parts.h"

#include "common/json_writer.h"
#include "common/log.h"
#include "detector/alert.h"
#include "detector/cef_format.h"
#include "detector/ecs_format.h"

enum {
	ASSESSMENTS_A_TURN = 2048,
	DETAIL_LOST_MS = 120 * 1000, /* of export time after a loss */
};

static void
tell(Detector *detector, enum verdict_act act, const struct verdict *verdict,
     const struct assessment *assessment)
{
	const struct alert_origin origin = { assessor_model_name(detector->assessor),
		                             detector->device };
	g_autoptr(GString) cef = g_string_new(NULL);
	g_autoptr(GString) ecs = g_string_new(NULL);
	struct alert_lines lines;
	struct alert alert;

	alert_make(&alert, act, verdict, assessment, &origin);
	cef_format(&alert, cef);
	ecs_format(&alert, ecs);
	lines = (struct alert_lines){
		.act = act,
		.time_ms = alert.time_ms,
		.severity = alert_severity(&alert),
		.cef = g_strdup(cef->str),
		.ecs = g_strdup(ecs->str),
	};
	verdict_store_put_event(detector->store, &alert, &lines);
	g_array_append_val(detector->unsent, lines);
	detector->alerts++;
}

static void
write_score(Detector *detector, const struct verdict *verdict, const struct assessment *assessment)
{
	g_autoptr(GString) line = g_string_new(NULL);
	char address[HOST_ADDRESS_TEXT_SIZE];

	json_open_object(line, NULL);
	json_add_integer(line, "time_ms", assessment->time_ms);
	json_add_string(line, "host", host_address_format(&verdict->host, address));
	json_add_string(line, "verdict", verdict_name(verdict->kind));
	json_add_double(line, "score", assessment->score);
	if (verdict->first_detected_ms != 0)
		json_add_integer(line, "first_detected_ms", verdict->first_detected_ms);
	else
		json_add_null(line, "first_detected_ms");
	json_close_object(line);
	g_string_append_c(line, '\n');
	fputs(line->str, detector->scores);
}

static void
take_assessment(Detector *detector, const struct assessment *assessment)
{
	const struct assessment *judged = assessment;
	struct assessment marked;
	const struct verdict *verdict;
	enum verdict_act act;
	bool worth_keeping;

	if (assessment->bin_end_ms <= detector->detail_lost_ms) {
		marked = *assessment;
		marked.cannot_tell |= CANNOT_TELL_DETAIL;
		assessment = &marked;
	}
	verdict = verdict_table_update(detector->table, assessment, &act);
	if (verdict == NULL)
		return;
	if (detector->scores != NULL && (!assessment->early || act != ACT_NONE))
		write_score(detector, verdict, assessment);
	worth_keeping = assessment->score >= VERDICT_NEAR_SCORE ||
	                verdict->kind == VERDICT_INFECTED || assessment_shows_behaviour(assessment);
	if (worth_keeping && (!assessment->early || act != ACT_NONE)) {
		detector_need_transaction(detector);
		assessor_add_peers(detector->assessor);
		verdict_store_put_assessment(detector->store, judged, detector->feature_names);
	}
	if (act != ACT_NONE) {
		detector_need_transaction(detector);
		tell(detector, act, verdict, assessment);
	}
}

void
detector_begin_judging(Detector *detector, bool finish)
{
	struct ring_watermark watermark;

	if (!ring_set_watermark(detector->rings, &watermark))
		return;
	detector->clock_ms = MAX(detector->clock_ms, watermark.export_ms);
	assessor_advance(detector->assessor, &watermark, finish);
	detector->judging = true;
}

bool
detector_judge_some(Detector *detector)
{
	for (unsigned i = 0; i < ASSESSMENTS_A_TURN && detector->judging; i++) {
		const struct assessment *assessment = assessor_next(detector->assessor);

		if (assessment != NULL)
			take_assessment(detector, assessment);
		else
			detector->judging = false;
	}
	return detector->judging;
}

/* What was lost on the way means that for a while a host's silence says nothing. */
static void
note_losses(Detector *detector)
{
	struct ring_set_counters counters = ring_set_counters(detector->rings);
	uint64_t lost = counters.dropped + counters.missed + counters.refused;

	if (lost == detector->lost)
		return;
	log_warning("%" G_GUINT64_FORMAT
	            " parts were lost on the way from the collector: %" G_GUINT64_FORMAT
	            " dropped at a full ring, %" G_GUINT64_FORMAT " missed, %" G_GUINT64_FORMAT
	            " refused so far",
	            lost - detector->lost, counters.dropped, counters.missed, counters.refused);
	detector->lost = lost;
	detector->detail_lost_ms = detector->clock_ms + DETAIL_LOST_MS;
}

static void
take_part(Detector *detector, const struct ring_bin *part)
{
	detector->parts++;
	verdict_table_see(detector->table, &part->bin);
	if (ring_set_comes_again(detector->rings))
		assessor_add_again(detector->assessor, part, detector->judged_before);
	else
		assessor_add(detector->assessor, part);
}

static void
take_shares(Detector *detector, const struct ring_shares *shares)
{
	struct ring_bin *part = &detector->expanded;

	part->export_ms = shares->export_ms;
	part->dropped = shares->dropped;
	host_shares_expand(&shares->part, &part->bin, &part->extension, detector->sketch_key);
	take_part(detector, part);
}

void
detector_take_entry(Detector *detector, const struct ring_entry *entry)
{
	detector->entries++;
	detector->uncommitted++;
	switch (entry->type) {
	case RING_BIN:
		take_part(detector, entry->bin);
		break;
	case RING_SHARES:
		take_shares(detector, &entry->shares);
		break;
	case RING_WATERMARK:
		note_losses(detector);
		detector_begin_judging(detector, false);
		break;
	case RING_COUNTERS:
		break;
	case RING_END:
		detector->ended = ring_set_ended(detector->rings);
		break;
	}
}
