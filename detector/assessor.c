#include "detector/assessor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/sketch.h"
#include "detector/classifier.h"
#include "detector/evidence.h"
#include "detector/expert.h"
#include "detector/host_history.h"
#include "detector/shipped_file.h"

enum {
	EXPORTER_BITS = 16,
	GRACE_MS = 20000,  /* after a minute's end, for what is exported late */
	EARLY_MINUTES = 3, /* changed minutes that the experts look at between watermarks */
	EARLY_FLOWS = 8,   /* below both, no expert can find anything in a minute */
	EARLY_PACKETS = 1000,
	ENOUGH_PACKETS = 10, /* in five minutes, to judge at all */
	HISTORY_MINUTES = 30,  /* that features look at, however many are kept */
	PREVALENCE_PEERS = 1 << 18,
	SITE_MINUTES = 1440,   /* between calibrations */
};

/* One host's minute to judge. */
struct job {
	struct host_address host;
	uint32_t minute;
	bool early;
};

struct Assessor {
	struct assessor_config config;
	HostHistory *history;
	Prevalence *prevalence;
	Classifier *classifier; /* NULL: experts only */
	struct calibration calibration;
	SiteCalibration *site_calibration;  /* for whoever asks */
	SiteCalibration *today;             /* what is usual here, anew after each day */
	struct calibration site;            /* of the day before; its tails' counts 0: not known yet */
	uint32_t due_minute;                /* when that is made anew */
	double evidence_threshold;     /* -ln of the share of windows that may be called infected */
	int64_t clocks[EXPORTER_BITS]; /* newest export time of parts of one exporter, by its bit */
	struct ring_watermark watermark;
	GArray *changed; /* host_address */
	GArray *pending; /* host_address */
	GArray *jobs;
	guint next_job;
	struct assessor_counters counters;
	struct host_window windows[HOST_WINDOWS];
	double features[FEATURE_COUNT];
	struct assessment assessment;
};

static bool
load_classifier(Assessor *assessor, GError **error)
{
	g_autofree char *shipped = NULL;
	const char *path = assessor->config.model_path;

	if (path == NULL)
		path = shipped = shipped_file("default.model");
	if (path == NULL || *path == '\0')
		return true;
	assessor->classifier = classifier_load(path, error);
	return assessor->classifier != NULL;
}

/* False: it is damaged.  `*taken`: there is one, and it is of this model. */
static bool
load_site_calibration(Assessor *assessor, bool *taken, GError **error)
{
	const char *path = assessor->config.site_calibration_path;
	struct calibration *calibration = &assessor->calibration;

	*taken = false;
	if (path == NULL || !g_file_test(path, G_FILE_TEST_EXISTS))
		return true;
	if (!calibration_load(calibration, path, error))
		return false;
	*taken = calibration->model != NULL && strcmp(calibration->model, assessor_model_name(assessor)) == 0;
	if (*taken)
		return true;
	log_warning("%s was made for another model than %s: passed over, make it anew with kenchi calibrate", path,
	            assessor_model_name(assessor));
	calibration_clear(calibration);
	memset(calibration, 0, sizeof(*calibration));
	return true;
}

static bool
load_calibration(Assessor *assessor, GError **error)
{
	g_autofree char *shipped = NULL;
	const char *path = assessor->config.calibration_path;
	bool taken = false;

	if (path == NULL && !load_site_calibration(assessor, &taken, error))
		return false;
	if (path == NULL && !taken)
		path = shipped = shipped_file("default.calibration");
	if (path == NULL || *path == '\0')
		return true;
	return calibration_load(&assessor->calibration, path, error);
}

Assessor *
assessor_new(const struct assessor_config *config, GError **error)
{
	g_autoptr(Assessor) assessor = g_new0(Assessor, 1);
	struct host_history_limits limits = { config->hosts_max,
		                              MAX(config->history_minutes, HISTORY_MINUTES),
		                              config->sketch_key };

	assessor->config = *config;
	assessor->history = host_history_new(&limits);
	assessor->today = site_calibration_new();
	assessor->site_calibration = site_calibration_new();
	assessor->prevalence = prevalence_new(PREVALENCE_PEERS, config->sketch_key);
	assessor->changed = g_array_new(FALSE, FALSE, sizeof(struct host_address));
	assessor->pending = g_array_new(FALSE, FALSE, sizeof(struct host_address));
	assessor->jobs = g_array_new(FALSE, FALSE, sizeof(struct job));
	if (!load_classifier(assessor, error) || !load_calibration(assessor, error))
		return NULL;
	assessor->evidence_threshold =
		evidence_limit(config->alarms_per_1000_host_days, assessor->calibration.windows_a_day);
	assessor->config.model_path = NULL;
	assessor->config.calibration_path = NULL;
	assessor->config.site_calibration_path = NULL;
	return g_steal_pointer(&assessor);
}

void
assessor_free(Assessor *assessor)
{
	if (assessor == NULL)
		return;
	host_history_free(assessor->history);
	prevalence_free(assessor->prevalence);
	site_calibration_free(assessor->today);
	site_calibration_free(assessor->site_calibration);
	classifier_free(assessor->classifier);
	calibration_clear(&assessor->calibration);
	g_array_free(assessor->changed, TRUE);
	g_array_free(assessor->pending, TRUE);
	g_array_free(assessor->jobs, TRUE);
	g_free(assessor);
}

void
assessor_add(Assessor *assessor, const struct ring_bin *part)
{
	struct known_host *host = host_history_add(assessor->history, part);
	unsigned exporters = part->bin.exporters[0];

	if (exporters != 0 && (exporters & (exporters - 1)) == 0) {
		int64_t *clock = &assessor->clocks[__builtin_ctz(exporters)];

		*clock = MAX(*clock, part->export_ms);
	}
	if (host == NULL)
		return;
	prevalence_add(assessor->prevalence, &part->bin, &part->extension);
	if (!host->changed)
		g_array_append_val(assessor->changed, part->bin.host);
	if (!host->pending && part->bin.minute > host->past.judged_minute) {
		g_array_append_val(assessor->pending, part->bin.host);
		host->pending = true;
	}
	host->changed = true;
}

/* How far the clocks of the host's exporters have come: the least of them, as far as it is known.
 */
static int64_t
host_clock(const Assessor *assessor, const struct known_host *host)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < EXPORTER_BITS; i++) {
		if (host->exporters >> i & 1)
			least = MIN(least, assessor->clocks[i]);
	}
	if (least == INT64_MAX)
		least = 0;
	return MAX(MAX(least, host->export_ms), assessor->watermark.least_ms);
}

static void
add_job(Assessor *assessor, const struct known_host *host, uint32_t minute, bool early)
{
	struct job job = { host->host, minute, early };

	g_array_append_val(assessor->jobs, job);
}

/* The newest changed minutes in which an expert could find something. */
static void
add_early_jobs(Assessor *assessor, struct known_host *host)
{
	int count = 0;

	for (const struct host_minute *m = host->newest; m != NULL && count < EARLY_MINUTES;
	     m = m->older) {
		if (!m->changed)
			continue;
		count++;
		if (m->bin.flows[HOST_OUT] >= EARLY_FLOWS ||
		    m->bin.packets[HOST_OUT] >= EARLY_PACKETS)
			add_job(assessor, host, m->bin.minute, true);
	}
}

static void
take_changed(Assessor *assessor)
{
	for (guint i = 0; i < assessor->changed->len; i++) {
		const struct host_address *address =
			&g_array_index(assessor->changed, struct host_address, i);
		struct known_host *host = host_history_find(assessor->history, address);

		if (host == NULL || !host->changed)
			continue;
		add_early_jobs(assessor, host);
		host_history_settle(host);
		host->changed = false;
	}
	g_array_set_size(assessor->changed, 0);
}

/* Minutes that are over by the host's clock and were not judged; true when there are others still
 * open. */
static bool
add_full_jobs(Assessor *assessor, struct known_host *host, bool finish)
{
	int64_t closed_ms = finish ? INT64_MAX : host_clock(assessor, host) - GRACE_MS;
	uint32_t judged = host->past.judged_minute;
	bool open = false;

	for (const struct host_minute *m = host->newest; m != NULL && m->bin.minute > judged;
	     m = m->older) {
		if (((int64_t)m->bin.minute + 1) * HOST_BIN_MS > closed_ms) {
			open = true;
			continue;
		}
		add_job(assessor, host, m->bin.minute, false);
		host->past.judged_minute = MAX(host->past.judged_minute, m->bin.minute);
	}
	return open;
}

static void
take_pending(Assessor *assessor, bool finish)
{
	guint kept = 0;

	for (guint i = 0; i < assessor->pending->len; i++) {
		struct host_address address =
			g_array_index(assessor->pending, struct host_address, i);
		struct known_host *host = host_history_find(assessor->history, &address);

		if (host == NULL || !host->pending)
			continue;
		host->pending = add_full_jobs(assessor, host, finish);
		if (host->pending)
			g_array_index(assessor->pending, struct host_address, kept++) = address;
	}
	g_array_set_size(assessor->pending, kept);
}

/* By minute and host; the full judgement before the early one of the same minute. */
static gint
compare_jobs(gconstpointer a, gconstpointer b)
{
	const struct job *x = a, *y = b;
	int hosts;

	if (x->minute != y->minute)
		return x->minute > y->minute ? 1 : -1;
	hosts = memcmp(&x->host, &y->host, sizeof(x->host));
	return hosts != 0 ? hosts : x->early - y->early;
}

void
assessor_advance(Assessor *assessor, const struct ring_watermark *watermark, bool finish)
{
	assessor->watermark = *watermark;
	g_array_set_size(assessor->jobs, 0);
	assessor->next_job = 0;
	take_changed(assessor);
	take_pending(assessor, finish);
	g_array_sort(assessor->jobs, compare_jobs);
}

static void
add_evidence(struct assessment *assessment, const struct evidence *evidence, size_t count)
{
	for (size_t i = 0; i < count && assessment->evidence_count < BEHAVIOUR_COUNT; i++)
		assessment->evidence[assessment->evidence_count++] = evidence[i];
}

static void
ask_experts(Assessor *assessor, const struct host_view *view)
{
	static size_t (*const experts[])(const struct host_view *, struct evidence *) = {
		scan_expert_judge,
		flood_expert_judge,
		mail_expert_judge,
		beacon_expert_judge,
	};
	struct evidence evidence[EXPERT_EVIDENCE];

	for (size_t i = 0; i < G_N_ELEMENTS(experts); i++)
		add_evidence(&assessor->assessment, evidence, experts[i](view, evidence));
}

/*
 * Takes the window among those of the site.  After each day what is usual is told anew from that day: a few hours,
 * or an unlucky start among infected hosts, would say less than the shipped calibration.
 */
static void
observe_site(Assessor *assessor, uint32_t minute)
{
	if (assessor->due_minute == 0)
		assessor->due_minute = minute + SITE_MINUTES;
	site_calibration_add(assessor->site_calibration, &assessor->assessment);
	site_calibration_add(assessor->today, &assessor->assessment);
	if (minute < assessor->due_minute ||
	    !site_calibration_make(assessor->today, &assessor->calibration, &assessor->site))
		return;
	assessor->due_minute = minute + SITE_MINUTES;
	site_calibration_clear(assessor->today);
}

/* What is usual: on this site, as soon as that is known. */
static const struct tail *
pattern_tail(const Assessor *assessor)
{
	const struct tail *site = &assessor->site.tails[BEHAVIOUR_traffic_pattern];

	return site->count > 0 ? site : &assessor->calibration.tails[BEHAVIOUR_traffic_pattern];
}

/* Without any calibration a decision value is taken as it is. */
static void
weigh_pattern(const Assessor *assessor, struct evidence *evidence)
{
	static const double uncalibrated_threshold = 1.5;
	const struct tail *tail = pattern_tail(assessor);
	double limit = assessor->evidence_threshold;

	if (tail->count == 0) {
		evidence->threshold = uncalibrated_threshold;
		evidence->strength = expert_strength(evidence->measured / uncalibrated_threshold);
		return;
	}
	evidence->threshold = tail_value(tail, limit);
	evidence->strength = evidence_strength(tail_evidence(tail, evidence->measured), limit);
}

/* The decision value beside the host's own past, and its strength by what is usual. */
static void
ask_classifier(Assessor *assessor, const struct host_view *view, struct host_past *past)
{
	struct evidence evidence = { .behaviour = BEHAVIOUR_traffic_pattern };
	const Classifier *classifier = assessor->classifier;
	double value;

	if (classifier != NULL &&
	    assessor->assessment.sampling_interval > classifier_sampling_most(classifier))
		return;
	feature_vector_compute(view, assessor->features);
	assessor->assessment.features = assessor->features;
	assessor->assessment.feature_count = FEATURE_COUNT;
	if (classifier == NULL)
		return;
	assessor->counters.classified++;
	value = classifier_decide(classifier, assessor->features);
	evidence.measured = value_beside_past(&past->pattern, value, classifier_usual(classifier));
	value_past_add(&past->pattern, value);
	weigh_pattern(assessor, &evidence);
	add_evidence(&assessor->assessment, &evidence, 1);
	observe_site(assessor, view->minute);
}

static int
compare_evidence(const void *a, const void *b)
{
	const struct evidence *x = a, *y = b;

	if (x->strength != y->strength)
		return x->strength < y->strength ? 1 : -1;
	return (int)x->behaviour - (int)y->behaviour;
}

/* Strongest first; the score is the greatest strength; what is usual comes from the calibration. */
static void
weigh_evidence(Assessor *assessor)
{
	struct assessment *assessment = &assessor->assessment;

	qsort(assessment->evidence, assessment->evidence_count, sizeof(assessment->evidence[0]),
	      compare_evidence);
	for (size_t i = 0; i < assessment->evidence_count; i++) {
		struct evidence *evidence = &assessment->evidence[i];

		if (evidence->behaviour == BEHAVIOUR_traffic_pattern) {
			evidence->usual = pattern_tail(assessor)->quantiles[TAIL_QUANTILES - 1];
			continue;
		}
		evidence->usual = assessor->calibration.tails[evidence->behaviour]
		                          .quantiles[TAIL_QUANTILES - 1];
	}
	assessment->score = assessment->evidence_count > 0 ? assessment->evidence[0].strength : 0;
}

static unsigned
cannot_tell(const Assessor *assessor, const struct host_bin *bin)
{
	uint32_t tcp = bin->protocol_flows[HOST_OUT * 4 + HOST_TCP] +
	               bin->protocol_flows[HOST_IN * 4 + HOST_TCP];
	unsigned flags = 0;

	if (bin->sampling_interval[0] > 1)
		flags |= CANNOT_TELL_SAMPLED;
	if (bin->flagless_records[0] > 0 && bin->flagless_records[0] >= tcp / 2)
		flags |= CANNOT_TELL_FLAGS;
	if (bin->directions[0] != 3)
		flags |= CANNOT_TELL_DIRECTION;
	if (bin->size_knowledge[0] == 16)
		flags |= CANNOT_TELL_SIZES;
	if (bin->touches_lost[0] > 0 || assessor->watermark.dropped > 0)
		flags |= CANNOT_TELL_DETAIL;
	return flags;
}

static int
compare_peers(const void *a, const void *b)
{
	const struct evidence_peer *x = a, *y = b;
	uint64_t ox = x->octets[0] + x->octets[1], oy = y->octets[0] + y->octets[1];

	if (ox != oy)
		return ox < oy ? 1 : -1;
	return memcmp(&x->peer, &y->peer, sizeof(x->peer));
}

/* The sampled peers of the window, the largest first. */
static void
add_peers(Assessor *assessor)
{
	struct assessment *assessment = &assessor->assessment;
	const struct host_bin_extension *detail = &assessor->windows[HOST_WINDOW_5].detail;

	for (int i = 0; i < HOST_BIN_SAMPLED_PEERS && assessment->peer_count < ASSESSMENT_PEERS;
	     i++) {
		if (detail->sample[i].hash != 0)
			assessment->peers[assessment->peer_count++] =
				expert_peer(&detail->sample[i]);
	}
	qsort(assessment->peers, assessment->peer_count, sizeof(assessment->peers[0]),
	      compare_peers);
}

/* False: an early look that found nothing. */
static bool
do_job(Assessor *assessor, const struct job *job)
{
	struct known_host *host = host_history_find(assessor->history, &job->host);
	struct host_view view = { .host = host,
		                  .minute = job->minute,
		                  .history_minutes = HISTORY_MINUTES,
		                  .prevalence = assessor->config.all_rare ? NULL : assessor->prevalence,
		                  .sketch_key = assessor->config.sketch_key,
		                  .windows = assessor->windows };
	const struct host_bin *bin = &assessor->windows[HOST_WINDOW_5].total;
	struct assessment *assessment = &assessor->assessment;

	if (host == NULL)
		return false;
	for (int i = 0; i < HOST_WINDOWS; i++)
		host_window_merge(&assessor->windows[i], host, job->minute, host_window_minutes[i],
		                  assessor->config.sketch_key);
	memset(assessment, 0, sizeof(*assessment));
	assessment->host = job->host;
	assessment->time_ms = assessor->watermark.export_ms;
	assessment->bin_end_ms = ((int64_t)job->minute + 1) * HOST_BIN_MS;
	assessment->early = job->early;
	assessment->enough = bin->packets[HOST_OUT] + bin->packets[HOST_IN] >= ENOUGH_PACKETS &&
	                     bin->flows[HOST_OUT] > 0;
	assessment->sampling_interval = bin->sampling_interval[0];
	assessment->cannot_tell = cannot_tell(assessor, bin);
	ask_experts(assessor, &view);
	if (!job->early && assessment->enough)
		ask_classifier(assessor, &view, &host->past);
	weigh_evidence(assessor);
	add_peers(assessor);
	return !job->early || assessment->score >= 0.5;
}

const struct assessment *
assessor_next(Assessor *assessor)
{
	while (assessor->next_job < assessor->jobs->len) {
		const struct job *job =
			&g_array_index(assessor->jobs, struct job, assessor->next_job);

		assessor->next_job++;
		if (assessor->next_job > 1 && job->early && job[-1].minute == job->minute &&
		    host_address_equal(&job[-1].host, &job->host))
			continue;
		if (do_job(assessor, job)) {
			assessor->counters.assessments++;
			return &assessor->assessment;
		}
	}
	return NULL;
}

struct assessor_counters
assessor_counters(const Assessor *assessor)
{
	struct assessor_counters counters = assessor->counters;
	struct host_history_counters history = host_history_counters(assessor->history);

	counters.parts = history.parts;
	counters.hosts = history.hosts;
	counters.forgotten = history.forgotten;
	counters.stale = history.stale;
	return counters;
}

const char *
assessor_model_name(const Assessor *assessor)
{
	return assessor->classifier == NULL ? "none" : classifier_name(assessor->classifier);
}

SiteCalibration *
assessor_site(Assessor *assessor)
{
	return assessor->site_calibration;
}

bool
assessor_calibrate(const Assessor *assessor, struct calibration *calibration)
{
	return site_calibration_make(assessor->site_calibration, &assessor->calibration, calibration);
}
