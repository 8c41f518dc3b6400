#include "tools/kenchi/collector_run.h"

#include <glib/gstdio.h>
#include <stdbool.h>
#include <unistd.h>

#include "tools/kenchi/bin_traffic.h"
#include "tools/kenchi/tool_run.h"

static const char collector[] = "kenchi-collector";

static bool
write_bins(const char *capture, const struct host_address *host, const char *bins, GError **error)
{
	char address[HOST_ADDRESS_TEXT_SIZE];
	const char *const options[] = { "--read", capture, "--write-bins", bins, "--monitored",
		                        address,  NULL };
	g_autofree char *printed = NULL;

	host_address_format(host, address);
	printed = tool_run(capture, collector, options, NULL, error);
	return printed != NULL;
}

HostTraffic *
collector_run_traffic(const char *capture, const struct host_address *host, GError **error)
{
	g_autofree char *path = NULL;
	int file = g_file_open_tmp("kenchi-bins-XXXXXX", &path, error);
	HostTraffic *traffic = NULL;

	if (file < 0)
		return NULL;
	close(file);
	if (write_bins(capture, host, path, error))
		traffic = bin_traffic_read(path, host, error);
	g_unlink(path);
	return traffic;
}

bool
collector_run_bins(const char *capture, char *const *monitored, const char *bins, GError **error)
{
	g_autoptr(GPtrArray) options = g_ptr_array_new();
	const char *const fixed[] = { "--read", capture, "--write-bins", bins };
	g_autofree char *printed = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(fixed); i++)
		g_ptr_array_add(options, (gpointer)(uintptr_t)fixed[i]);
	for (char *const *prefix = monitored; prefix != NULL && *prefix != NULL; prefix++) {
		g_ptr_array_add(options, (gpointer)(uintptr_t) "--monitored");
		g_ptr_array_add(options, *prefix);
	}
	g_ptr_array_add(options, NULL);
	printed = tool_run(capture, collector, (const char *const *)options->pdata, NULL, error);
	return printed != NULL;
}

char *
collector_run_flows(const char *capture, const char *out, GError **error)
{
	const char *const options[] = { "--read", capture, "--dump-flows", NULL };

	return tool_run(capture, collector, options, out, error);
}
