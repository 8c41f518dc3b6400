#include "detector/judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/sketch.h"
#include "detector/classifier.h"
#include "detector/evidence.h"
#include "detector/expert.h"
#include "detector/expert_gate.h"
#include "detector/shipped_file.h"
#include "detector/two_sides.h"

enum {
	ENOUGH_PACKETS = 10, /* in five minutes, to judge at all */
	WINDOW_MINUTES = 5,
	LONG_WINDOW_MINUTES = 15,
	SITE_MINUTES = 1440, /* between calibrations */
};

struct Judge {
	const Prevalence *prevalence;
	uint64_t sketch_key;
	Classifier *classifier; /* NULL: experts only */
	struct feature_choice choice;
	struct calibration calibration;
	SiteCalibration *site_calibration; /* for whoever asks */
	SiteCalibration *today;            /* what is usual here, anew after each day */
	struct calibration site; /* of the day before; its tails' counts 0: not known yet */
	uint32_t due_minute;     /* when that is made anew */
	TwoSides *sides;
	unsigned hearing_exporters; /* that told what a host received, as host bins name them */
	double evidence_threshold;  /* -ln of the share of windows that may be called infected */
	uint64_t classified;
	/* The host that is judged */
	HostHistory *history;
	struct history_depth depth; /* how its minutes are open */
	struct host_view view;
	bool merged[HOST_WINDOWS];
	struct host_window windows[HOST_WINDOWS];
	struct host_services services;
	double features[FEATURE_COUNT];
	struct contact_shape contacts[CONTACT_SHAPES_MAX];
	struct assessment assessment;
};

static bool
load_classifier(Judge *judge, const struct judge_config *config, GError **error)
{
	g_autofree char *shipped =
		config->model_path == NULL ? shipped_file("default.model", error) : NULL;
	const char *path = shipped != NULL ? shipped : config->model_path;

	if (path == NULL)
		return false;
	if (*path == '\0')
		return true;
	judge->classifier = classifier_load(path, error);
	if (judge->classifier != NULL && !classifier_is_dense(judge->classifier))
		log_warning(
			"%s: evaluated by libsvm itself, which is slower: the dense form differs from it",
			path);
	return judge->classifier != NULL;
}

/* False: it is damaged.  `*taken`: there is one, and it is of this model. */
static bool
load_site_calibration(Judge *judge, const struct judge_config *config, bool *taken, GError **error)
{
	const char *path = config->site_calibration_path;
	struct calibration *calibration = &judge->calibration;

	*taken = false;
	if (path == NULL || !g_file_test(path, G_FILE_TEST_EXISTS))
		return true;
	if (!calibration_load(calibration, path, error))
		return false;
	*taken = calibration->model != NULL &&
	         strcmp(calibration->model, judge_model_name(judge)) == 0;
	if (*taken)
		return true;
	log_warning(
		"%s was made for another model than %s: passed over, make it anew with kenchi calibrate",
		path, judge_model_name(judge));
	calibration_clear(calibration);
	memset(calibration, 0, sizeof(*calibration));
	return true;
}

static bool
load_calibration(Judge *judge, const struct judge_config *config, GError **error)
{
	g_autofree char *shipped = NULL;
	const char *path = config->calibration_path;
	bool taken = false;

	if (path == NULL && !load_site_calibration(judge, config, &taken, error))
		return false;
	if (taken)
		return true;
	if (path == NULL) {
		shipped = shipped_file("default.calibration", error);
		path = shipped;
	}
	if (path == NULL)
		return false;
	if (*path == '\0')
		return true;
	return calibration_load(&judge->calibration, path, error);
}

/* What is usual of one machine's values says nothing of another's. */
static void
warn_of_other_model(const Judge *judge)
{
	const char *made_for = judge->calibration.model;

	if (judge->classifier != NULL && made_for != NULL &&
	    strcmp(made_for, judge_model_name(judge)) != 0)
		log_warning(
			"the calibration was made for the model %s, not for %s: its thresholds mean other rates of false alarms; name its own with --calibration",
			made_for, judge_model_name(judge));
}

/* Without them each minute counts as an alarm. */
static void
check_alarms(const struct calibration *calibration)
{
	bool known = false;

	for (int behaviour = 0; behaviour < BEHAVIOUR_COUNT; behaviour++)
		known = known || calibration->tails[behaviour].count > 0;
	if (known && calibration->alarms.hosts <= 0)
		log_warning(
			"the calibration does not tell how many alarms a limit stands for (it is of an older version, or made of too few hosts): fewer are raised than wished");
}

Judge *
judge_new(const struct judge_config *config, GError **error)
{
	g_autoptr(Judge) judge = g_new0(Judge, 1);

	judge->prevalence = config->prevalence;
	judge->sketch_key = config->sketch_key;
	judge->sides = two_sides_new();
	judge->today = site_calibration_new();
	judge->site_calibration = site_calibration_new();
	if (!load_classifier(judge, config, error) || !load_calibration(judge, config, error))
		return NULL;
	warn_of_other_model(judge);
	check_alarms(&judge->calibration);
	judge->evidence_threshold =
		alarm_tail_limit(&judge->calibration.alarms, config->alarms_per_1000_host_days);
	judge->choice = judge->classifier != NULL ? classifier_features(judge->classifier)
	                                          : feature_choice_all;
	return g_steal_pointer(&judge);
}

void
judge_free(Judge *judge)
{
	if (judge == NULL)
		return;
	two_sides_free(judge->sides);
	site_calibration_free(judge->today);
	site_calibration_free(judge->site_calibration);
	classifier_free(judge->classifier);
	calibration_clear(&judge->calibration);
	g_free(judge);
}

static uint32_t
minutes_before(uint32_t minute, unsigned minutes)
{
	return minute >= minutes - 1 ? minute - (minutes - 1) : 0;
}

static void
open_host(Judge *judge)
{
	host_history_open(judge->history, (struct known_host *)(uintptr_t)judge->view.host,
	                  judge->view.minute, &judge->depth);
}

/* Has a window merged; that of 15 minutes may need more of its minutes than were opened. */
static void
need_window(Judge *judge, enum host_window_length length)
{
	unsigned minutes = host_window_minutes[length];
	uint32_t from = minutes_before(judge->view.minute, minutes);

	if (judge->merged[length])
		return;
	if (from < judge->depth.all) {
		judge->depth.all = from;
		judge->depth.sample = MIN(judge->depth.sample, from);
		judge->depth.sent = MIN(judge->depth.sent, from);
		open_host(judge);
	}
	host_window_merge(&judge->windows[length], judge->view.host, judge->view.minute, minutes,
	                  judge->sketch_key);
	judge->merged[length] = true;
}

static struct evidence *
find_evidence(struct assessment *assessment, enum behaviour behaviour)
{
	for (size_t i = 0; i < assessment->evidence_count; i++) {
		if (assessment->evidence[i].behaviour == behaviour)
			return &assessment->evidence[i];
	}
	return NULL;
}

/* Of two of one behaviour the stronger is kept. */
static void
add_evidence(struct assessment *assessment, const struct evidence *evidence, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct evidence *known = find_evidence(assessment, evidence[i].behaviour);

		if (known != NULL && known->strength < evidence[i].strength)
			*known = evidence[i];
		else if (known == NULL)
			assessment->evidence[assessment->evidence_count++] = evidence[i];
	}
}

struct expert {
	size_t (*judge)(const struct host_view *view, struct evidence *evidence);
	bool (*may_show)(const struct host_outline *outline);
	bool needs[HOST_WINDOWS];
};

static void
ask(Judge *judge, const struct host_outline *outline, const struct expert *experts, size_t count)
{
	struct evidence evidence[EXPERT_EVIDENCE];

	for (size_t i = 0; i < count; i++) {
		if (!experts[i].may_show(outline))
			continue;
		for (int length = 0; length < HOST_WINDOWS; length++) {
			if (experts[i].needs[length])
				need_window(judge, (enum host_window_length)length);
		}
		add_evidence(&judge->assessment, evidence,
		             experts[i].judge(&judge->view, evidence));
	}
}

static void
ask_experts(Judge *judge, const struct host_outline *outline)
{
	static const struct expert experts[] = {
		{ scan_expert_judge,
		  scan_may_show,
		  { [HOST_WINDOW_1] = true, [HOST_WINDOW_5] = true } },
		{ flood_expert_judge, flood_may_show, { [HOST_WINDOW_5] = true } },
		{ mail_expert_judge, mail_may_show, { [HOST_WINDOW_15] = true } },
		{ beacon_expert_judge, beacon_may_show, { false } },
	};

	ask(judge, outline, experts, G_N_ELEMENTS(experts));
}

/* Fifteen minutes are merged only where five show that a scan may go on. */
static void
ask_slow_scan(Judge *judge)
{
	struct evidence evidence[EXPERT_EVIDENCE];

	if (!judge->view.hears || !judge->merged[HOST_WINDOW_5] ||
	    !slow_scan_may_show(&judge->windows[HOST_WINDOW_5]))
		return;
	need_window(judge, HOST_WINDOW_15);
	add_evidence(&judge->assessment, evidence, slow_scan_expert_judge(&judge->view, evidence));
}

/* Those that only tell are asked where it is read: of whole minutes, and with a verdict. */
static void
ask_tellers(Judge *judge, const struct host_outline *outline, struct host_past *past)
{
	static const struct expert tellers[] = {
		{ sweep_expert_judge,
		  sweep_may_show,
		  { [HOST_WINDOW_1] = true, [HOST_WINDOW_5] = true } },
		{ contact_expert_judge, contact_may_show, { false } },
		{ spread_expert_judge, spread_may_show, { true, true, true } },
	};

	ask(judge, outline, tellers, G_N_ELEMENTS(tellers));
	if (find_evidence(&judge->assessment, BEHAVIOUR_success_report) != NULL)
		past->report_minute = MAX(past->report_minute, judge->view.minute);
}

static bool
has_verdict(const struct assessment *assessment)
{
	for (size_t i = 0; i < assessment->evidence_count; i++) {
		if (assessment->evidence[i].strength >= 0.5)
			return true;
	}
	return false;
}

/*
 * Takes the window among those of the site.  After each day what is usual is told anew from that
 * day: a few hours, or an unlucky start among infected hosts, would say less than the shipped
 * calibration.
 */
static void
observe_site(Judge *judge, uint32_t minute)
{
	if (judge->due_minute == 0)
		judge->due_minute = minute + SITE_MINUTES;
	site_calibration_add(judge->site_calibration, &judge->assessment);
	site_calibration_add(judge->today, &judge->assessment);
	if (minute < judge->due_minute ||
	    !site_calibration_make(judge->today, &judge->calibration, &judge->site))
		return;
	judge->due_minute = minute + SITE_MINUTES;
	site_calibration_clear(judge->today);
}

/* What is usual: on this site, as soon as that is known. */
static const struct tail *
pattern_tail(const Judge *judge)
{
	const struct tail *site = &judge->site.tails[BEHAVIOUR_traffic_pattern];

	return site->count > 0 ? site : &judge->calibration.tails[BEHAVIOUR_traffic_pattern];
}

/* Without any calibration a decision value is taken as it is.  `beside`: evidence that is added to
 * it. */
static void
weigh_pattern(const Judge *judge, double beside, struct evidence *evidence)
{
	static const double uncalibrated_threshold = 1.5;
	const struct tail *tail = pattern_tail(judge);
	double limit = judge->evidence_threshold;

	if (tail->count == 0) {
		evidence->threshold = uncalibrated_threshold;
		evidence->strength = expert_strength(evidence->measured / uncalibrated_threshold);
		return;
	}
	evidence->threshold = tail_value(tail, fmax(limit - beside, 0));
	evidence->strength =
		evidence_strength(tail_evidence(tail, evidence->measured) + beside, limit);
}

/*
 * A pattern of what was not seen says nothing.  Missing TCP flags are no such thing: where replies
 * are visible the other features tell the same.
 */
static bool
may_ask(const Classifier *classifier, const struct assessment *assessment)
{
	if (assessment->sampling_interval > classifier_sampling_most(classifier))
		return false;
	return (classifier_needs(classifier) & NEEDS_BOTH_WAYS) == 0 ||
	       (assessment->cannot_tell & CANNOT_TELL_DIRECTION) == 0;
}

/* The decision value beside the host's own past, and its strength by what is usual. */
static void
ask_classifier(Judge *judge, struct host_past *past)
{
	struct evidence evidence = { .behaviour = BEHAVIOUR_traffic_pattern };
	const Classifier *classifier = judge->classifier;
	double value;

	if (classifier != NULL && !may_ask(classifier, &judge->assessment))
		return;
	for (int i = 0; i < HOST_WINDOWS; i++) {
		if (judge->choice.window[i] ||
		    (i == HOST_WINDOW_5 && (judge->choice.change || judge->choice.waves)))
			need_window(judge, (enum host_window_length)i);
	}
	feature_vector_compute(&judge->view, &judge->choice, judge->features);
	judge->assessment.features = judge->features;
	judge->assessment.feature_count = FEATURE_COUNT;
	if (classifier == NULL || classifier_asks_contacts(classifier))
		judge->assessment.contact_count = contacts_shapes(&judge->view, judge->contacts);
	if (classifier == NULL)
		return;
	judge->classified++;
	value = classifier_decide(classifier, judge->features);
	if (judge->assessment.contact_count > 0)
		value += classifier_decide_contacts(classifier, judge->contacts,
		                                    judge->assessment.contact_count);
	evidence.measured = value_beside_past(&past->pattern, value, classifier_usual(classifier));
	value_past_add(&past->pattern, value);
	weigh_pattern(judge, evidence_of_report(past->report_minute, judge->view.minute),
	              &evidence);
	add_evidence(&judge->assessment, &evidence, 1);
	observe_site(judge, judge->view.minute);
}

static int
compare_evidence(const void *a, const void *b)
{
	const struct evidence *x = a, *y = b;

	if (x->strength != y->strength)
		return x->strength < y->strength ? 1 : -1;
	return (int)x->behaviour - (int)y->behaviour;
}

/* A report that helped the pattern to a verdict is a reason for it. */
static void
name_report(struct assessment *assessment)
{
	struct evidence *report = find_evidence(assessment, BEHAVIOUR_success_report);
	const struct evidence *pattern = find_evidence(assessment, BEHAVIOUR_traffic_pattern);

	if (report != NULL && pattern != NULL && pattern->strength >= 0.5)
		report->strength = fmax(report->strength, pattern->strength);
}

/* Strongest first; the score is the greatest strength; what is usual comes from the calibration. */
static void
weigh_evidence(Judge *judge)
{
	struct assessment *assessment = &judge->assessment;

	name_report(assessment);
	qsort(assessment->evidence, assessment->evidence_count, sizeof(assessment->evidence[0]),
	      compare_evidence);
	for (size_t i = 0; i < assessment->evidence_count; i++) {
		struct evidence *evidence = &assessment->evidence[i];

		if (evidence->behaviour == BEHAVIOUR_traffic_pattern) {
			evidence->usual = pattern_tail(judge)->quantiles[TAIL_QUANTILES - 1];
			continue;
		}
		evidence->usual =
			judge->calibration.tails[evidence->behaviour].quantiles[TAIL_QUANTILES - 1];
	}
	assessment->score = assessment->evidence_count > 0 ? assessment->evidence[0].strength : 0;
}

/* Both directions were told of, as far as can be seen. */
static bool
tells_both_sides(const Judge *judge, const struct host_bin *bin)
{
	return bin->directions[0] == (1u << HOST_OUT | 1u << HOST_IN) &&
	       !two_sides_lack(judge->sides, bin->exporters[0], HOST_OUT) &&
	       !two_sides_lack(judge->sides, bin->exporters[0], HOST_IN);
}

static unsigned
cannot_tell(const Judge *judge, const struct host_bin *bin, bool lost_parts)
{
	uint32_t tcp = bin->protocol_flows[HOST_OUT * 4 + HOST_TCP] +
	               bin->protocol_flows[HOST_IN * 4 + HOST_TCP];
	unsigned flags = 0;

	if (bin->sampling_interval[0] > 1)
		flags |= CANNOT_TELL_SAMPLED;
	if (bin->flagless_records[0] > 0 && bin->flagless_records[0] >= tcp / 2)
		flags |= CANNOT_TELL_FLAGS;
	if (!tells_both_sides(judge, bin))
		flags |= CANNOT_TELL_DIRECTION;
	if (bin->size_knowledge[0] == 16)
		flags |= CANNOT_TELL_SIZES;
	if (bin->touches_lost[0] > 0 || lost_parts)
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

void
judge_add_peers(Judge *judge)
{
	struct assessment *assessment = &judge->assessment;
	const struct host_bin_extension *detail = &judge->windows[HOST_WINDOW_5].detail;

	need_window(judge, HOST_WINDOW_5);
	for (int i = 0; i < HOST_BIN_SAMPLED_PEERS && assessment->peer_count < ASSESSMENT_PEERS;
	     i++) {
		if (detail->sample[i].hash != 0)
			assessment->peers[assessment->peer_count++] =
				expert_peer(&detail->sample[i]);
	}
	qsort(assessment->peers, assessment->peer_count, sizeof(assessment->peers[0]),
	      compare_peers);
}

/* How deep the host is looked at: one that asks nobody has nothing to find but floods. */
static struct history_depth
depth_of(const Judge *judge, const struct judge_job *job, bool asks)
{
	bool long_window = !job->early && judge->choice.window[HOST_WINDOW_15];
	uint32_t window =
		minutes_before(job->minute, long_window ? LONG_WINDOW_MINUTES : WINDOW_MINUTES);

	if (!asks)
		return (struct history_depth){ window, window, window };
	return (struct history_depth){
		.all = window,
		.sample = minutes_before(job->minute, JUDGE_MINUTES),
		.sent = job->early ? minutes_before(job->minute, JUDGE_MINUTES) : 0,
	};
}

static void
begin(Judge *judge, HostHistory *history, const struct judge_job *job, bool asks)
{
	judge->history = history;
	judge->depth = depth_of(judge, job, asks);
	judge->view = (struct host_view){
		.host = job->host,
		.minute = job->minute,
		.history_minutes = JUDGE_MINUTES,
		.prevalence = judge->prevalence,
		.sketch_key = judge->sketch_key,
		.windows = judge->windows,
		.services = &judge->services,
	};
	memset(judge->merged, 0, sizeof(judge->merged));
	open_host(judge);
}

static void
begin_assessment(Judge *judge, const struct judge_job *job, const struct host_bin *total)
{
	struct assessment *assessment = &judge->assessment;

	assessment->host = job->host->host;
	assessment->time_ms = job->time_ms;
	assessment->bin_end_ms = ((int64_t)job->minute + 1) * HOST_BIN_MS;
	assessment->early = job->early;
	assessment->enough = total->packets[HOST_OUT] + total->packets[HOST_IN] >= ENOUGH_PACKETS &&
	                     total->flows[HOST_OUT] > 0;
	assessment->score = 0;
	assessment->sampling_interval = total->sampling_interval[0];
	assessment->cannot_tell = cannot_tell(judge, total, job->lost_parts);
	assessment->evidence_count = 0;
	assessment->feature_count = 0;
	assessment->features = NULL;
	assessment->contact_count = 0;
	assessment->contacts = judge->contacts;
	assessment->peer_count = 0;
}

/*
 * Is what the host receives exported: was something told in a minute that is kept?  Of a sampled
 * host that receives little nothing may have been: there it is asked what its exporter tells of
 * others.
 */
static bool
hears(Judge *judge, const struct known_host *host, const struct host_bin *total)
{
	if (two_sides_lack(judge->sides, total->exporters[0], HOST_IN))
		return false;
	if (total->directions[0] >> HOST_IN & 1) {
		judge->hearing_exporters |= total->exporters[0];
		return true;
	}
	for (const struct host_minute *m = host->newest; m != NULL; m = m->older) {
		if (m->bin.directions[0] >> HOST_IN & 1)
			return true;
	}
	return total->sampling_interval[0] > 1 &&
	       (judge->hearing_exporters & total->exporters[0]) != 0;
}

static void
note_sides(Judge *judge, const struct judge_job *job)
{
	const struct host_minute *minute = host_history_minute(job->host, job->minute);

	if (minute != NULL)
		two_sides_take(judge->sides, &minute->bin);
}

const struct assessment *
judge_host(Judge *judge, HostHistory *history, const struct judge_job *job)
{
	bool asks = job->host->asked + JUDGE_MINUTES > job->minute;
	struct host_outline outline;
	struct host_bin total;
	bool decides;

	begin(judge, history, job, asks);
	host_window_total(&total, job->host, job->minute, WINDOW_MINUTES);
	if (!job->early)
		note_sides(judge, job);
	begin_assessment(judge, job, &total);
	decides = !job->early && judge->assessment.enough;
	if (decides && !asks)
		begin(judge, history, job, true);
	outline = host_outline_of(job->host, &total, job->minute, asks);
	judge->view.hears = hears(judge, job->host, &total);
	if (asks || decides)
		host_services_collect(&judge->services, job->host, job->minute, judge->sketch_key);
	ask_experts(judge, &outline);
	ask_slow_scan(judge);
	if (!job->early || has_verdict(&judge->assessment))
		ask_tellers(judge, &outline, &job->host->past);
	if (decides)
		ask_classifier(judge, &job->host->past);
	weigh_evidence(judge);
	return job->early && judge->assessment.score < 0.5 ? NULL : &judge->assessment;
}

uint64_t
judge_classified(const Judge *judge)
{
	return judge->classified;
}

const char *
judge_model_name(const Judge *judge)
{
	return judge->classifier == NULL ? "none" : classifier_name(judge->classifier);
}

SiteCalibration *
judge_site(Judge *judge)
{
	return judge->site_calibration;
}

bool
judge_calibrate(const Judge *judge, struct calibration *calibration)
{
	return site_calibration_make(judge->site_calibration, &judge->calibration, calibration);
}
