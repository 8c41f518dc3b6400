#include "tools/kenchi/capture_evaluation.h"

#include <string.h>

#include "common/fault.h"
#include "tools/kenchi/collector_run.h"
#include "tools/kenchi/truth_reader.h"

static const double tcp_heavy_least = 0.9;

static HostTraffic *
read_records(const struct capture_task *task, const struct host_address *host,
             struct record_counts *counts, GError **error)
{
	g_autoptr(HostTraffic) traffic = host_traffic_new();
	g_autofree char *flows = collector_run_flows(task->capture, NULL, error);
	char *next;

	if (flows == NULL)
		return NULL;
	for (char *line = flows; line != NULL && *line != '\0'; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (!record_traffic_add(traffic, counts, host, line)) {
			fault_input(error, "%s: kenchi-collector printed \"%s\"", task->capture,
			            line);
			return NULL;
		}
	}
	return g_steal_pointer(&traffic);
}

double
capture_tcp_share(const struct record_counts *counts)
{
	return counts->packets == 0 ? 0 : (double)counts->tcp_packets / (double)counts->packets;
}

bool
capture_evaluate(const struct capture_task *task, struct capture_evaluation *evaluation,
                 GError **error)
{
	struct host_address host;
	struct capture_evaluation result = { 0 };
	g_autoptr(HostTraffic) truth = truth_read(task->truth, &host, error);
	g_autoptr(HostTraffic) bins =
		truth == NULL ? NULL : collector_run_traffic(task->capture, &host, error);
	g_autoptr(HostTraffic) records =
		bins == NULL ? NULL : read_records(task, &host, &result.counts, error);

	if (records == NULL)
		return false;
	if (host_traffic_count(bins) == 0) {
		char address[HOST_ADDRESS_TEXT_SIZE];

		return fault_input(error, "%s tells nothing of %s, which %s is about",
		                   task->capture, host_address_format(&host, address), task->truth);
	}
	approximation_compare(truth, bins, &result.bins);
	approximation_compare(truth, records, &result.plain);
	result.tcp_heavy = capture_tcp_share(&result.counts) >= tcp_heavy_least;
	*evaluation = result;
	return true;
}
