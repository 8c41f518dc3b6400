#include <string.h>
#include <unistd.h>

#include "collector/collector_parts.h"
#include "common/json_writer.h"
#include "common/wall_clock.h"

static void
count_sockets(UdpListener *listener, struct collector_counts *counts)
{
	for (size_t i = 0; i < udp_listener_count(listener); i++) {
		struct udp_socket_status status = udp_listener_status(listener, i);
		counts->datagrams_received += status.datagrams;
		counts->octets_received += status.octets;
		counts->kernel_dropped += status.dropped;
	}
}

struct collector_counts
collector_count_worker(Worker *worker)
{
	struct collector_counts counts = { 0 };
	struct worker_parts parts = worker_enter(worker);

	data_path_count(parts.path, &counts);
	count_sockets(parts.listener, &counts);
	worker_leave(worker);
	return counts;
}

struct collector_counts
collector_count_all(Collector *collector)
{
	struct collector_counts sum = { 0 };

	if (!collector->live) {
		sum.capture = capture_merge_counters(collector->captures);
		data_path_count(collector->path, &sum);
	}
	for (size_t i = 0; i < collector->count; i++) {
		struct collector_counts counts = collector_count_worker(collector->workers[i]);
		collector_counts_add(&sum, &counts);
	}
	return sum;
}

char *
collector_format_counters(const Collector *collector, const struct collector_counts *counts)
{
	GString *json = g_string_new(NULL);

	json_open_object(json, NULL);
	collector_counts_format(counts, collector->live, json);
	if (collector->live)
		collector_rates_format(&collector->rates, json);
	json_close_object(json);
	json_end_line(json);
	return g_string_free(json, FALSE);
}

char *
collector_counters(Collector *collector)
{
	struct collector_counts counts = collector_count_all(collector);

	return collector_format_counters(collector, &counts);
}

struct udp_socket_status
collector_sum_socket(Collector *collector, size_t index)
{
	struct udp_socket_status sum = { .datagrams = 0 };

	for (size_t i = 0; i < collector->count; i++) {
		struct worker_parts parts = worker_enter(collector->workers[i]);
		struct udp_socket_status status = udp_listener_status(parts.listener, index);
		worker_leave(collector->workers[i]);
		status.datagrams += sum.datagrams;
		status.octets += sum.octets;
		status.dropped += sum.dropped;
		sum = status;
	}
	return sum;
}

size_t
collector_count_addresses(Collector *collector)
{
	struct worker_parts parts = worker_enter(collector->workers[0]);
	size_t count = udp_listener_count(parts.listener);

	worker_leave(collector->workers[0]);
	return count;
}

static void
add_sockets(Collector *collector, GString *json)
{
	size_t count = collector_count_addresses(collector);

	json_open_array(json, "listening");
	for (size_t i = 0; i < count; i++) {
		struct udp_socket_status status = collector_sum_socket(collector, i);
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
	struct collector_counts counts = collector_count_all(collector);
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

	for (size_t i = 0; i < collector->count; i++) {
		struct worker_parts parts = worker_enter(collector->workers[i]);
		data_path_describe_exporters(parts.path, wall_clock_now(), lines);
		worker_leave(collector->workers[i]);
	}
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

void
collector_answer(Collector *collector)
{
	const char *command;

	while (collector->control != NULL && (command = control_next(collector->control)) != NULL) {
		g_autofree char *answer = answer_to(collector, command);
		control_answer(collector->control, answer);
	}
}
