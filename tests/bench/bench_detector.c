/*
 * What judging a million hosts costs: an invented network goes through a ring to kenchi-detector
 * --once, and its processor time and greatest memory are told; beside it the same parts through the
 * assessor in this process, for the cost of each stage.
 *
 *   bench_detector [HOSTS [MINUTES [BUSY [ASKING]]]]   (1000000 hosts, 10 minutes, 50 of 1000 busy,
 * 0 of 1000 quiet ones asking) KENCHI_DETECTOR=PATH   the program; else the one in the build tree
 */
#include <glib/gstdio.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/ring.h"
#include "common/state_folder.h"
#include "detector/assessor.h"
#include "detector/classifier.h"
#include "detector/expert.h"
#include "detector/shipped_file.h"
#include "tests/bench/host_load.h"

enum { RING_OCTETS = 64 << 20, FIRST_MINUTE = 29000000, STAGE_HOSTS = 20000 };

static double
seconds_of(struct timeval user, struct timeval system)
{
	return (double)(user.tv_sec + system.tv_sec) +
	       (double)(user.tv_usec + system.tv_usec) / 1e6;
}

static void
push_part(void *context, const struct ring_bin *part)
{
	RingWriter *writer = context;

	while (!ring_push_bin(writer, part->export_ms, &part->bin, &part->extension))
		ring_wait_room(writer, 100);
}

G_NORETURN static void
write_load(const char *folder, const struct host_load *load, uint64_t steps)
{
	RingWriter *writer = ring_open_writer(folder, 0, RING_OCTETS, NULL);

	for (uint64_t step = 0; step < steps; step++) {
		struct ring_watermark watermark = host_load_watermark(load, step);

		host_load_step(load, step, push_part, writer);
		while (!ring_push_watermark(writer, &watermark))
			ring_wait_room(writer, 100);
		ring_publish(writer);
	}
	while (!ring_push_end(writer))
		ring_wait_room(writer, 100);
	ring_publish(writer);
	while (ring_writer_used(writer) > 0)
		g_usleep(10000);
	ring_close_writer(writer);
	_exit(0);
}

G_NORETURN static void
run_detector(const char *program, const char *folder)
{
	g_autofree char *hosts_max = g_strdup("--hosts-max=2000000");

	execl(program, program, "--once", "--state", folder, hosts_max, (char *)NULL);
	perror(program);
	_exit(127);
}

static void
remove_folder(const char *folder)
{
	g_autoptr(GDir) directory = g_dir_open(folder, 0, NULL);
	const char *name;

	while (directory != NULL && (name = g_dir_read_name(directory)) != NULL) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		g_unlink(path);
	}
	g_rmdir(folder);
}

static void
measure_program(const char *program, const struct host_load *load, unsigned minutes)
{
	g_autofree char *folder = g_build_filename(g_get_tmp_dir(), "bench-detector-XXXXXX", NULL);
	struct rusage usage;
	pid_t writer, detector;
	double cpu_s;
	int status;

	if (g_mkdtemp(folder) == NULL)
		return;
	writer = fork();
	if (writer == 0)
		write_load(folder, load, ((uint64_t)minutes + 1) * HOST_LOAD_STEPS);
	detector = fork();
	if (detector == 0)
		run_detector(program, folder);
	wait4(detector, &status, 0, &usage);
	kill(writer, SIGTERM);
	waitpid(writer, NULL, 0);
	cpu_s = seconds_of(usage.ru_utime, usage.ru_stime);
	printf("kenchi-detector: %u hosts x %u minutes, exit %d: %.2f CPU s, %.2f CPU s a minute, %.2f us a host and minute, "
	       "%.2f GiB at most\n",
	       load->hosts, minutes, WEXITSTATUS(status), cpu_s, cpu_s / minutes,
	       cpu_s * 1e6 / minutes / load->hosts, (double)usage.ru_maxrss / (1 << 20));
	remove_folder(folder);
}

/* Stages in this process */

struct stages {
	Assessor *assessor;
	uint64_t parts;
	uint64_t add_ns;
	uint64_t judge_ns;
};

static uint64_t
cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* The parts of one step, so that their making is not in the figures. */
static void
keep_part(void *context, const struct ring_bin *part)
{
	g_array_append_vals(context, part, 1);
}

static void
run_step(struct stages *stages, const GArray *parts, const struct ring_watermark *watermark)
{
	uint64_t start = cpu_ns(), added;

	for (guint i = 0; i < parts->len; i++)
		assessor_add(stages->assessor, &g_array_index(parts, struct ring_bin, i));
	added = cpu_ns();
	assessor_advance(stages->assessor, watermark, false);
	while (assessor_next(stages->assessor) != NULL)
		;
	stages->judge_ns += cpu_ns() - added;
	stages->add_ns += added - start;
	stages->parts += parts->len;
}

static void
measure_stages(const struct host_load *all, unsigned minutes)
{
	struct host_load load = *all;
	struct assessor_config config = {
		.hosts_max = 2000000,
		.history_minutes = 60,
		.alarms_per_1000_host_days = 100,
		.sketch_key = load.sketch_key,
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) parts = g_array_new(FALSE, FALSE, sizeof(struct ring_bin));
	struct stages stages = { .assessor = assessor_new(&config, &error) };
	struct assessor_counters counters;

	if (stages.assessor == NULL) {
		printf("stages: %s\n", error->message);
		return;
	}
	load.hosts = MIN(load.hosts, STAGE_HOSTS);
	for (uint64_t step = 0; step < ((uint64_t)minutes + 1) * HOST_LOAD_STEPS; step++) {
		struct ring_watermark watermark = host_load_watermark(&load, step);

		g_array_set_size(parts, 0);
		host_load_step(&load, step, keep_part, parts);
		run_step(&stages, parts, &watermark);
	}
	counters = assessor_counters(stages.assessor);
	printf("stages, %u hosts: %" PRIu64 " parts, merge %.0f ns a part; %" PRIu64
	       " assessments, %" PRIu64
	       " by the classifier (%.1f %% of hosts and minutes), %.0f ns an assessment\n",
	       load.hosts, stages.parts, (double)stages.add_ns / (double)MAX(stages.parts, 1),
	       counters.assessments, counters.classified,
	       100.0 * (double)counters.classified / load.hosts / minutes,
	       (double)stages.judge_ns / (double)MAX(counters.assessments, 1));
	assessor_free(stages.assessor);
}

/* What the judging of one host is made of, for each host of the load at its last minute. */
struct judging {
	uint64_t open_ns;  /* its minutes, and its services */
	uint64_t merge_ns; /* of windows */
	uint64_t experts_ns;
	uint64_t features_ns;
	uint64_t decision_ns;
	uint64_t hosts;
};

static void
judge(struct judging *judging, HostHistory *history, struct known_host *host,
      const struct host_load *load, const Classifier *classifier)
{
	static struct host_window windows[HOST_WINDOWS];
	static struct host_services services;
	static double features[FEATURE_COUNT];
	static struct contact_shape contacts[CONTACT_SHAPES_MAX];
	static const Prevalence *nobody;
	struct feature_choice choice = classifier_features(classifier);
	struct kept_minute newest = { 0 };
	struct host_view view = { .host = host,
		                  .history_minutes = 30,
		                  .prevalence = nobody,
		                  .sketch_key = load->sketch_key,
		                  .windows = windows,
		                  .services = &services };
	struct evidence evidence[EXPERT_EVIDENCE];
	uint64_t times[6];

	if (!host_history_next(host, &newest))
		return;
	view.minute = newest.minute;
	times[0] = cpu_ns();
	host_history_open(history, host, view.minute,
	                  &(struct history_depth){ view.minute - 4, view.minute - 29, 0 });
	host_services_collect(&services, host, view.minute, load->sketch_key);
	times[1] = cpu_ns();
	for (int i = 0; i < HOST_WINDOWS; i++)
		host_window_merge(&windows[i], host, view.minute, MIN(host_window_minutes[i], 5),
		                  load->sketch_key);
	times[2] = cpu_ns();
	(void)(scan_expert_judge(&view, evidence) + flood_expert_judge(&view, evidence) +
	       mail_expert_judge(&view, evidence) + beacon_expert_judge(&view, evidence));
	times[3] = cpu_ns();
	feature_vector_compute(&view, &choice, features);
	times[4] = cpu_ns();
	(void)classifier_decide(classifier, features);
	if (classifier_asks_contacts(classifier))
		(void)classifier_decide_contacts(classifier, contacts,
		                                 contacts_shapes(&view, contacts));
	times[5] = cpu_ns();
	judging->open_ns += times[1] - times[0];
	judging->merge_ns += times[2] - times[1];
	judging->experts_ns += times[3] - times[2];
	judging->features_ns += times[4] - times[3];
	judging->decision_ns += times[5] - times[4];
	judging->hosts++;
}

static void
add_part(void *history, const struct ring_bin *part)
{
	host_history_add(history, part);
}

static void
measure_judging(const struct host_load *all, unsigned minutes)
{
	struct host_load load = *all;
	const struct host_history_limits limits = { 2000000, 60, load.sketch_key, 0 };
	g_autoptr(HostHistory) history = host_history_new(&limits);
	g_autofree char *path = shipped_file("default.model", NULL);
	g_autoptr(Classifier) classifier = path != NULL ? classifier_load(path, NULL) : NULL;
	struct host_history_counters kept;
	struct judging judging = { 0 };

	if (classifier == NULL)
		return;
	load.hosts = MIN(load.hosts, STAGE_HOSTS);
	for (uint64_t step = 0; step < ((uint64_t)minutes + 1) * HOST_LOAD_STEPS; step++)
		host_load_step(&load, step, add_part, history);
	kept = host_history_counters(history);
	for (uint32_t i = 0; i < kept.hosts; i++)
		judge(&judging, history, host_history_at(history, i), &load, classifier);
	printf("kept: %" PRIu64
	       " minutes, %.0f octets each; judging a host in full, ns: open %.0f, windows %.0f, experts %.0f, "
	       "features %.0f, decision %.0f\n",
	       kept.minutes, (double)kept.octets / (double)kept.minutes,
	       (double)judging.open_ns / (double)judging.hosts,
	       (double)judging.merge_ns / (double)judging.hosts,
	       (double)judging.experts_ns / (double)judging.hosts,
	       (double)judging.features_ns / (double)judging.hosts,
	       (double)judging.decision_ns / (double)judging.hosts);
}

static uint32_t
argument(char **argv, int at, uint32_t otherwise)
{
	for (int i = 0; i < at; i++) {
		if (argv[i] == NULL)
			return otherwise;
	}
	return argv[at] != NULL ? (uint32_t)strtoul(argv[at], NULL, 10) : otherwise;
}

int
main(int argc G_GNUC_UNUSED, char **argv)
{
	const char *program = g_getenv("KENCHI_DETECTOR");
	struct host_load load = {
		.hosts = argument(argv, 1, 1000000),
		.busy = argument(argv, 3, 50),
		.asking = argument(argv, 4, 0),
		.minute = FIRST_MINUTE,
	};
	unsigned minutes = argument(argv, 2, 10);

	state_folder_site_key("", true, &load.sketch_key, NULL); /* that of captures */
	setvbuf(stdout, NULL, _IOLBF, 0);
	measure_stages(&load, minutes);
	measure_judging(&load, minutes);
	measure_program(program != NULL ? program : BENCH_DETECTOR, &load, minutes);
	return EXIT_SUCCESS;
}
