#include "collector/collector.h"

#include <inttypes.h>
#include <poll.h>

#include "collector/collector_parts.h"
#include "common/fault.h"
#include "common/log.h"
#include "common/privileges.h"
#include "common/state_folder.h"
#include "common/stop_signal.h"
#include "common/wall_clock.h"

enum {
	TICK_MS = 1000,
	TELL_COUNTERS_MS = 10000,
	EXPIRE_MS = 60000,
	SAVE_TEMPLATES_MS = 2000,
	SAVE_ALL_MS = 60000, /* when exporters were heard last and how old their Templates are */
};

bool
collector_check(const CollectorConfig *config, GError **error)
{
	if (config->captures == NULL)
		return udp_listener_check((const char *const *)config->listen, error);
	for (char **path = config->captures; *path != NULL; path++) {
		if (!capture_check(*path, error))
			return false;
	}
	return true;
}

/* Folders and the control socket; a dump needs neither. */
static bool
open_state(Collector *collector, GError **error)
{
	const CollectorConfig *config = collector->config;
	g_autofree char *control = g_build_filename(config->state_path, "collector.sock", NULL);

	if (config->dump_flows)
		return true;
	if (collector_config_has_ring(config) && !state_folder_make(config->ring_path, error))
		return false;
	if (!collector->live)
		return true;
	if (!state_folder_make(config->state_path, error))
		return false;
	collector->control = control_open(control, error);
	return collector->control != NULL;
}

/* Takes the listeners over. */
static bool
open_workers(Collector *collector, UdpListener **listeners, GError **error)
{
	for (size_t i = 0; i < collector->count; i++) {
		DataPath *path = data_path_open(collector->config, (unsigned)i, error);
		if (path == NULL)
			return false;
		collector->workers[i] =
			worker_new(collector->config, g_steal_pointer(&listeners[i]), path);
	}
	return true;
}

static bool
open_live(Collector *collector, GError **error)
{
	const CollectorConfig *config = collector->config;
	UdpListener *listeners[WORKERS_MOST] = { NULL };
	bool opened;

	collector->count = (size_t)config->workers;
	if (!udp_listener_open_group((const char *const *)config->listen, config->receive_buffer,
	                             listeners, collector->count, error))
		return false;
	opened = privileges_drop(config->user, error) && open_state(collector, error) &&
	         open_workers(collector, listeners, error);
	for (size_t i = 0; i < collector->count; i++)
		udp_listener_close(listeners[i]); /* those that no worker has taken over */
	return opened;
}

static bool
open_capture(Collector *collector, GError **error)
{
	if (!privileges_drop(collector->config->user, error) || !open_state(collector, error))
		return false;
	collector->captures = capture_merge_new(collector->config->captures);
	collector->path = data_path_open(collector->config, 0, error);
	return collector->path != NULL;
}

Collector *
collector_open(const CollectorConfig *config, GError **error)
{
	g_autoptr(Collector) collector = g_new0(Collector, 1);

	collector->config = config;
	collector->live = config->captures == NULL;
	collector->started = mono_time_now();
	if (!collector_check(config, error) ||
	    !(collector->live ? open_live(collector, error) : open_capture(collector, error)))
		return NULL;
	return g_steal_pointer(&collector);
}

void
collector_close(Collector *collector)
{
	if (collector == NULL)
		return;
	for (size_t i = 0; i < collector->count; i++)
		worker_free(collector->workers[i]);
	control_close(collector->control);
	g_clear_error(&collector->failure);
	capture_merge_free(collector->captures);
	data_path_close(collector->path);
	g_free(collector);
}

static void
save_templates(Collector *collector, bool all)
{
	bool well = true;

	for (size_t i = 0; i < collector->count && !collector->config->dump_flows; i++) {
		g_autoptr(GError) error = NULL;
		struct worker_parts parts = worker_enter(collector->workers[i]);
		bool saved = data_path_save_templates(parts.path, all, &error);

		worker_leave(collector->workers[i]);
		/* Once, not each time, while a disk is full. */
		if (!saved && !collector->saving_fails)
			log_warning("templates are not saved: %s", error->message);
		well = well && saved;
	}
	if (well && collector->saving_fails)
		log_notice("templates are saved again");
	collector->saving_fails = !well;
}

static void
load_templates(Collector *collector)
{
	for (size_t i = 0; i < collector->count && !collector->config->dump_flows; i++) {
		g_autoptr(GError) error = NULL;
		struct worker_parts parts = worker_enter(collector->workers[i]);
		bool loaded = data_path_load_templates(parts.path, wall_clock_now(), &error);

		worker_leave(collector->workers[i]);
		if (!loaded)
			log_warning("templates of the last run are not used: %s", error->message);
	}
}

static void
expire(Collector *collector)
{
	for (size_t i = 0; i < collector->count; i++) {
		struct worker_parts parts = worker_enter(collector->workers[i]);
		data_path_expire(parts.path, wall_clock_now());
		worker_leave(collector->workers[i]);
	}
}

/* Each ring carries the counters of its own worker; the detector adds them up. */
static void
tell_counters(Collector *collector)
{
	for (size_t i = 0; i < collector->count; i++) {
		struct collector_counts counts = collector_count_worker(collector->workers[i]);
		g_autofree char *json = collector_format_counters(collector, &counts);
		struct worker_parts parts = worker_enter(collector->workers[i]);

		data_path_tell_counters(parts.path, json);
		worker_leave(collector->workers[i]);
	}
}

/* Where somebody has removed the rings under a running collector. */
static void
renew_rings(Collector *collector)
{
	for (size_t i = 0; i < collector->count && collector->failure == NULL; i++) {
		struct worker_parts parts = worker_enter(collector->workers[i]);
		bool renewed;
		bool well = data_path_renew_ring(parts.path, &renewed, &collector->failure);

		worker_leave(collector->workers[i]);
		if (renewed)
			log_warning(
				"%s/ring.%zu: somebody removed, replaced or cut its files: opened again; "
				"what had not been read from them is lost",
				collector->config->ring_path, i);
		if (!well)
			stop_signal_send();
	}
}

static bool
is_due(struct mono_time *next, struct mono_time now, int64_t interval_ms)
{
	if (now.ms < next->ms)
		return false;
	next->ms = now.ms + interval_ms;
	return true;
}

/* What is done every second and more seldom. */
static void
tick(Collector *collector, struct mono_time now)
{
	struct collector_counts counts;

	renew_rings(collector); /* first: to count looks at them */
	counts = collector_count_all(collector);
	collector_rates_keep(&collector->rates, &counts, now);
	if (is_due(&collector->next_tell, now, TELL_COUNTERS_MS))
		tell_counters(collector);
	if (is_due(&collector->next_expire, now, EXPIRE_MS))
		expire(collector);
	if (is_due(&collector->next_save_all, now, SAVE_ALL_MS))
		save_templates(collector, true);
	if (is_due(&collector->next_save, now, SAVE_TEMPLATES_MS))
		save_templates(collector, false);
}

static void
announce(Collector *collector)
{
	size_t count = collector_count_addresses(collector);

	for (size_t i = 0; i < count; i++) {
		struct udp_socket_status status = collector_sum_socket(collector, i);
		log_notice("listening on %s, receive buffer of %d octets", status.address,
		           status.buffer_octets);
		if (status.buffer_octets < collector->config->receive_buffer)
			log_warning(
				"%s: the kernel grants %d octets of receive buffer instead of %" PRId64
				"; see net.core.rmem_max",
				status.address, status.buffer_octets,
				collector->config->receive_buffer);
	}
}

/* Until a signal comes or a worker fails. */
static void
watch_workers(Collector *collector)
{
	struct pollfd fds[2] = { { .fd = stop_signal_fd(), .events = POLLIN } };
	nfds_t count = 1;

	if (collector->control != NULL)
		fds[count++] =
			(struct pollfd){ .fd = control_fd(collector->control), .events = POLLIN };
	while (!stop_signal_came()) {
		struct mono_time now;

		(void)poll(fds, count, TICK_MS);
		collector_answer(collector);
		now = mono_time_now();
		if (is_due(&collector->next_tick, now, TICK_MS))
			tick(collector, now);
		for (size_t i = 0; i < collector->count; i++) {
			if (worker_has_failed(collector->workers[i]))
				return;
		}
	}
}

static bool
run_live(Collector *collector, GError **error)
{
	struct mono_time now = mono_time_now();
	bool well = true;

	collector->next_save.ms = now.ms + SAVE_TEMPLATES_MS;
	collector->next_save_all.ms = now.ms + SAVE_ALL_MS;
	collector->next_expire.ms = now.ms + EXPIRE_MS;
	announce(collector);
	load_templates(collector);
	for (size_t i = 0; i < collector->count; i++)
		worker_start(collector->workers[i]);
	watch_workers(collector);
	stop_signal_send();
	for (size_t i = 0; i < collector->count; i++)
		well &= worker_join(collector->workers[i], well ? error : NULL);
	save_templates(collector, true);
	if (!well || collector->failure == NULL)
		return well;
	g_propagate_error(error, g_steal_pointer(&collector->failure));
	return false;
}

static bool
read_captures(Collector *collector, GError **error)
{
	struct datagram datagram;
	GError *problem = NULL;

	while (!stop_signal_came() && capture_merge_next(collector->captures, &datagram, &problem))
		if (!data_path_take(collector->path, &datagram, error))
			return false;
	if (problem == NULL)
		return true;
	g_propagate_error(error, problem);
	return false;
}

/* A capture taken with a small snapshot length would look like one without traffic. */
static void
warn_of_cut_packets(const Collector *collector)
{
	struct capture_counters counters = capture_merge_counters(collector->captures);

	if (counters.cut > 0)
		log_warning("%" PRIu64 " of %" PRIu64
		            " packets were cut short when they were captured: nothing of them is "
		            "used; see the snapshot length",
		            counters.cut, counters.packets);
}

/* What came before the damage of a capture is sent all the same, so that a reader of the ring ends
 * too. */
static bool
run_captures(Collector *collector, GError **error)
{
	bool whole = read_captures(collector, error);
	g_autofree char *json = collector_counters(collector);
	bool ended;

	warn_of_cut_packets(collector);
	data_path_tell_counters(collector->path, json);
	ended = data_path_end(collector->path, whole ? error : NULL);
	if (stop_signal_came()) {
		/* Instead of what an interrupted read says. */
		g_clear_error(error);
		return fault_input(error, "a signal ended the reading");
	}
	return ended && whole;
}

bool
collector_run(Collector *collector, GError **error)
{
	return collector->live ? run_live(collector, error) : run_captures(collector, error);
}
