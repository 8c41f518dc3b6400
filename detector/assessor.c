#include "detector/assessor.h"

#include <string.h>

#include "detector/host_history.h"
#include "detector/judge.h"

enum {
	EXPORTER_BITS = 16,
	GRACE_MS = 20000,  /* after a minute's end, for what is exported late */
	EARLY_MINUTES = 3, /* changed minutes that the experts look at between watermarks */
	PREVALENCE_PEERS = 1 << 18,
};

/* One host's minute to judge. */
struct job {
	struct host_address host;
	uint32_t number; /* of the host */
	uint32_t minute;
	bool early;
};

struct Assessor {
	HostHistory *history;
	Prevalence *prevalence;
	Judge *judge;
	int64_t clocks[EXPORTER_BITS]; /* newest export time of parts of one exporter, by its bit */
	struct ring_watermark watermark;
	GArray *changed;   /* numbers of hosts; one may have made room for another since */
	GArray *pending;   /* the same */
	int64_t newest_ms; /* no host's clock is beyond it */
	int64_t due_ms;    /* before it no pending host has a minute that is over */
	GArray *jobs;
	guint next_job;
	uint64_t assessments;
};

Assessor *
assessor_new(const struct assessor_config *config, GError **error)
{
	g_autoptr(Assessor) assessor = g_new0(Assessor, 1);
	struct host_history_limits limits = {
		.hosts_max = config->hosts_max,
		.minutes = MAX(config->history_minutes, JUDGE_MINUTES),
		.sketch_key = config->sketch_key,
		.octets_max = config->history_octets_max,
	};
	struct judge_config judge = {
		.model_path = config->model_path,
		.calibration_path = config->calibration_path,
		.site_calibration_path = config->site_calibration_path,
		.sketch_key = config->sketch_key,
		.alarms_per_1000_host_days = config->alarms_per_1000_host_days,
	};

	assessor->history = host_history_new(&limits);
	assessor->prevalence = prevalence_new(PREVALENCE_PEERS, config->sketch_key);
	assessor->changed = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	assessor->pending = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	assessor->jobs = g_array_new(FALSE, FALSE, sizeof(struct job));
	judge.prevalence = config->all_rare ? NULL : assessor->prevalence;
	assessor->due_ms = INT64_MAX;
	assessor->judge = judge_new(&judge, error);
	return assessor->judge != NULL ? g_steal_pointer(&assessor) : NULL;
}

void
assessor_free(Assessor *assessor)
{
	if (assessor == NULL)
		return;
	judge_free(assessor->judge);
	host_history_free(assessor->history);
	prevalence_free(assessor->prevalence);
	g_array_free(assessor->changed, TRUE);
	g_array_free(assessor->pending, TRUE);
	g_array_free(assessor->jobs, TRUE);
	g_free(assessor);
}

static void
note_clock(Assessor *assessor, const struct ring_bin *part)
{
	unsigned exporters = part->bin.exporters[0];

	if (exporters != 0 && (exporters & (exporters - 1)) == 0) {
		int64_t *clock = &assessor->clocks[__builtin_ctz(exporters)];

		*clock = MAX(*clock, part->export_ms);
	}
}

/* When a minute can be judged, by its host's clock. */
static int64_t
due_ms(uint32_t minute)
{
	return ((int64_t)minute + 1) * HOST_BIN_MS + GRACE_MS;
}

/* The host, or NULL: there was no room. */
static struct known_host *
add_part(Assessor *assessor, const struct ring_bin *part)
{
	struct known_host *host = host_history_add(assessor->history, part);

	note_clock(assessor, part);
	assessor->newest_ms = MAX(assessor->newest_ms, part->export_ms);
	if (host != NULL)
		prevalence_add(assessor->prevalence, &part->bin, &part->extension);
	return host;
}

/* Has it looked at early, and when the part's minute is over. */
static void
put_down(Assessor *assessor, struct known_host *host, const struct ring_bin *part)
{
	uint32_t number = host_history_number(host);

	if (!host->changed)
		g_array_append_val(assessor->changed, number);
	host->changed = true;
	if (part->bin.minute <= host->past.judged_minute)
		return;
	assessor->due_ms = MIN(assessor->due_ms, due_ms(part->bin.minute));
	if (!host->pending)
		g_array_append_val(assessor->pending, number);
	host->pending = true;
}

void
assessor_add(Assessor *assessor, const struct ring_bin *part)
{
	struct known_host *host = add_part(assessor, part);

	if (host != NULL)
		put_down(assessor, host, part);
}

void
assessor_add_again(Assessor *assessor, const struct ring_bin *part, uint32_t judged_minute)
{
	struct known_host *host = add_part(assessor, part);

	if (host == NULL)
		return;
	if (part->bin.minute > judged_minute) {
		put_down(assessor, host, part);
		return;
	}
	host->past.judged_minute = MAX(host->past.judged_minute, part->bin.minute);
	if (!host->changed)
		host_history_settle(host);
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
	struct job job = { host->host, host_history_number(host), minute, early };

	g_array_append_val(assessor->jobs, job);
}

/* The newest changed minutes in which an expert could find something. */
static void
add_early_jobs(Assessor *assessor, struct known_host *host)
{
	struct kept_minute minute = { 0 };
	int count = 0;

	while (count < EARLY_MINUTES && host_history_next_changed(host, &minute)) {
		count++;
		if (minute.busy)
			add_job(assessor, host, minute.minute, true);
	}
}

static void
take_changed(Assessor *assessor)
{
	for (guint i = 0; i < assessor->changed->len; i++) {
		struct known_host *host = host_history_at(
			assessor->history, g_array_index(assessor->changed, uint32_t, i));

		if (!host->changed)
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
	int64_t clock_ms = finish ? INT64_MAX : host_clock(assessor, host);
	uint32_t judged = host->past.judged_minute;
	struct kept_minute minute = { 0 };
	bool open = false;

	while (host_history_next(host, &minute) && minute.minute > judged) {
		if (due_ms(minute.minute) > clock_ms) {
			open = true;
			assessor->due_ms = MIN(assessor->due_ms, due_ms(minute.minute));
			continue;
		}
		add_job(assessor, host, minute.minute, false);
		host->past.judged_minute = MAX(host->past.judged_minute, minute.minute);
	}
	return open;
}

static void
take_pending(Assessor *assessor, bool finish)
{
	guint kept = 0;

	/* Most watermarks end nobody's minute: a million hosts are not looked through for that. */
	assessor->newest_ms = MAX(assessor->newest_ms, assessor->watermark.least_ms);
	if (assessor->newest_ms < assessor->due_ms && !finish)
		return;
	assessor->due_ms = INT64_MAX;
	for (guint i = 0; i < assessor->pending->len; i++) {
		uint32_t number = g_array_index(assessor->pending, uint32_t, i);
		struct known_host *host = host_history_at(assessor->history, number);

		if (!host->pending)
			continue;
		host->pending = add_full_jobs(assessor, host, finish);
		if (host->pending)
			g_array_index(assessor->pending, uint32_t, kept++) = number;
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

static const struct assessment *
do_job(Assessor *assessor, const struct job *job)
{
	const struct judge_job judged = {
		.host = host_history_at(assessor->history, job->number),
		.minute = job->minute,
		.early = job->early,
		.lost_parts = assessor->watermark.dropped > 0,
		.time_ms = assessor->watermark.export_ms,
	};

	return judge_host(assessor->judge, assessor->history, &judged);
}

const struct assessment *
assessor_next(Assessor *assessor)
{
	while (assessor->next_job < assessor->jobs->len) {
		const struct job *job =
			&g_array_index(assessor->jobs, struct job, assessor->next_job);
		const struct assessment *assessment;

		assessor->next_job++;
		if (assessor->next_job > 1 && job->early && job[-1].minute == job->minute &&
		    host_address_equal(&job[-1].host, &job->host))
			continue;
		assessment = do_job(assessor, job);
		if (assessment != NULL) {
			assessor->assessments++;
			return assessment;
		}
	}
	return NULL;
}

void
assessor_add_peers(Assessor *assessor)
{
	judge_add_peers(assessor->judge);
}

struct assessor_counters
assessor_counters(const Assessor *assessor)
{
	struct host_history_counters history = host_history_counters(assessor->history);

	return (struct assessor_counters){
		.parts = history.parts,
		.hosts = history.hosts,
		.minutes = history.minutes,
		.octets = history.octets,
		.forgotten = history.forgotten,
		.given_up = history.given_up,
		.stale = history.stale,
		.assessments = assessor->assessments,
		.classified = judge_classified(assessor->judge),
	};
}

const char *
assessor_model_name(const Assessor *assessor)
{
	return judge_model_name(assessor->judge);
}

SiteCalibration *
assessor_site(Assessor *assessor)
{
	return judge_site(assessor->judge);
}

bool
assessor_calibrate(const Assessor *assessor, struct calibration *calibration)
{
	return judge_calibrate(assessor->judge, calibration);
}
