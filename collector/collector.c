#include "collector/collector.h"

#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "collector/capture_reader.h"
#include "collector/collector_stats.h"
#include "collector/data_path.h"
#include "collector/udp_listener.h"
#include "common/control.h"
#include "common/fault.h"
#include "common/json_writer.h"
#include "common/log.h"
#include "common/mono_time.h"
#include "common/privileges.h"
#include "common/state_folder.h"
#include "common/stop_signal.h"
#include "common/wall_clock.h"

enum {
	TICK_MS = 1000,
	BATCHES_IN_TURN = 16, /* of one socket, before the others are looked at again */
	TELL_COUNTERS_MS = 10000,
	EXPIRE_MS = 60000,
	SAVE_TEMPLATES_MS = 2000,
	PAUSE_US_MOST = 5000,
	DRAIN_MS = 1000, /* for what the sockets hold at the end */
};

struct Collector {
	const CollectorConfig *config;
	bool live;
	UdpListener *listener;  /* NULL: a capture */
	ControlServer *control; /* NULL: a capture or a dump */
	DataPath *path;
	struct capture_counters captured; /* of the captures that were closed */
	CaptureReader *capture;           /* the one being read */
	struct collector_rates rates;
	struct mono_time started;
	struct mono_time last_datagram;
	int64_t pause_us; /* after datagrams, before the sockets are polled again */
	bool received;    /* something, since last_datagram was set */
	bool flushed;     /* nothing has come since all open bins were sent */
	struct mono_time next_tick;
	struct mono_time next_tell;
	struct mono_time next_expire;
	struct mono_time next_save;
};

static bool
open_sockets(Collector *collector, GError **error)
{
	const CollectorConfig *config = collector->config;

	collector->listener = udp_listener_open((const char *const *)config->listen,
	                                        config->receive_buffer, error);
	return collector->listener != NULL;
}

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

Collector *
collector_open(const CollectorConfig *config, GError **error)
{
	g_autoptr(Collector) collector = g_new0(Collector, 1);

	collector->config = config;
	collector->live = config->captures == NULL;
	collector->started = mono_time_now();
	if (!collector_check(config, error) ||
	    (collector->live && !open_sockets(collector, error)) ||
	    !privileges_drop(config->user, error) || !open_state(collector, error))
		return NULL;
	collector->path = data_path_open(config, 0, error);
	if (collector->path == NULL)
		return NULL;
	return g_steal_pointer(&collector);
}

void
collector_close(Collector *collector)
{
	if (collector == NULL)
		return;
	udp_listener_close(collector->listener);
	control_close(collector->control);
	capture_close(collector->capture);
	data_path_close(collector->path);
	g_free(collector);
}

static void
count_sockets(Collector *collector, struct collector_counts *counts)
{
	for (size_t i = 0;
	     collector->listener != NULL && i < udp_listener_count(collector->listener); i++) {
		struct udp_socket_status status = udp_listener_status(collector->listener, i);
		counts->datagrams_received += status.datagrams;
		counts->octets_received += status.octets;
		counts->kernel_dropped += status.dropped;
	}
}

static struct collector_counts
count_all(Collector *collector)
{
	struct collector_counts counts = { .capture = collector->captured };

	data_path_count(collector->path, &counts);
	count_sockets(collector, &counts);
	return counts;
}

char *
collector_counters(Collector *collector)
{
	struct collector_counts counts = count_all(collector);
	GString *json = g_string_new(NULL);

	json_open_object(json, NULL);
	collector_counts_format(&counts, collector->live, json);
	if (collector->live)
		collector_rates_format(&collector->rates, json);
	json_close_object(json);
	json_end_line(json);
	return g_string_free(json, FALSE);
}

static void
add_sockets(Collector *collector, GString *json)
{
	json_open_array(json, "listening");
	for (size_t i = 0; i < udp_listener_count(collector->listener); i++) {
		struct udp_socket_status status = udp_listener_status(collector->listener, i);
		json_open_object(json, NULL);
		json_add_string(json, "address", status.address);
		json_add_integer(json, "buffer_octets", status.buffer_octets);
		json_add_unsigned(json, "datagrams", status.datagrams);
		json_add_unsigned(json, "kernel_dropped", status.dropped);
		json_close_object(json);
	}
	json_close_array(json);
}

static char *
describe_status(Collector *collector)
{
	struct collector_counts counts = count_all(collector);
	GString *json = g_string_new(NULL);

	json_open_object(json, NULL);
	json_add_string(json, "program", "kenchi-collector");
	json_add_string(json, "version", KENCHI_VERSION);
	json_add_integer(json, "pid", getpid());
	json_add_integer(json, "uptime_s", (mono_time_now().ms - collector->started.ms) / 1000);
	json_add_string(json, "state", collector->config->state_path);
	json_add_string(json, "ring_folder", collector->config->ring_path);
	json_add_integer(json, "workers", collector->config->workers);
	add_sockets(collector, json);
	collector_rates_format(&collector->rates, json);
	collector_counts_format(&counts, true, json);
	json_close_object(json);
	return g_string_free(json, FALSE);
}

static char *
describe_exporters(Collector *collector)
{
	GString *lines = g_string_new(NULL);

	data_path_describe_exporters(collector->path, wall_clock_now(), lines);
	return g_string_free(lines, FALSE);
}

static char *
answer_to(Collector *collector, const char *command)
{
	GString *json;

	if (strcmp(command, "status") == 0)
		return describe_status(collector);
	if (strcmp(command, "counters") == 0)
		return collector_counters(collector);
	if (strcmp(command, "exporters") == 0)
		return describe_exporters(collector);
	json = g_string_new(NULL);
	json_open_object(json, NULL);
	json_add_string(json, "error", "the commands are status, counters and exporters");
	json_close_object(json);
	return g_string_free(json, FALSE);
}

static void
answer_control(Collector *collector)
{
	const char *command;

	while (collector->control != NULL && (command = control_next(collector->control)) != NULL) {
		g_autofree char *answer = answer_to(collector, command);
		control_answer(collector->control, answer);
	}
}

/* What one socket has, up to some batches.  `*more`: there may be more. */
static bool
take_from(Collector *collector, size_t socket, bool *more, GError **error)
{
	const struct datagram *datagrams;
	size_t count = UDP_LISTENER_BATCH;

	for (int i = 0; i < BATCHES_IN_TURN && count == UDP_LISTENER_BATCH; i++) {
		count = udp_listener_receive(collector->listener, socket, wall_clock_now(),
		                             &datagrams);
		for (size_t j = 0; j < count; j++) {
			if (!data_path_take(collector->path, &datagrams[j], error))
				return false;
		}
		collector->received |= count > 0;
	}
	*more |= count == UDP_LISTENER_BATCH;
	return true;
}

static void
save_templates(Collector *collector)
{
	g_autoptr(GError) error = NULL;

	if (!collector->config->dump_flows && !data_path_save_templates(collector->path, &error))
		log_warning("templates are not saved: %s", error->message);
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
static bool
tick(Collector *collector, struct mono_time now, GError **error)
{
	struct collector_counts counts = count_all(collector);

	collector_rates_keep(&collector->rates, &counts, now);
	if (is_due(&collector->next_tell, now, TELL_COUNTERS_MS)) {
		g_autofree char *json = collector_counters(collector);
		data_path_tell_counters(collector->path, json);
	}
	if (is_due(&collector->next_expire, now, EXPIRE_MS))
		data_path_expire(collector->path, wall_clock_now());
	if (is_due(&collector->next_save, now, SAVE_TEMPLATES_MS))
		save_templates(collector);
	if (collector->flushed ||
	    now.ms - collector->last_datagram.ms < collector->config->flush_s * 1000)
		return true;
	collector->flushed = true;
	return data_path_flush(collector->path, error);
}

static size_t
fill_poll_fds(const Collector *collector, struct pollfd *fds)
{
	size_t count = udp_listener_count(collector->listener);

	udp_listener_poll_fds(collector->listener, fds);
	fds[count++] = (struct pollfd){ .fd = stop_signal_fd(), .events = POLLIN };
	if (collector->control != NULL)
		fds[count++] =
			(struct pollfd){ .fd = control_fd(collector->control), .events = POLLIN };
	return count;
}

/* Takes from all sockets that have something; `timeout_ms` is how long to wait for it. */
static bool
turn(Collector *collector, int timeout_ms, bool *more, GError **error)
{
	struct pollfd fds[UDP_LISTENER_SOCKETS_MOST + 2];
	size_t sockets = udp_listener_count(collector->listener);
	size_t count = fill_poll_fds(collector, fds);

	*more = false;
	if (poll(fds, (nfds_t)count, timeout_ms) < 0)
		return true;
	for (size_t i = 0; i < sockets; i++) {
		if (fds[i].revents != 0 && !take_from(collector, i, more, error))
			return false;
	}
	if (count > sockets + 1 && fds[sockets + 1].revents != 0)
		answer_control(collector);
	if (*more)
		return true;
	*more = data_path_has_more(collector->path);
	return data_path_idle(collector->path, error);
}

/*
 * Datagrams are cheap to take together and dear to be woken for one by one.  So after some have
 * come, they are let gather for a while in which the smallest socket's buffer cannot fill, not even
 * at this rate.
 */
static int64_t
choose_pause_us(const Collector *collector)
{
	enum { OCTETS_PER_US_MOST = 500 };
	int64_t pause_us = PAUSE_US_MOST;

	for (size_t i = 0; i < udp_listener_count(collector->listener); i++) {
		struct udp_socket_status status = udp_listener_status(collector->listener, i);
		pause_us = MIN(pause_us, status.buffer_octets / 2 / OCTETS_PER_US_MOST);
	}
	return pause_us;
}

/* A signal or a question ends it early. */
static void
pause_receiving(const Collector *collector)
{
	struct timespec pause = { .tv_nsec = collector->pause_us * 1000 };
	struct pollfd fds[UDP_LISTENER_SOCKETS_MOST + 2];
	size_t sockets = udp_listener_count(collector->listener);
	size_t count = fill_poll_fds(collector, fds);

	(void)ppoll(fds + sockets, (nfds_t)(count - sockets), &pause, NULL);
}

/* What was received before the signal is counted in. */
static bool
drain(Collector *collector, GError **error)
{
	int64_t until_ms = mono_time_now().ms + DRAIN_MS;
	bool more = true;

	while (more && mono_time_now().ms < until_ms) {
		more = false;
		for (size_t i = 0; i < udp_listener_count(collector->listener); i++) {
			if (!take_from(collector, i, &more, error))
				return false;
		}
	}
	return true;
}

static void
announce(Collector *collector)
{
	g_autoptr(GError) error = NULL;

	for (size_t i = 0; i < udp_listener_count(collector->listener); i++) {
		struct udp_socket_status status = udp_listener_status(collector->listener, i);
		log_notice("listening on %s, receive buffer of %d octets", status.address,
		           status.buffer_octets);
		if (status.buffer_octets < collector->config->receive_buffer)
			log_warning(
				"%s: the kernel grants %d octets of receive buffer instead of %" PRId64
				"; see net.core.rmem_max",
				status.address, status.buffer_octets,
				collector->config->receive_buffer);
	}
	if (!collector->config->dump_flows &&
	    !data_path_load_templates(collector->path, wall_clock_now(), &error))
		log_warning("templates of the last run are not used: %s", error->message);
}

static bool
run_live(Collector *collector, GError **error)
{
	struct mono_time now = mono_time_now();
	bool more = false;

	collector->flushed = true;
	collector->next_save.ms = now.ms + SAVE_TEMPLATES_MS;
	collector->next_expire.ms = now.ms + EXPIRE_MS;
	announce(collector);
	collector->pause_us = choose_pause_us(collector);
	while (!stop_signal_came()) {
		if (!turn(collector, more ? 0 : TICK_MS, &more, error))
			return false;
		now = mono_time_now();
		if (collector->received) {
			collector->received = collector->flushed = false;
			collector->last_datagram = now;
			if (!more)
				pause_receiving(collector);
		}
		if (is_due(&collector->next_tick, now, TICK_MS) && !tick(collector, now, error))
			return false;
	}
	if (!drain(collector, error) || !data_path_end(collector->path, error))
		return false;
	save_templates(collector);
	return true;
}

static bool
read_capture(Collector *collector, GError **error)
{
	struct datagram datagram;
	GError *problem = NULL;

	while (!stop_signal_came() && capture_next(collector->capture, &datagram, &problem)) {
		if (!data_path_take(collector->path, &datagram, error))
			return false;
	}
	if (problem == NULL)
		return true;
	g_propagate_error(error, problem);
	return false;
}

static void
add_captured(Collector *collector)
{
	struct capture_counters counters = capture_counters(collector->capture);
	struct capture_counters *sum = &collector->captured;

	sum->packets += counters.packets;
	sum->datagrams += counters.datagrams;
	sum->not_ip += counters.not_ip;
	sum->not_udp += counters.not_udp;
	sum->fragments += counters.fragments;
	sum->cut += counters.cut;
	sum->malformed += counters.malformed;
}

static bool
read_captures(Collector *collector, GError **error)
{
	for (char **path = collector->config->captures; *path != NULL; path++) {
		bool whole;

		collector->capture = capture_open(*path, error);
		if (collector->capture == NULL)
			return false;
		whole = read_capture(collector, error);
		add_captured(collector);
		g_clear_pointer(&collector->capture, capture_close);
		if (!whole)
			return false;
	}
	return true;
}

/* What came before the damage of a capture is sent all the same, so that a reader of the ring ends
 * too. */
static bool
run_captures(Collector *collector, GError **error)
{
	bool whole = read_captures(collector, error);
	g_autofree char *json = collector_counters(collector);

	data_path_tell_counters(collector->path, json);
	if (!data_path_end(collector->path, whole ? error : NULL) || !whole)
		return false;
	if (stop_signal_came())
		return fault_input(error, "a signal ended the reading");
	return true;
}

bool
collector_run(Collector *collector, GError **error)
{
	return collector->live ? run_live(collector, error) : run_captures(collector, error);
}
